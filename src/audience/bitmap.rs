//! A set of rows: one bit each, in words.

use super::Row;

/// Rows as a dense bitset. Dense words beat compressed sets here: a filter touches every word once,
/// and a million rows are 125 kB.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bitmap {
    words: Vec<u64>,
}

// === impl Bitmap ===

impl Bitmap {
    pub fn new() -> Self {
        Self::default()
    }

    /// Rows in the set; counts every word.
    pub fn len(&self) -> usize {
        self.words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    pub fn contains(&self, row: Row) -> bool {
        let at = row.index();
        self.word(at / 64) >> (at % 64) & 1 == 1
    }

    pub fn insert(&mut self, row: Row) {
        let at = row.index();
        if self.words.len() <= at / 64 {
            grow(&mut self.words, at / 64 + 1, 0);
        }
        self.words[at / 64] |= 1 << (at % 64);
    }

    pub(super) fn put(&mut self, row: Row, is_member: bool) {
        if is_member {
            self.insert(row);
        } else {
            self.remove(row);
        }
    }

    pub fn remove(&mut self, row: Row) {
        let at = row.index();
        if let Some(word) = self.words.get_mut(at / 64) {
            *word &= !(1 << (at % 64));
        }
    }

    /// Ascending.
    pub fn iter(&self) -> impl Iterator<Item = Row> + '_ {
        self.words
            .iter()
            .enumerate()
            .flat_map(|(block, word)| ones(block, *word))
    }

    /// The first member at or after `row`: a cursor to page through the set.
    pub fn next_from(&self, row: Row) -> Option<Row> {
        let first = row.index() / 64;
        let head = self.word(first) & (u64::MAX << (row.index() % 64));
        std::iter::once((first, head))
            .chain(self.words.iter().copied().enumerate().skip(first + 1))
            .find_map(|(block, word)| ones(block, word).next())
    }

    pub fn and_not(&mut self, other: &Self) {
        for (word, theirs) in self.words.iter_mut().zip(&other.words) {
            *word &= !theirs;
        }
    }

    pub fn or(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            grow(&mut self.words, other.words.len(), 0);
        }
        for (word, theirs) in self.words.iter_mut().zip(&other.words) {
            *word |= theirs;
        }
    }

    pub fn and(&mut self, other: &Self) {
        self.words.truncate(other.words.len());
        for (word, theirs) in self.words.iter_mut().zip(&other.words) {
            *word &= theirs;
        }
    }

    /// Members that are not in `other`, without making a set of them.
    pub fn len_without(&self, other: &Self) -> usize {
        let words = self.words.iter().enumerate();
        words
            .map(|(at, word)| (word & !other.word(at)).count_ones() as usize)
            .sum()
    }

    /// `n` members with the same number of members between them; all where there are no more.
    pub fn spread(&self, n: usize) -> Vec<Row> {
        let len = self.len();
        if len <= n {
            return self.iter().collect();
        }
        let (mut picked, mut before) = (Vec::with_capacity(n), 0);
        for (block, word) in self.words.iter().enumerate() {
            let here = word.count_ones() as usize;
            // The members whose turn comes in this block: most blocks are passed by their count alone.
            while picked.len() < n && picked.len() * len / n < before + here {
                let at = picked.len() * len / n - before;
                picked.extend(ones(block, *word).nth(at));
            }
            before += here;
        }
        picked
    }

    /// Members within `rows`, ascending.
    pub(super) fn within(&self, rows: std::ops::Range<u32>) -> impl Iterator<Item = Row> + '_ {
        // Rows beyond the last word are not in the set: a range may end anywhere.
        let end = (rows.end as usize).div_ceil(64).min(self.words.len());
        let blocks = rows.start as usize / 64..end;
        blocks
            .flat_map(|block| ones(block, self.word(block)))
            .filter(move |row| rows.contains(&row.0))
    }

    /// Of 64 rows each.
    pub fn blocks(&self) -> usize {
        self.words.len()
    }

    /// The members in a block, one bit each.
    pub fn word(&self, block: usize) -> u64 {
        self.words.get(block).copied().unwrap_or(0)
    }

    /// Leaves of the rows in some blocks those that are members.
    pub fn keep(&self, first: usize, rows: &mut [u64]) {
        let mut words = self.words.get(first..).unwrap_or(&[]).iter();
        for rows in rows {
            *rows &= words.next().copied().unwrap_or(0);
        }
    }

    pub fn from_words(words: Vec<u64>) -> Self {
        Self { words }
    }

    pub(super) fn bytes(&self) -> usize {
        self.words.capacity() * 8
    }
}

impl FromIterator<Row> for Bitmap {
    fn from_iter<I: IntoIterator<Item = Row>>(rows: I) -> Self {
        let mut set = Self::new();
        for row in rows {
            set.insert(row);
        }
        set
    }
}

/// The rows of one word.
pub(super) fn ones(block: usize, mut word: u64) -> impl Iterator<Item = Row> {
    let base = block * 64;
    std::iter::from_fn(move || {
        if word == 0 {
            return None;
        }
        let at = word.trailing_zeros() as usize;
        word &= word - 1;
        Some(Row::at(base + at))
    })
}

/// Lengthens by an eighth at a time: doubling would waste half of the memory that the columns save.
pub(super) fn grow<T: Copy>(items: &mut Vec<T>, len: usize, fill: T) {
    if items.capacity() < len {
        items.reserve_exact(len - items.len() + len / 8);
    }
    items.resize(len, fill);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_walks_every_member() {
        let members = [0, 1, 63, 64, 200, 4095];
        let set: Bitmap = members.iter().map(|n| Row(*n)).collect();
        let mut seen = Vec::new();
        let mut next = set.next_from(Row(0));
        while let Some(row) = next {
            seen.push(row.0);
            next = set.next_from(Row(row.0 + 1));
        }
        assert_eq!(seen, members);
        assert_eq!(set.iter().map(|r| r.0).collect::<Vec<_>>(), members);
        assert_eq!(set.within(1..64).map(|r| r.0).collect::<Vec<_>>(), [1, 63]);
        assert_eq!(set.len(), members.len());
    }

    #[test]
    fn members_are_picked_evenly() {
        let set: Bitmap = (0..1_000).step_by(3).map(Row).collect();
        let picked: Vec<_> = set.spread(4).iter().map(|row| row.0).collect();
        assert_eq!(picked, [0, 249, 501, 750]);
        assert_eq!(set.spread(334).len(), 334);
        assert_eq!(set.spread(5_000).len(), 334);
        assert!(set.spread(0).is_empty() && Bitmap::new().spread(3).is_empty());
    }

    #[test]
    fn sets_of_different_lengths_combine() {
        let set = |rows: &[u32]| rows.iter().map(|n| Row(*n)).collect::<Bitmap>();
        let (short, long) = (set(&[1, 2]), set(&[2, 500]));
        let without = |mut set: Bitmap, other: &Bitmap| {
            set.and_not(other);
            set.iter().collect::<Vec<_>>()
        };
        assert_eq!(without(short.clone(), &long), [Row(1)]);
        assert_eq!(without(long.clone(), &short), [Row(500)]);
        assert_eq!((short.len_without(&long), long.len_without(&short)), (1, 1));
        for (a, b) in [(&short, &long), (&long, &short)] {
            let (mut either, mut both) = (a.clone(), a.clone());
            either.or(b);
            both.and(b);
            assert_eq!(
                either.iter().collect::<Vec<_>>(),
                [Row(1), Row(2), Row(500)]
            );
            assert_eq!(both.iter().collect::<Vec<_>>(), [Row(2)]);
        }
    }
}
