//! Bytes that hardly repeat, each stored once in an arena.

use super::{Bitmap, Row};

/// Rows a chunk: each has an arena of its own, so that offsets are small and a compaction is short.
const CHUNK: usize = 1 << 15;
/// Garbage below this is not worth a compaction.
const GARBAGE_MIN: usize = 4096;
const NONE: u32 = u32::MAX;

#[derive(Debug, Clone, Default)]
pub(super) struct Text {
    chunks: Vec<Chunk>,
    /// Rows whose entry has no bytes: the one question that is asked of every such column.
    pub(super) empty: Bitmap,
}

#[derive(Debug, Clone, Default)]
struct Chunk {
    /// Where each row's entry begins: its length as a varint, then its bytes.
    offsets: Vec<u32>,
    arena: Vec<u8>,
    garbage: usize,
}

// === impl Text ===

impl Text {
    pub(super) fn get(&self, row: Row) -> Option<&[u8]> {
        let chunk = self.chunks.get(row.index() / CHUNK)?;
        chunk.get(row.index() % CHUNK)
    }

    /// Those of the asked rows of a block of 64 whose bytes `holds` is true of.
    pub(super) fn ask(&self, block: usize, asked: u64, holds: impl Fn(&[u8]) -> bool) -> u64 {
        // A block is within one chunk.
        let Some(chunk) = self.chunks.get(block * 64 / CHUNK) else {
            return 0;
        };
        let first = block * 64 % CHUNK;
        let mut left = asked;
        let mut found = 0;
        while left != 0 {
            let bit = left.trailing_zeros();
            left &= left - 1;
            let is_one = chunk.get(first + bit as usize).is_some_and(&holds);
            found |= u64::from(is_one) << bit;
        }
        found
    }

    pub(super) fn set(&mut self, row: Row, bytes: &[u8]) {
        self.clear(row);
        self.put(row, bytes);
    }

    /// As [`Text::set`], for a row that has none.
    pub(super) fn put(&mut self, row: Row, bytes: &[u8]) {
        let at = row.index() / CHUNK;
        if self.chunks.len() <= at {
            self.chunks.resize_with(at + 1, Chunk::default);
        }
        if bytes.is_empty() {
            self.empty.insert(row);
        }
        let chunk = &mut self.chunks[at];
        chunk.push(row.index() % CHUNK, bytes);
    }

    pub(super) fn clear(&mut self, row: Row) {
        self.empty.remove(row);
        if let Some(chunk) = self.chunks.get_mut(row.index() / CHUNK) {
            chunk.clear(row.index() % CHUNK);
        }
    }

    pub(super) fn bytes(&self) -> usize {
        let chunks = self.chunks.iter();
        let chunks =
            chunks.map(|c| size_of::<Chunk>() + c.offsets.capacity() * 4 + c.arena.capacity());
        self.empty.bytes() + chunks.sum::<usize>()
    }
}

// === impl Chunk ===

impl Chunk {
    fn get(&self, at: usize) -> Option<&[u8]> {
        let offset = *self.offsets.get(at)?;
        (offset != NONE).then(|| entry(&self.arena[offset as usize..]))
    }

    fn push(&mut self, at: usize, bytes: &[u8]) {
        if self.offsets.len() <= at {
            super::bitmap::grow(&mut self.offsets, at + 1, NONE);
        }
        let needed = bytes.len() + 5;
        if self.arena.capacity() - self.arena.len() < needed {
            self.arena.reserve_exact(needed + self.arena.len() / 8);
        }
        // A chunk has 2^15 rows and a profile is bounded by 64 kB, so this is below 2^32.
        self.offsets[at] = u32::try_from(self.arena.len()).unwrap_or(NONE);
        let mut len = bytes.len();
        while len >= 0x80 {
            self.arena.push(low_bits(len) | 0x80);
            len >>= 7;
        }
        self.arena.push(low_bits(len));
        self.arena.extend_from_slice(bytes);
    }

    fn clear(&mut self, at: usize) {
        let Some(bytes) = self.get(at) else { return };
        self.garbage += bytes.len() + 1;
        self.offsets[at] = NONE;
        if self.garbage > GARBAGE_MIN && self.garbage > self.arena.len() / 2 {
            self.compact();
        }
    }

    fn compact(&mut self) {
        let old = std::mem::take(self);
        self.arena.reserve_exact(old.arena.len() - old.garbage);
        for at in 0..old.offsets.len() {
            if let Some(bytes) = old.get(at) {
                self.push(at, bytes);
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "seven bits")]
fn low_bits(len: usize) -> u8 {
    (len & 0x7f) as u8
}

fn entry(arena: &[u8]) -> &[u8] {
    // Nearly all are short.
    if arena[0] < 0x80 {
        return &arena[1..=usize::from(arena[0])];
    }
    let (mut len, mut at) = (0, 0);
    loop {
        let byte = arena[at];
        len |= usize::from(byte & 0x7f) << (7 * at);
        at += 1;
        if byte < 0x80 {
            return &arena[at..at + len];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rewriting_does_not_grow_the_arena_for_ever() {
        let mut text = Text::default();
        for round in 0..200_u32 {
            for row in 0..100 {
                text.set(
                    Row(row),
                    format!("{round}-{row}-{}", "x".repeat(200)).as_bytes(),
                );
            }
        }
        for row in 0..100 {
            let expected = format!("199-{row}-{}", "x".repeat(200));
            assert_eq!(text.get(Row(row)), Some(expected.as_bytes()));
        }
        assert!(text.bytes() < 100_000, "{}", text.bytes());
        text.clear(Row(7));
        assert_eq!(text.get(Row(7)), None);
        assert_eq!(text.get(Row(100_000)), None);
    }
}
