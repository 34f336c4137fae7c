//! The writer: groups that fail, and bounds that hold inside a group too.

use std::collections::BTreeMap;

use super::{Bare, End, open, set, user};
use crate::model::Value;
use crate::model::limits;
use crate::model::user::Update;
use crate::store::contract::{Error, Users};

/// Another program may hold the file, a backup for example. That is no reason to end.
#[tokio::test]
async fn a_transaction_that_cannot_begin_is_no_closed_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    // Not waited for here.
    let hasty = |group: &mut super::super::writer::Group<'_>| {
        Ok(group.connection.busy_timeout(std::time::Duration::ZERO)?)
    };
    store.writer.submit(hasty).await.unwrap();
    let other = rusqlite::Connection::open(folder.path().join("store.sqlite")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = store.upsert_users(vec![set(1, "n", None)]).await;
    assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
    other.execute_batch("ROLLBACK").unwrap();
    store.upsert_users(vec![set(1, "n", None)]).await.unwrap();
    assert_eq!(store.count_users().await.unwrap(), 1);
}

#[test]
fn one_group_cannot_leave_the_bound_on_attribute_paths() {
    let mut store = Bare::in_memory();
    // Each of them fits, were it alone.
    let wide = |n: u16| Update {
        set: (0..limits::COLUMNS_MAX / 4)
            .map(|i| (format!("a{n}_{i}"), Some(Value::Bool(true))))
            .collect(),
        ..Update::new(user(n))
    };
    let report = store.group(0, End::Answered, |users| {
        users.upsert((0..8).map(wide).collect())
    });
    let taken = report.iter().filter(|item| item.is_ok()).count();
    assert_eq!(taken, 4);
    let told = &report[4].as_ref().unwrap_err().message;
    assert!(told.contains("all users together may have"), "{told}");
    assert_eq!(store.memory.table.read().n_paths(), limits::COLUMNS_MAX);
    // Whom it does not concern goes on, also in the same group.
    let object = |n: i64| Value::Object(BTreeMap::from([("a".to_owned(), Value::Int(n))]));
    let report = store.group(0, End::Answered, |users| {
        let same = set(1, "a0_0", Some(Value::Bool(false)));
        users.upsert(vec![
            same,
            set(2, "new", Some(object(1))),
            set(3, "a0_1", None),
        ])
    });
    let taken: Vec<bool> = report.iter().map(Result::is_ok).collect();
    assert_eq!(taken, [true, false, true]);
}
