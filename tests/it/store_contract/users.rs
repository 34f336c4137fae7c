//! Users, imports, and what filters see of them.

use recado::model::Value;
use recado::model::delivery::{Outcome, State};
use recado::model::id::ImportId;
use recado::model::user::{Update, Upserted};
use recado::store::contract::{DeliveryQuery, ImportProgress, Imported};

use super::Backend;
use super::fixtures::{at, claim, counts, filter, reason, record, send, set, text, user};

pub(super) async fn each_item_is_for_itself(backend: &impl Backend) {
    let store = backend.open();
    store
        .upsert_users(vec![set("ana", [("n", Some(Value::Int(1)))])])
        .await
        .unwrap();
    let batch = vec![
        set("bia", [("n", Some(Value::Int(1)))]),
        Update {
            set: vec![("other".into(), Some(Value::Int(9)))],
            increment: vec![("n".into(), text("no number"))],
            ..Update::new(user("ana"))
        },
        Update {
            existing_only: true,
            ..set("nobody", [("n", Some(Value::Int(1)))])
        },
        set("ana", [("n", Some(Value::Int(2)))]),
    ];
    let report = store.upsert_users(batch).await.unwrap();
    assert_eq!(report.len(), 4);
    assert_eq!(report[0], Ok(Upserted::Created));
    assert_eq!(report[3], Ok(Upserted::Updated));
    assert_eq!(report[1].as_ref().unwrap_err().path, "increment.n");
    assert!(report[2].is_err());
    assert!(store.get_user(&user("nobody")).await.unwrap().is_none());
    let ana = store.get_user(&user("ana")).await.unwrap().unwrap();
    assert_eq!(ana.attributes.len(), 1, "{ana:?}");
    assert_eq!(ana.attributes["n"], Value::Int(2));
}

pub(super) async fn items_of_one_user_keep_their_order(backend: &impl Backend) {
    let store = backend.open();
    let batch = (1..=50).map(|n| Update {
        increment: vec![("sum".into(), Value::Int(n))],
        ..set("ana", [("last", Some(Value::Int(n)))])
    });
    let report = store.upsert_users(batch.collect()).await.unwrap();
    assert_eq!(report[0], Ok(Upserted::Created));
    assert!(
        report[1..]
            .iter()
            .all(|item| *item == Ok(Upserted::Updated))
    );
    let ana = store.get_user(&user("ana")).await.unwrap().unwrap();
    assert_eq!(
        (&ana.attributes["last"], &ana.attributes["sum"]),
        (&Value::Int(50), &Value::Int(1275))
    );
}

pub(super) async fn every_operation_merges(backend: &impl Backend) {
    let mut store = backend.open();
    let list = |items: &[&str]| Value::List(items.iter().map(|item| text(item)).collect());
    let first = set(
        "ana",
        [
            ("a", Some(text("x"))),
            ("b", Some(text("y"))),
            ("tags", Some(list(&["p", "q"]))),
        ],
    );
    store.upsert_users(vec![first]).await.unwrap();
    let second = Update {
        add: vec![
            ("tags".into(), vec![text("q"), text("r")]),
            ("new".into(), vec![text("s")]),
        ],
        increment: vec![("n".into(), Value::Int(3))],
        ..set("ana", [("a", None)])
    };
    store.upsert_users(vec![second]).await.unwrap();
    let third = Update {
        remove: vec![("tags".into(), vec![text("p")])],
        ..Update::new(user("ana"))
    };
    store.upsert_users(vec![third]).await.unwrap();
    // What was answered is there at once, and after a restart.
    for _ in 0..2 {
        let ana = store.get_user(&user("ana")).await.unwrap().unwrap();
        let names: Vec<&str> = ana.attributes.keys().map(String::as_str).collect();
        assert_eq!(names, ["b", "n", "new", "tags"]);
        assert_eq!(ana.attributes["tags"], list(&["q", "r"]));
        assert_eq!(ana.attributes["n"], Value::Int(3));
        drop(store);
        store = backend.open();
    }
}

pub(super) async fn filters_see_what_was_answered(backend: &impl Backend) {
    let store = backend.open();
    let adults = filter("user.age >= 18");
    for n in 0..40 {
        let name = format!("u{n}");
        store
            .upsert_users(vec![set(&name, [("age", Some(Value::Int(18)))])])
            .await
            .unwrap();
        assert_eq!(store.count(&adults, at(0)).await.unwrap(), n + 1);
        let is_member = store.check(&adults, &user(&name), at(0)).await.unwrap();
        assert_eq!(is_member, Some(Some(true)));
    }
    store
        .upsert_users(vec![set("u0", [("age", None)])])
        .await
        .unwrap();
    assert_eq!(
        store.check(&adults, &user("u0"), at(0)).await.unwrap(),
        Some(None)
    );
    assert_eq!(
        store.check(&adults, &user("nobody"), at(0)).await.unwrap(),
        None
    );
    let profiles = store
        .profiles(&[user("u1"), user("nobody"), user("u2")])
        .await
        .unwrap();
    let found: Vec<bool> = profiles.iter().map(Option::is_some).collect();
    assert_eq!(found, [true, false, true]);
}

pub(super) async fn a_chunk_counts_once(backend: &impl Backend) {
    let mut store = backend.open();
    let import = ImportId::parse("nightly").unwrap();
    let chunk = || {
        vec![Update {
            increment: vec![("n".into(), Value::Int(1))],
            ..Update::new(user("ana"))
        }]
    };
    assert_eq!(
        store.import_progress(&import).await.unwrap(),
        ImportProgress::default()
    );
    let first = store.import_chunk(&import, 1, chunk(), 2).await.unwrap();
    let progress = ImportProgress {
        sequence: 1,
        created: 1,
        updated: 0,
        rejected: 2,
    };
    assert!(
        matches!(&first, Imported::Applied { progress: told, .. } if *told == progress),
        "{first:?}"
    );
    for _ in 0..2 {
        let again = store.import_chunk(&import, 1, chunk(), 2).await.unwrap();
        assert_eq!(again, Imported::Repeated { progress });
        let early = store.import_chunk(&import, 3, chunk(), 0).await.unwrap();
        assert_eq!(early, Imported::OutOfOrder { progress });
        drop(store);
        store = backend.open();
    }
    let ana = store.get_user(&user("ana")).await.unwrap().unwrap();
    assert_eq!(ana.attributes["n"], Value::Int(1));
    let other = ImportId::parse("another").unwrap();
    store.import_chunk(&other, 1, chunk(), 0).await.unwrap();
    assert_eq!(store.import_progress(&import).await.unwrap(), progress);
    assert_eq!(store.finish_import(&import).await.unwrap(), progress);
    drop(store);
    let store = backend.open();
    assert_eq!(store.import_progress(&import).await.unwrap().sequence, 0);
    assert_eq!(store.import_progress(&other).await.unwrap().sequence, 1);
}

pub(super) async fn members_are_read_in_chunks(backend: &impl Backend) {
    let store = backend.open();
    let batch = (0..100).map(|n| set(&format!("u{n}"), [("n", Some(Value::Int(n)))]));
    store.upsert_users(batch.collect()).await.unwrap();
    let mut members = store.members(&filter("user.n < 50"), at(0)).await.unwrap();
    assert_eq!(members.len(), 50);
    store
        .delete_users(vec![user("u7"), user("u49")])
        .await
        .unwrap();
    let mut seen = std::collections::BTreeSet::new();
    loop {
        let chunk = members.next_chunk(7);
        assert!(chunk.len() <= 7);
        if chunk.is_empty() {
            break;
        }
        for id in chunk {
            assert!(seen.insert(id), "a member came twice");
        }
    }
    assert!(!seen.contains(&user("u7")));
    assert_eq!(seen.len(), 48);
}

pub(super) async fn two_spellings_of_an_attribute_are_told_once(backend: &impl Backend) {
    let store = backend.open();
    let one = || Some(Value::Int(1));
    let ana = set("ana", [("country", one()), ("n", one())]);
    store.upsert_users(vec![ana]).await.unwrap();
    let (n, none) = store.spellings(0).await.unwrap().unwrap();
    assert!(none.is_empty(), "{none:?}");
    let ben = set("ben", [("n", one())]);
    store.upsert_users(vec![ben]).await.unwrap();
    assert_eq!(store.spellings(n).await.unwrap(), None);
    let carla = set("carla", [("Country", one())]);
    store.upsert_users(vec![carla]).await.unwrap();
    let (more, told) = store.spellings(n).await.unwrap().unwrap();
    assert!(more > n && told.contains_key("Country"), "{told:?}");
    assert_eq!(store.spellings(more).await.unwrap(), None);
}

pub(super) async fn nobody_takes_the_place_of_a_deleted_member(backend: &impl Backend) {
    let store = backend.open();
    let batch = |name: &str, n: i64| {
        let ids = (0..20).map(|at| format!("{name}{at}"));
        ids.map(|id| set(&id, [("n", Some(Value::Int(n)))]))
            .collect::<Vec<_>>()
    };
    store.upsert_users(batch("in", 1)).await.unwrap();
    let mut members = store.members(&filter("user.n == 1"), at(0)).await.unwrap();
    let all = (0..20).map(|at| user(&format!("in{at}"))).collect();
    store.delete_users(all).await.unwrap();
    store.upsert_users(batch("out", 2)).await.unwrap();
    assert_eq!(members.next_chunk(100), []);
    drop(members);
    // The places are given away later.
    store.upsert_users(batch("late", 1)).await.unwrap();
    let mut members = store.members(&filter("user.n == 1"), at(0)).await.unwrap();
    assert_eq!(members.next_chunk(100).len(), 20);
}

pub(super) async fn a_deleted_user_leaves_countable_deliveries(backend: &impl Backend) {
    let mut store = backend.open();
    store
        .upsert_users(vec![set("ana", [("n", Some(Value::Int(1)))])])
        .await
        .unwrap();
    let id = send(&store, "one", &["ana", "bia"]).await;
    assert_eq!(
        store
            .delete_users(vec![user("ana"), user("nobody")])
            .await
            .unwrap(),
        [true, false]
    );
    for _ in 0..2 {
        assert_eq!(store.count_users().await.unwrap(), 0);
        assert!(store.get_user(&user("ana")).await.unwrap().is_none());
        let counts = counts(&store, id).await;
        assert_eq!(
            (counts.of(State::Pending), counts.of(State::Skipped)),
            (1, 1)
        );
        let query = DeliveryQuery {
            send: Some(id),
            limit: 10,
            ..DeliveryQuery::default()
        };
        let listed = store.list_deliveries(query).await.unwrap();
        assert_eq!(listed.len(), 2);
        assert_eq!(
            listed
                .iter()
                .filter(|delivery| delivery.external_id.is_none())
                .count(),
            1
        );
        let of_ana = DeliveryQuery {
            external_id: Some(user("ana")),
            limit: 10,
            ..DeliveryQuery::default()
        };
        assert!(store.list_deliveries(of_ana).await.unwrap().is_empty());
        drop(store);
        store = backend.open();
    }
    assert_eq!(
        store.delete_users(vec![user("ana")]).await.unwrap(),
        [false]
    );
}

pub(super) async fn a_user_deleted_during_the_call_holds_up_nobody(backend: &impl Backend) {
    let store = backend.open();
    let people = ["ana", "bia", "caio"];
    store
        .upsert_users(people.map(|name| set(name, [])).into())
        .await
        .unwrap();
    let id = send(&store, "one", &people).await;
    let claimed = claim(&store, at(1)).await;
    for due in &claimed {
        assert!(store.begin(due.id, at(1)).await.unwrap());
    }
    store.delete_users(people.map(user).into()).await.unwrap();
    let retry = Outcome::Retry {
        at: at(2),
        reason: reason(),
    };
    let sent = Outcome::Sent {
        message_id: "m_ana".into(),
    };
    for (due, outcome) in claimed.iter().zip([retry, sent, Outcome::Failed(reason())]) {
        record(&store, due.id, outcome, at(2)).await;
    }
    // The channel goes on: nothing of them is claimed, and nothing of them is kept.
    assert!(claim(&store, at(1_000)).await.is_empty());
    let sums = counts(&store, id).await;
    let of = |state| sums.of(state);
    assert_eq!(
        (of(State::Skipped), of(State::Sent), of(State::Failed)),
        (1, 1, 1)
    );
    for due in claimed {
        let kept = store.get_delivery(due.id).await.unwrap().unwrap();
        assert_eq!((kept.external_id, kept.message_id), (None, None));
        assert!(kept.reason.is_none_or(|reason| reason.detail.is_empty()));
    }
}
