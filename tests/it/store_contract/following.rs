//! Segments over time: who enters and leaves a filter, and recorded sizes.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join_all;
use jiff::Timestamp;
use recado::model::Value;
use recado::model::id::ExternalId;
use recado::model::limits;
use recado::store::Store;
use recado::store::contract::{Followed, Following, Size};

use super::Backend;
use super::fixtures::{at, filter, set, user};

type Ids = BTreeSet<ExternalId>;

/// Pseudo-random numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % sides
    }
}

async fn change(store: &Arc<dyn Store>, dice: &mut Dice) {
    for _ in 0..dice.roll(12) {
        let name = format!("u{}", dice.roll(20));
        if dice.roll(3) == 0 {
            store.delete_users(vec![user(&name)]).await.unwrap();
        } else {
            let value = i64::try_from(dice.roll(2)).unwrap();
            let update = set(&name, [("n", Some(Value::Int(value)))]);
            store.upsert_users(vec![update]).await.unwrap();
        }
    }
}

async fn members(store: &Arc<dyn Store>) -> Ids {
    let mut members = store.members(&filter("user.n == 1"), at(0)).await.unwrap();
    members.next_chunk(100).into_iter().collect()
}

fn rest(followed: &mut dyn Followed, max: usize) -> Ids {
    let mut ids = Ids::new();
    loop {
        let chunk = followed.next_chunk(max).unwrap();
        if chunk.is_empty() {
            return ids;
        }
        for id in chunk {
            assert!(ids.insert(id.clone()), "{id:?} is listed twice");
        }
    }
}

/// One step on `known`, which must be exact. Answers whether there is more.
async fn step(following: &mut Box<dyn Following>, known: &mut Ids, max: usize) -> bool {
    let step = following.step(at(0), max).await.unwrap().unwrap();
    assert!(step.entered.len() + step.left.len() <= max);
    for id in &step.left {
        assert!(known.remove(id), "{id:?} left without having been in");
    }
    for id in &step.entered {
        assert!(known.insert(id.clone()), "{id:?} entered twice");
        assert!(!step.left.contains(id), "{id:?} entered and left");
    }
    assert_eq!(step.count, known.len() as u64);
    step.is_part
}

pub(super) async fn whoever_enters_or_leaves_is_told_once(backend: &impl Backend) {
    for seed in 0..20 {
        let store = backend.open();
        let mut dice = Dice(seed);
        change(&store, &mut dice).await;
        let mut following = store.follow(&filter("user.n == 1"), at(0)).await.unwrap();
        let mut known = rest(following.members().as_mut(), 3);
        assert_eq!(known, members(&store).await);
        for _ in 0..20 {
            change(&store, &mut dice).await;
            // What was known before the change is what a list says that is read after it.
            let mut followed = following.members();
            assert_eq!(followed.count(), known.len() as u64);
            let first = followed.next_chunk(2).unwrap();
            change(&store, &mut dice).await;
            let mut listed = rest(followed.as_mut(), 2);
            listed.extend(first);
            assert_eq!(listed, known);
            let max = 1 + usize::try_from(dice.roll(8)).unwrap();
            while step(&mut following, &mut known, max).await {}
            assert_eq!(known, members(&store).await);
        }
    }
}

pub(super) async fn writes_of_users_are_announced(backend: &impl Backend) {
    let store = backend.open();
    let mut changed = store.changed();
    for n in 1..=20 {
        let name = format!("new{n}");
        let write = store.upsert_users(vec![set(&name, [("new", Some(Value::Int(1)))])]);
        let look = async {
            changed.changed().await.unwrap();
            store.count(&filter("user.new == 1"), at(0)).await.unwrap()
        };
        let (report, count) = tokio::join!(write, look);
        report.unwrap();
        assert_eq!(count, n);
    }
    store.delete_users(vec![user("new1")]).await.unwrap();
    assert!(changed.has_changed().unwrap());
}

async fn record(store: &Arc<dyn Store>, secs: i64, name: &str, members: u64) {
    let sizes = vec![(name.to_owned(), members)];
    store.record_sizes(at(secs), sizes).await.unwrap();
}

pub(super) async fn the_newest_sizes_are_kept(backend: &impl Backend) {
    let store = backend.open();
    let all = Timestamp::MIN..Timestamp::MAX;
    let max = limits::SIZES_KEPT_MAX;
    record(&store, 0, "old", 1).await;
    join_all((0..i64::try_from(max + 5).unwrap()).map(|n| record(&store, n, "brazil", 7))).await;
    record(&store, 9, "brazil", 8).await;
    let sizes = store.sizes("brazil", all.clone(), max + 5).await.unwrap();
    assert_eq!(sizes.len(), max);
    assert!(sizes.is_sorted_by_key(|size| size.at));
    assert_eq!(sizes[0].at, at(5));
    let nine = Size {
        at: at(9),
        members: 8,
    };
    assert_eq!(sizes[4], nine);
    // The newest of a span, its end not among them, and after a restart.
    drop(store);
    let store = backend.open();
    let within = store.sizes("brazil", at(7)..at(10), 2).await.unwrap();
    assert_eq!((within[0].at, within[1]), (at(8), nine));
    let later = i64::try_from(limits::SIZES_KEPT_FOR.as_secs()).unwrap() + 1;
    store
        .record_sizes(at(later), vec![("other".into(), 1)])
        .await
        .unwrap();
    assert_eq!(store.sizes("old", all.clone(), 1).await.unwrap(), []);
    assert_eq!(store.sizes("other", all, 9).await.unwrap().len(), 1);
}
