//! A column of byte strings: codes into a dictionary while they repeat, an arena once they do not.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::Row;
use super::packed::Packed;
use super::taking::gather;
use super::text::Text;

/// A dictionary smaller than this is kept whatever it saves: the first users of a few thousand cities nearly all
/// have one of their own.
const DISTINCT_FREE: usize = if cfg!(test) { 1 << 8 } else { 1 << 15 };

#[derive(Debug, Clone)]
pub(super) enum Strings {
    Coded(Coded),
    Text(Text),
}

#[derive(Debug, Clone, Default)]
pub(super) struct Coded {
    pub(super) codes: Packed,
    pub(super) entries: Vec<Entry>,
    index: HashTable<u32>,
    free: Vec<u32>,
    hasher: RandomState,
    used: usize,
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) bytes: Box<[u8]>,
    /// Rows that hold it; a code with none is reused.
    pub(super) users: u32,
}

// === impl Strings ===

impl Strings {
    pub(super) fn new() -> Self {
        Self::Coded(Coded::default())
    }

    /// `row` must hold a value.
    pub(super) fn get(&self, row: Row) -> &[u8] {
        match self {
            Self::Coded(coded) => &coded.entries[row_code(coded, row)].bytes,
            Self::Text(text) => text.get(row).unwrap_or_default(),
        }
    }

    /// `row` must hold no value; `present` tells which rows do.
    pub(super) fn set(&mut self, row: Row, bytes: &[u8], present: impl Iterator<Item = Row>) {
        match self {
            Self::Coded(coded) => {
                coded.set(row, bytes);
                // Mostly distinct: a dictionary would store every string and a code for it.
                if coded.index.len() > DISTINCT_FREE && coded.index.len() * 4 > coded.used {
                    let mut text = Text::default();
                    for row in present.chain([row]) {
                        text.set(row, self.get(row));
                    }
                    *self = Self::Text(text);
                }
            }
            Self::Text(text) => text.set(row, bytes),
        }
    }

    pub(super) fn clear(&mut self, row: Row) {
        match self {
            Self::Coded(coded) => coded.clear(row),
            Self::Text(text) => text.clear(row),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Coded(coded) => coded.bytes(),
            Self::Text(text) => text.bytes(),
        }
    }
}

// === impl Coded ===

impl Coded {
    fn set(&mut self, row: Row, bytes: &[u8]) {
        let code = self.code(bytes);
        self.entries[code as usize].users += 1;
        self.used += 1;
        self.codes.widen(u64::from(code));
        self.codes.set(row, u64::from(code));
    }

    /// The code of an entry, which nobody holds yet when it is new.
    pub(super) fn code(&mut self, bytes: &[u8]) -> u32 {
        let known = self.find(bytes);
        known.unwrap_or_else(|| self.add(self.hasher.hash_one(bytes), bytes))
    }

    pub(super) fn find(&self, bytes: &[u8]) -> Option<u32> {
        let same = |code: &u32| *self.entries[*code as usize].bytes == *bytes;
        let found = self.index.find(self.hasher.hash_one(bytes), same);
        found.copied()
    }

    /// Whether some strings more cannot make them mostly distinct.
    pub(super) fn is_settled(&self) -> bool {
        self.index.len() < DISTINCT_FREE / 2 || self.index.len() * 8 < self.used
    }

    /// Stores `known[code]` for each row; the rows must hold no value, and each entry must be held by one.
    pub(super) fn take_in(
        &mut self,
        rows: impl Iterator<Item = Row>,
        codes: impl Iterator<Item = usize>,
        known: &[u32],
    ) {
        let most = known.iter().copied().max().unwrap_or(0);
        self.codes.widen(u64::from(most));
        let (entries, used) = (&mut self.entries, &mut self.used);
        let codes = codes.map(|code| {
            let code = known[code];
            entries[code as usize].users += 1;
            *used += 1;
            u64::from(code)
        });
        gather(&mut self.codes, rows.zip(codes));
    }

    fn add(&mut self, hash: u64, bytes: &[u8]) -> u32 {
        let entry = Entry {
            bytes: bytes.into(),
            users: 0,
        };
        let code = if let Some(code) = self.free.pop() {
            self.entries[code as usize] = entry;
            code
        } else {
            self.entries.push(entry);
            Row::at(self.entries.len() - 1).0
        };
        let (entries, hasher) = (&self.entries, &self.hasher);
        self.index.insert_unique(hash, code, |c| {
            hasher.hash_one(&*entries[*c as usize].bytes)
        });
        code
    }

    fn clear(&mut self, row: Row) {
        let code = row_code(self, row);
        self.used -= 1;
        let entry = &mut self.entries[code];
        entry.users -= 1;
        if entry.users > 0 {
            return;
        }
        let hash = self.hasher.hash_one(&*entry.bytes);
        entry.bytes = Box::default();
        if let Ok(found) = self.index.find_entry(hash, |c| *c as usize == code) {
            self.free.push(found.remove().0);
        }
    }

    fn bytes(&self) -> usize {
        let entries: usize = self
            .entries
            .iter()
            .map(|e| size_of::<Entry>() + e.bytes.len())
            .sum();
        self.codes.bytes() + entries + self.index.capacity() * 5 + self.free.capacity() * 4
    }
}

fn row_code(coded: &Coded, row: Row) -> usize {
    usize::try_from(coded.codes.get(row)).unwrap_or(usize::MAX)
}
