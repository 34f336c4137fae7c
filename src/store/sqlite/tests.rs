//! What is SQLite's own: the log and the blocks, the lock, a full disk, damage. The rest is in the contract's suite.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use rusqlite::Connection;

use super::{Settings, Store};
use crate::model::Value;
use crate::model::id::ExternalId;
use crate::model::user::Update;
use crate::store::contract::{Error, Users};

type Oracle = BTreeMap<u16, BTreeMap<&'static str, Value>>;

const ATTRIBUTES: [&str; 3] = ["name", "n", "tags"];

/// Something that happens to a store.
#[derive(Debug, Clone)]
enum Step {
    Upsert(Vec<(u16, usize, Option<Value>)>),
    Delete(Vec<u16>),
    /// Folds all of the log into blocks.
    Fold,
    /// Closed and opened again; without closing, as after a death, when it says so.
    Reopen,
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i32>().prop_map(|n| Value::Int(n.into())),
        "[a-d]{0,3}".prop_map(Value::String),
        prop::collection::vec("[a-c]".prop_map(Value::String), 0..3).prop_map(Value::List),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    // More users than a block has rows would be slow: the ids are few and rows are used again.
    let item = (0_u16..60, 0..ATTRIBUTES.len(), prop::option::of(value()));
    prop_oneof![
        5 => prop::collection::vec(item, 1..12).prop_map(Step::Upsert),
        2 => prop::collection::vec(0_u16..60, 1..6).prop_map(Step::Delete),
        1 => Just(Step::Fold),
        1 => Just(Step::Reopen),
    ]
}

fn user(n: u16) -> ExternalId {
    ExternalId::parse(format!("user-{n}")).unwrap()
}

fn open(folder: &Path) -> Arc<Store> {
    Store::open(&settings(folder), &|_| {}).unwrap()
}

fn settings(folder: &Path) -> Settings {
    Settings::at(folder.join("store.sqlite"))
}

fn set(n: u16, name: &str, value: Option<Value>) -> Update {
    Update {
        set: vec![(name.to_owned(), value)],
        ..Update::new(user(n))
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

impl Store {
    async fn fold(&self) -> crate::store::contract::Result<()> {
        let memory = Arc::clone(&self.memory);
        let folded = self
            .writer
            .submit(move |group| memory.fold_all(group.connection))
            .await?;
        self.memory.folded(folded);
        Ok(())
    }
}

/// Closes a store and looks into its file.
fn file(store: Arc<Store>, folder: &Path) -> Connection {
    drop(store);
    Connection::open(folder.join("store.sqlite")).unwrap()
}

async fn run(store: Arc<Store>, folder: &Path, oracle: &mut Oracle, step: Step) -> Arc<Store> {
    match step {
        Step::Upsert(items) => {
            for (n, at, value) in &items {
                let held = oracle.entry(*n).or_default();
                match value {
                    Some(value) => held.insert(ATTRIBUTES[*at], value.clone()),
                    None => held.remove(ATTRIBUTES[*at]),
                };
            }
            let updates = items
                .into_iter()
                .map(|(n, at, value)| set(n, ATTRIBUTES[at], value));
            let report = store.upsert_users(updates.collect()).await.unwrap();
            assert!(report.iter().all(Result::is_ok));
        }
        Step::Delete(ns) => {
            let expected: Vec<bool> = ns.iter().map(|n| oracle.remove(n).is_some()).collect();
            let existed = store.delete_users(ns.into_iter().map(user).collect()).await;
            assert_eq!(existed.unwrap(), expected);
        }
        Step::Fold => {
            store.fold().await.unwrap();
        }
        Step::Reopen => {
            drop(store);
            return open(folder);
        }
    }
    store
}

async fn assert_agree(store: &Store, oracle: &Oracle) {
    assert_eq!(store.count_users().await.unwrap(), oracle.len() as u64);
    for (n, attributes) in oracle {
        let profile = store.get_user(&user(*n)).await.unwrap().unwrap();
        let held: BTreeMap<&str, Value> = profile
            .attributes
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone()))
            .collect();
        assert_eq!(&held, attributes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn users_outlive_every_history(steps in prop::collection::vec(step(), 1..40)) {
        let folder = tempfile::tempdir().unwrap();
        runtime().block_on(async {
            let (mut store, mut oracle) = (open(folder.path()), Oracle::new());
            for step in steps {
                store = run(store, folder.path(), &mut oracle, step).await;
                assert_agree(&store, &oracle).await;
            }
            drop(store);
            assert_agree(&open(folder.path()), &oracle).await;
        });
    }
}

#[test]
fn a_store_is_one_processes() {
    let folder = tempfile::tempdir().unwrap();
    let _first = open(folder.path());
    let second = Store::open(&settings(folder.path()), &|_| {});
    let told = second.unwrap_err().to_string();
    assert!(
        told.contains("store.sqlite") && told.contains("in use"),
        "{told}"
    );
}

#[test]
fn a_newer_programs_store_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let connection = file(open(folder.path()), folder.path());
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let refused = Store::open(&settings(folder.path()), &|_| {});
    assert!(
        matches!(refused, Err(Error::TooNew { found: 99, .. })),
        "{refused:?}"
    );
}

#[test]
fn a_full_disk_leaves_everything_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let small = Settings {
        bytes_max: Some(512 << 10),
        ..settings(folder.path())
    };
    runtime().block_on(async {
        let store = Store::open(&small, &|_| {}).unwrap();
        let text = || Some(Value::String("x".repeat(1_000)));
        let mut stored = 0;
        let error = loop {
            let batch = (stored..stored + 20).map(|n| set(n, "text", text()));
            match store.upsert_users(batch.collect()).await {
                Ok(_) => stored += 20,
                Err(error) => break error,
            }
            assert!(stored < 5_000, "it never got full");
        };
        assert!(matches!(error, Error::DiskFull(_)), "{error:?}");
        assert_eq!(store.count_users().await.unwrap(), u64::from(stored));
        drop(store);
        // With room again, all that was answered is there and writes work.
        let store = open(folder.path());
        assert_eq!(store.count_users().await.unwrap(), u64::from(stored));
        store
            .upsert_users(vec![set(9_999, "text", text())])
            .await
            .unwrap();
        assert_eq!(store.count_users().await.unwrap(), u64::from(stored) + 1);
    });
}

#[test]
fn damage_is_told_and_never_fewer_users() {
    for (fold, sql) in [
        (
            false,
            "UPDATE user_log SET changes = substr(changes, 1, length(changes) - 3)",
        ),
        (false, "UPDATE user_log SET changes = x'ff00ff'"),
        (
            true,
            "UPDATE user_block SET users = substr(users, 1, length(users) - 3)",
        ),
        (true, "UPDATE user_block SET users = x''"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        runtime().block_on(async {
            let batch = (0..50).map(|n| set(n, "name", Some(Value::String(format!("n{n}")))));
            store.upsert_users(batch.collect()).await.unwrap();
            if fold {
                store.fold().await.unwrap();
            }
        });
        let connection = file(store, folder.path());
        assert_eq!(connection.execute(sql, []).unwrap(), 1, "{sql}");
        drop(connection);
        let refused = Store::open(&settings(folder.path()), &|_| {});
        assert!(
            matches!(refused, Err(Error::Corrupt { .. })),
            "{sql}: {refused:?}"
        );
    }
}

#[test]
fn a_deleted_person_is_not_in_the_file() {
    const MARK: &str = "somebody-in-particular";
    let folder = tempfile::tempdir().unwrap();
    // Large enough for pages of their own.
    let text = |n: u16| Some(Value::String(format!("{MARK}-{n}").repeat(100)));
    let store = runtime().block_on(async {
        let mut store = open(folder.path());
        for fold in [false, true] {
            let batch = (0..20).map(|n| set(n, "text", text(n)));
            let report = store.upsert_users(batch.collect()).await.unwrap();
            assert!(report.iter().all(Result::is_ok));
            if fold {
                store.fold().await.unwrap();
            }
            // Copied from the write-ahead log into the file.
            drop(store);
            store = open(folder.path());
        }
        let gone = store.delete_users((0..20).map(user).collect()).await;
        assert!(gone.unwrap().iter().all(|existed| *existed));
        store.fold().await.unwrap();
        store
    });
    drop(file(store, folder.path()));
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let found = bytes
            .windows(MARK.len())
            .any(|window| window == MARK.as_bytes());
        assert!(!found, "what was deleted can still be read");
    }
}
