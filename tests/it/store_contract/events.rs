//! Events: recorded once, counted at once, gone with their user or their retention.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use recado::model::Value;
use recado::model::delivery::Outcome;
use recado::model::event::{Event, Retention, Tracked};
use recado::model::id::EventId;
use recado::store::Store;

use super::Backend;
use super::fixtures::{at, claim, filter, record, send, set, user};

const DAY: i64 = 86_400;

fn event(name: &str, kind: &str, days_ago: i64, id: &str) -> Event {
    Event {
        external_id: user(name),
        name: kind.into(),
        at: at(-days_ago * DAY),
        properties: BTreeMap::from([("total".to_owned(), Value::Int(10))]),
        id: EventId::parse(id).ok(),
    }
}

async fn track(store: &Arc<dyn Store>, events: Vec<Event>) -> Vec<Option<Tracked>> {
    let report = store.track_events(events).await.unwrap();
    report.into_iter().map(Result::ok).collect()
}

async fn count(store: &Arc<dyn Store>, text: &str, now: Timestamp) -> u64 {
    store.count(&filter(text), now).await.unwrap()
}

pub(super) async fn each_event_is_for_itself<B: Backend>(backend: &B) {
    let store = backend.open();
    let mut crowded = event("ana", "order", 1, "");
    crowded.properties = (0..40).map(|n| (format!("n{n}"), Value::Int(n))).collect();
    let events = vec![
        event("ana", "order", 5, ""),
        crowded,
        event("ana", "order", 3, ""),
        event("ben", "order", 40, ""),
    ];
    let recorded = Some(Tracked::Recorded);
    assert_eq!(
        track(&store, events).await,
        [recorded, None, recorded, recorded]
    );
    let cases = [
        ("count(\"order\", days(30)) == 2", 1),
        ("count(\"order\") == 1", 1),
        ("sum(\"order\", \"total\", days(4)) == 10", 1),
        ("last(\"order\") < now - days(30)", 1),
        ("count(\"order\") >= 1", 2),
    ];
    for (text, expected) in cases {
        assert_eq!(count(&store, text, at(0)).await, expected, "{text}");
    }
    let names = store.event_names().await.unwrap();
    assert_eq!((names.len(), names[0].events), (1, 3));
    let own = store.events_of(&user("ana")).await.unwrap();
    let times: Vec<_> = own.iter().map(|event| event.at).collect();
    assert_eq!(times, [at(-5 * DAY), at(-3 * DAY)]);
    drop(store);
    // And after a restart.
    let store = backend.open();
    for (text, expected) in cases {
        assert_eq!(count(&store, text, at(0)).await, expected, "{text}");
    }
    assert_eq!(store.events_of(&user("ana")).await.unwrap(), own);
}

pub(super) async fn an_id_counts_once<B: Backend>(backend: &B) {
    let store = backend.open();
    let (recorded, repeated) = (Some(Tracked::Recorded), Some(Tracked::Repeated));
    let both = vec![
        event("ana", "order", 1, "A1"),
        event("ana", "order", 2, "A1"),
    ];
    assert_eq!(track(&store, both.clone()).await, [recorded, repeated]);
    // Another user, another name, and another id are other events.
    let others = vec![
        event("ben", "order", 1, "A1"),
        event("ana", "refund", 1, "A1"),
        event("ana", "order", 1, "A2"),
    ];
    assert_eq!(track(&store, others).await, [recorded; 3]);
    drop(store);
    let store = backend.open();
    assert_eq!(track(&store, both).await, [repeated, repeated]);
    assert_eq!(count(&store, "count(\"order\") == 2", at(0)).await, 1);
}

pub(super) async fn what_is_past_its_retention_goes<B: Backend>(backend: &B) {
    let store = backend.open();
    let retention: Retention = [("seen".to_owned(), Duration::from_hours(24 * 7))]
        .into_iter()
        .collect();
    let mut events = Vec::new();
    for days in [0, 6, 7, 8, 300] {
        events.push(event("ana", "seen", days, ""));
        events.push(event("ana", "order", days, ""));
    }
    track(&store, events).await;
    while store.expire_events(&retention, at(0)).await.unwrap() {}
    let expected = [("seen", 2), ("order", 5)];
    for (name, n) in expected {
        let text = format!("count({name:?}) == {n}");
        assert_eq!(count(&store, &text, at(0)).await, 1, "{name}");
    }
    drop(store);
    let store = backend.open();
    let own = store.events_of(&user("ana")).await.unwrap();
    for (name, n) in expected {
        assert_eq!(own.iter().filter(|event| event.name == name).count(), n);
        let text = format!("count({name:?}) == {n}");
        assert_eq!(count(&store, &text, at(0)).await, 1, "{name}");
    }
}

pub(super) async fn a_deleted_user_has_no_past<B: Backend>(backend: &B) {
    let store = backend.open();
    let events = vec![
        event("ana", "order", 1, "A1"),
        event("ben", "order", 1, "A1"),
    ];
    track(&store, events.clone()).await;
    assert_eq!(store.delete_users(vec![user("ana")]).await.unwrap(), [true]);
    assert_eq!(count(&store, "count(\"order\") == 1", at(0)).await, 1);
    drop(store);
    let store = backend.open();
    assert_eq!(store.get_user(&user("ana")).await.unwrap(), None);
    assert_eq!(store.events_of(&user("ana")).await.unwrap(), []);
    assert_eq!(store.events_of(&user("ben")).await.unwrap().len(), 1);
    // Who comes back begins anew, and others keep what they have.
    let (recorded, repeated) = (Some(Tracked::Recorded), Some(Tracked::Repeated));
    assert_eq!(track(&store, events).await, [recorded, repeated]);
}

pub(super) async fn a_sent_message_is_received<B: Backend>(backend: &B) {
    let store = backend.open();
    let people = ["ana", "ben"].map(|name| set(name, []));
    store.upsert_users(people.into()).await.unwrap();
    send(&store, "one", &["ana", "ben"]).await;
    for due in claim(&store, at(0)).await {
        assert!(store.begin(due.id, at(1)).await.unwrap());
        let outcome = if due.external_id == user("ana") {
            Outcome::Sent {
                message_id: "m".into(),
            }
        } else {
            Outcome::Unknown(super::fixtures::reason())
        };
        record(&store, due.id, outcome, at(2)).await;
    }
    let now = at(2 + 3_600);
    let received = |hours: u32| format!("received(\"hello\", duration(\"{hours}h\"))");
    assert_eq!(count(&store, &received(1), now).await, 0);
    assert_eq!(count(&store, &received(2), now).await, 1);
    drop(store);
    let store = backend.open();
    assert_eq!(count(&store, &received(1), now).await, 0);
    assert_eq!(count(&store, &received(2), now).await, 1);
    assert_eq!(count(&store, "!received(\"hello\")", now).await, 1);
    assert_eq!(count(&store, "received(\"other\")", now).await, 0);
}
