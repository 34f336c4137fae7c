//! Users: all of them in memory, a log of what changed on disk, and blocks into which the log is folded.
//!
//! Replaying the log over the blocks gives the same users whatever was folded when: an entry sets plain
//! values or deletes, so that repeating it does no harm, and the log is only cut up to the oldest entry
//! that some block has not taken in (ADR 2).

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use rusqlite::{Connection, OptionalExtension, params};

use super::codec::Entry;
use super::deeds::{self, Step};
use super::pending::{Logged, Pending};
use super::slab;
use super::watch::Watched;
use crate::audience::{Row, Table};
use crate::store::contract::Result;

/// Rows of one block: some hundred kilobytes, the unit in which users are rewritten. Few in unit tests, so
/// that short histories span many blocks.
pub(super) const BLOCK_ROWS: u32 = if cfg!(test) { 4 } else { 1_024 };
/// Log below this is left alone while nobody waits: folding rewrites a whole block for one small change.
const LOG_BYTES_IDLE: usize = 4 << 20;
/// Log above this is folded while others wait, as fast as it grows; and at least as large as all
/// blocks, so that a block is rewritten once for many changes.
const LOG_BYTES_MAX: usize = 64 << 20;
/// Blocks folded in one step while nobody waits.
const IDLE_BLOCKS: usize = 16;

/// The users in memory and what is to be folded.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) table: Arc<RwLock<Table>>,
    pub(super) watched: Watched,
    folding: Mutex<Folding>,
}

#[derive(Debug, Default)]
pub(super) struct Folding {
    /// Blocks that have not taken in everything, with the oldest log entry that they lack.
    pub(super) dirty: BTreeMap<u32, i64>,
    pub(super) next_seq: i64,
    pub(super) log_bytes: usize,
    pub(super) block_bytes: usize,
    /// The newest log entry that deletes somebody who may still be readable in the files.
    pub(super) deleted: Option<i64>,
}

/// Blocks that a transaction rewrote.
#[derive(Default)]
pub(super) struct Folded {
    blocks: Vec<u32>,
    /// How much shorter the log got, and by how much the blocks changed.
    log_bytes: usize,
    grown: isize,
}

// === impl Memory ===

impl Memory {
    pub(super) fn new(table: Table, folding: Folding) -> Self {
        Self {
            table: Arc::new(RwLock::new(table)),
            watched: Watched::default(),
            folding: Mutex::new(folding),
        }
    }

    pub(super) fn pending(&self) -> Pending {
        Pending::new(Arc::clone(&self.table))
    }

    /// Makes a committed group visible.
    pub(super) fn committed(&self, users: &Pending, deeds: &[Step], log: &Logged, folded: Folded) {
        self.folded(folded);
        let mut table = self.table.write();
        if log.seq.is_some() || !deeds.is_empty() {
            self.watched.changed();
        }
        let mut folding = self.folding.lock();
        if let Some(seq) = log.seq {
            folding.next_seq = seq + 1;
            folding.log_bytes += log.bytes;
        }
        let mut deeds = deeds.iter().peekable();
        for (at, entry, row) in in_order(users, deeds.len()) {
            while let Some((_, deed, batch)) = deeds.next_if(|(before, ..)| *before <= at) {
                deeds::apply(&mut table, deed, *batch);
            }
            let seq = folding.next_seq - 1;
            if let Some(row) = apply(&mut table, entry, row) {
                folding.dirty.entry(row.0 / BLOCK_ROWS).or_insert(seq);
                if let Entry::Delete(id) = entry {
                    self.watched.deleted(row, id);
                }
            }
            if matches!(entry, Entry::Delete(_)) {
                folding.deleted = Some(seq);
            }
        }
        deeds.for_each(|(_, deed, batch)| deeds::apply(&mut table, deed, *batch));
    }

    pub(super) fn folded(&self, folded: Folded) {
        let mut folding = self.folding.lock();
        for block in folded.blocks {
            folding.dirty.remove(&block);
        }
        folding.log_bytes = folding.log_bytes.saturating_sub(folded.log_bytes);
        folding.block_bytes = folding.block_bytes.saturating_add_signed(folded.grown);
    }

    /// What to fold while nobody waits; `None` when there is nothing to do, not even to cut the log.
    ///
    /// A long log is folded whole. Deletions are folded at once, so that nobody stays on disk for long.
    pub(super) fn idle_blocks(&self) -> Option<Vec<u32>> {
        let folding = self.folding.lock();
        if folding.log_bytes > LOG_BYTES_IDLE && !folding.dirty.is_empty() {
            return Some(oldest(&folding.dirty, i64::MAX, IDLE_BLOCKS));
        }
        let deleted = folding.deleted?;
        Some(oldest(&folding.dirty, deleted, IDLE_BLOCKS))
    }

    /// Whether somebody was deleted, and every block and the log are free of them.
    pub(super) fn has_folded_deletions(&self) -> bool {
        let folding = self.folding.lock();
        let is_free = |seq: i64| folding.dirty.values().all(|first| *first > seq);
        folding.deleted.is_some_and(is_free)
    }

    /// No copy of anybody deleted is left in any file.
    pub(super) fn erased(&self) {
        self.folding.lock().deleted = None;
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
            let n = (2 * added).div_ceil(each).max(1);
            oldest(&folding.dirty, i64::MAX, n)
        };
        self.fold_blocks(connection, blocks)
    }

    #[cfg(test)]
    pub(super) fn fold_oldest(&self, connection: &Connection, n: usize) -> Result<Folded> {
        let blocks = oldest(&self.folding.lock().dirty, i64::MAX, n);
        self.fold_blocks(connection, blocks)
    }

    /// Writes blocks as they are in memory, and cuts the log as far as no block needs it.
    ///
    /// Blocks that are equally old must be written from the lowest: after a load their users may have moved
    /// to a lower block that was not written since, and the higher one is their only copy.
    pub(super) fn fold_blocks(&self, connection: &Connection, blocks: Vec<u32>) -> Result<Folded> {
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

/// The entries of a group with their places and their users' rows. Changes alone go by row, those of one user as
/// they came: from user to user each would wait for memory, which takes most of the time.
fn in_order(users: &Pending, n_deeds: usize) -> Vec<(usize, &Entry, Option<Row>)> {
    let entries = users.entries().enumerate();
    let mut entries: Vec<_> = entries.map(|(at, (entry, row))| (at, entry, row)).collect();
    let is_change = |(_, entry, _): &(usize, &Entry, _)| matches!(entry, Entry::Change(_));
    if n_deeds == 0 && entries.iter().all(is_change) {
        entries.sort_by_key(|(.., row)| *row);
    }
    entries
}

/// Applies a log entry of a user who had this row before; answers the row that changed.
fn apply(table: &mut Table, entry: &Entry, row: Option<Row>) -> Option<Row> {
    match entry {
        Entry::Change(change) => Some(table.apply_near(change, row)),
        Entry::Delete(id) => table.delete(id),
    }
}

/// Writes one block and answers by how many bytes it grew.
fn write_block(connection: &Connection, table: &Table, block: u32) -> Result<isize> {
    let (bytes, n_users) = slab::encode(table, block);
    let before: Option<usize> = connection
        .prepare_cached("SELECT length(users) FROM user_block WHERE block = ?")?
        .query_row([block], |row| row.get(0))
        .optional()?;
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO user_block (block, n_users, users) VALUES (?, ?, ?)",
        )?
        .execute(params![block, n_users, bytes])?;
    Ok(bytes.len().cast_signed() - before.unwrap_or(0).cast_signed())
}

/// The blocks whose missing entries are the oldest, and not after `until`: folding them cuts the log.
fn oldest(dirty: &BTreeMap<u32, i64>, until: i64, n: usize) -> Vec<u32> {
    let old = dirty.iter().filter(|(_, seq)| **seq <= until);
    let mut blocks: Vec<(i64, u32)> = old.map(|(block, seq)| (*seq, *block)).collect();
    blocks.sort_unstable();
    blocks.into_iter().take(n).map(|(_, block)| block).collect()
}
