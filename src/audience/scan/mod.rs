//! Asks a question of every value in a column, some blocks of 64 rows at a time.

mod column;
mod numbers;
mod strings;

use super::Row;
use super::bitmap::ones;
use crate::model::Value;

/// A question ready to be asked: given the number of a block of 64 rows, and for it and up to [`BLOCKS`] in all
/// behind it the rows that are asked for, leaves those for which it holds.
pub type Test<'a> = Box<dyn Fn(usize, &mut [u64]) + 'a>;

/// Blocks that are asked at once: they stay in the nearest cache from the first part of a filter to the last.
pub const BLOCKS: usize = 64;

/// What is known of a question beforehand, so that numbers and times need not be asked one by one.
#[derive(Debug, Clone)]
pub enum Shape {
    /// Every value that is there gets the same answer.
    Presence,
    /// Every value but an empty string or list gets the same answer.
    Emptiness,
    /// Over numbers, and over times, the answer changes at most once from the lowest to the highest.
    Monotone,
    /// Numbers and times other than these get the same answer, per type; an integer and a double
    /// that are equal too. Where there are some, so do texts other than these.
    Points(Vec<Value>),
    Any,
}

/// One yes-or-no question about a value; `None` is the absent value.
pub struct Question<'a> {
    pub shape: Shape,
    pub holds: Box<ValueTest<'a>>,
    /// The same of a text's bytes, where that is faster to ask.
    pub text: Option<Box<TextTest<'a>>>,
}

/// A question of a value.
pub type ValueTest<'a> = dyn Fn(Option<&Value>) -> bool + 'a;

/// A question of a text's bytes.
pub type TextTest<'a> = dyn Fn(&[u8]) -> bool + 'a;

// === impl Shape ===

impl Shape {
    fn points(&self) -> &[Value] {
        match self {
            Self::Points(points) => points,
            _ => &[],
        }
    }
}

fn each_row<'a>(holds: impl Fn(Row) -> bool + 'a) -> Test<'a> {
    each_block(move |block, asked| fold_rows(block, asked, &holds))
}

fn fold_rows(block: usize, asked: u64, holds: impl Fn(Row) -> bool) -> u64 {
    ones(block, asked).fold(0, |all, row| {
        all | u64::from(holds(row)) << (row.index() % 64)
    })
}

/// All rows that are asked for, or none.
pub(in crate::audience) fn constant<'a>(all: bool) -> Test<'a> {
    Box::new(move |_, asked| {
        if !all {
            asked.fill(0);
        }
    })
}

/// A test of one block after the other: given its number and the rows that are asked for, the rows for which it
/// holds among them. Blocks of which nobody is asked for are left out.
pub fn each_block<'a>(rows: impl Fn(usize, u64) -> u64 + 'a) -> Test<'a> {
    Box::new(move |first, asked| {
        for (block, asked) in (first..).zip(asked) {
            if *asked != 0 {
                *asked = rows(block, *asked);
            }
        }
    })
}

fn mask(all: bool) -> u64 {
    if all { u64::MAX } else { 0 }
}
