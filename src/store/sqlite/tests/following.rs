//! Followers that fall far behind, and what they leave behind.

use jiff::Timestamp;

use super::super::Store;
use super::{open, set, user};
use crate::model::Value;
use crate::segment::{self, Declared, Filter};
use crate::store::contract::{Audience, Following, Users};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
/// More than a follower remembers in unit tests.
const MANY: u16 = 9;

fn everybody() -> Filter {
    segment::compile("true", &Declared::default()).unwrap()
}

async fn fill(store: &Store) {
    let users = (0..20).map(|n| set(n, "n", Some(Value::Int(1))));
    store.upsert_users(users.collect()).await.unwrap();
}

async fn delete(store: &Store, n: u16) {
    store
        .delete_users((0..n).map(user).collect())
        .await
        .unwrap();
}

async fn follow(store: &Store) -> Box<dyn Following> {
    store.follow(&everybody(), NOW).await.unwrap()
}

#[tokio::test]
async fn who_falls_too_far_behind_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    fill(&store).await;
    let mut near = follow(&store).await;
    let mut read = near.members();
    delete(&store, MANY - 1).await;
    let step = near.step(NOW, 100).await.unwrap().unwrap();
    assert_eq!((step.left.len(), step.count), (8, 12));
    assert_eq!(read.next_chunk(100).map(|ids| ids.len()), Some(20));
    fill(&store).await;
    let mut far = follow(&store).await;
    let mut unread = far.members();
    delete(&store, MANY).await;
    for _ in 0..2 {
        assert!(far.step(NOW, 100).await.unwrap().is_none());
        assert!(unread.next_chunk(100).is_none());
    }
    assert!(far.members().next_chunk(100).is_none());
    // What was read is not missed.
    delete(&store, 20).await;
    assert_eq!(read.next_chunk(100).map(|ids| ids.len()), Some(0));
}

#[tokio::test]
async fn nothing_is_kept_for_followers_that_went() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    fill(&store).await;
    for _ in 0..3 {
        drop(follow(&store).await);
    }
    let last = follow(&store).await;
    assert_eq!(store.memory.watched.n_followers(), 1);
    drop(last);
    delete(&store, 1).await;
    assert_eq!(store.memory.watched.n_followers(), 0);
}
