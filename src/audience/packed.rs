//! Small numbers, one bit plane each: 64 rows are a block of `width` words.
//!
//! A comparison with a constant is then some word operations for 64 rows at once, and a number takes no
//! more bits than the largest needs (O'Neil and Quass, "Improved Query Performance with Variant Indexes").

use super::Row;
use super::bitmap::grow;

#[derive(Debug, Clone, Default)]
pub(super) struct Packed {
    width: usize,
    /// Plane `p` of block `b` is `words[b * width + p]`, the lowest bit first.
    words: Vec<u64>,
}

/// The planes of a block in which nothing was stored.
const ZEROS: [u64; 64] = [0; 64];

/// What 64 rows at once are asked.
pub(super) enum Compare {
    Less(u64),
    /// They must fit: see [`Packed::among`].
    Among(Vec<u64>),
}

// === impl Packed ===

impl Packed {
    pub(super) fn of_width(width: usize) -> Self {
        Self {
            width,
            words: Vec::new(),
        }
    }

    /// The largest number that fits.
    pub(super) fn max(&self) -> u64 {
        if self.width == 0 {
            0
        } else {
            u64::MAX >> (64 - self.width)
        }
    }

    pub(super) fn get(&self, row: Row) -> u64 {
        let (block, bit) = (row.index() / 64, row.index() % 64);
        let planes = self.block(block).iter().enumerate();
        planes.fold(0, |number, (plane, word)| {
            number | (word >> bit & 1) << plane
        })
    }

    /// `number` must fit: see [`Packed::widen`].
    pub(super) fn set(&mut self, row: Row, number: u64) {
        let (block, bit) = (row.index() / 64, row.index() % 64);
        if self.words.len() < (block + 1) * self.width {
            grow(&mut self.words, (block + 1) * self.width, 0);
        }
        let planes = &mut self.words[block * self.width..(block + 1) * self.width];
        for (plane, word) in planes.iter_mut().enumerate() {
            *word = *word & !(1 << bit) | (number >> plane & 1) << bit;
        }
    }

    /// Stores numbers that fit for the rows of a block; the numbers are scratch space afterwards.
    pub(super) fn merge(&mut self, block: usize, rows: u64, numbers: &mut [u64; 64]) {
        if rows == 0 || self.width == 0 {
            return;
        }
        if self.words.len() < (block + 1) * self.width {
            grow(&mut self.words, (block + 1) * self.width, 0);
        }
        transpose(numbers);
        let planes = &mut self.words[block * self.width..(block + 1) * self.width];
        for (word, plane) in planes.iter_mut().zip(numbers) {
            *word = *word & !rows | *plane & rows;
        }
    }

    /// Adds planes until `number` fits.
    pub(super) fn widen(&mut self, number: u64) {
        let width = (64 - number.leading_zeros()) as usize;
        if width <= self.width {
            return;
        }
        if let Some(blocks) = self.words.len().checked_div(self.width) {
            let mut words = Vec::with_capacity(blocks * width);
            for block in self.words.chunks_exact(self.width) {
                words.extend_from_slice(block);
                words.resize(words.len() + width - self.width, 0);
            }
            self.words = words;
        }
        self.width = width;
    }

    /// A comparison with numbers of which some may not fit: nobody holds those.
    pub(super) fn among(&self, mut numbers: Vec<u64>) -> Compare {
        numbers.retain(|number| *number <= self.max());
        Compare::Among(numbers)
    }

    /// Leaves of the rows that are asked for in some blocks those for which the comparison is `wanted`.
    pub(super) fn keep(&self, first: usize, asked: &mut [u64], compare: &Compare, wanted: bool) {
        let flip = if wanted { 0 } else { u64::MAX };
        match *compare {
            Compare::Less(number) if number > self.max() => keep_all(asked, wanted),
            Compare::Less(number) => self.each(first, asked, |planes| less(planes, number) ^ flip),
            Compare::Among(ref numbers) => match numbers.as_slice() {
                [] => keep_all(asked, !wanted),
                // By far the most frequent.
                [one] => self.each(first, asked, |planes| equal(planes, *one) ^ flip),
                some => self.each(first, asked, |planes| {
                    let each = some.iter().map(|number| equal(planes, *number));
                    each.fold(0, |all, one| all | one) ^ flip
                }),
            },
        }
    }

    /// Narrow columns get a loop of their own width, in which nothing is decided: it is several times as fast.
    fn each(&self, first: usize, asked: &mut [u64], holds: impl Fn(&[u64]) -> u64) {
        let words = self.words.get(first * self.width..).unwrap_or(&[]);
        match self.width {
            0 => keep_each(std::iter::empty(), 0, asked, holds),
            1 => each_of::<1>(words, asked, holds),
            2 => each_of::<2>(words, asked, holds),
            3 => each_of::<3>(words, asked, holds),
            4 => each_of::<4>(words, asked, holds),
            5 => each_of::<5>(words, asked, holds),
            6 => each_of::<6>(words, asked, holds),
            7 => each_of::<7>(words, asked, holds),
            8 => each_of::<8>(words, asked, holds),
            9 => each_of::<9>(words, asked, holds),
            10 => each_of::<10>(words, asked, holds),
            11 => each_of::<11>(words, asked, holds),
            12 => each_of::<12>(words, asked, holds),
            width => keep_each(words.chunks_exact(width), width, asked, holds),
        }
    }

    /// The 64 numbers of a block.
    pub(super) fn unpack(&self, block: usize) -> [u64; 64] {
        let mut numbers = [0; 64];
        for (eighth, planes) in self.block(block).chunks(8).enumerate() {
            for (at, eight) in numbers.chunks_exact_mut(8).enumerate() {
                // Of eight planes, the bits of eight rows: a square of bits.
                let square = planes.iter().enumerate().fold(0, |square, (plane, word)| {
                    square | (word >> (8 * at) & 0xff) << (8 * plane)
                });
                let square = transpose_eight(square).to_le_bytes();
                for (number, byte) in eight.iter_mut().zip(square) {
                    *number |= u64::from(byte) << (8 * eighth);
                }
            }
        }
        numbers
    }

    pub(super) fn bytes(&self) -> usize {
        self.words.capacity() * 8
    }

    /// Empty when no row of the block was ever set.
    fn block(&self, block: usize) -> &[u64] {
        self.words
            .get(block * self.width..(block + 1) * self.width)
            .unwrap_or(&[])
    }
}

fn each_of<const WIDTH: usize>(words: &[u64], asked: &mut [u64], holds: impl Fn(&[u64]) -> u64) {
    let (blocks, _) = words.as_chunks::<WIDTH>();
    keep_each(
        blocks.iter().map(<[u64; WIDTH]>::as_slice),
        WIDTH,
        asked,
        holds,
    );
}

#[expect(
    clippy::inline_always,
    reason = "the width must be known where this stands"
)]
#[inline(always)]
fn keep_each<'a>(
    mut blocks: impl Iterator<Item = &'a [u64]>,
    width: usize,
    asked: &mut [u64],
    holds: impl Fn(&[u64]) -> u64,
) {
    for asked in asked {
        // Where nothing was stored every number is 0: rows may have had it before there was a plane.
        let planes = blocks.next().unwrap_or(&ZEROS[..width]);
        if *asked != 0 {
            *asked &= holds(planes);
        }
    }
}

fn keep_all(asked: &mut [u64], all: bool) {
    if !all {
        asked.fill(0);
    }
}

/// Which of 64 rows hold `number`, which must fit.
#[expect(
    clippy::inline_always,
    reason = "the width must be known where this stands"
)]
#[inline(always)]
fn equal(planes: &[u64], number: u64) -> u64 {
    planes
        .iter()
        .enumerate()
        .fold(u64::MAX, |same, (plane, word)| {
            // All ones where the bit is 0, so that one operation serves both bits.
            let flip = (number >> plane & 1).wrapping_sub(1);
            same & (word ^ flip)
        })
}

/// Which of 64 rows hold less than `number`, which must fit.
#[expect(
    clippy::inline_always,
    reason = "the width must be known where this stands"
)]
#[inline(always)]
fn less(planes: &[u64], number: u64) -> u64 {
    let (mut less, mut same) = (0, u64::MAX);
    for (plane, word) in planes.iter().enumerate().rev() {
        let flip = (number >> plane & 1).wrapping_sub(1);
        less |= same & !(word | flip);
        same &= word ^ flip;
    }
    less
}

/// Bit `i` of byte `j` becomes bit `j` of byte `i`, as [`transpose`] does for 64.
fn transpose_eight(mut square: u64) -> u64 {
    for (by, low) in [
        (7, 0x00aa_00aa_00aa_00aa),
        (14, 0x0000_cccc_0000_cccc),
        (28, 0x0000_0000_f0f0_f0f0),
    ] {
        let moved = (square ^ square >> by) & low;
        square ^= moved ^ moved << by;
    }
    square
}

/// Bit `i` of number `j` becomes bit `j` of number `i`: squares of 32, 16, … bits change places across the
/// diagonal (Warren, "Hacker's Delight", 7-3).
fn transpose(numbers: &mut [u64; 64]) {
    let mut side = 32;
    let mut low_half = u64::MAX >> 32;
    while side > 0 {
        let mut at = 0;
        while at < 64 {
            let moved = (numbers[at] >> side ^ numbers[at + side]) & low_half;
            numbers[at] ^= moved << side;
            numbers[at + side] ^= moved;
            // The next one whose bit `side` is not set.
            at = (at + side + 1) & !side;
        }
        side /= 2;
        low_half ^= low_half << side;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn planes_hold_and_compare_numbers(
            numbers in proptest::collection::vec(0u64..5000, 1..200),
            against in 0u64..6000,
        ) {
            let mut merged = Packed::of_width(1);
            merged.widen(5000);
            let (mut rows, mut some) = (0, [7; 64]);
            for (bit, number) in numbers.iter().take(64).enumerate().filter(|(bit, _)| bit % 3 > 0) {
                some[bit] = *number;
                rows |= 1 << bit;
            }
            merged.merge(1, rows, &mut some);
            for (bit, number) in numbers.iter().take(64).enumerate() {
                let expected = if rows >> bit & 1 == 1 { *number } else { 0 };
                prop_assert_eq!(merged.get(Row::at(64 + bit)), expected);
            }
            let mut packed = Packed::of_width(1);
            for (row, number) in numbers.iter().enumerate() {
                packed.widen(*number);
                packed.set(Row::at(row), *number);
            }
            for (row, number) in numbers.iter().enumerate() {
                let (block, bit) = (row / 64, row % 64);
                prop_assert_eq!(packed.get(Row::at(row)), *number);
                prop_assert_eq!(packed.unpack(block)[bit], *number);
                let asks = |compare, wanted| {
                    let mut asked = [u64::MAX; 2];
                    packed.keep(block, &mut asked, &compare, wanted);
                    asked[0] >> bit & 1 == 1
                };
                for (compare, expected) in [
                    (Compare::Less(against), *number < against),
                    (packed.among(vec![]), false),
                    (packed.among(vec![against]), *number == against),
                    (packed.among(vec![against, numbers[0]]), [against, numbers[0]].contains(number)),
                ] {
                    prop_assert_eq!(asks(compare, true), expected);
                }
                prop_assert_eq!(asks(Compare::Less(against), false), *number >= against);
            }
        }
    }
}
