//! `SegmentService`.

use std::collections::BTreeSet;

use recado::api::pb;
use recado::api::pb::{evaluate_segment_request, list_segment_members_request};
use serde_json::json;
use tonic::Code;

use crate::stage::{Live, Stage, refused, value};

const SEGMENT: (&str, &str) = (
    "brazil.yaml",
    "kind: Segment\nname: brazil\nfilter: user.country == \"BR\"\n",
);

fn filter(text: &str) -> pb::EvaluateSegmentRequest {
    pb::EvaluateSegmentRequest {
        target: Some(evaluate_segment_request::Target::Filter(text.into())),
        sample_size: 0,
    }
}

async fn people(live: &Live) {
    live.upsert([
        ("ana", json!({"country": "BR", "age": 30})),
        ("ben", json!({"country": "PT", "age": 40})),
        ("cat", json!({"age": 50})),
    ])
    .await;
}

#[test]
fn members_are_counted_as_of_now() {
    Stage::new().with_files([SEGMENT]).run(async |live| {
        people(live).await;
        let mut client = live.client().await;
        for (text, count) in [
            ("user.age >= 40", 2),
            ("user.country != \"BR\"", 1),
            ("true", 3),
        ] {
            let answer = client
                .segments
                .evaluate_segment(filter(text))
                .await
                .unwrap()
                .into_inner();
            assert_eq!((answer.count, answer.users), (count, 3), "{text}");
        }
        let request = pb::EvaluateSegmentRequest {
            target: Some(evaluate_segment_request::Target::Segment("brazil".into())),
            sample_size: 5,
        };
        let answer = client
            .segments
            .evaluate_segment(request.clone())
            .await
            .unwrap()
            .into_inner();
        assert_eq!(answer.sample, ["ana"]);
        live.upsert([("ben", json!({"country": "BR"}))]).await;
        let answer = client
            .segments
            .evaluate_segment(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!((answer.count, answer.sample.len()), (2, 2));
    });
}

#[test]
fn all_members_are_streamed_once() {
    Stage::new().run(async |live| {
        let names: Vec<String> = (0..2_500).map(|n| format!("u{n}")).collect();
        for batch in names.chunks(1_000) {
            live.upsert(batch.iter().map(|name| (name.as_str(), json!({"a": 1}))))
                .await;
        }
        let mut client = live.client().await;
        for (text, expected) in [("user.a == 1", 2_500), ("user.a == 2", 0)] {
            let target = list_segment_members_request::Target::Filter(text.into());
            let request = pb::ListSegmentMembersRequest {
                target: Some(target),
            };
            let mut stream = client
                .segments
                .list_segment_members(request)
                .await
                .unwrap()
                .into_inner();
            let (mut seen, mut messages) = (BTreeSet::new(), 0);
            while let Some(message) = stream.message().await.unwrap() {
                assert_eq!(message.count, expected);
                seen.extend(message.external_ids);
                messages += 1;
            }
            assert_eq!(i64::try_from(seen.len()).unwrap(), expected);
            assert!(messages > 0);
        }
    });
}

#[test]
fn membership_is_explained() {
    Stage::new().run(async |live| {
        people(live).await;
        let check = |id: &str| pb::CheckMembershipRequest {
            external_id: id.into(),
            filter: "user.age > 35 && user.country == \"PT\"".into(),
            ..pb::CheckMembershipRequest::default()
        };
        let mut client = live.client().await;
        let cases = [
            (
                "ana",
                false,
                [pb::Truth::False, pb::Truth::False, pb::Truth::False],
            ),
            (
                "ben",
                true,
                [pb::Truth::True, pb::Truth::True, pb::Truth::True],
            ),
            (
                "cat",
                false,
                [pb::Truth::Unknown, pb::Truth::True, pb::Truth::Unknown],
            ),
        ];
        for (id, member, [whole, age, country]) in cases {
            let answer = client
                .segments
                .check_membership(check(id))
                .await
                .unwrap()
                .into_inner();
            let [membership] = <[_; 1]>::try_from(answer.memberships).unwrap();
            let reason = membership.reason.unwrap();
            assert_eq!((membership.member, reason.truth()), (member, whole), "{id}");
            let clauses: Vec<_> = reason
                .children
                .iter()
                .map(pb::FilterReason::truth)
                .collect();
            assert_eq!(clauses, [age, country], "{id}");
            if id == "cat" {
                assert_eq!(reason.children[0].reads[0].value, Some(value(json!(50))));
                assert_eq!(reason.children[1].reads[0].value, None);
            }
        }
        let (code, reason, _) = refused(client.segments.check_membership(check("nobody"))).await;
        assert_eq!((code, reason.as_str()), (Code::NotFound, "NOT_FOUND"));
    });
}

#[test]
fn bad_targets_are_refused() {
    Stage::new().run(async |live| {
        let mut client = live.client().await;
        let none = pb::EvaluateSegmentRequest {
            target: None,
            sample_size: 0,
        };
        let segment = pb::EvaluateSegmentRequest {
            target: Some(evaluate_segment_request::Target::Segment("none".into())),
            sample_size: 0,
        };
        let sample = pb::EvaluateSegmentRequest {
            sample_size: 101,
            ..filter("true")
        };
        let cases = [
            (
                filter("user.a = 1"),
                Code::InvalidArgument,
                "INVALID_FILTER",
            ),
            (
                filter("user.name.startWith(\"A\")"),
                Code::InvalidArgument,
                "INVALID_FILTER",
            ),
            (none, Code::InvalidArgument, "INVALID_FIELD"),
            (sample, Code::InvalidArgument, "OVER_LIMIT"),
            (segment, Code::NotFound, "NOT_FOUND"),
        ];
        for (request, code, reason) in cases {
            let (c, r, status) = refused(client.segments.evaluate_segment(request.clone())).await;
            assert_eq!(
                (c, r.as_str()),
                (code, reason),
                "{request:?} {}",
                status.message()
            );
        }
    });
}

#[test]
fn segments_name_each_other_and_strangers_are_warned_of() {
    let vips = "kind: Segment\nname: vips\nfilter: user.age > 35\n";
    let others = "kind: Segment\nname: others\nfilter: '!in_segment(\"vips\")'\n";
    let files = [("a.yaml", others), ("b.yaml", vips)];
    Stage::new().with_files(files).run(async |live| {
        people(live).await;
        let all = live.count("true").await;
        let named = live.count("in_segment(\"others\")").await;
        assert_eq!(named, all - live.count("user.age > 35").await);
        assert!(named > 0 && named < all);
        let request = pb::CheckMembershipRequest {
            external_id: "ana".into(),
            ..pb::CheckMembershipRequest::default()
        };
        let answer = live.client().await.segments.check_membership(request).await;
        let memberships = answer.unwrap().into_inner().memberships;
        let names: Vec<_> = memberships.iter().map(|m| m.segment.as_str()).collect();
        assert_eq!(names, ["others", "vips"]);
        assert_ne!(memberships[0].member, memberships[1].member);
        live.upsert([
            ("ana", json!({"Email": "a"})),
            ("ben", json!({"email": "b"})),
        ])
        .await;
        for (filter, warning) in [
            (
                "user.contry == \"PT\"",
                "no user has `user.contry`; did you mean `user.country`?",
            ),
            (
                "has(user.email)",
                "users have `user.Email` too, another spelling than `user.email`",
            ),
        ] {
            let request = pb::EvaluateSegmentRequest {
                target: Some(evaluate_segment_request::Target::Filter(filter.into())),
                sample_size: 0,
            };
            let answer = live.client().await.segments.evaluate_segment(request).await;
            let answer = answer.unwrap().into_inner();
            assert_eq!(answer.warnings, [warning]);
            let place = &answer.diagnostics[0];
            let at = (place.column - 1) as usize;
            let marked = &place.snippet[at..at + place.length as usize];
            assert!(
                filter.contains(marked) && marked.starts_with("user."),
                "{place:?}"
            );
        }
    });
}
