//! Reads all users into memory: the blocks, then the log over them.

use std::collections::HashMap;
use std::sync::mpsc;

use jiff::Timestamp;
use rusqlite::Connection;

use super::codec::{self, Damaged, Entry};
use super::error::corrupt;
use super::users::{BLOCK_ROWS, Folding, Memory};
use super::{deeds, events, slab};
use crate::audience::{Bulk, Row, Table};
use crate::model::user::Change;
use crate::parallel::each_part;
use crate::segment::RECEIVED;
use crate::store::contract::{Error, Result};

/// How many users are in memory so far, and how many are expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loaded {
    pub users: u64,
    pub total: u64,
}

/// Blocks that go into the table together: enough for every processor to have its columns.
const SLABS_AT_ONCE: usize = 64;
/// Batches of events that are read together.
const EVENT_BATCHES_AT_ONCE: usize = 4_096;
/// Blobs decoded ahead of the table: bounds memory while it fills.
const AHEAD: usize = 8;
/// Changes of the log that go into the table together.
const REPLAYED_AT_ONCE: usize = 1 << 16;

pub(super) fn load(connection: &Connection, progress: &dyn Fn(Loaded)) -> Result<Memory> {
    let mut table = Table::new();
    let mut folding = Folding::default();
    load_blocks(connection, &mut table, &mut folding, progress)?;
    replay_log(connection, &mut table, &mut folding)?;
    load_events(connection, &mut table)?;
    let total = table.len() as u64;
    progress(Loaded {
        users: total,
        total,
    });
    Ok(Memory::new(table, folding))
}

fn load_blocks(
    connection: &Connection,
    table: &mut Table,
    folding: &mut Folding,
    progress: &dyn Fn(Loaded),
) -> Result<()> {
    let (total, bytes): (u64, usize) = connection.query_row(
        "SELECT coalesce(sum(n_users), 0), coalesce(sum(length(users)), 0) FROM user_block",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    folding.block_bytes = bytes;
    table.reserve(usize::try_from(total).unwrap_or(0));
    // The oldest entry of the log, or the next one: what a displaced user's blocks may lack.
    let oldest = connection.query_row(
        "SELECT coalesce(min(seq), (SELECT coalesce(max(seq), 0) + 1 FROM user_log)) FROM user_log",
        [],
        |row| row.get(0),
    )?;
    let blocks = "SELECT block, users, n_users FROM user_block ORDER BY block";
    let mut users = 0;
    let told = |n: u64| {
        users += n;
        progress(Loaded { users, total });
    };
    in_batches(connection, blocks, SLABS_AT_ONCE, told, |batch| {
        place(table, folding, batch, oldest)
    })?;
    table.free_holes();
    Ok(())
}

/// Puts some blocks' users into the table.
///
/// A user may stand in two blocks after a crash: the log then has everything since, so that either will do,
/// and both blocks are rewritten before it is cut.
fn place(
    table: &mut Table,
    folding: &mut Folding,
    batch: &[(i64, Vec<u8>)],
    oldest: i64,
) -> Result<()> {
    let slabs = each_part(batch.len(), 1, |part| {
        let decoded = batch[part].iter().map(|(number, bytes)| {
            let block = u32::try_from(*number).map_err(|_| *number)?;
            slab::decode(bytes, block).map_err(|_| *number)
        });
        decoded.collect::<std::result::Result<Vec<_>, i64>>()
    });
    let slabs = match slabs
        .into_iter()
        .collect::<std::result::Result<Vec<_>, _>>()
    {
        Ok(slabs) => slabs.into_iter().flatten().collect::<Vec<_>>(),
        Err(number) => return corrupt("user_block", "users", number),
    };
    for (known, row) in table.take_in(&slabs) {
        folding.dirty.insert(known.0 / BLOCK_ROWS, oldest);
        folding.dirty.insert(row.0 / BLOCK_ROWS, oldest);
    }
    Ok(())
}

/// Reads blobs by their number and hands them on some at once, to a thread that works while more are read.
/// `told` is told of each batch what its rows have in a third column, in sum.
fn in_batches(
    connection: &Connection,
    select: &str,
    n: usize,
    mut told: impl FnMut(u64),
    mut take: impl FnMut(&[(i64, Vec<u8>)]) -> Result<()> + Send,
) -> Result<()> {
    std::thread::scope(|scope| {
        let (read, batches) = mpsc::sync_channel::<Vec<(i64, Vec<u8>)>>(1);
        let taking = scope.spawn(move || batches.iter().try_for_each(|batch| take(&batch)));
        let mut statement = connection.prepare(select)?;
        let has_third = statement.column_count() > 2;
        let mut rows = statement.query([])?;
        let (mut batch, mut third) = (Vec::with_capacity(n), 0_u64);
        loop {
            let row = rows.next()?;
            let is_end = row.is_none();
            if let Some(row) = row {
                batch.push((row.get(0)?, row.get(1)?));
                third += if has_third { row.get(2)? } else { 0 };
            }
            if batch.len() == n || is_end {
                // Who takes has failed when nobody listens.
                if read.send(std::mem::take(&mut batch)).is_err() || is_end {
                    break;
                }
                told(std::mem::take(&mut third));
            }
        }
        drop(read);
        taking
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Reads blobs by their number and decodes them on a thread of its own, ahead of `take`: each takes a
/// good part of the time. `take` is told the blob's length too.
fn read_ahead<T: Send>(
    connection: &Connection,
    select: &str,
    decode: fn(&[u8]) -> std::result::Result<T, Damaged>,
    mut take: impl FnMut(i64, usize, std::result::Result<T, Damaged>) -> Result<()>,
) -> Result<()> {
    std::thread::scope(|scope| {
        let (raw, to_decode) = mpsc::sync_channel::<(i64, Vec<u8>)>(AHEAD);
        let (decoded, ready) = mpsc::sync_channel(AHEAD);
        scope.spawn(move || {
            for (number, bytes) in to_decode {
                let done = (number, bytes.len(), decode(&bytes));
                if decoded.send(done).is_err() {
                    return;
                }
            }
        });
        let mut statement = connection.prepare(select)?;
        let mut rows = statement.query([])?;
        let mut in_flight = 0;
        while let Some(row) = rows.next()? {
            if in_flight == AHEAD {
                let (number, len, decoded) = ready.recv().map_err(|_| Error::Closed)?;
                take(number, len, decoded)?;
                in_flight -= 1;
            }
            let next = (row.get(0)?, row.get(1)?);
            raw.send(next).map_err(|_| Error::Closed)?;
            in_flight += 1;
        }
        drop(raw);
        ready
            .iter()
            .try_for_each(|(number, len, decoded)| take(number, len, decoded))
    })
}

fn replay_log(connection: &Connection, table: &mut Table, folding: &mut Folding) -> Result<()> {
    let log = "SELECT seq, changes FROM user_log ORDER BY seq";
    let mut replay = Replay {
        waiting: Vec::with_capacity(REPLAYED_AT_ONCE),
        table,
    };
    read_ahead(
        connection,
        log,
        codec::decode_entries,
        |seq, len, entries| {
            let Ok(entries) = entries else {
                return corrupt("user_log", "changes", seq);
            };
            // Numbers have no gaps: the log is cut at its beginning only.
            if folding.log_bytes > 0 && seq != folding.next_seq {
                return corrupt("user_log", "seq", folding.next_seq);
            }
            for entry in entries {
                if matches!(entry, Entry::Delete(_)) {
                    folding.deleted = Some(seq);
                }
                if let Some(row) = replay.take(entry) {
                    let first = folding.dirty.entry(row.0 / BLOCK_ROWS).or_insert(seq);
                    *first = seq.min(*first);
                }
            }
            folding.next_seq = seq + 1;
            folding.log_bytes += len;
            Ok(())
        },
    )?;
    replay.settle();
    folding.next_seq = folding.next_seq.max(1);
    Ok(())
}

/// Events last: users move to other rows while they are read.
fn load_events(connection: &Connection, table: &mut Table) -> Result<()> {
    let mut by_name: HashMap<String, Vec<Bulk>> = HashMap::new();
    let batches = "SELECT batch, events FROM event_batch ORDER BY batch";
    let users = &*table;
    in_batches(
        connection,
        batches,
        EVENT_BATCHES_AT_ONCE,
        |_| {},
        |some| {
            let parts = each_part(some.len(), 64, |part| sorted_by_name(users, &some[part]));
            for part in parts {
                let part = match part {
                    Ok(part) => part,
                    Err(batch) => return corrupt("event_batch", "events", batch),
                };
                for (name, events) in part {
                    by_name.entry(name).or_default().push(events);
                }
            }
            Ok(())
        },
    )?;
    load_received(connection, table, &mut by_name)?;
    table.track_all(by_name);
    Ok(())
}

/// The events of some batches by name, in order; the number of the first batch that is damaged.
fn sorted_by_name(
    table: &Table,
    batches: &[(i64, Vec<u8>)],
) -> std::result::Result<HashMap<String, Bulk>, i64> {
    let mut by_name: HashMap<String, Bulk> = HashMap::new();
    for (batch, bytes) in batches {
        let read = events::glimpse(bytes).map_err(|_| *batch)?;
        let users: Vec<&str> = read.events.iter().map(|event| event.external_id).collect();
        for (event, row) in read.events.iter().zip(table.rows_of(&users)) {
            // Of somebody who is gone: a deletion takes events out before it is committed.
            let Some(row) = row else {
                continue;
            };
            if !by_name.contains_key(event.name) {
                by_name.insert(event.name.to_owned(), Bulk::default());
            }
            if let Some(events) = by_name.get_mut(event.name) {
                events.push(row, event.at, batch.cast_unsigned(), event.id);
                for (name, number) in &read.numbers[event.numbers.clone()] {
                    events.push_number(name, *number);
                }
            }
        }
    }
    Ok(by_name)
}

/// Messages that were sent are among the deliveries.
fn load_received(
    connection: &Connection,
    table: &Table,
    by_name: &mut HashMap<String, Vec<Bulk>>,
) -> Result<()> {
    let mut statement = connection.prepare(
        "SELECT d.external_id, s.campaign, d.updated_at FROM delivery d JOIN send s ON s.seq = d.send
         WHERE d.state = 'sent' AND d.external_id <> '' AND NOT s.is_test",
    )?;
    let mut rows = statement.query([])?;
    let mut received: HashMap<String, Bulk> = HashMap::new();
    while let Some(row) = rows.next()? {
        let (id, campaign, at): (String, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (Some(known), Ok(at)) = (table.row_of(&id), Timestamp::from_microsecond(at)) else {
            continue;
        };
        let happening = deeds::received(at);
        let events = received.entry(format!("{RECEIVED}{campaign}")).or_default();
        events.push(known, happening.at, happening.batch, happening.id);
    }
    by_name.extend(
        received
            .into_iter()
            .map(|(name, events)| (name, vec![events])),
    );
    Ok(())
}

/// Log entries on their way into the table. Changes of users who are there wait for each other and go in
/// by row: in the order of the log each would wait for memory, which takes most of the time.
struct Replay<'a> {
    table: &'a mut Table,
    waiting: Vec<(Row, Change)>,
}

// === impl Replay ===

impl Replay<'_> {
    /// Answers the row that changes.
    fn take(&mut self, entry: Entry) -> Option<Row> {
        match entry {
            Entry::Change(change) => {
                let Some(row) = self.table.row(&change.external_id) else {
                    // New: nothing that waits is of this user.
                    return Some(self.table.apply(&change));
                };
                self.waiting.push((row, change));
                if self.waiting.len() == REPLAYED_AT_ONCE {
                    self.settle();
                }
                Some(row)
            }
            Entry::Delete(id) => {
                // The row may go to somebody else.
                self.settle();
                self.table.delete(&id)
            }
        }
    }

    fn settle(&mut self) {
        // Stable: changes of one user stay in order.
        self.waiting.sort_by_key(|(row, _)| *row);
        for (row, change) in self.waiting.drain(..) {
            self.table.update(row, &change.set);
        }
    }
}
