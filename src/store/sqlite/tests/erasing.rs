//! Who was deleted is in no file any more.

use std::path::Path;

use super::super::writer::tidy;
use super::{Bare, End, set, user};
use crate::model::Value;

const MARK: &str = "somebody-in-particular";
const USERS: u16 = 40;

/// Large enough for pages of their own.
fn text(n: u16) -> Option<Value> {
    Some(Value::String(format!("{MARK}-{n}").repeat(100)))
}

/// Users who stand in blocks, in the log and in the write-ahead log, and are deleted.
fn deleted(folder: &Path) -> Bare {
    let mut store = Bare::at(folder);
    for folds in [0, usize::MAX, 3] {
        store.group(folds, End::Answered, |users| {
            let batch = (0..USERS).map(|n| set(n, "text", text(n)));
            assert!(users.upsert(batch.collect()).iter().all(Result::is_ok));
        });
    }
    store.group(0, End::Answered, |users| {
        assert!((0..USERS).all(|n| users.delete(user(n))));
        // Somebody stays.
        assert!(users.upsert(vec![set(999, "n", None)])[0].is_ok());
    });
    assert!(is_in_a_file(folder), "the test looks at the right files");
    store
}

fn is_in_a_file(folder: &Path) -> bool {
    let is_in = |bytes: Vec<u8>| {
        let found = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
        found(MARK.as_bytes()) || found(b"user-7")
    };
    let mut entries = std::fs::read_dir(folder).unwrap();
    entries.any(|entry| is_in(std::fs::read(entry.unwrap().path()).unwrap()))
}

/// As many idle moments as there may be need for.
fn idle(store: &Bare) {
    for _ in 0..USERS {
        tidy(&store.connection, &store.memory).unwrap();
    }
    assert!(!store.memory.has_folded_deletions(), "it is done");
    assert!(
        store.memory.idle_blocks().is_none(),
        "nothing is left to do"
    );
}

#[test]
fn a_deleted_person_is_in_no_file_while_the_store_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let store = deleted(folder.path());
    idle(&store);
    assert!(!is_in_a_file(folder.path()));
    assert_eq!(store.memory.table.read().len(), 1);
}

#[test]
fn a_death_right_after_a_deletion_leaves_it_to_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = deleted(folder.path());
    store.die();
    idle(&store);
    assert!(!is_in_a_file(folder.path()));
}

#[test]
fn a_reader_in_the_way_is_waited_for_without_holding_up_anything() {
    let folder = tempfile::tempdir().unwrap();
    let store = deleted(folder.path());
    let reader = Bare::at(folder.path());
    reader
        .connection
        .execute_batch("BEGIN; SELECT count(*) FROM user_log")
        .unwrap();
    for _ in 0..USERS {
        tidy(&store.connection, &store.memory).unwrap();
    }
    assert!(store.memory.has_folded_deletions(), "not erased yet");
    reader.connection.execute_batch("COMMIT").unwrap();
    idle(&store);
    drop(reader);
    assert!(!is_in_a_file(folder.path()));
}
