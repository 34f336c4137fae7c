//! A question for one column: its lane by the lane's type, the values beside it one by one.

use std::cell::RefCell;
use std::ops::Range;

use super::numbers::{double_test, int_test, time_test, whole};
use super::strings::{coded_test, string_test};
use super::{BLOCKS, Question, Shape, Test, constant, each_block, each_row, mask};
use crate::audience::column::{Column, Lane};
use crate::audience::strings::Strings;
use crate::audience::{Row, encode};
use crate::model::Value;

/// Answers for the rows of some blocks whose values are not in the lane.
struct Others {
    first_block: usize,
    rows: Vec<u64>,
    holds: Vec<u64>,
}

// === impl Column ===

impl Column {
    /// The question made ready for some blocks. `object` reads a row's whole object.
    pub(in crate::audience) fn test<'a>(
        &'a self,
        question: Question<'a>,
        blocks: Range<usize>,
        object: impl Fn(Row) -> Option<Value> + 'a,
    ) -> Test<'a> {
        let absent = mask((question.holds)(None));
        let others = self.other_answers(&question, blocks, &object);
        let in_lane = self.lane_test(question, object);
        Box::new(move |first, asked| {
            let mut at_first = [0; BLOCKS];
            let at_first = &mut at_first[..asked.len()];
            at_first.copy_from_slice(asked);
            self.main.keep(first, asked);
            in_lane(first, asked);
            if absent != 0 {
                for ((block, found), asked) in (first..).zip(&mut *asked).zip(&*at_first) {
                    *found |= asked & !self.main.word(block);
                }
            }
            if let Some(others) = &others {
                for ((block, found), asked) in (first..).zip(asked).zip(at_first) {
                    let (rows, holds) = others.at(block);
                    *found = *found & !rows | *asked & holds;
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

    /// A test of rows that are in the lane.
    fn lane_test<'a>(
        &'a self,
        question: Question<'a>,
        object: impl Fn(Row) -> Option<Value> + 'a,
    ) -> Test<'a> {
        let holds = &question.holds;
        if matches!(question.shape, Shape::Presence) {
            // Any value does: presence is all that is asked.
            return constant(holds(Some(&Value::Bool(true))));
        }
        match &self.lane {
            Lane::Empty => constant(false),
            Lane::Bools(yes) => {
                let [on, off] = [true, false].map(|b| mask(holds(Some(&Value::Bool(b)))));
                each_block(move |block, asked| {
                    asked & (yes.word(block) & on | !yes.word(block) & off)
                })
            }
            Lane::Ints(ints) => int_test(ints, question, Value::Int, |value| match value {
                Value::Int(n) => Some(*n),
                Value::Double(d) => whole(*d),
                _ => None,
            }),
            Lane::Times(times) => time_test(times, question),
            Lane::Doubles(numbers, whole) => double_test(numbers, whole, question),
            Lane::Texts(Strings::Text(text)) if matches!(question.shape, Shape::Emptiness) => {
                if text.empty.is_empty() {
                    return constant(holds(Some(&Value::String("a".into()))));
                }
                let [empty, other] = ["", "a"].map(|s| mask(holds(Some(&Value::String(s.into())))));
                each_block(move |block, asked| {
                    let rows = text.empty.word(block);
                    asked & (rows & empty | !rows & other)
                })
            }
            Lane::Texts(Strings::Coded(coded)) if let Some(test) = coded_test(coded, &question) => {
                test
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
