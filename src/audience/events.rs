//! Events as columns: for each name, the times of all users' events in the order of rows and times.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::model::Value;
use crate::model::event::from_millis;

use super::Row;
use super::leaf::{self, Leaf};

/// One event as the columns keep it.
#[derive(Debug, Clone, PartialEq)]
pub struct Happening {
    /// Milliseconds since 1970.
    pub at: i64,
    /// Where the store has the whole event.
    pub batch: u64,
    /// A digest of the event's id; 0 without one.
    pub id: u64,
    /// Properties that can be summed.
    pub numbers: Vec<(Box<str>, f64)>,
}

/// A span of time in milliseconds: later than `after`, not later than `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub after: i64,
    pub until: i64,
}

/// What is asked of a user's events of one name in a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Measure {
    /// How many.
    Count,
    /// When the first one was.
    First,
    /// When the last one was.
    Last,
    /// The sum of a property; events without it, or with a text, add nothing.
    Sum(String),
}

/// All events of one name.
#[derive(Debug, Clone, Default)]
pub(super) struct Happenings {
    /// By row, then time; equal ones in the order in which they came.
    #[expect(
        clippy::vec_box,
        reason = "a new leaf moves all behind it: pointers are a tenth of leaves"
    )]
    pub(super) leaves: Vec<Box<Leaf>>,
    /// Names of the properties in [`Leaf::numbers`].
    pub(super) numbers: Vec<Box<str>>,
}

/// What a row's events come to so far.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    count: u64,
    first: Option<i64>,
    last: Option<i64>,
    sum: f64,
}

/// Answers to small counts, which most are: each is asked once.
struct Answers<'a> {
    measure: &'a Measure,
    holds: &'a dyn Fn(Option<&Value>) -> bool,
    counts: [Option<bool>; 32],
}

// === impl Measure ===

impl Measure {
    fn value(&self, tally: &Tally) -> Option<Value> {
        match self {
            Self::Count => Some(Value::Int(i64::try_from(tally.count).unwrap_or(i64::MAX))),
            Self::First => tally.first.map(|at| Value::Timestamp(from_millis(at))),
            Self::Last => tally.last.map(|at| Value::Timestamp(from_millis(at))),
            Self::Sum(_) => Some(Value::Double(tally.sum)),
        }
    }

    /// Measures events that no column holds, in the order of time.
    pub fn of(
        &self,
        events: impl Iterator<Item = (i64, Option<f64>)>,
        window: Window,
    ) -> Option<Value> {
        let mut tally = Tally::default();
        for (at, number) in events.filter(|(at, _)| window.holds(*at)) {
            tally.add(at, number);
        }
        self.value(&tally)
    }
}

// === impl Tally ===

impl Tally {
    fn add(&mut self, at: i64, number: Option<f64>) {
        self.count += 1;
        self.first = self.first.or(Some(at));
        self.last = Some(at);
        self.sum += number.filter(|n| !n.is_nan()).unwrap_or(0.0);
    }
}

// === impl Window ===

impl Window {
    fn holds(self, at: i64) -> bool {
        at > self.after && at <= self.until
    }
}

// === impl Happenings ===

impl Happenings {
    pub(super) fn len(&self) -> usize {
        self.leaves.iter().map(|leaf| leaf.rows.len()).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }

    /// Properties that some event has as a number.
    pub(super) fn numbers(&self) -> &[Box<str>] {
        &self.numbers
    }

    pub(super) fn insert(&mut self, row: Row, event: &Happening) {
        let key = (row.0, event.at);
        let behind = self.leaves.partition_point(|leaf| leaf.first() <= key);
        let numbers = self.numbers_of(event);
        if self.leaves.is_empty() {
            self.leaves.push(Box::default());
        }
        let at = behind.saturating_sub(1);
        let n_leaves = self.leaves.len();
        let leaf = &mut self.leaves[at];
        let place = leaf.place_behind(key);
        leaf.insert(place, row, event, &numbers);
        if leaf.rows.len() > leaf::LEN_MAX {
            // Events mostly come in the order of rows or not at all: a full leaf at the end is left full.
            let is_last = place + 1 == leaf.rows.len() && at + 1 == n_leaves;
            let upper = leaf.split_off(if is_last {
                leaf::LEN_MAX
            } else {
                leaf::LEN_MAX / 2
            });
            self.leaves.insert(at + 1, Box::new(upper));
        }
    }

    /// The row's events: time, batch, id.
    pub(super) fn of(&self, row: Row) -> impl Iterator<Item = (i64, u64, u64)> + '_ {
        self.places(row).flat_map(|(leaf, places)| {
            places.map(|at| (leaf.at[at], leaf.batches[at], leaf.id(at)))
        })
    }

    pub(super) fn count_of(&self, row: Row) -> usize {
        self.places(row).map(|(_, places)| places.len()).sum()
    }

    pub(super) fn measure(&self, row: Row, measure: &Measure, window: Window) -> Option<Value> {
        let column = self.column(measure);
        let mut tally = Tally::default();
        for (leaf, places) in self.places(row) {
            for at in places.filter(|at| window.holds(leaf.at[*at])) {
                tally.add(leaf.at[at], leaf.number(column, at));
            }
        }
        measure.value(&tally)
    }

    /// The rows of some blocks, one word each, for which `holds` is true of the measure.
    pub(super) fn select(
        &self,
        blocks: Range<usize>,
        measure: &Measure,
        window: Window,
        holds: &dyn Fn(Option<&Value>) -> bool,
    ) -> Vec<u64> {
        let mut answers = Answers::new(measure, holds);
        let none = answers.hold(&Tally::default());
        let mut found = vec![if none { u64::MAX } else { 0 }; blocks.len()];
        let mut settle = |row: u32, tally: &Tally| {
            let holds = answers.hold(tally);
            if holds != none {
                found[row as usize / 64 - blocks.start] ^= 1 << (row % 64);
            }
        };
        let first_row = |block: usize| Row::at(block.saturating_mul(64)).0;
        let rows = first_row(blocks.start)..first_row(blocks.end);
        let column = self.column(measure);
        let mut open: Option<(u32, Tally)> = None;
        let from = self
            .leaves
            .partition_point(|leaf| leaf.last_row() < rows.start);
        let leaves = self.leaves[from..].iter();
        for leaf in leaves.take_while(|leaf| leaf.first().0 < rows.end) {
            // Who has no event in the window is told by `none`.
            for (at, row) in leaf.between(&rows, |at| window.holds(at)) {
                let is_next = open.as_ref().is_none_or(|(of, _)| *of != row);
                if is_next && let Some((of, tally)) = open.replace((row, Tally::default())) {
                    settle(of, &tally);
                }
                if let Some((_, tally)) = &mut open {
                    tally.add(leaf.at[at], leaf.number(column, at));
                }
            }
        }
        if let Some((row, tally)) = open {
            settle(row, &tally);
        }
        found
    }

    /// Removes the row's events.
    pub(super) fn clear(&mut self, row: Row) {
        let (from, to) = self.leaves_of(row);
        for leaf in &mut self.leaves[from..to] {
            leaf.retain(|leaf, at| leaf.rows[at] != row.0);
        }
        self.leaves.retain(|leaf| !leaf.rows.is_empty());
    }

    /// The batches with events at or before `cutoff`, up to `max` of them.
    pub(super) fn expired(&self, cutoff: i64, found: &mut BTreeSet<u64>, max: usize) {
        for leaf in self.leaves.iter().filter(|leaf| leaf.oldest <= cutoff) {
            for (at, batch) in leaf.at.iter().zip(&leaf.batches) {
                if found.len() >= max {
                    return;
                }
                if *at <= cutoff {
                    found.insert(*batch);
                }
            }
        }
    }

    /// Removes events of the batches at or before `cutoff`.
    pub(super) fn expire(&mut self, cutoff: i64, batches: &BTreeSet<u64>) {
        for leaf in &mut self.leaves {
            if leaf.oldest <= cutoff {
                leaf.retain(|leaf, at| {
                    leaf.at[at] > cutoff || !batches.contains(&leaf.batches[at])
                });
            }
        }
        self.leaves.retain(|leaf| !leaf.rows.is_empty());
    }

    pub(super) fn bytes(&self) -> usize {
        let leaves = self.leaves.iter();
        leaves.map(|leaf| 8 + leaf.bytes()).sum::<usize>() + self.leaves.capacity() * 8
    }

    /// The leaves in which the row may have events.
    fn leaves_of(&self, row: Row) -> (usize, usize) {
        let from = self.leaves.partition_point(|leaf| leaf.last_row() < row.0);
        let rest = &self.leaves[from..];
        (
            from,
            from + rest.partition_point(|leaf| leaf.first().0 <= row.0),
        )
    }

    fn places(&self, row: Row) -> impl Iterator<Item = (&Leaf, std::ops::Range<usize>)> {
        let (from, to) = self.leaves_of(row);
        self.leaves[from..to].iter().map(move |leaf| {
            let start = leaf.rows.partition_point(|of| *of < row.0);
            let end = leaf.rows.partition_point(|of| *of <= row.0);
            (leaf.as_ref(), start..end)
        })
    }

    fn column(&self, measure: &Measure) -> Option<usize> {
        let Measure::Sum(property) = measure else {
            return None;
        };
        self.numbers.iter().position(|name| **name == **property)
    }

    /// The event's numbers by column; new properties get one.
    fn numbers_of(&mut self, event: &Happening) -> Vec<(usize, f64)> {
        let numbers = event.numbers.iter().map(|(name, number)| {
            let known = self.numbers.iter().position(|known| known == name);
            let column = known.unwrap_or_else(|| {
                self.numbers.push(name.clone());
                self.numbers.len() - 1
            });
            (column, *number)
        });
        numbers.collect()
    }
}

// === impl Answers ===

impl<'a> Answers<'a> {
    fn new(measure: &'a Measure, holds: &'a dyn Fn(Option<&Value>) -> bool) -> Self {
        Self {
            measure,
            holds,
            counts: [None; 32],
        }
    }

    fn hold(&mut self, tally: &Tally) -> bool {
        let ask = || (self.holds)(self.measure.value(tally).as_ref());
        if *self.measure != Measure::Count {
            return ask();
        }
        let small = usize::try_from(tally.count).ok();
        match small.and_then(|n| self.counts.get_mut(n)) {
            Some(known) => *known.get_or_insert_with(ask),
            None => ask(),
        }
    }
}
