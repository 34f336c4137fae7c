//! Revisions, sends and their lists.

use recado::model::delivery::{Outcome, State};
use recado::model::id::{Fingerprint, Revision};
use recado::model::resource::{Action, Changed, Document, Kind, Origin, Record};
use recado::model::send::Phase;
use recado::store::contract::{Created, DeliveryQuery, Error, NewRevision, SendQuery};

use super::Backend;
use super::fixtures::{at, claim, counts, deliveries, new_send, record, send, set, user};

pub(super) async fn a_store_is_itself(backend: &impl Backend) {
    let store = backend.open();
    let first = store.identity().await.unwrap();
    let signature = first.sign([b"plan".as_slice()]);
    drop(store);
    let again = backend.open().identity().await.unwrap();
    assert_eq!(again.id, first.id);
    assert!(again.has_signed([b"plan".as_slice()], &signature));
}

fn changes() -> Vec<Changed> {
    let change = |name: &str, action, before, after| Changed {
        kind: Kind::Segment,
        name: name.into(),
        action,
        before,
        after,
    };
    vec![
        change("new", Action::Create, None, Some(3)),
        change("old", Action::Delete, Some(4), None),
        change("vip", Action::Update, Some(1), Some(2)),
    ]
}

pub(super) async fn revisions_follow_each_other(backend: &impl Backend) {
    let mut store = backend.open();
    let info = |n| NewRevision {
        applied_at: at(n),
        fingerprint: Fingerprint::of([format!("{n}").as_bytes()]),
        origin: Origin {
            author: "ana".into(),
            ..Origin::default()
        },
        record: Record {
            owner: "growth".into(),
            allowed: vec!["deletes".into()],
            planned_at: Some(at(n)),
            back_to: Some(Revision(7)),
            is_pruned: true,
        },
        changes: changes(),
    };
    let documents = |filter: &str| {
        vec![Document {
            kind: Kind::Segment,
            name: "vip".into(),
            path: "vip.yaml".into(),
            source: format!("kind: Segment\nname: vip\nfilter: {filter}\n"),
            owner: "growth".into(),
        }]
    };
    assert_eq!(store.current().await.unwrap(), None);
    assert!(store.documents(Revision(0)).await.unwrap().is_empty());
    for n in 1..=3 {
        let filter = format!("user.n > {n}");
        let applied = store
            .apply(Revision(n - 1), documents(&filter), info(1))
            .await;
        assert_eq!(applied.unwrap().revision, Revision(n));
        let stale = store
            .apply(Revision(n - 1), documents("true"), info(2))
            .await;
        assert!(
            matches!(stale, Err(Error::Stale { expected, actual })
                if expected == Revision(n - 1) && actual == Revision(n)),
            "{stale:?}"
        );
        drop(store);
        store = backend.open();
        // What sends are pinned to stays as it was.
        assert_eq!(
            store.documents(Revision(n)).await.unwrap(),
            documents(&filter)
        );
        assert_eq!(
            store.documents(Revision(1)).await.unwrap(),
            documents("user.n > 1")
        );
        assert_eq!(store.changes(Revision(n)).await.unwrap(), changes());
        let current = store.current().await.unwrap().unwrap();
        assert_eq!(current.record, info(1).record);
        assert_eq!(
            (current.revision, current.origin.author.as_str()),
            (Revision(n), "ana")
        );
    }
    let listed = async |before: Option<u64>, limit| {
        let found = store.revisions(before.map(Revision), limit).await.unwrap();
        found.iter().map(|info| info.revision.0).collect::<Vec<_>>()
    };
    assert_eq!(listed(None, 10).await, [3, 2, 1]);
    assert_eq!(listed(None, 2).await, [3, 2]);
    assert_eq!(listed(Some(3), 10).await, [2, 1]);
    assert_eq!(listed(Some(1), 10).await, [0; 0]);
}

pub(super) async fn a_send_is_stored_once(backend: &impl Backend) {
    let mut store = backend.open();
    let new = new_send("order-1", false);
    let id = new.id;
    let first = store
        .create_send(new.clone(), deliveries(id, &["ana", "bia"]), true)
        .await
        .unwrap();
    assert!(matches!(first, Created::New(_)));
    for _ in 0..2 {
        let again = store
            .create_send(new.clone(), deliveries(id, &["caio"]), true)
            .await
            .unwrap();
        let Created::Repeated(record) = again else {
            panic!("stored twice: {again:?}");
        };
        assert_eq!((record.new.id, record.counts.of(State::Pending)), (id, 2));
        let found = store
            .find_request("hello", new.request_id.as_ref().unwrap())
            .await
            .unwrap();
        assert_eq!(found.unwrap().new, new);
        drop(store);
        store = backend.open();
    }
    let other = store.find_request("other", new.request_id.as_ref().unwrap());
    assert_eq!(other.await.unwrap(), None);
}

pub(super) async fn a_fan_out_goes_on_where_it_stopped(backend: &impl Backend) {
    let store = backend.open();
    let new = new_send("all", false);
    let id = new.id;
    store
        .create_send(new.clone(), deliveries(id, &["ana", "bia"]), false)
        .await
        .unwrap();
    drop(store);
    let store = backend.open();
    assert_eq!(store.unfinished_fanouts().await.unwrap(), [new]);
    let users = ["ana", "bia", "caio", "duda"].map(|name| set(name, []));
    store.upsert_users(users.into()).await.unwrap();
    store.delete_users(vec![user("duda")]).await.unwrap();
    let again = deliveries(id, &["ana", "bia", "caio", "duda", "nobody"]);
    let phase = store.enqueue(id, again, true).await.unwrap();
    assert_eq!(phase, Phase::Running);
    assert!(store.unfinished_fanouts().await.unwrap().is_empty());
    assert_eq!(counts(&store, id).await.of(State::Pending), 3);
    assert_eq!(claim(&store, at(1)).await.len(), 3);
}

pub(super) async fn nothing_is_added_to_a_cancelled_send(backend: &impl Backend) {
    let store = backend.open();
    let new = new_send("all", false);
    let id = new.id;
    store
        .create_send(new, deliveries(id, &["ana", "bia"]), false)
        .await
        .unwrap();
    // One is claimed already: it must not begin.
    let claimed = store
        .claim_due("page", at(1), super::fixtures::LEASE, 1)
        .await
        .unwrap();
    let cancelled = store.cancel_send(id, at(2)).await.unwrap().unwrap();
    assert_eq!(cancelled.phase, Phase::Cancelled);
    let phase = store.enqueue(id, deliveries(id, &["caio"]), true).await;
    assert_eq!(phase.unwrap(), Phase::Cancelled);
    assert_eq!(counts(&store, id).await.of(State::Cancelled), 2);
    assert!(claim(&store, at(1_000)).await.is_empty());
    for due in claimed {
        assert!(!store.begin(due.id, at(3)).await.unwrap());
    }
    assert_eq!(store.next_due("page").await.unwrap(), None);
    assert!(store.busy_channels().await.unwrap().is_empty());
}

pub(super) async fn a_finished_send_stays_finished(backend: &impl Backend) {
    let store = backend.open();
    let id = send(&store, "one", &["ana"]).await;
    for due in claim(&store, at(1)).await {
        assert!(store.begin(due.id, at(1)).await.unwrap());
        let outcome = Outcome::Sent {
            message_id: "m_1".into(),
        };
        record(&store, due.id, outcome, at(2)).await;
    }
    let finished = store.get_send(id).await.unwrap().unwrap();
    assert_eq!(
        (finished.phase, finished.finished_at),
        (Phase::Finished, Some(at(2)))
    );
    let answer = store.cancel_send(id, at(9)).await.unwrap().unwrap();
    assert_eq!(answer, finished);
    let unknown = new_send("unknown", false).id;
    assert_eq!(store.cancel_send(unknown, at(9)).await.unwrap(), None);
}

pub(super) async fn lists_are_read_by_page(backend: &impl Backend) {
    let store = backend.open();
    let mut sends = Vec::new();
    for n in 0..5 {
        sends.push(send(&store, &format!("s{n}"), &["ana", "bia", "caio"]).await);
    }
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let query = SendQuery {
            after,
            limit: 2,
            ..SendQuery::default()
        };
        let page = store.list_sends(query).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.new.id);
        listed.extend(page.into_iter().map(|send| send.new.id));
    }
    sends.reverse();
    assert_eq!(listed, sends, "newest first, each once");
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let query = DeliveryQuery {
            state: Some(State::Pending),
            after,
            limit: 4,
            ..DeliveryQuery::default()
        };
        let page = store.list_deliveries(query).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        seen.extend(page.into_iter().map(|delivery| delivery.id));
    }
    assert_eq!(seen.len(), 15);
    let distinct: std::collections::HashSet<_> = seen.iter().collect();
    assert_eq!(distinct.len(), 15);
    for id in seen {
        assert_eq!(store.get_delivery(id).await.unwrap().unwrap().id, id);
    }
}
