//! Damage is told by name, and never as fewer users.

use std::path::Path;

use super::{Bare, End, alter, set, try_open};
use crate::model::Value;
use crate::store::contract::Error;

/// Three groups of users: in blocks, or in the log alone.
fn store(folder: &Path, is_folded: bool) {
    let mut store = Bare::at(folder);
    for group in 0..3 {
        store.group(0, End::Answered, |users| {
            let name = |n: u16| Some(Value::String(format!("n{n}")));
            let batch = (group * 4..group * 4 + 4).map(|n| set(n, "name", name(n)));
            assert!(users.upsert(batch.collect()).iter().all(Result::is_ok));
        });
    }
    if is_folded {
        store.fold(usize::MAX, End::Answered);
    }
}

#[test]
fn damage_is_told_and_never_fewer_users() {
    let cases = [
        (
            false,
            "UPDATE user_log SET changes = substr(changes, 1, length(changes) - 3) WHERE seq = 2",
            "user_log",
            "changes",
            "2",
        ),
        (
            false,
            "UPDATE user_log SET changes = x'ff00ff' WHERE seq = 1",
            "user_log",
            "changes",
            "1",
        ),
        // Another user's id: it decodes, and is not what was written.
        (
            false,
            "UPDATE user_log SET changes = CAST(replace(CAST(changes AS TEXT), 'user-9', 'user-8') AS BLOB) WHERE seq = 3",
            "user_log",
            "changes",
            "3",
        ),
        (
            false,
            "DELETE FROM user_log WHERE seq = 2",
            "user_log",
            "seq",
            "2",
        ),
        (
            true,
            "UPDATE user_block SET users = substr(users, 1, length(users) - 3) WHERE block = 1",
            "user_block",
            "users",
            "1",
        ),
        (
            true,
            "UPDATE user_block SET users = x'' WHERE block = 0",
            "user_block",
            "users",
            "0",
        ),
        (
            true,
            "UPDATE user_block SET users = CAST(users || x'00' AS BLOB) WHERE block = 2",
            "user_block",
            "users",
            "2",
        ),
    ];
    for (is_folded, sql, table, column, key) in cases {
        let folder = tempfile::tempdir().unwrap();
        store(folder.path(), is_folded);
        assert_eq!(alter(folder.path(), sql), 1, "{sql}");
        let refused = try_open(folder.path());
        let Err(Error::Corrupt {
            table: t,
            column: c,
            key: k,
        }) = &refused
        else {
            panic!("{sql}: {refused:?}");
        };
        assert_eq!((*t, *c, k.as_str()), (table, column, key), "{sql}");
        let told = refused.unwrap_err().to_string();
        assert!(told.contains(table) && told.contains(column), "{told}");
    }
}

#[test]
fn damaged_pages_are_told() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path(), true);
    let path = folder.path().join("store.sqlite");
    let mut bytes = std::fs::read(&path).unwrap();
    // All but the first page, which says how large the file is.
    bytes[4096..].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();
    let refused = try_open(folder.path());
    assert!(matches!(refused, Err(Error::Damaged(_))), "{refused:?}");
}
