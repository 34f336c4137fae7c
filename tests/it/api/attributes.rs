//! What an Attributes file declares: upserts are held against it, filters know it, lists show it.

use recado::api::pb;
use recado::clock::SystemClock;
use serde_json::{Value as Json, json};

use crate::stage::{Live, Stage, object, source_files, value};

const PROFILE: (&str, &str) = (
    "profile.yaml",
    "kind: Attributes\nname: profile\nattributes:\n\
     \x20 age: {type: int, description: In years.}\n\
     \x20 code: {type: string, pii: true}\n\
     \x20 codes: {type: list, items: string}\n\
     \x20 ltv: {type: double}\n\
     \x20 address: {type: object, fields: {zip: {type: string}}}\n\
     events:\n\
     \x20 seen: {retention: 2d, description: Came by.}\n\
     \x20 left: {}\n",
);
/// A text that would be a time if nobody had declared it.
const TIME: &str = "2026-11-23T10:00:00+01:00";

async fn upsert(live: &Live, update: pb::UserUpdate) -> Result<(), (String, String)> {
    let users = vec![update];
    let request = pb::UpsertUsersRequest { users };
    let answer = live.client().await.users.upsert_users(request).await;
    match answer.unwrap().into_inner().rejected.into_iter().next() {
        None => Ok(()),
        Some(rejected) => Err((rejected.field, rejected.message)),
    }
}

fn set(attributes: Json) -> pb::UserUpdate {
    pb::UserUpdate {
        external_id: "ana".into(),
        attributes: Some(object(attributes)),
        ..pb::UserUpdate::default()
    }
}

fn list(items: Json) -> prost_types::ListValue {
    match value(items).kind {
        Some(prost_types::value::Kind::ListValue(list)) => list,
        other => panic!("not a list: {other:?}"),
    }
}

#[test]
fn values_of_another_type_are_refused_with_their_path() {
    Stage::new().with_files([PROFILE]).run(async |live| {
        let increment = pb::UserUpdate {
            increment: [("age".to_owned(), 0.5)].into(),
            ..set(json!({}))
        };
        let add = pb::UserUpdate {
            add: [("codes".to_owned(), list(json!(["a", 1])))].into(),
            ..set(json!({}))
        };
        for (update, path) in [
            (set(json!({"age": "31"})), "attributes.age"),
            (set(json!({"codes": ["a", true]})), "attributes.codes[1]"),
            (
                set(json!({"address": {"zip": 50667}})),
                "attributes.address.zip",
            ),
            (increment, "increment.age"),
            (add, "add.codes[1]"),
        ] {
            let (field, message) = upsert(live, update).await.unwrap_err();
            assert_eq!(field, format!("users[0].{path}"));
            assert!(message.contains("is declared as"), "{message}");
        }
        assert_eq!(live.count("has(user.id)").await, 0, "nothing was half done");
        let fine = json!({"age": 31, "ltv": 3, "other": [1, "a"], "address": {"zip": "1", "n": 1}});
        assert_eq!(upsert(live, set(fine)).await, Ok(()));
        assert_eq!(live.count("user.ltv == 3.0 && user.age == 31").await, 1);
    });
}

#[test]
fn a_declared_text_stays_one_when_it_looks_like_a_time() {
    Stage::new().with_files([PROFILE]).run(async |live| {
        let given = json!({"code": TIME, "codes": [TIME], "address": {"zip": TIME}, "other": TIME});
        assert_eq!(upsert(live, set(given)).await, Ok(()));
        let add = pb::UserUpdate {
            add: [("codes".to_owned(), list(json!([TIME, "b"])))].into(),
            ..set(json!({}))
        };
        assert_eq!(upsert(live, add).await, Ok(()));
        let request = pb::GetUserRequest {
            external_id: "ana".into(),
        };
        let read = live.client().await.users.get_user(request).await.unwrap();
        let read = read.into_inner().user.unwrap().attributes.unwrap();
        let expected = json!({
            "code": TIME,
            "codes": [TIME, "b"],
            "address": {"zip": TIME},
            "other": "2026-11-23T09:00:00Z",
        });
        assert_eq!(read, object(expected));
        assert_eq!(live.count(&format!("user.code == {TIME:?}")).await, 1);
    });
}

#[test]
fn lists_show_what_is_declared_and_what_is_there() {
    Stage::new().run(async |live| {
        live.upsert([("ana", json!({"age": "x", "city": "Porto"}))])
            .await;
        let planned = plan(live, &[PROFILE]).await;
        let warnings: Vec<_> = planned
            .diagnostics
            .iter()
            .map(|d| d.message.as_str())
            .collect();
        assert_eq!(
            warnings,
            ["`user.age` is declared as int, and of 1 users it is a string"]
        );
        live.apply([PROFILE]).await;
        let request = pb::ListAttributesRequest {};
        let listed = live.client().await.users.list_attributes(request).await;
        let listed = listed.unwrap().into_inner().attributes;
        let shown: Vec<_> = listed
            .iter()
            .map(|attribute| {
                let declared = attribute.declared.as_ref();
                (
                    attribute.path.join("."),
                    attribute.users_by_type.values().sum::<i64>(),
                    declared.map_or("", |declared| declared.r#type.as_str()),
                    declared.is_some_and(|declared| declared.pii),
                )
            })
            .collect();
        let expected = [
            ("address", 0, "object", false),
            ("address.zip", 0, "string", false),
            ("age", 1, "int", false),
            ("city", 1, "", false),
            ("code", 0, "string", true),
            ("codes", 0, "list", false),
            ("ltv", 0, "double", false),
        ];
        assert_eq!(
            shown,
            expected.map(|(path, n, kind, pii)| (path.to_owned(), n, kind, pii))
        );
        let request = pb::ListEventNamesRequest {};
        let names = live.client().await.users.list_event_names(request).await;
        let names = names.unwrap().into_inner().events;
        let names: Vec<_> = names
            .iter()
            .map(|name| (name.name.as_str(), name.retention_s, name.declared))
            .collect();
        assert_eq!(
            names,
            [("left", 400 * 86_400, true), ("seen", 2 * 86_400, true)]
        );
    });
}

#[test]
fn filters_are_held_against_the_applied_declarations() {
    Stage::new().with_files([PROFILE]).run(async |live| {
        let evaluate = async |filter: &str| {
            let request = pb::EvaluateSegmentRequest {
                target: Some(pb::evaluate_segment_request::Target::Filter(filter.into())),
                sample_size: 0,
            };
            let mut client = live.client().await;
            client.segments.evaluate_segment(request).await
        };
        let refused = evaluate("user.age == \"31\"").await.unwrap_err();
        assert!(refused.message().contains("never true"), "{refused:?}");
        let answer = evaluate("user.agee == 31").await.unwrap().into_inner();
        assert!(
            answer.warnings[0].contains("did you mean `user.age`?"),
            "{:?}",
            answer.warnings
        );
    });
}

#[test]
fn a_declared_retention_bounds_how_old_an_event_may_be() {
    Stage::new().with_files([PROFILE]).run(async |live| {
        let at = |age_s: i64| prost_types::Timestamp {
            seconds: SystemClock::shared().now().as_second() - age_s,
            nanos: 0,
        };
        let event = |name: &str, age_s| pb::Event {
            external_id: "ana".into(),
            name: name.into(),
            time: Some(at(age_s)),
            ..pb::Event::default()
        };
        let three_days = 3 * 86_400;
        let events = vec![event("seen", three_days), event("left", three_days)];
        let request = pb::TrackEventsRequest { events };
        let answer = live.client().await.users.track_events(request).await;
        let answer = answer.unwrap().into_inner();
        assert_eq!((answer.tracked, answer.rejected.len()), (1, 1));
        assert_eq!(answer.rejected[0].field, "events[0].time");
        // A shorter one is in force with the apply.
        let shorter = PROFILE.1.replace("left: {}", "left: {retention: 1d}");
        let files = [(PROFILE.0, shorter.as_str())];
        live.apply(files).await;
        let request = pb::TrackEventsRequest {
            events: vec![event("left", three_days)],
        };
        let answer = live.client().await.users.track_events(request).await;
        assert_eq!(answer.unwrap().into_inner().rejected.len(), 1);
    });
}

#[test]
fn a_plan_warns_of_new_filters_that_meet_nobody_where_they_stand() {
    let filter = "kind: Segment\nname: grown\nfilter: >-\n  user.vip\n  && user.agee >= 18 && user.city > now\n";
    Stage::new().run(async |live| {
        let files = [("grown.yaml", filter)];
        let told = plan(live, &files).await.diagnostics;
        assert_eq!(told, [], "without users nothing is known");
        let ana = json!({"age": 31, "city": "Porto", "vip": true});
        live.upsert([("ana", ana)]).await;
        let told = plan(live, &files).await.diagnostics;
        let told: Vec<_> = told
            .iter()
            .map(|d| (d.code.as_str(), d.line, d.column, d.length))
            .collect();
        let expected = [
            ("filter-unknown-attribute", 5, 6, 9),
            ("filter-never", 5, 25, 15),
        ];
        assert_eq!(told, expected);
        live.apply(files).await;
        assert_eq!(
            plan(live, &files).await.diagnostics,
            [],
            "it is new no more"
        );
    });
}

async fn plan(live: &Live, files: &[(&str, &str)]) -> pb::PlanCampaignsResponse {
    let files = source_files(files.iter().copied());
    let request = pb::PlanCampaignsRequest {
        files,
        ..pb::PlanCampaignsRequest::default()
    };
    let mut client = live.client().await;
    let answer = client.campaigns.plan_campaigns(request).await;
    answer.unwrap().into_inner()
}
