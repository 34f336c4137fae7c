//! What messages missed, and what they said of themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;
use recado::model::delivery::{Notes, Outcome, State};
use recado::model::id::SendId;
use recado::model::limits::SEND_MISSES_MAX;
use recado::model::send::Miss;
use recado::store::Store;

use super::Backend;
use super::fixtures::{at, claim, reason, send, sent, set, user};

/// Notes of what was missed; the names in `gaps` besides have nothing instead.
fn missed<'a>(names: impl IntoIterator<Item = &'a str>, gaps: &[&str]) -> Notes {
    let names = names.into_iter().map(str::to_owned);
    Notes {
        misses: names
            .chain(gaps.iter().map(|&gap| gap.to_owned()))
            .collect(),
        gaps: gaps.iter().map(|&gap| gap.to_owned()).collect(),
        extras: BTreeMap::new(),
    }
}

async fn misses(store: &Arc<dyn Store>, send: SendId) -> Vec<(String, u64, u64)> {
    let send = store.get_send(send).await.unwrap().unwrap();
    let misses = send.misses.into_iter();
    misses
        .map(|miss| (miss.name, miss.deliveries, miss.gaps))
        .collect()
}

pub(super) async fn what_is_missed_is_counted_once_and_at_the_end(backend: &impl Backend) {
    let store = backend.open();
    let people = ["ana", "bia", "caio", "davi", "eva"];
    let id = send(&store, "one", &people).await;
    let other = send(&store, "other", &["ana"]).await;
    let claimed = claim(&store, at(1)).await;
    let of_one: Vec<_> = claimed.iter().filter(|due| due.send == id).collect();
    join_all(claimed.iter().map(|due| store.begin(due.id, at(1)))).await;
    let first = of_one[0];
    let retry = Outcome::Retry {
        at: at(2),
        reason: reason(),
    };
    let both = || missed(["city"], &["name"]);
    store.record(first.id, retry, both(), at(1)).await.unwrap();
    assert_eq!(misses(&store, id).await, [], "it is not over");
    let again = claim(&store, at(2)).await.remove(0);
    assert!(store.begin(again.id, at(2)).await.unwrap());
    // All at once, so that some share a transaction; each outcome that is final counts.
    let outcomes = [
        (sent(), both()),
        (Outcome::Failed(reason()), missed(["name"], &[])),
        (Outcome::Unknown(reason()), missed([], &["name"])),
        (sent(), Notes::default()),
        (sent(), missed([], &["plan", "name"])),
    ];
    let records = of_one.iter().zip(outcomes);
    let records =
        records.map(|(due, (outcome, notes))| store.record(due.id, outcome, notes, at(3)));
    assert!(join_all(records).await.iter().all(Result::is_ok));
    let expected = [
        ("name".to_owned(), 4, 3),
        ("city".to_owned(), 1, 0),
        ("plan".to_owned(), 1, 1),
    ];
    assert_eq!(misses(&store, id).await, expected);
    // A delivery that is final already counts nothing.
    store.record(first.id, sent(), both(), at(4)).await.unwrap();
    drop((store, claimed));
    let store = backend.open();
    assert_eq!(misses(&store, id).await, expected);
    assert_eq!(misses(&store, other).await, []);
}

pub(super) async fn names_beyond_the_bound_are_counted_together(backend: &impl Backend) {
    let store = backend.open();
    let id = send(&store, "one", &["ana", "bia", "caio"]).await;
    let claimed = claim(&store, at(1)).await;
    let names: Vec<String> = (0..SEND_MISSES_MAX + 3)
        .map(|n| format!("n{n:03}"))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (within, beyond) = names.split_at(SEND_MISSES_MAX);
    let long = "x".repeat(100_000);
    let notes = [
        missed(within.iter().copied().take(SEND_MISSES_MAX - 1), &[&long]),
        missed(names.iter().copied(), &[beyond[0]]),
        missed(beyond.iter().copied(), &[]),
    ];
    for (due, notes) in claimed.iter().zip(notes) {
        assert!(store.begin(due.id, at(1)).await.unwrap());
        store.record(due.id, sent(), notes, at(2)).await.unwrap();
    }
    let counted = misses(&store, id).await;
    assert_eq!(counted.len(), SEND_MISSES_MAX + 1);
    assert_eq!(counted[0], ("n000".to_owned(), 2, 0));
    // Each of the two once, however many names it missed.
    assert_eq!(counted[SEND_MISSES_MAX], (Miss::OTHERS.to_owned(), 2, 1));
    assert!(counted.iter().all(|(name, ..)| name.len() < 1_000));
}

pub(super) async fn extras_are_kept_as_long_as_the_user(backend: &impl Backend) {
    let store = backend.open();
    let people = ["ana", "bia", "caio"];
    let users = people.map(|name| set(name, []));
    store.upsert_users(users.into()).await.unwrap();
    send(&store, "one", &people).await;
    let claimed = claim(&store, at(1)).await;
    let notes = |due: usize| Notes {
        extras: BTreeMap::from([(
            "tier".to_owned(),
            format!("of {}", claimed[due].external_id.as_str()),
        )]),
        ..Notes::default()
    };
    let read = async |due: usize| store.get_delivery(claimed[due].id).await.unwrap().unwrap();
    for due in &claimed {
        assert!(store.begin(due.id, at(1)).await.unwrap());
    }
    let retry = Outcome::Retry {
        at: at(2),
        reason: reason(),
    };
    store
        .record(claimed[0].id, retry, notes(0), at(1))
        .await
        .unwrap();
    assert!(
        read(0).await.extras.is_empty(),
        "another message will be made"
    );
    store
        .record(claimed[1].id, sent(), notes(1), at(1))
        .await
        .unwrap();
    assert_eq!(read(1).await.extras, notes(1).extras);
    // Deleted after the call, and during it.
    let gone = [1, 2].map(|due| user(claimed[due].external_id.as_str()));
    store.delete_users(gone.into()).await.unwrap();
    store
        .record(claimed[2].id, sent(), notes(2), at(2))
        .await
        .unwrap();
    for due in [1, 2] {
        let kept = read(due).await;
        assert_eq!((kept.state, kept.external_id), (State::Sent, None));
        assert!(kept.extras.is_empty());
    }
}
