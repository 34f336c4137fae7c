//! Asks a question of every value in a column, 64 rows at a time.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::ops::Range;

use crate::model::Value;

use super::bitmap::ones;
use super::column::{Column, Lane, number};
use super::numbers::{Ints, Times};
use super::packed::Packed;
use super::strings::Strings;
use super::{Bitmap, Row, encode};

/// A question ready to be asked: given the number of a block of 64 rows and those of them that are asked for,
/// the rows for which it holds.
pub type Test<'a> = Box<dyn Fn(usize, u64) -> u64 + 'a>;

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
    /// that are equal too.
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

/// A predicate over places in a range of integers, as block operations.
enum Places {
    Constant(bool),
    /// `low` for places below `at`, its opposite from there on.
    Cut {
        at: u64,
        low: bool,
    },
    Points {
        rest: bool,
        differing: Vec<u64>,
    },
    /// Asked for each.
    Each,
}

/// Answers for the rows of some blocks whose values are not in the lane.
struct Others {
    first_block: usize,
    rows: Vec<u64>,
    holds: Vec<u64>,
}

// === impl Shape ===

impl Shape {
    fn points(&self) -> &[Value] {
        match self {
            Self::Points(points) => points,
            _ => &[],
        }
    }
}

// === impl Column ===

impl Column {
    /// The question made ready for some blocks. `object` reads a row's whole object.
    pub(super) fn test<'a>(
        &'a self,
        question: Question<'a>,
        blocks: Range<usize>,
        object: impl Fn(Row) -> Option<Value> + 'a,
    ) -> Test<'a> {
        let absent = mask((question.holds)(None));
        let others = self.other_answers(&question, blocks, &object);
        let in_lane = self.lane_test(question, object);
        Box::new(move |block, asked| {
            let main = self.main.word(block);
            let lane = match asked & main {
                0 => 0,
                rows => in_lane(block, rows),
            };
            let found = main & lane | !main & absent;
            match &others {
                None => asked & found,
                Some(others) => {
                    let (rows, holds) = others.at(block);
                    asked & (found & !rows | holds)
                }
            }
        })
    }

    fn other_answers(
        &self,
        question: &Question<'_>,
        blocks: Range<usize>,
        object: &impl Fn(Row) -> Option<Value>,
    ) -> Option<Others> {
        let row = |block: usize| Row::at(block.saturating_mul(64)).0;
        let mut within = self
            .others
            .range(row(blocks.start)..row(blocks.end))
            .peekable();
        within.peek()?;
        let mut answers = Others {
            first_block: blocks.start,
            rows: vec![0; blocks.len()],
            holds: vec![0; blocks.len()],
        };
        for (row, value) in within {
            let row = Row(*row);
            let whole = match value {
                Value::Object(_) => object(row),
                _ => None,
            };
            let holds = (question.holds)(Some(whole.as_ref().unwrap_or(value)));
            let (at, bit) = (row.index() / 64 - blocks.start, row.index() % 64);
            answers.rows[at] |= 1 << bit;
            answers.holds[at] |= u64::from(holds) << bit;
        }
        Some(answers)
    }

    /// A test of the lane's rows, block by block: given the rows asked for, which hold.
    fn lane_test<'a>(
        &'a self,
        question: Question<'a>,
        object: impl Fn(Row) -> Option<Value> + 'a,
    ) -> Test<'a> {
        let holds = &question.holds;
        if matches!(question.shape, Shape::Presence) {
            // Any value does: presence is all that is asked.
            let all = if holds(Some(&Value::Bool(true))) {
                u64::MAX
            } else {
                0
            };
            return Box::new(move |_, _| all);
        }
        match &self.lane {
            Lane::Empty => Box::new(|_, _| 0),
            Lane::Bools(yes) => {
                let [on, off] = [true, false].map(|b| mask(holds(Some(&Value::Bool(b)))));
                Box::new(move |block, _| yes.word(block) & on | !yes.word(block) & off)
            }
            Lane::Ints(ints) => int_test(ints, question, Value::Int, |value| match value {
                Value::Int(n) => Some(*n),
                Value::Double(d) => whole(*d),
                _ => None,
            }),
            Lane::Times(times) => time_test(times, question),
            Lane::Doubles(numbers, whole) => double_test(numbers, whole, question),
            Lane::Texts(Strings::Text(text)) if matches!(question.shape, Shape::Emptiness) => {
                let [empty, other] = ["", "a"].map(|s| mask(holds(Some(&Value::String(s.into())))));
                Box::new(move |block, _| {
                    let rows = text.empty.word(block);
                    rows & empty | !rows & other
                })
            }
            Lane::Texts(strings) if let Some(text) = question.text => string_test(strings, text),
            Lane::Texts(strings) => {
                let holds = question.holds;
                // One buffer for all: an allocation a row would cost more than most questions.
                let asked = RefCell::new(Value::String(String::new()));
                string_test(strings, move |bytes| {
                    let mut asked = asked.borrow_mut();
                    if let Value::String(text) = &mut *asked {
                        text.clear();
                        text.push_str(&String::from_utf8_lossy(bytes));
                    }
                    holds(Some(&asked))
                })
            }
            Lane::Lists(strings) => {
                let holds = question.holds;
                string_test(strings, move |mut bytes| {
                    encode::decode(&mut bytes).is_some_and(|list| holds(Some(&list)))
                })
            }
            Lane::Objects => each_row(move |row| (question.holds)(object(row).as_ref())),
        }
    }
}

// === impl Others ===

impl Others {
    /// The rows of a block, and those of them for which the question holds.
    fn at(&self, block: usize) -> (u64, u64) {
        let at = block.wrapping_sub(self.first_block);
        match (self.rows.get(at), self.holds.get(at)) {
            (Some(rows), Some(holds)) => (*rows, *holds),
            _ => (0, 0),
        }
    }
}

fn time_test<'a>(times: &'a Times, question: Question<'a>) -> Test<'a> {
    let value = |tick| Value::Timestamp(times.time(tick));
    int_test(&times.ticks, question, value, |value| match value {
        Value::Timestamp(at) => times.tick(*at),
        _ => None,
    })
}

fn int_test<'a>(
    ints: &'a Ints,
    question: Question<'a>,
    value: impl Fn(i64) -> Value + 'a,
    point: impl Fn(&Value) -> Option<i64>,
) -> Test<'a> {
    let places = places(ints, &question, &value, point);
    let packed: &Packed = &ints.packed;
    match places {
        Places::Constant(all) => Box::new(move |_, _| mask(all)),
        Places::Cut { at, low } => {
            let flip = mask(!low);
            Box::new(move |block, _| packed.less(block, at) ^ flip)
        }
        Places::Points { rest, differing } => Box::new(move |block, _| {
            let points = differing.iter().map(|place| packed.equal(block, *place));
            points.fold(0, |all, one| all | one) ^ mask(rest)
        }),
        Places::Each => each_row(move |row| (question.holds)(Some(&value(ints.get(row))))),
    }
}

fn places(
    ints: &Ints,
    question: &Question<'_>,
    value: &impl Fn(i64) -> Value,
    point: impl Fn(&Value) -> Option<i64>,
) -> Places {
    let holds = |number: i64| (question.holds)(Some(&value(number)));
    let (first, last) = (ints.first(), ints.last());
    match &question.shape {
        Shape::Monotone => {
            let low = holds(first);
            if low == holds(last) {
                return Places::Constant(low);
            }
            // The first place with the other answer.
            let (mut from, mut to) = (0, last.abs_diff(first));
            while from + 1 < to {
                let middle = from + (to - from) / 2;
                if holds(ints.at(middle)) == low {
                    from = middle;
                } else {
                    to = middle;
                }
            }
            Places::Cut { at: to, low }
        }
        Shape::Emptiness | Shape::Points(_) => {
            let points = question.shape.points();
            let points: Vec<i64> = points.iter().filter_map(point).collect();
            let Some(other) = (first..=last).find(|n| !points.contains(n)) else {
                return Places::Each;
            };
            let rest = holds(other);
            let differing = points.iter().filter(|n| holds(**n) != rest);
            Places::Points {
                rest,
                differing: differing.filter_map(|n| ints.place(*n)).collect(),
            }
        }
        Shape::Presence | Shape::Any => Places::Each,
    }
}

fn double_test<'a>(numbers: &'a [f64], whole: &'a Bitmap, question: Question<'a>) -> Test<'a> {
    let holds = |d: f64| (question.holds)(Some(&Value::Double(d)));
    match &question.shape {
        Shape::Monotone => {
            let low = holds(f64::MIN);
            if low == holds(f64::MAX) {
                return Box::new(move |_, _| mask(low));
            }
            let (mut from, mut to) = (order(f64::MIN), order(f64::MAX));
            while from + 1 < to {
                let middle = from + (to - from) / 2;
                if holds(unorder(middle)) == low {
                    from = middle;
                } else {
                    to = middle;
                }
            }
            // Minus zero is below zero in this order, and equal to it in every other: the cut is
            // never between the two, since both get the same answer.
            let cut = unorder(to);
            Box::new(move |block, _| each_number(numbers, block, |d| d < cut) ^ mask(!low))
        }
        Shape::Emptiness | Shape::Points(_) => {
            let points = question.shape.points();
            let points: Vec<f64> = points.iter().filter_map(double).collect();
            let mut other = 0.5;
            while points.contains(&other) {
                other += 1.0;
            }
            let rest = holds(other);
            let differing: Vec<f64> = points.into_iter().filter(|d| holds(*d) != rest).collect();
            Box::new(move |block, _| {
                let points = differing.iter().map(|p| {
                    each_number(numbers, block, |d| {
                        d.partial_cmp(p).is_some_and(Ordering::is_eq)
                    })
                });
                points.fold(0, |all, one| all | one) ^ mask(rest)
            })
        }
        Shape::Presence | Shape::Any => each_row(move |row| {
            let value = number(numbers[row.index()], whole.contains(row));
            (question.holds)(Some(&value))
        }),
    }
}

fn string_test<'a>(strings: &'a Strings, holds: impl Fn(&[u8]) -> bool + 'a) -> Test<'a> {
    let coded = match strings {
        Strings::Text(text) => {
            return Box::new(move |block, asked| text.ask(block, asked, &holds));
        }
        Strings::Coded(coded) => coded,
    };
    // Each entry is asked once, whatever the number of rows that hold it.
    let answers: Vec<bool> = coded
        .entries
        .iter()
        .map(|e| e.users > 0 && holds(&e.bytes))
        .collect();
    let yes: Vec<u64> = codes(&answers, true);
    let no: Vec<u64> = codes(&answers, false);
    let (few, flip) = if yes.len() <= no.len() {
        (yes, 0)
    } else {
        (no, u64::MAX)
    };
    let packed = &coded.codes;
    if few.len() <= 8 {
        return Box::new(move |block, _| {
            few.iter()
                .fold(0, |all, code| all | packed.equal(block, *code))
                ^ flip
        });
    }
    Box::new(move |block, asked| {
        if asked.count_ones() < 16 {
            return fold_rows(block, asked, |row| answers[index(packed.get(row))]);
        }
        let bits = packed.unpack(block);
        let bits = bits.iter().enumerate();
        bits.fold(0, |all, (bit, code)| {
            all | u64::from(answers.get(index(*code)).copied().unwrap_or(false)) << bit
        })
    })
}

fn codes(answers: &[bool], wanted: bool) -> Vec<u64> {
    (0..)
        .zip(answers)
        .filter(|(_, answer)| **answer == wanted)
        .map(|(code, _)| code)
        .collect()
}

fn each_row<'a>(holds: impl Fn(Row) -> bool + 'a) -> Test<'a> {
    Box::new(move |block, asked| fold_rows(block, asked, &holds))
}

fn fold_rows(block: usize, asked: u64, holds: impl Fn(Row) -> bool) -> u64 {
    ones(block, asked).fold(0, |all, row| {
        all | u64::from(holds(row)) << (row.index() % 64)
    })
}

fn each_number(numbers: &[f64], block: usize, holds: impl Fn(f64) -> bool) -> u64 {
    let end = numbers.len().min((block + 1) * 64);
    let numbers = numbers
        .get(block * 64..end)
        .unwrap_or(&[])
        .iter()
        .enumerate();
    numbers.fold(0, |all, (bit, number)| {
        all | u64::from(holds(*number)) << bit
    })
}

/// All rows that are asked for, or none.
pub(super) fn constant<'a>(all: bool) -> Test<'a> {
    let all = mask(all);
    Box::new(move |_, asked| asked & all)
}

fn mask(all: bool) -> u64 {
    if all { u64::MAX } else { 0 }
}

fn index(code: u64) -> usize {
    usize::try_from(code).unwrap_or(usize::MAX)
}

/// Doubles as integers in the same order.
fn order(d: f64) -> u64 {
    let bits = d.to_bits();
    if bits >> 63 == 1 {
        !bits
    } else {
        bits | 1 << 63
    }
}

fn unorder(place: u64) -> f64 {
    f64::from_bits(if place >> 63 == 1 {
        place & !(1 << 63)
    } else {
        !place
    })
}

#[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
fn whole(d: f64) -> Option<i64> {
    (d.fract() == 0.0 && d.abs() <= 9_007_199_254_740_992.0).then_some(d as i64)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "an integer that is not exact equals no double of the lane"
)]
fn double(value: &Value) -> Option<f64> {
    match value {
        Value::Int(n) => Some(*n as f64),
        Value::Double(d) => Some(*d),
        _ => None,
    }
}
