//! What nobody should send, over the wire: each gets a clear answer, and soon.

use prost::Message;
use recado::api::pb;
use recado::api::pb::evaluate_segment_request::Target;
use serde_json::json;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;

use crate::stage::{Live, Stage, object, update};

/// An `EvaluateSegmentRequest` whose filter need not be text.
#[derive(Clone, PartialEq, Message)]
struct Bytes {
    #[prost(bytes = "vec", tag = "2")]
    filter: Vec<u8>,
}

async fn evaluate(live: &Live, filter: String) -> Result<pb::EvaluateSegmentResponse, Status> {
    let request = pb::EvaluateSegmentRequest {
        target: Some(Target::Filter(filter)),
        sample_size: 0,
    };
    let answer = live.client().await.segments.evaluate_segment(request).await;
    answer.map(tonic::Response::into_inner)
}

/// Calls `EvaluateSegment` with a message of another shape.
async fn call(live: &Live, request: impl Message + 'static) -> Status {
    let mut client = Grpc::new(live.channel().await);
    client.ready().await.unwrap();
    let path = PathAndQuery::from_static("/recado.v1.SegmentService/EvaluateSegment");
    let codec = ProstCodec::<_, pb::EvaluateSegmentResponse>::default();
    let answer = client.unary(Request::new(request), path, codec).await;
    answer.unwrap_err()
}

#[test]
fn filters_beyond_every_bound_are_refused_by_name() {
    Stage::new().run(async |live| {
        for (filter, told) in [
            (
                vec!["user.a == 1"; 10_000].join(" && "),
                "bytes; a filter may have 16384",
            ),
            (
                format!("{}true{}", "(".repeat(10_000), ")".repeat(10_000)),
                "bytes; a filter may have 16384",
            ),
            (
                format!("{}true{}", "(".repeat(5_000), ")".repeat(5_000)),
                "nested deeper than 64",
            ),
            (vec!["user.a"; 2_001].join("||"), "more than 2000 parts"),
            (
                vec!["user.a.matches('x')"; 33].join(" || "),
                "`matches` more than 32 times",
            ),
            ("user.a.matches('(a{1000}){1000}')".into(), "size limit"),
            (
                "user.a.matches('(a)\\\\1')".into(),
                "backreferences are not supported",
            ),
            (
                "user.a > timestamp('2026-11-23T10:00:00')".into(),
                "is not a time",
            ),
            (
                "user.a > timestamp('99999-01-01T00:00:00Z')".into(),
                "is not a time",
            ),
            ("user.a == 1e999".into(), "1.79e308"),
            ("user.a == NaN".into(), "there is no `NaN`"),
        ] {
            let refused = evaluate(live, filter).await.unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument, "{told}");
            assert!(
                refused.message().contains(told),
                "{told}: {}",
                refused.message()
            );
        }
    });
}

#[test]
fn a_pattern_that_backtracking_would_choke_on_is_linear() {
    Stage::new().run(async |live| {
        let text = format!("{}!", "a".repeat(4_000));
        live.upsert([("ana", json!({"text": text}))]).await;
        let pattern = r#"user.text.matches("^(a+)+$") || user.text.matches("^(a|aa)*$") || user.text.matches("(.*)*b")"#;
        let answer = evaluate(live, pattern.into()).await.unwrap();
        assert_eq!(answer.count, 0);
        assert_eq!(live.count(r#"user.text.matches("^(a+)+!$")"#).await, 1);
    });
}

#[test]
fn bytes_that_are_no_text_are_the_callers_mistake() {
    Stage::new().run(async |live| {
        let filter = b"user.a == \"\xff\"".to_vec();
        let refused = call(live, Bytes { filter }).await;
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
        assert!(refused.message().contains("UTF-8"), "{refused:?}");
    });
}

#[test]
fn values_that_are_no_facts_are_refused_with_their_path() {
    Stage::new().run(async |live| {
        let number = |n: f64| prost_types::Value {
            kind: Some(prost_types::value::Kind::NumberValue(n)),
        };
        let with = |n: f64| {
            let mut item = update("ana", json!({}));
            let fields = &mut item.attributes.get_or_insert_default().fields;
            fields.insert("n".into(), number(n));
            item
        };
        let adding = pb::UserUpdate {
            add: [(
                "l".to_owned(),
                prost_types::ListValue {
                    values: vec![number(f64::NAN)],
                },
            )]
            .into(),
            ..update("ana", json!({}))
        };
        let users = vec![
            with(f64::NAN),
            with(f64::INFINITY),
            with(f64::NEG_INFINITY),
            with(9_007_199_254_740_994.0),
            adding,
            update("ana", json!({"l": [1, null]})),
            update(
                "ana",
                json!({"l": [1, "a", true], "when": "2026-11-23T10:00:00"}),
            ),
        ];
        let request = pb::UpsertUsersRequest { users };
        let answer = live.client().await.users.upsert_users(request).await;
        let answer = answer.unwrap().into_inner();
        let told: Vec<_> = answer.rejected.iter().map(|r| r.field.as_str()).collect();
        let expected = [
            "users[0].attributes.n",
            "users[1].attributes.n",
            "users[2].attributes.n",
            "users[3].attributes.n",
            "users[4].add.l[0]",
            "users[5].attributes.l[1]",
        ];
        assert_eq!((told.as_slice(), answer.created), (expected.as_slice(), 1));
        // A time without a zone is a text, and a list may mix types: both are told to who asks of them.
        for (filter, warning) in [
            ("user.when < now", "it is a string: this is true for nobody"),
            ("user.l in [1, \"a\"]", "the list mixes types"),
        ] {
            let answer = evaluate(live, filter.into()).await.unwrap();
            assert!(
                answer.warnings.iter().any(|w| w.contains(warning)),
                "{:?}",
                answer.warnings
            );
        }
    });
}

#[test]
fn times_that_are_none_are_refused() {
    Stage::new().run(async |live| {
        let at = |seconds, nanos| pb::Event {
            external_id: "ana".into(),
            name: "order".into(),
            time: Some(prost_types::Timestamp { seconds, nanos }),
            properties: Some(object(json!({}))),
            event_id: String::new(),
        };
        let events = vec![
            at(i64::MAX, 0),
            at(i64::MIN, 0),
            at(0, i32::MAX),
            at(-62_135_596_801, 0),
        ];
        let request = pb::TrackEventsRequest { events };
        let answer = live.client().await.users.track_events(request).await;
        let answer = answer.unwrap().into_inner();
        let told: Vec<_> = answer.rejected.iter().map(|r| r.field.as_str()).collect();
        let expected: Vec<_> = (0..4).map(|n| format!("events[{n}].time")).collect();
        assert_eq!(
            (answer.tracked, told),
            (0, expected.iter().map(String::as_str).collect())
        );
    });
}
