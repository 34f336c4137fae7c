//! What is SQLite's own: the log and the blocks, the lock, a full disk, damage. The rest is in the contract's suite.

pub(super) mod codec;
mod damage;
mod erasing;
mod following;
mod full;
mod histories;
mod opening;
mod slab;
mod writing;

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;

use super::load::load;
use super::migrate::migrate;
use super::open::connect;
use super::pending::Pending;
use super::users::Memory;
use super::{Settings, Store};
use crate::model::user::Update;
use crate::model::{Value, id::ExternalId};
use crate::store::contract::Result;

/// A store without its writer thread: each thing happens when the test says.
struct Bare {
    connection: Connection,
    memory: Memory,
}

/// How a transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Answered,
    /// Committed; the process dies before memory has it.
    Died,
    RolledBack,
}

// === impl Bare ===

impl Bare {
    fn at(folder: &Path) -> Self {
        Self::on(connect(&folder.join("store.sqlite")).unwrap())
    }

    fn in_memory() -> Self {
        Self::on(Connection::open_in_memory().unwrap())
    }
    fn on(mut connection: Connection) -> Self {
        migrate(&mut connection).unwrap();
        let memory = load(&connection, &|_| {}).unwrap();
        Self { connection, memory }
    }

    fn die(&mut self) {
        self.memory = load(&self.connection, &|_| {}).unwrap();
    }

    /// A group as the writer runs it, which also folds blocks.
    fn group<T>(&mut self, folds: usize, end: End, work: impl FnOnce(&mut Pending) -> T) -> T {
        self.connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        let mut users = self.memory.pending();
        let done = work(&mut users);
        let log = users.log(&self.connection).unwrap();
        let deeds = users.store_deeds(&self.connection).unwrap();
        let folded = self.memory.fold_oldest(&self.connection, folds).unwrap();
        self.end(end);
        match end {
            End::Answered => self.memory.committed(&users, &deeds, &log, folded),
            End::Died => self.die(),
            End::RolledBack => {}
        }
        done
    }

    fn fold(&mut self, n: usize, end: End) {
        self.group(n, end, |_| {});
    }

    fn end(&self, end: End) {
        let sql = match end {
            End::Answered | End::Died => "COMMIT",
            End::RolledBack => "ROLLBACK",
        };
        self.connection.execute_batch(sql).unwrap();
    }
}

fn user(n: u16) -> ExternalId {
    ExternalId::parse(format!("user-{n}")).unwrap()
}

fn set(n: u16, name: &str, value: Option<Value>) -> Update {
    Update {
        set: vec![(name.to_owned(), value)],
        ..Update::new(user(n))
    }
}

fn settings(folder: &Path) -> Settings {
    Settings::at(folder.join("store.sqlite"))
}

fn open(folder: &Path) -> Arc<Store> {
    try_open(folder).unwrap()
}

fn try_open(folder: &Path) -> Result<Arc<Store>> {
    Store::open(&settings(folder), &|_| {})
}

/// Runs SQL on the file of a store that nobody has open.
fn alter(folder: &Path, sql: &str) -> usize {
    let connection = Connection::open(folder.join("store.sqlite")).unwrap();
    connection.execute(sql, []).unwrap()
}
