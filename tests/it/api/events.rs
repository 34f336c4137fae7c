//! Events over the wire: tracked, counted, explained, exported, and gone with their user.

use recado::api::pb;
use recado::api::pb::export_user_response::Part;
use recado::clock::SystemClock;
use serde_json::{Value as Json, json};
use tonic::Code;

use crate::stage::{Live, Stage, object, refused, value};

/// An event `age_s` seconds before the stage's clock.
fn event(id: &str, name: &str, age_s: i64, properties: Json) -> pb::Event {
    let now = SystemClock::shared().now();
    pb::Event {
        external_id: id.into(),
        name: name.into(),
        time: Some(prost_types::Timestamp {
            seconds: now.as_second() - age_s,
            nanos: 0,
        }),
        properties: Some(object(properties)),
        event_id: String::new(),
    }
}

async fn track(live: &Live, events: Vec<pb::Event>) -> pb::TrackEventsResponse {
    let request = pb::TrackEventsRequest { events };
    let answer = live.client().await.users.track_events(request).await;
    answer.unwrap().into_inner()
}

const DAY: i64 = 86_400;

#[test]
fn what_was_tracked_is_counted_by_the_next_question() {
    Stage::new().run(async |live| {
        let events = vec![
            event("ana", "order_placed", DAY, json!({"total": 80})),
            event(
                "ana",
                "order_placed",
                40 * DAY,
                json!({"total": 20.5, "code": "A"}),
            ),
            event("ben", "order_placed", 2 * DAY, json!({"total": 5})),
        ];
        let done = track(live, events).await;
        assert_eq!(
            (done.tracked, done.repeated_events, done.rejected.len()),
            (3, 0, 0)
        );
        for (filter, expected) in [
            ("count(\"order_placed\", days(30)) == 1", 2),
            ("count(\"order_placed\") == 2", 1),
            ("sum(\"order_placed\", \"total\") == 100.5", 1),
            ("sum(\"order_placed\", \"code\") == 0", 2),
            ("last(\"order_placed\") > now - duration(\"36h\")", 1),
            ("first(\"order_placed\") < now - days(30)", 1),
            ("count(\"refund\") == 0", 2),
        ] {
            assert_eq!(live.count(filter).await, expected, "{filter}");
        }
    });
}

#[test]
fn a_bad_event_is_reported_and_the_others_count() {
    Stage::new().run(async |live| {
        let with_id = |id: &str| pb::Event {
            event_id: id.into(),
            ..event("ana", "order", 60, json!({}))
        };
        let events = vec![
            with_id("A1"),
            with_id("A1"),
            event("", "order", 60, json!({})),
            event("ana", "$order", 60, json!({})),
            event("ana", "order", -600, json!({})),
            event("ana", "order", 500 * DAY, json!({})),
            event("ana", "order", 60, json!({"items": [null]})),
            with_id("A2"),
        ];
        let done = track(live, events).await;
        assert_eq!((done.tracked, done.repeated_events), (2, 1));
        let fields: Vec<_> = done.rejected.iter().map(|r| r.field.as_str()).collect();
        let expected = [
            "events[2].external_id",
            "events[3].name",
            "events[4].time",
            "events[5].time",
            "events[6].properties.items[0]",
        ];
        assert_eq!(fields, expected);
        assert_eq!(live.count("count(\"order\") == 2").await, 1);
        let none = pb::TrackEventsRequest { events: Vec::new() };
        let (code, ..) = refused(live.client().await.users.track_events(none)).await;
        assert_eq!(code, Code::InvalidArgument);
    });
}

#[test]
fn a_membership_by_events_is_explained() {
    Stage::new().run(async |live| {
        track(live, vec![event("ana", "order", DAY, json!({}))]).await;
        let request = pb::CheckMembershipRequest {
            external_id: "ana".into(),
            filter: "count(\"order\", days(30)) > 1 || last(\"refund\") > now - days(1)".into(),
            ..pb::CheckMembershipRequest::default()
        };
        let answer = live.client().await.segments.check_membership(request).await;
        let memberships = answer.unwrap().into_inner().memberships;
        let reason = memberships[0].reason.clone().unwrap();
        assert_eq!(reason.truth(), pb::Truth::Unknown);
        let [count, last] = <[_; 2]>::try_from(reason.children).unwrap();
        assert_eq!(count.reads[0].operand, "count(\"order\", days(30))");
        assert_eq!(count.reads[0].value, Some(value(json!(1))));
        assert_eq!(
            (last.truth(), &last.reads[0].value),
            (pb::Truth::Unknown, &None)
        );
    });
}

async fn export(live: &Live, id: &str) -> Vec<Part> {
    let request = pb::ExportUserRequest {
        external_id: id.into(),
    };
    let stream = live.client().await.users.export_user(request).await;
    let mut stream = stream.unwrap().into_inner();
    let mut parts = Vec::new();
    while let Some(part) = stream.message().await.unwrap() {
        parts.extend(part.part);
    }
    parts
}

#[test]
fn an_export_holds_everything_and_a_deletion_leaves_nothing() {
    Stage::new().run(async |live| {
        live.upsert([("ana", json!({"name": "Ana"})), ("ben", json!({}))])
            .await;
        let order = event("ana", "order", DAY, json!({"code": "A1"}));
        track(
            live,
            vec![order.clone(), event("ben", "order", DAY, json!({}))],
        )
        .await;
        let parts = export(live, "ana").await;
        let [Part::User(user), Part::Event(seen)] = parts.as_slice() else {
            panic!("{parts:?}")
        };
        assert_eq!((user.external_id.as_str(), seen), ("ana", &order));
        let gone = pb::DeleteUsersRequest {
            external_ids: vec!["ana".into()],
        };
        live.client().await.users.delete_users(gone).await.unwrap();
        let request = pb::ExportUserRequest {
            external_id: "ana".into(),
        };
        let mut client = live.client().await;
        let (code, reason, _) = refused(client.users.export_user(request)).await;
        assert_eq!((code, reason.as_str()), (Code::NotFound, "NOT_FOUND"));
        assert_eq!(live.count("count(\"order\") > 0").await, 1);
        // Somebody of the same name has no past.
        live.upsert([("ana", json!({}))]).await;
        assert_eq!(export(live, "ana").await.len(), 1);
    });
}

#[test]
fn names_are_listed_with_what_can_be_summed() {
    Stage::new().run(async |live| {
        let events = vec![
            event("ana", "order", DAY, json!({"total": 1, "code": "x"})),
            event("ana", "seen", DAY, json!({})),
        ];
        track(live, events).await;
        let request = pb::ListEventNamesRequest {};
        let names = live.client().await.users.list_event_names(request).await;
        let names = names.unwrap().into_inner().events;
        let short: Vec<_> = names
            .iter()
            .map(|name| {
                (
                    name.name.as_str(),
                    name.events,
                    name.numeric_properties.clone(),
                )
            })
            .collect();
        let expected = [
            ("order", 1, vec!["total".to_owned()]),
            ("seen", 1, Vec::new()),
        ];
        assert_eq!(short, expected);
        assert_eq!(names[0].retention_s, 400 * DAY);
    });
}
