//! What a group of jobs will change in users: kept aside until it is committed.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use foldhash::fast::RandomState;
use jiff::Timestamp;
use parking_lot::RwLock;
use rusqlite::Connection;

use super::codec::{self, Entry};
use super::deeds::{Deed, Deeds, Step};
use crate::audience::{self, Row, Table};
use crate::model::Value;
use crate::model::event::Retention;
use crate::model::id::ExternalId;
use crate::model::limits;
use crate::model::user::{self, Change, Current, Rejected, Update, Upserted};
use crate::segment::path_text;
use crate::store::contract::Result;

/// What a group will change, visible to the group's later jobs only.
pub(super) struct Pending {
    table: Arc<RwLock<Table>>,
    entries: Vec<Entry>,
    /// The row that the user of each entry had before the group.
    rows: Vec<Option<Row>>,
    pub(super) deeds: Deeds,
    /// Positions in `entries` of each touched user.
    touched: HashMap<ExternalId, Vec<usize>, RandomState>,
    /// Attribute paths that the group adds, so that one group cannot leave the bound on them either.
    new_paths: HashSet<String>,
    /// Paths before the group; counted when the first one is added.
    n_paths: Option<usize>,
}

/// A place in a group's changes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    entries: usize,
    deeds: usize,
}

/// A group's row in the log.
#[derive(Default)]
pub(super) struct Logged {
    pub(super) seq: Option<i64>,
    pub(super) bytes: usize,
}

/// One user as the group has left it so far.
struct Seen<'a> {
    /// Before the group.
    base: audience::Seen<'a>,
    entries: &'a [Entry],
    touched: &'a [usize],
}

// === impl Pending ===

impl Pending {
    pub(super) fn new(table: Arc<RwLock<Table>>) -> Self {
        Self {
            table,
            entries: Vec::new(),
            rows: Vec::new(),
            deeds: Deeds::default(),
            touched: HashMap::default(),
            new_paths: HashSet::new(),
            n_paths: None,
        }
    }

    /// Each with the row that the user had before the group.
    pub(super) fn entries(&self) -> impl ExactSizeIterator<Item = (&Entry, Option<Row>)> {
        self.entries.iter().zip(self.rows.iter().copied())
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len() + self.deeds.mark()
    }

    /// How far the group is, for [`Pending::truncate`].
    pub(super) fn mark(&self) -> Mark {
        Mark {
            entries: self.entries.len(),
            deeds: self.deeds.mark(),
        }
    }

    /// Takes back what a failed job had added.
    pub(super) fn truncate(&mut self, mark: Mark) {
        self.deeds.truncate(mark.deeds);
        let len = mark.entries;
        if self.entries.len() > len {
            self.entries.truncate(len);
            self.rows.truncate(len);
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
        let lock = Arc::clone(&self.table);
        let table = lock.read();
        let ids = updates.iter().map(|update| update.external_id.as_str());
        let rows = table.rows_of(&ids.collect::<Vec<_>>());
        let updates = updates.into_iter().zip(rows);
        updates
            .map(|(update, row)| self.upsert_one(&table, update, row))
            .collect()
    }

    fn upsert_one(
        &mut self,
        table: &Table,
        update: Update,
        row: Option<Row>,
    ) -> std::result::Result<Upserted, Rejected> {
        update.check()?;
        let id = update.external_id.clone();
        let change = update.resolve(&self.seen(table, &id, row))?;
        self.admit_paths(table, &change)?;
        let upserted = if change.creates {
            Upserted::Created
        } else {
            Upserted::Updated
        };
        self.push(id, row, Entry::Change(change));
        Ok(upserted)
    }

    /// Whether the user existed.
    pub(super) fn delete(&mut self, id: ExternalId) -> bool {
        let lock = Arc::clone(&self.table);
        let table = lock.read();
        let row = table.row(&id);
        let existed = self.seen(&table, &id, row).exists();
        if existed {
            self.deeds.forget(&id);
            self.push(id.clone(), row, Entry::Delete(id));
        }
        existed
    }

    /// Whether the user exists as the group has left it so far.
    pub(super) fn exists(&self, table: &Table, id: &ExternalId) -> bool {
        self.seen(table, id, table.row(id)).exists()
    }

    /// Whether the group has deleted the user, who may be back since.
    pub(super) fn was_deleted(&self, id: &ExternalId) -> bool {
        let mut own = self.touched.get(id).into_iter().flatten();
        own.any(|at| matches!(self.entries[*at], Entry::Delete(_)))
    }

    /// Creates a user without attributes.
    pub(super) fn create(&mut self, id: &ExternalId) {
        let change = Change {
            external_id: id.clone(),
            creates: true,
            set: Vec::new(),
        };
        self.push(id.clone(), None, Entry::Change(change));
    }

    pub(super) fn table(&self) -> Arc<RwLock<Table>> {
        Arc::clone(&self.table)
    }

    /// Where the users' events are, as far as they were committed.
    pub(super) fn batches(&self, ids: &[ExternalId]) -> BTreeSet<u64> {
        let table = self.table.read();
        let rows = ids.iter().filter_map(|id| table.row(id));
        rows.flat_map(|row| table.batches(row)).collect()
    }

    pub(super) fn expired(
        &self,
        retention: &Retention,
        now: Timestamp,
        max: usize,
    ) -> BTreeSet<u64> {
        self.table.read().expired(retention, now, max)
    }

    pub(super) fn expire(&mut self, retention: Retention, now: Timestamp, batches: BTreeSet<u64>) {
        let at = self.entries.len();
        self.deeds.push(at, Deed::Expire(retention, now, batches));
    }

    /// Stores the group's events.
    pub(super) fn store_deeds(&mut self, connection: &Connection) -> Result<Vec<Step>> {
        self.deeds.store(connection, &self.entries)
    }

    /// Appends the group to the log.
    pub(super) fn log(&self, connection: &Connection) -> Result<Logged> {
        if self.entries.is_empty() {
            return Ok(Logged::default());
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

    /// Keeps the bound on attribute paths.
    fn admit_paths(&mut self, table: &Table, change: &Change) -> std::result::Result<(), Rejected> {
        let mut added = table.missing_paths(change);
        added.retain(|path| !self.new_paths.contains(path));
        if added.is_empty() {
            return Ok(());
        }
        let before = *self.n_paths.get_or_insert_with(|| table.n_paths());
        if before + self.new_paths.len() + added.len() > limits::COLUMNS_MAX {
            return Err(Rejected {
                path: "attributes".into(),
                message: format!(
                    "adds {} attribute paths; all users together may have {}",
                    added.len(),
                    limits::COLUMNS_MAX
                ),
            });
        }
        for path in &added {
            let keys: Vec<_> = path.split('\0').map(str::to_owned).collect();
            if let Some(other) = table.spelt_otherwise(&keys) {
                let (new, old) = (path_text(&keys), path_text(&other));
                tracing::warn!(%new, %old, "an attribute came in a second spelling: filters read one of them");
            }
        }
        self.new_paths.extend(added);
        Ok(())
    }

    fn push(&mut self, id: ExternalId, row: Option<Row>, entry: Entry) {
        self.touched.entry(id).or_default().push(self.entries.len());
        self.entries.push(entry);
        self.rows.push(row);
    }

    /// `row` is the user's in the table.
    fn seen<'a>(&'a self, table: &'a Table, id: &ExternalId, row: Option<Row>) -> Seen<'a> {
        let touched = self.touched.get(id).map_or(&[][..], Vec::as_slice);
        Seen {
            base: table.current(row),
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
            None => self.base.exists(),
        }
    }

    fn get(&self, attribute: &str) -> Option<Value> {
        match self
            .newest()
            .find_map(|entry| Self::get_in(entry, attribute))
        {
            Some(value) => value,
            None => self.base.get(attribute),
        }
    }

    /// Exact for a user that the group has not touched; otherwise every touched attribute is looked up.
    fn weight(&self) -> usize {
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
            let (before, after) = (
                weigh(&|name| self.base.get(name)),
                weigh(&|name| self.get(name)),
            );
            return (self.base.weight() + after).saturating_sub(before);
        };
        let names = self.names(from);
        names
            .iter()
            .filter_map(|name| self.get(name).map(|value| user::weight(name, &value)))
            .sum()
    }
}

impl Seen<'_> {
    /// Attributes that the entries from there on set.
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
