//! Reads all users into memory: the blocks, then the log over them.

use std::collections::HashMap;
use std::sync::mpsc;

use jiff::Timestamp;
use rusqlite::Connection;

use super::codec::{self, Damaged, Entry};
use super::error::corrupt;
use super::users::{BLOCK_ROWS, Folding, Memory};
use super::{deeds, events};
use crate::audience::{Happening, Row, Table};
use crate::model::id::ExternalId;
use crate::model::user::Change;
use crate::segment::RECEIVED;
use crate::store::contract::{Error, Result};

/// How many users are in memory so far, and how many are expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loaded {
    pub users: u64,
    pub total: u64,
}

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
    // The oldest entry of the log, or the next one: what a displaced user's blocks may lack.
    let oldest = connection.query_row(
        "SELECT coalesce(min(seq), (SELECT coalesce(max(seq), 0) + 1 FROM user_log)) FROM user_log",
        [],
        |row| row.get(0),
    )?;
    let blocks = "SELECT block, users FROM user_block ORDER BY block";
    read_ahead(
        connection,
        blocks,
        codec::decode_profiles,
        |block, _, users| {
            let (Ok(users), Ok(number)) = (users, u32::try_from(block)) else {
                return corrupt("user_block", "users", block);
            };
            place(table, folding, number, users, oldest);
            progress(Loaded {
                users: table.len() as u64,
                total,
            });
            Ok(())
        },
    )
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

/// Puts a block's users into the table.
///
/// A user may stand in two blocks after a crash, and rows close up where others were deleted. Then
/// both the block as stored and the block it falls into now are rewritten before the log is cut.
fn place(table: &mut Table, folding: &mut Folding, block: u32, users: Vec<Change>, oldest: i64) {
    for user in users {
        if table.row(&user.external_id).is_some()
            && let Some(row) = table.delete(&user.external_id)
        {
            folding.dirty.insert(row.0 / BLOCK_ROWS, oldest);
            folding.dirty.insert(block, oldest);
        }
        let row = table.apply(&user);
        if row.0 / BLOCK_ROWS != block {
            folding.dirty.insert(row.0 / BLOCK_ROWS, oldest);
            folding.dirty.insert(block, oldest);
        }
    }
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
    let mut by_name: HashMap<String, Vec<(Row, Happening)>> = HashMap::new();
    let batches = "SELECT batch, events FROM event_batch ORDER BY batch";
    read_ahead(connection, batches, events::decode, |batch, _, read| {
        let Ok(read) = read else {
            return corrupt("event_batch", "events", batch);
        };
        for event in read {
            // Of somebody who is gone: a deletion takes events out before it is committed.
            let Some(row) = table.row(&event.external_id) else {
                continue;
            };
            let happening = events::happening(&event, batch.cast_unsigned());
            match by_name.get_mut(&event.name) {
                Some(events) => events.push((row, happening)),
                None => drop(by_name.insert(event.name, vec![(row, happening)])),
            }
        }
        Ok(())
    })?;
    load_received(connection, table, &mut by_name)?;
    for (name, events) in by_name {
        table.track_all(&name, events);
    }
    Ok(())
}

/// Messages that were sent are among the deliveries.
fn load_received(
    connection: &Connection,
    table: &Table,
    by_name: &mut HashMap<String, Vec<(Row, Happening)>>,
) -> Result<()> {
    let mut statement = connection.prepare(
        "SELECT d.external_id, s.campaign, d.updated_at FROM delivery d JOIN send s ON s.seq = d.send
         WHERE d.state = 'sent' AND d.external_id <> '' AND NOT s.is_test",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (id, campaign, at): (String, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let known = ExternalId::parse(id).ok().and_then(|id| table.row(&id));
        let (Some(known), Ok(at)) = (known, Timestamp::from_microsecond(at)) else {
            continue;
        };
        let name = format!("{RECEIVED}{campaign}");
        let events = by_name.entry(name).or_default();
        events.push((known, deeds::received(at)));
    }
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
