//! Following who is in a filter: sets of rows that know when a row loses its user.
//!
//! A row of the table is given to somebody else once its user is deleted. So everybody who follows rows is
//! told of deletions by the writer, while it holds the table: the row leaves the set, and the id is kept.

use std::collections::HashSet;
use std::sync::{Arc, Weak};

use async_trait::async_trait;
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::watch;

use super::users::Memory;
use crate::audience::{Bitmap, Row, Table};
use crate::model::id::ExternalId;
use crate::segment::Filter;
use crate::store::contract::{Error, Followed, Following, Result, Step};

/// Deleted users that one follower may have to be told of: as many as are deleted in a second or two. A
/// follower that falls behind further has to begin again.
const GONE_MAX: usize = if cfg!(test) { 8 } else { 200_000 };

/// Who follows rows of the table, and how often users changed.
#[derive(Debug, Default)]
pub(super) struct Watched {
    changes: watch::Sender<u64>,
    followers: Mutex<Vec<Weak<Mutex<Held>>>>,
}

/// Rows that are followed.
#[derive(Debug, Default)]
struct Held {
    rows: Bitmap,
    /// Who had a row of these and was deleted.
    gone: Vec<ExternalId>,
    /// More were deleted than are kept.
    is_lost: bool,
}

/// A filter that is followed.
struct Members {
    memory: Arc<Memory>,
    filter: Filter,
    held: Arc<Mutex<Held>>,
}

/// Its members at a step, as far as they were not read.
struct Unread {
    memory: Arc<Memory>,
    held: Arc<Mutex<Held>>,
    count: u64,
    next: Row,
}

// === impl Watched ===

impl Watched {
    /// Users change. The writer holds the table, so that who asks now waits for the change.
    pub(super) fn changed(&self) {
        self.changes.send_modify(|n| *n = n.wrapping_add(1));
    }

    /// The row lost its user. The writer holds the table.
    pub(super) fn deleted(&self, row: Row, id: &ExternalId) {
        self.followers.lock().retain(|follower| {
            let Some(held) = follower.upgrade() else {
                return false;
            };
            held.lock().lose(row, id);
            true
        });
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    #[cfg(test)]
    pub(super) fn n_followers(&self) -> usize {
        self.followers.lock().len()
    }

    /// Follows rows from now on. The caller holds the table, so that no deletion comes in between.
    fn follow(&self, held: Held) -> Arc<Mutex<Held>> {
        let held = Arc::new(Mutex::new(held));
        let mut followers = self.followers.lock();
        // Deletions may be rare, and followers come and go.
        followers.retain(|follower| follower.strong_count() > 0);
        followers.push(Arc::downgrade(&held));
        held
    }
}

// === impl Held ===

impl Held {
    fn lose(&mut self, row: Row, id: &ExternalId) {
        if !self.rows.contains(row) {
            return;
        }
        self.rows.remove(row);
        if self.gone.len() < GONE_MAX {
            self.gone.push(id.clone());
        } else {
            self.is_lost = true;
        }
    }

    /// Members as far as they were told.
    fn count(&self) -> u64 {
        (self.rows.len() + self.gone.len()) as u64
    }

    /// Brings the rows nearer to `members` and tells how.
    fn step(&mut self, table: &Table, mut members: Bitmap, max: usize) -> Step {
        let mut left: Vec<ExternalId> = self.gone.drain(..self.gone.len().min(max)).collect();
        let n_gone = left.len();
        let mut leaving = self.rows.clone();
        leaving.and_not(&members);
        members.and_not(&self.rows);
        let mut is_part = !self.gone.is_empty();
        for row in leaving.iter() {
            if left.len() == max {
                is_part = true;
                break;
            }
            self.rows.remove(row);
            left.extend(table.external_id(row));
        }
        let mut entered = Vec::new();
        for row in members.iter() {
            if left.len() + entered.len() == max {
                is_part = true;
                break;
            }
            self.rows.insert(row);
            entered.extend(table.external_id(row));
        }
        // Deleted and created again in between: neither.
        let gone: HashSet<&ExternalId> = left[..n_gone].iter().collect();
        let back: HashSet<ExternalId> = entered
            .iter()
            .filter(|id| gone.contains(id))
            .cloned()
            .collect();
        if !back.is_empty() {
            left.retain(|id| !back.contains(id));
            entered.retain(|id| !back.contains(id));
        }
        Step {
            entered,
            left,
            count: self.count(),
            is_part,
        }
    }
}

// === impl Members ===

impl Members {
    fn begin(memory: Arc<Memory>, filter: Filter, now: Timestamp) -> Self {
        let table = memory.table.read();
        let held = memory.watched.follow(Held {
            rows: filter.members(&table, now),
            ..Held::default()
        });
        drop(table);
        Self {
            memory,
            filter,
            held,
        }
    }
}

#[async_trait]
impl Following for Members {
    async fn step(&mut self, now: Timestamp, max: usize) -> Result<Option<Step>> {
        let (memory, held) = (Arc::clone(&self.memory), Arc::clone(&self.held));
        let filter = self.filter.clone();
        let work = tokio::task::spawn_blocking(move || {
            let table = memory.table.read();
            let members = filter.members(&table, now);
            let mut held = held.lock();
            (!held.is_lost).then(|| held.step(&table, members, max))
        });
        work.await.map_err(|error| Error::Unavailable(error.into()))
    }

    fn members(&self) -> Box<dyn Followed> {
        let _table = self.memory.table.read();
        let held = self.held.lock();
        let copy = Held {
            rows: held.rows.clone(),
            gone: held.gone.clone(),
            is_lost: held.is_lost,
        };
        drop(held);
        Box::new(Unread {
            memory: Arc::clone(&self.memory),
            count: copy.count(),
            held: self.memory.watched.follow(copy),
            next: Row(0),
        })
    }
}

// === impl Unread ===

impl Followed for Unread {
    fn count(&self) -> u64 {
        self.count
    }

    fn next_chunk(&mut self, max: usize) -> Option<Vec<ExternalId>> {
        let table = self.memory.table.read();
        let mut held = self.held.lock();
        if held.is_lost {
            return None;
        }
        let n_gone = held.gone.len().min(max);
        let mut ids: Vec<ExternalId> = held.gone.drain(..n_gone).collect();
        while ids.len() < max
            && let Some(row) = held.rows.next_from(self.next)
        {
            held.rows.remove(row);
            self.next = Row(row.0 + 1);
            ids.extend(table.external_id(row));
        }
        Some(ids)
    }
}

/// Follows a filter's members from now on. Blocks.
pub(super) fn follow(memory: Arc<Memory>, filter: Filter, now: Timestamp) -> Box<dyn Following> {
    Box::new(Members::begin(memory, filter, now))
}
