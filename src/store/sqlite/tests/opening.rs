//! What a start refuses, and what it leaves as it was.

use rusqlite::Connection;

use super::super::migrate::migrate;
use super::{alter, open, set, try_open};
use crate::store::contract::{Error, Users};

#[test]
fn a_store_is_one_processes() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path());
    let told = try_open(folder.path()).unwrap_err().to_string();
    assert!(
        told.contains("store.sqlite` is in use by another process; stop that one"),
        "{told}"
    );
    drop(first);
    open(folder.path());
}

#[cfg(unix)]
#[test]
fn a_link_to_a_store_is_the_same_store() {
    let folder = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let first = open(folder.path());
    let link = other.path().join("store.sqlite");
    std::os::unix::fs::symlink(folder.path().join("store.sqlite"), link).unwrap();
    let refused = try_open(other.path());
    assert!(matches!(refused, Err(Error::InUse { .. })), "{refused:?}");
    drop(first);
    open(other.path());
}

#[test]
fn a_newer_programs_store_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    alter(folder.path(), "PRAGMA user_version = 99");
    let refused = try_open(folder.path());
    assert!(
        matches!(refused, Err(Error::TooNew { found: 99, .. })),
        "{refused:?}"
    );
    let told = refused.unwrap_err().to_string();
    assert!(
        told.contains("schema 99") && told.contains("start a newer"),
        "{told}"
    );
}

#[test]
fn a_second_migration_changes_nothing() {
    let mut connection = Connection::open_in_memory().unwrap();
    let schema = |connection: &Connection| -> (u32, u32) {
        let read = |sql| connection.query_row(sql, [], |row| row.get(0)).unwrap();
        (read("PRAGMA user_version"), read("PRAGMA schema_version"))
    };
    migrate(&mut connection).unwrap();
    let first = schema(&connection);
    assert_eq!(first.0, 6);
    migrate(&mut connection).unwrap();
    assert_eq!(schema(&connection), first);
}

#[test]
fn a_file_of_the_first_version_is_brought_up() {
    let mut connection = Connection::open_in_memory().unwrap();
    let first = include_str!("../migrations/0001_init.sql");
    connection.execute_batch(first).unwrap();
    connection
        .execute_batch(
            "PRAGMA user_version = 1;
             INSERT INTO import VALUES ('nightly', 3, 1, 1, 1);",
        )
        .unwrap();
    migrate(&mut connection).unwrap();
    for (sql, rows) in [
        ("SELECT count(*) FROM import WHERE sequence = 3", 1),
        ("SELECT count(*) FROM event_batch", 0),
        ("SELECT count(*) FROM segment_size", 0),
    ] {
        let found: u32 = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!(found, rows, "{sql}");
    }
}

#[test]
fn a_file_that_is_no_store_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.sqlite");
    let text = "first name,last name\n".repeat(100);
    std::fs::write(&path, &text).unwrap();
    let refused = try_open(folder.path());
    assert!(matches!(refused, Err(Error::Damaged(_))), "{refused:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn a_closed_store_has_finished_what_waited_and_takes_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let writes = (0..20).map(|n| {
        let store = std::sync::Arc::clone(&store);
        async move { store.upsert_users(vec![set(n, "n", None)]).await }
    });
    let mut writes: Vec<_> = writes.map(Box::pin).collect();
    // Handed to the writer, and not waited for.
    for write in &mut writes {
        drop(futures_util::poll!(write));
    }
    store.close();
    for write in writes {
        write.await.unwrap();
    }
    let refused = store.upsert_users(vec![set(99, "n", None)]).await;
    assert!(matches!(refused, Err(Error::Closed)), "{refused:?}");
    store.close();
    assert_eq!(store.count_users().await.unwrap(), 20);
    drop(store);
    assert_eq!(open(folder.path()).count_users().await.unwrap(), 20);
}
