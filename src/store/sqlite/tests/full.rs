//! A store that may not grow any more.

use std::path::Path;
use std::sync::Arc;

use super::super::{Settings, Store};
use super::{open, set, settings};
use crate::model::Value;
use crate::store::contract::{Error, Users};

fn small(folder: &Path) -> Arc<Store> {
    let settings = Settings {
        bytes_max: Some(512 << 10),
        ..settings(folder)
    };
    Store::open(&settings, &|_| {}).unwrap()
}

fn text() -> Option<Value> {
    Some(Value::String("x".repeat(1_000)))
}

/// Writes until nothing more goes in; answers how many users are there.
async fn fill(store: &Store) -> u16 {
    let mut stored = 0;
    loop {
        let batch = (stored..stored + 20).map(|n| set(n, "text", text()));
        match store.upsert_users(batch.collect()).await {
            Ok(_) => stored += 20,
            Err(error) => {
                assert!(matches!(error, Error::DiskFull(_)), "{error:?}");
                return stored;
            }
        }
        assert!(stored < 5_000, "it never got full");
    }
}

#[tokio::test]
async fn a_full_disk_leaves_everything_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let store = small(folder.path());
    let stored = fill(&store).await;
    assert!(stored > 0);
    for n in 0..3 {
        // Nothing half done, however often it is tried, and reads go on.
        let batch = (0..100).map(|i| set(5_000 + i, "text", text()));
        let refused = store.upsert_users(batch.collect()).await;
        assert!(
            matches!(refused, Err(Error::DiskFull(_))),
            "{n}: {refused:?}"
        );
        assert_eq!(store.count_users().await.unwrap(), u64::from(stored));
        let last = store.get_user(&super::user(stored - 1)).await.unwrap();
        assert_eq!(last.unwrap().attributes.get("text"), text().as_ref());
    }
    drop(store);
    // With room again, all that was answered is there and writes work.
    let store = open(folder.path());
    assert_eq!(store.count_users().await.unwrap(), u64::from(stored));
    let more = store.upsert_users(vec![set(9_999, "text", text())]).await;
    assert!(more.unwrap()[0].is_ok());
    assert_eq!(store.count_users().await.unwrap(), u64::from(stored) + 1);
}

/// A full store is no dead end: what is freed is used again.
#[tokio::test]
async fn a_full_store_takes_writes_again_once_something_is_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let stored = fill(&small(folder.path())).await;
    let store = open(folder.path());
    let half: Vec<_> = (0..stored / 2).map(super::user).collect();
    assert!(store.delete_users(half).await.unwrap().iter().all(|it| *it));
    let memory = Arc::clone(&store.memory);
    let fold = move |group: &mut super::super::writer::Group<'_>| {
        memory.fold_oldest(group.connection, usize::MAX)
    };
    let folded = store.writer.submit(fold).await.unwrap();
    store.memory.folded(folded);
    drop(store);
    let store = small(folder.path());
    let batch = (0..stored / 4).map(|n| set(n, "text", text()));
    let report = store.upsert_users(batch.collect()).await.unwrap();
    assert!(report.iter().all(Result::is_ok));
}
