//! External ids and the way from one to its row.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::Row;
use super::text::Text;

#[derive(Debug, Clone, Default)]
pub(super) struct Ids {
    names: Text,
    index: HashTable<u32>,
    hasher: RandomState,
    end: u32,
    free: Vec<u32>,
}

// === impl Ids ===

impl Ids {
    pub(super) fn find(&self, id: &str) -> Option<Row> {
        let hash = self.hasher.hash_one(id.as_bytes());
        let same = |row: &u32| self.names.get(Row(*row)) == Some(id.as_bytes());
        self.index.find(hash, same).map(|row| Row(*row))
    }

    /// As [`Ids::find`], of some at once: each step is taken for all of them before the next, so that they wait
    /// for memory together.
    pub(super) fn find_all(&self, ids: &[&str]) -> Vec<Option<Row>> {
        let hashes = ids.iter().map(|id| self.hasher.hash_one(id.as_bytes()));
        let hashes: Vec<u64> = hashes.collect();
        let likely = hashes.iter().map(|hash| self.index.iter_hash(*hash).next());
        let likely: Vec<Option<Row>> = likely.map(|row| row.map(|row| Row(*row))).collect();
        let found = ids.iter().zip(likely).map(|(id, likely)| {
            let likely = likely?;
            if self.names.get(likely) == Some(id.as_bytes()) {
                Some(likely)
            } else {
                self.find(id)
            }
        });
        found.collect()
    }

    pub(super) fn name(&self, row: Row) -> Option<&str> {
        std::str::from_utf8(self.names.get(row)?).ok()
    }

    /// `id` must be new. With `is_held`, it gets a row that nobody had before.
    pub(super) fn add(&mut self, id: &str, is_held: bool) -> Row {
        let free = if is_held { None } else { self.free.pop() };
        let row = Row(free.unwrap_or(self.end));
        self.end = self.end.max(row.0.saturating_add(1));
        self.insert(row, id);
        row
    }

    pub(super) fn reserve(&mut self, n: usize) {
        let (names, hasher) = (&self.names, &self.hasher);
        self.index.reserve(n, |row| {
            hasher.hash_one(names.get(Row(*row)).unwrap_or_default())
        });
    }

    /// Gives the id the row, which must be free.
    ///
    /// # Errors
    /// The row that the id has.
    pub(super) fn add_at(&mut self, row: Row, id: &str) -> Result<(), Row> {
        if let Some(known) = self.find(id) {
            return Err(known);
        }
        self.end = self.end.max(row.0.saturating_add(1));
        self.insert(row, id);
        Ok(())
    }

    /// The rows that [`Ids::add`] gives away, the last first.
    pub(super) fn set_free(&mut self, rows: Vec<u32>) {
        self.free = rows;
    }

    fn insert(&mut self, row: Row, id: &str) {
        self.names.set(row, id.as_bytes());
        let (names, hasher) = (&self.names, &self.hasher);
        let rehash = |row: &u32| hasher.hash_one(names.get(Row(*row)).unwrap_or_default());
        self.index
            .insert_unique(hasher.hash_one(id.as_bytes()), row.0, rehash);
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<Row> {
        let hash = self.hasher.hash_one(id.as_bytes());
        let same = |row: &u32| self.names.get(Row(*row)) == Some(id.as_bytes());
        let (row, _) = self.index.find_entry(hash, same).ok()?.remove();
        self.names.clear(Row(row));
        self.free.push(row);
        Some(Row(row))
    }

    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    /// One more than the highest row ever used.
    pub(super) fn end(&self) -> Row {
        Row(self.end)
    }

    pub(super) fn bytes(&self) -> usize {
        self.names.bytes() + self.index.allocation_size() + self.free.capacity() * 4
    }
}
