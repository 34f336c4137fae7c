//! Users: all of them in memory, a log of what changed on disk, and blocks into which the log is folded.
//!
//! Replaying the log over the blocks gives the same users whatever was folded when: an entry sets plain
//! values or deletes, so that repeating it does no harm, and the log is only cut up to the oldest entry
//! that some block has not taken in (ADR 2).

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Mutex, RwLock};
use rusqlite::{Connection, OptionalExtension, params};

use super::codec::{self, Entry};
use crate::audience::{Row, Table};
use crate::model::Value;
use crate::model::id::ExternalId;
use crate::model::user::{self, Change, Current, Rejected, Update, Upserted};
use crate::store::contract::Result;

/// Rows of one block: some hundred kilobytes, the unit in which users are rewritten.
pub(super) const BLOCK_ROWS: u32 = 1_024;
/// Log below this is left alone while nobody waits: folding rewrites a whole block for one small change.
const LOG_BYTES_IDLE: usize = 4 << 20;
/// Log above this is folded while others wait, as fast as it grows; and at least as large as all
/// blocks, so that a block is rewritten once for many changes.
const LOG_BYTES_MAX: usize = 64 << 20;
/// Blocks folded in one step while nobody waits.
const IDLE_BLOCKS: usize = 8;

/// The users in memory and what is to be folded.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) table: std::sync::Arc<RwLock<Table>>,
    folding: Mutex<Folding>,
    /// Something was deleted: it should leave the log and the blocks soon.
    has_deleted: AtomicBool,
}

#[derive(Debug, Default)]
pub(super) struct Folding {
    /// Blocks that have not taken in everything, with the oldest log entry that they lack.
    pub(super) dirty: BTreeMap<u32, i64>,
    pub(super) next_seq: i64,
    pub(super) log_bytes: usize,
    pub(super) block_bytes: usize,
}

/// What a group will change, visible to the group's later jobs only.
pub(super) struct Pending {
    table: std::sync::Arc<RwLock<Table>>,
    entries: Vec<Entry>,
    /// Positions in `entries` of each touched user.
    touched: HashMap<ExternalId, Vec<usize>>,
}

/// A group's row in the log.
pub(super) struct Logged {
    seq: Option<i64>,
    pub(super) bytes: usize,
}

/// Blocks that a transaction rewrote.
#[derive(Default)]
pub(super) struct Folded {
    blocks: Vec<u32>,
    /// How much shorter the log got, and by how much the blocks changed.
    log_bytes: usize,
    grown: isize,
}

/// One user as the group has left it so far.
struct Seen<'a> {
    table: &'a Table,
    id: &'a ExternalId,
    entries: &'a [Entry],
    touched: &'a [usize],
}

// === impl Memory ===

impl Memory {
    pub(super) fn new(table: Table, folding: Folding) -> Self {
        Self {
            table: std::sync::Arc::new(RwLock::new(table)),
            folding: Mutex::new(folding),
            has_deleted: AtomicBool::new(false),
        }
    }

    pub(super) fn pending(&self) -> Pending {
        Pending {
            table: std::sync::Arc::clone(&self.table),
            entries: Vec::new(),
            touched: HashMap::new(),
        }
    }

    /// Makes a committed group visible.
    pub(super) fn committed(&self, users: &Pending, log: &Logged, folded: Folded) {
        self.folded(folded);
        let Some(seq) = log.seq else { return };
        let mut table = self.table.write();
        let mut folding = self.folding.lock();
        folding.next_seq = seq + 1;
        folding.log_bytes += log.bytes;
        for entry in &users.entries {
            if let Some(row) = apply(&mut table, entry) {
                folding.dirty.entry(row.0 / BLOCK_ROWS).or_insert(seq);
            }
            if matches!(entry, Entry::Delete(_)) {
                self.has_deleted.store(true, Ordering::Relaxed);
            }
        }
    }

    pub(super) fn folded(&self, folded: Folded) {
        let mut folding = self.folding.lock();
        for block in folded.blocks {
            folding.dirty.remove(&block);
        }
        folding.log_bytes = folding.log_bytes.saturating_sub(folded.log_bytes);
        folding.block_bytes = folding.block_bytes.saturating_add_signed(folded.grown);
        if folding.dirty.is_empty() {
            self.has_deleted.store(false, Ordering::Relaxed);
        }
    }

    pub(super) fn wants_folding(&self) -> bool {
        let folding = self.folding.lock();
        let is_long =
            folding.log_bytes > LOG_BYTES_IDLE || self.has_deleted.load(Ordering::Relaxed);
        is_long && !folding.dirty.is_empty()
    }

    /// Folds about as much as a group has added, once the log is long.
    pub(super) fn fold(&self, connection: &Connection, added: usize) -> Result<Folded> {
        let blocks = {
            let folding = self.folding.lock();
            if folding.log_bytes <= LOG_BYTES_MAX.max(folding.block_bytes) {
                return Ok(Folded::default());
            }
            // Twice what came in, so that the log gets shorter again under a steady load.
            let each = (folding.block_bytes / folding.dirty.len().max(1)).max(1);
            oldest(&folding.dirty, (2 * added).div_ceil(each).max(1))
        };
        self.fold_blocks(connection, blocks)
    }

    pub(super) fn fold_while_idle(&self, connection: &Connection) -> Result<Folded> {
        let blocks = oldest(&self.folding.lock().dirty, IDLE_BLOCKS);
        self.fold_blocks(connection, blocks)
    }

    #[cfg(test)]
    pub(super) fn fold_all(&self, connection: &Connection) -> Result<Folded> {
        let blocks = oldest(&self.folding.lock().dirty, usize::MAX);
        self.fold_blocks(connection, blocks)
    }

    fn fold_blocks(&self, connection: &Connection, blocks: Vec<u32>) -> Result<Folded> {
        let mut folded = Folded {
            blocks,
            ..Folded::default()
        };
        for block in &folded.blocks {
            folded.grown += write_block(connection, &self.table.read(), *block)?;
        }
        // The log is needed from the oldest entry that some block has not taken in.
        let keep_from = {
            let folding = self.folding.lock();
            let left = folding
                .dirty
                .iter()
                .filter(|(block, _)| !folded.blocks.contains(block));
            left.map(|(_, seq)| *seq).min().unwrap_or(folding.next_seq)
        };
        folded.log_bytes = connection
            .prepare_cached("SELECT coalesce(sum(length(changes)), 0) FROM user_log WHERE seq < ?")?
            .query_row([keep_from], |row| row.get(0))?;
        connection
            .prepare_cached("DELETE FROM user_log WHERE seq < ?")?
            .execute([keep_from])?;
        Ok(folded)
    }
}

// === impl Pending ===

impl Pending {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Takes back what a failed job had added.
    pub(super) fn truncate(&mut self, len: usize) {
        if self.entries.len() > len {
            self.entries.truncate(len);
            self.touched.retain(|_, positions| {
                positions.retain(|at| *at < len);
                !positions.is_empty()
            });
        }
    }

    /// Merges updates in order; each sees those before it.
    pub(super) fn upsert(
        &mut self,
        updates: Vec<Update>,
    ) -> Vec<std::result::Result<Upserted, Rejected>> {
        let lock = std::sync::Arc::clone(&self.table);
        let table = lock.read();
        updates
            .into_iter()
            .map(|update| self.upsert_one(&table, update))
            .collect()
    }

    fn upsert_one(
        &mut self,
        table: &Table,
        update: Update,
    ) -> std::result::Result<Upserted, Rejected> {
        update.check()?;
        let id = update.external_id.clone();
        let change = update.resolve(&self.seen(table, &id))?;
        table.admits(&change)?;
        let upserted = if change.creates {
            Upserted::Created
        } else {
            Upserted::Updated
        };
        self.push(id, Entry::Change(change));
        Ok(upserted)
    }

    /// Whether the user existed.
    pub(super) fn delete(&mut self, id: ExternalId) -> bool {
        let lock = std::sync::Arc::clone(&self.table);
        let existed = self.seen(&lock.read(), &id).exists();
        if existed {
            self.push(id.clone(), Entry::Delete(id));
        }
        existed
    }

    /// Appends the group to the log.
    pub(super) fn log(&self, connection: &Connection) -> Result<Logged> {
        if self.entries.is_empty() {
            return Ok(Logged {
                seq: None,
                bytes: 0,
            });
        }
        let bytes = codec::encode_entries(&self.entries);
        connection
            .prepare_cached("INSERT INTO user_log (changes) VALUES (?)")?
            .execute([&bytes])?;
        Ok(Logged {
            seq: Some(connection.last_insert_rowid()),
            bytes: bytes.len(),
        })
    }

    fn push(&mut self, id: ExternalId, entry: Entry) {
        self.touched.entry(id).or_default().push(self.entries.len());
        self.entries.push(entry);
    }

    fn seen<'a>(&'a self, table: &'a Table, id: &'a ExternalId) -> Seen<'a> {
        let touched = self.touched.get(id).map_or(&[][..], Vec::as_slice);
        Seen {
            table,
            id,
            entries: &self.entries,
            touched,
        }
    }
}

// === impl Seen ===

impl Seen<'_> {
    /// The group's entries of this user, newest first.
    fn newest(&self) -> impl Iterator<Item = &Entry> {
        self.touched.iter().rev().map(|at| &self.entries[*at])
    }

    fn get_in(entry: &Entry, attribute: &str) -> Option<Option<Value>> {
        match entry {
            Entry::Delete(_) => Some(None),
            Entry::Change(change) => change
                .set
                .iter()
                .rev()
                .find(|(name, _)| name == attribute)
                .map(|(_, value)| value.clone()),
        }
    }
}

impl Current for Seen<'_> {
    fn exists(&self) -> bool {
        match self.newest().next() {
            Some(entry) => matches!(entry, Entry::Change(_)),
            None => self.table.row(self.id).is_some(),
        }
    }

    fn get(&self, attribute: &str) -> Option<Value> {
        match self
            .newest()
            .find_map(|entry| Self::get_in(entry, attribute))
        {
            Some(value) => value,
            None => self.table.current(self.id).get(attribute),
        }
    }

    /// Exact for a user that the group has not touched; otherwise every touched attribute is looked up.
    fn weight(&self) -> usize {
        let base = self.table.current(self.id);
        let Some(from) = self
            .touched
            .iter()
            .rposition(|at| matches!(self.entries[*at], Entry::Delete(_)))
        else {
            let names = self.names(0);
            let weigh = |of: &dyn Fn(&str) -> Option<Value>| -> usize {
                names
                    .iter()
                    .filter_map(|name| of(name).map(|value| user::weight(name, &value)))
                    .sum()
            };
            let (before, after) = (weigh(&|name| base.get(name)), weigh(&|name| self.get(name)));
            return (base.weight() + after).saturating_sub(before);
        };
        let names = self.names(from);
        names
            .iter()
            .filter_map(|name| self.get(name).map(|value| user::weight(name, &value)))
            .sum()
    }
}

impl Seen<'_> {
    fn names(&self, from: usize) -> Vec<&str> {
        let changes = self.touched[from..]
            .iter()
            .filter_map(|at| match &self.entries[*at] {
                Entry::Change(Change { set, .. }) => Some(set),
                Entry::Delete(_) => None,
            });
        let mut names: Vec<&str> = changes.flatten().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// Applies a log entry; answers the row that changed.
fn apply(table: &mut Table, entry: &Entry) -> Option<Row> {
    match entry {
        Entry::Change(change) => Some(table.apply(change)),
        Entry::Delete(id) => table.delete(id),
    }
}

/// Writes one block and answers by how many bytes it grew.
fn write_block(connection: &Connection, table: &Table, block: u32) -> Result<isize> {
    let rows = Row(block * BLOCK_ROWS)..Row((block + 1) * BLOCK_ROWS);
    let users = table.profiles(rows);
    let before: Option<usize> = connection
        .prepare_cached("SELECT length(users) FROM user_block WHERE block = ?")?
        .query_row([block], |row| row.get(0))
        .optional()?;
    let bytes = codec::encode_profiles(users.iter().map(|(_, profile)| profile));
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO user_block (block, n_users, users) VALUES (?, ?, ?)",
        )?
        .execute(params![block, users.len(), bytes])?;
    Ok(bytes.len().cast_signed() - before.unwrap_or(0).cast_signed())
}

/// The blocks whose missing entries are the oldest: folding them cuts the log.
fn oldest(dirty: &BTreeMap<u32, i64>, n: usize) -> Vec<u32> {
    let mut blocks: Vec<(i64, u32)> = dirty.iter().map(|(block, seq)| (*seq, *block)).collect();
    blocks.sort_unstable();
    blocks.into_iter().take(n).map(|(_, block)| block).collect()
}
