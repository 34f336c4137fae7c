//! Claims, attempts and outcomes.

use std::collections::BTreeSet;

use recado::model::delivery::{Outcome, ReasonCode, State};
use recado::model::send::Phase;
use recado::store::contract::DeliveryQuery;

use super::Backend;
use super::fixtures::{
    CHANNEL, LEASE, at, claim, counts, deliveries, new_send, reason, record, send, sent,
};

pub(super) async fn a_lease_is_one_callers(backend: &impl Backend) {
    let store = backend.open();
    let id = send(&store, "one", &["ana", "bia"]).await;
    assert!(claim(&store, at(-1)).await.is_empty(), "not due yet");
    let first = claim(&store, at(1)).await;
    assert_eq!(first.len(), 2);
    assert_eq!((first[0].attempt, first[0].send), (1, id));
    assert!(
        claim(&store, at(60)).await.is_empty(),
        "the lease is running"
    );
    let again = claim(&store, at(61)).await;
    assert_eq!(again.len(), 2, "the lease is over");
    assert_eq!(again[0].attempt, 1, "nothing was attempted");
    assert_eq!(store.busy_channels().await.unwrap(), [CHANNEL]);
}

pub(super) async fn many_workers_share_without_a_double(backend: &impl Backend) {
    let store = backend.open();
    let names: Vec<String> = (0..300).map(|n| format!("u{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    send(&store, "all", &names).await;
    let workers = (0..8).map(|_| async {
        let mut mine = Vec::new();
        loop {
            let claimed = store.claim_due(CHANNEL, at(1), LEASE, 7).await.unwrap();
            if claimed.is_empty() {
                return mine;
            }
            mine.extend(claimed.into_iter().map(|due| due.id));
        }
    });
    let all: Vec<_> = futures_util::future::join_all(workers).await.concat();
    assert_eq!(all.len(), 300);
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>().len(), 300);
}

pub(super) async fn what_began_is_known_after_a_death(backend: &impl Backend) {
    let store = backend.open();
    let left = send(&store, "left", &["ana", "bia"]).await;
    let again = new_send("again", true);
    let again_id = again.id;
    store
        .create_send(again, deliveries(again_id, &["ana"]), true)
        .await
        .unwrap();
    let claimed = claim(&store, at(1)).await;
    assert_eq!(claimed.len(), 3);
    let began = [
        &claimed[0],
        claimed.iter().find(|due| due.send == again_id).unwrap(),
    ];
    for due in began {
        assert!(store.begin(due.id, at(2)).await.unwrap());
    }
    drop(store);
    let store = backend.open();
    assert_eq!(store.recover(at(3)).await.unwrap(), 2);
    assert_eq!(store.recover(at(3)).await.unwrap(), 0);
    let unknown = store.get_delivery(began[0].id).await.unwrap().unwrap();
    assert_eq!((unknown.state, unknown.attempts), (State::Unknown, 1));
    assert_eq!(unknown.reason.unwrap().code, ReasonCode::Interrupted);
    let sums = counts(&store, left).await;
    assert_eq!((sums.of(State::Unknown), sums.of(State::Pending)), (1, 1));
    assert_eq!(counts(&store, again_id).await.of(State::Pending), 1);
    // What was only claimed is due at once, and so is what may be repeated.
    let due = claim(&store, at(3)).await;
    let attempts: BTreeSet<u32> = due.iter().map(|due| due.attempt).collect();
    assert_eq!((due.len(), attempts), (2, BTreeSet::from([1, 2])));
}

pub(super) async fn what_may_not_be_sent_does_not_begin(backend: &impl Backend) {
    let store = backend.open();
    let id = send(&store, "one", &["ana"]).await;
    let due = claim(&store, at(1)).await.remove(0);
    assert!(
        !store.begin(due.id, at(62)).await.unwrap(),
        "the lease was lost"
    );
    let due = claim(&store, at(62)).await.remove(0);
    assert!(store.begin(due.id, at(63)).await.unwrap());
    assert!(!store.begin(due.id, at(63)).await.unwrap(), "it has begun");
    record(&store, due.id, Outcome::Failed(reason()), at(64)).await;
    assert!(!store.begin(due.id, at(65)).await.unwrap(), "it is final");
    assert_eq!(counts(&store, id).await.of(State::Failed), 1);
}

pub(super) async fn outcomes_and_counts_agree(backend: &impl Backend) {
    let mut store = backend.open();
    let id = send(&store, "all", &["a", "b", "c", "d"]).await;
    let claimed = claim(&store, at(1)).await;
    let outcomes = [
        (sent(), State::Sent),
        (Outcome::Failed(reason()), State::Failed),
        (Outcome::Unknown(reason()), State::Unknown),
        (
            Outcome::Retry {
                at: at(100),
                reason: reason(),
            },
            State::Pending,
        ),
    ];
    for (due, (outcome, state)) in claimed.iter().zip(outcomes) {
        assert!(store.begin(due.id, at(2)).await.unwrap());
        assert_eq!(counts(&store, id).await.of(State::Sending), 1);
        record(&store, due.id, outcome, at(3)).await;
        let stored = store.get_delivery(due.id).await.unwrap().unwrap();
        assert_eq!((stored.state, stored.attempts), (state, 1));
        let sums = counts(&store, id).await;
        let total: u64 = State::ALL.into_iter().map(|state| sums.of(state)).sum();
        assert_eq!((total, sums.of(State::Sending)), (4, 0));
        // A second outcome of a final delivery changes nothing.
        if state != State::Pending {
            record(&store, due.id, Outcome::Failed(reason()), at(4)).await;
            assert_eq!(store.get_delivery(due.id).await.unwrap().unwrap(), stored);
            assert_eq!(counts(&store, id).await, sums);
        }
    }
    drop(store);
    store = backend.open();
    assert_eq!(
        store.get_send(id).await.unwrap().unwrap().phase,
        Phase::Running
    );
    assert_eq!(store.next_due(CHANNEL).await.unwrap(), Some(at(100)));
    assert!(claim(&store, at(99)).await.is_empty());
    let last = claim(&store, at(100)).await.remove(0);
    assert_eq!(last.attempt, 2);
    assert!(store.begin(last.id, at(100)).await.unwrap());
    record(&store, last.id, sent(), at(101)).await;
    let finished = store.get_send(id).await.unwrap().unwrap();
    assert_eq!(
        (finished.phase, finished.finished_at),
        (Phase::Finished, Some(at(101)))
    );
    let query = DeliveryQuery {
        send: Some(id),
        state: Some(State::Sent),
        limit: 10,
        ..DeliveryQuery::default()
    };
    let listed = store.list_deliveries(query).await.unwrap();
    assert!(
        listed
            .iter()
            .all(|delivery| delivery.message_id.as_deref() == Some("m_1"))
    );
    assert_eq!(listed.len(), 2);
}

pub(super) async fn what_is_given_back_is_due_at_once(backend: &impl Backend) {
    let store = backend.open();
    let id = send(&store, "one", &["ana"]).await;
    let due = claim(&store, at(1)).await.remove(0);
    record(&store, due.id, Outcome::Released, at(2)).await;
    let due = claim(&store, at(2)).await.remove(0);
    assert_eq!(due.attempt, 1);
    assert!(store.begin(due.id, at(2)).await.unwrap());
    record(&store, due.id, Outcome::Released, at(3)).await;
    let stored = store.get_delivery(due.id).await.unwrap().unwrap();
    assert_eq!((stored.state, stored.attempts), (State::Pending, 0));
    assert_eq!(claim(&store, at(3)).await.len(), 1);
    assert_eq!(counts(&store, id).await.of(State::Pending), 1);
}

pub(super) async fn a_retry_of_a_cancelled_send_is_cancelled(backend: &impl Backend) {
    let store = backend.open();
    let id = send(&store, "one", &["ana", "bia", "caio"]).await;
    let claimed = claim(&store, at(1)).await;
    for due in &claimed {
        assert!(store.begin(due.id, at(1)).await.unwrap());
    }
    store.cancel_send(id, at(2)).await.unwrap();
    assert_eq!(
        counts(&store, id).await.of(State::Sending),
        3,
        "calls under way finish"
    );
    let retry = Outcome::Retry {
        at: at(5),
        reason: reason(),
    };
    for (due, outcome) in claimed.iter().zip([retry, Outcome::Released, sent()]) {
        record(&store, due.id, outcome, at(3)).await;
    }
    let sums = counts(&store, id).await;
    assert_eq!((sums.of(State::Cancelled), sums.of(State::Sent)), (2, 1));
    assert!(claim(&store, at(1_000)).await.is_empty());
}

pub(super) async fn a_closed_gate_does_not_overrule_a_call(backend: &impl Backend) {
    let store = backend.open();
    let id = send(&store, "one", &["ana", "bia"]).await;
    let claimed = claim(&store, at(1)).await;
    let skipped = || Outcome::Skipped(reason());
    record(&store, claimed[0].id, skipped(), at(2)).await;
    let stored = store.get_delivery(claimed[0].id).await.unwrap().unwrap();
    assert_eq!((stored.state, stored.attempts), (State::Skipped, 0));
    // The lease runs out; the next caller begins; then the first one says that a gate was closed.
    let again = claim(&store, at(100)).await.remove(0);
    assert!(store.begin(again.id, at(100)).await.unwrap());
    record(&store, again.id, skipped(), at(101)).await;
    assert_eq!(counts(&store, id).await.of(State::Sending), 1);
}
