//! Taking a slab's values into a column: lane by lane where the types are the same, one by one where not.

use crate::model::Value;

use super::bitmap::grow;
use super::column::{Column, Lane};
use super::numbers::Ints;
use super::packed::Packed;
use super::slab::{Typed, Values};
use super::strings::Strings;
use super::tree::Node;
use super::{Row, encode};

/// Numbers of one block of 64 rows on their way into bit planes: together they cost little more than one.
struct Gathered {
    block: usize,
    rows: u64,
    numbers: [u64; 64],
}

// === impl Node ===

impl Node {
    /// The rows must have no value here.
    pub(super) fn take_in(&mut self, first: Row, values: &Values<'_>, rows_end: usize) {
        let has_fields = matches!(&values.typed, Typed::Any(_));
        if !has_fields {
            self.column.take_in(first, values, rows_end);
            return;
        }
        for (at, row) in values.rows(first).enumerate() {
            if let Some(value) = values.value(at) {
                self.set(row, &value, rows_end);
            }
        }
    }
}

// === impl Column ===

impl Column {
    /// As [`Node::take_in`], of values that have no fields.
    pub(super) fn take_in(&mut self, first: Row, values: &Values<'_>, rows_end: usize) {
        if self.lane.take_in(first, values) {
            for row in values.rows(first) {
                self.main.insert(row);
            }
            self.add_main(values.places.len());
            return;
        }
        for (at, row) in values.rows(first).enumerate() {
            if let Some(value) = values.value(at) {
                self.set(row, &value, rows_end);
            }
        }
    }
}

// === impl Lane ===

impl Lane {
    /// False when the values are not all of this lane, or do not fit into it as it is: nothing was taken.
    fn take_in(&mut self, first: Row, values: &Values<'_>) -> bool {
        match (self, &values.typed) {
            (Self::Bools(yes), Typed::Bools(bools)) => {
                for (row, is_true) in values.rows(first).zip(bools) {
                    yes.put(row, *is_true);
                }
            }
            (Self::Ints(ints), Typed::Ints(numbers)) => {
                return ints.take_in(values.rows(first), numbers.iter().copied());
            }
            (Self::Times(times), Typed::Times { unit, ticks }) if times.has_unit(*unit) => {
                return times
                    .ticks
                    .take_in(values.rows(first), ticks.iter().copied());
            }
            (Self::Doubles(numbers, whole), Typed::Numbers(taken)) => {
                for (row, (number, is_whole)) in values.rows(first).zip(taken) {
                    if numbers.len() <= row.index() {
                        grow(numbers, row.index() + 1, 0.0);
                    }
                    numbers[row.index()] = *number;
                    if *is_whole {
                        whole.insert(row);
                    }
                }
            }
            (Self::Texts(Strings::Text(text)), Typed::Texts(texts)) => {
                for (row, bytes) in values.rows(first).zip(texts) {
                    text.put(row, bytes.as_bytes());
                }
            }
            (Self::Texts(Strings::Coded(coded)), Typed::Texts(texts)) if coded.is_settled() => {
                let texts = texts.iter().map(|text| coded.code(text.as_bytes()));
                let known: Vec<u32> = texts.collect();
                coded.take_in(values.rows(first), 0..known.len(), &known);
            }
            (Self::Texts(Strings::Coded(coded)), Typed::Coded { entries, codes }) => {
                let texts = entries.iter().map(|entry| match entry {
                    Value::String(text) => Some(coded.code(text.as_bytes())),
                    _ => None,
                });
                let Some(known) = texts.collect::<Option<Vec<_>>>() else {
                    return false;
                };
                coded.take_in(values.rows(first), as_indices(codes), &known);
            }
            (Self::Lists(Strings::Coded(coded)), Typed::Coded { entries, codes }) => {
                let lists = entries.iter().map(|entry| {
                    let is_list = matches!(entry, Value::List(_));
                    let mut bytes = Vec::new();
                    encode::encode(entry, &mut bytes);
                    is_list.then(|| coded.code(&bytes))
                });
                let Some(known) = lists.collect::<Option<Vec<_>>>() else {
                    return false;
                };
                coded.take_in(values.rows(first), as_indices(codes), &known);
            }
            _ => return false,
        }
        true
    }
}

// === impl Ints ===

impl Ints {
    /// False when a number is below the base: the base has to move first.
    fn take_in(
        &mut self,
        rows: impl Iterator<Item = Row>,
        numbers: impl Iterator<Item = i64> + Clone,
    ) -> bool {
        let (mut least, mut most) = (i64::MAX, i64::MIN);
        for number in numbers.clone() {
            (least, most) = (least.min(number), most.max(number));
        }
        if least < self.first() {
            return false;
        }
        let base = self.first();
        let place = |number: i64| number.wrapping_sub(base).cast_unsigned();
        if least <= most {
            self.packed.widen(place(most));
        }
        gather(&mut self.packed, rows.zip(numbers.map(place)));
        true
    }
}

fn as_indices(codes: &[u16]) -> impl Iterator<Item = usize> + '_ {
    codes.iter().map(|code| usize::from(*code))
}

/// Stores numbers that fit, by ascending rows.
pub(super) fn gather(packed: &mut Packed, numbers: impl Iterator<Item = (Row, u64)>) {
    let mut open = Gathered {
        block: 0,
        rows: 0,
        numbers: [0; 64],
    };
    for (row, number) in numbers {
        let (block, bit) = (row.index() / 64, row.index() % 64);
        if block != open.block {
            packed.merge(open.block, open.rows, &mut open.numbers);
            (open.block, open.rows) = (block, 0);
        }
        open.rows |= 1 << bit;
        open.numbers[bit] = number;
    }
    packed.merge(open.block, open.rows, &mut open.numbers);
}
