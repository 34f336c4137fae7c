//! The embedded backend: SQLite in WAL mode with one writer thread, and all users in memory.
//!
//! A write goes `writer` (the group and its commit) → `pending`, `sends` or `deliveries` (what a job does).
//! Reads of users go to memory, others through `reader` to `ledger`, `sends`, `resources`. SQL stands
//! here alone; `migrations/` has the tables.
//!
//! **Invariant:** memory changes only on the writer thread, after the commit and before the answers.

mod audience;
mod codec;
mod compare;
mod deeds;
mod deliveries;
mod error;
mod events;
mod imports;
mod ledger;
mod load;
mod lock;
mod methods;
mod migrate;
mod misses;
mod open;
mod pending;
mod reader;
mod resources;
mod revisions;
mod sends;
mod series;
mod slab;
mod sweep;
mod time;
mod users;
mod watch;
mod writer;

#[cfg(test)]
mod tests;

pub use load::Loaded;
pub use open::Settings;

use std::sync::Arc;

/// A store in one file. Dropping it finishes what waits; [`Store::close`] does so at a chosen time.
#[derive(Debug)]
pub struct Store {
    memory: Arc<users::Memory>,
    writer: writer::Writer,
    readers: reader::Readers,
    /// Last, so that the file is free only when the writer has ended.
    _lock: lock::Lock,
}
