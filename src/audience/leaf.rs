//! Some events of one name, column by column.

use std::ops::Range;

use super::Row;
use super::events::Happening;

/// Events in one leaf: an insertion moves half of them, a scan looks up one leaf for all of them.
pub(super) const LEN_MAX: usize = 512;

/// Events in the order of rows and times.
#[derive(Debug, Clone, Default)]
pub(super) struct Leaf {
    pub(super) rows: Vec<u32>,
    pub(super) at: Vec<i64>,
    /// The earliest time of them: most leaves hold nothing that is past its retention.
    pub(super) oldest: i64,
    pub(super) batches: Vec<u64>,
    /// Empty while no event has one.
    pub(super) ids: Vec<u64>,
    /// By property; empty while no event has it, NaN for those that have not.
    pub(super) numbers: Vec<Vec<f64>>,
}

// === impl Leaf ===

impl Leaf {
    /// Row and time of the first event; the lowest of all while there is none.
    pub(super) fn first(&self) -> (u32, i64) {
        let first = self.rows.first().zip(self.at.first());
        first.map_or((0, i64::MIN), |(row, at)| (*row, *at))
    }

    pub(super) fn last_row(&self) -> u32 {
        self.rows.last().copied().unwrap_or(0)
    }

    pub(super) fn id(&self, at: usize) -> u64 {
        self.ids.get(at).copied().unwrap_or(0)
    }

    pub(super) fn number(&self, column: Option<usize>, at: usize) -> Option<f64> {
        self.numbers.get(column?)?.get(at).copied()
    }

    /// Places and rows of the events of some rows, at times that count.
    pub(super) fn between(
        &self,
        rows: &Range<u32>,
        counts: impl Fn(i64) -> bool,
    ) -> impl Iterator<Item = (usize, u32)> {
        let from = self.rows.partition_point(|row| *row < rows.start);
        let to = self.rows.partition_point(|row| *row < rows.end);
        let events = self.rows[from..to].iter().zip(&self.at[from..to]);
        (from..)
            .zip(events)
            .filter(move |(_, (_, at))| counts(**at))
            .map(|(place, (row, _))| (place, *row))
    }

    /// The place behind all events that are not later.
    pub(super) fn place_behind(&self, (row, time): (u32, i64)) -> usize {
        let start = self.rows.partition_point(|of| *of < row);
        let end = self.rows.partition_point(|of| *of <= row);
        start + self.at[start..end].partition_point(|at| *at <= time)
    }

    pub(super) fn insert(
        &mut self,
        place: usize,
        row: Row,
        event: &Happening,
        numbers: &[(usize, f64)],
    ) {
        let len = self.rows.len();
        self.oldest = if len == 0 {
            event.at
        } else {
            self.oldest.min(event.at)
        };
        self.rows.insert(place, row.0);
        self.at.insert(place, event.at);
        self.batches.insert(place, event.batch);
        if event.id != 0 && self.ids.is_empty() {
            self.ids = vec![0; len];
        }
        if event.id != 0 || !self.ids.is_empty() {
            self.ids.insert(place, event.id);
        }
        for column in self.numbers.iter_mut().filter(|column| !column.is_empty()) {
            column.insert(place, f64::NAN);
        }
        for (column, number) in numbers {
            if self.numbers.len() <= *column {
                self.numbers.resize(column + 1, Vec::new());
            }
            let column = &mut self.numbers[*column];
            if column.is_empty() {
                *column = vec![f64::NAN; len + 1];
            }
            column[place] = *number;
        }
    }

    pub(super) fn split_off(&mut self, at: usize) -> Self {
        let tail = |items: &mut Vec<f64>| {
            if items.is_empty() {
                Vec::new()
            } else {
                items.split_off(at)
            }
        };
        let upper = self.at.split_off(at);
        self.oldest = oldest(&self.at);
        Self {
            rows: self.rows.split_off(at),
            oldest: oldest(&upper),
            at: upper,
            batches: self.batches.split_off(at),
            ids: if self.ids.is_empty() {
                Vec::new()
            } else {
                self.ids.split_off(at)
            },
            numbers: self.numbers.iter_mut().map(tail).collect(),
        }
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&Self, usize) -> bool) {
        let kept: Vec<usize> = (0..self.rows.len()).filter(|at| keep(self, *at)).collect();
        if kept.len() == self.rows.len() {
            return;
        }
        self.rows = kept.iter().map(|at| self.rows[*at]).collect();
        self.at = kept.iter().map(|at| self.at[*at]).collect();
        self.oldest = oldest(&self.at);
        self.batches = kept.iter().map(|at| self.batches[*at]).collect();
        if !self.ids.is_empty() {
            self.ids = kept.iter().map(|at| self.ids[*at]).collect();
        }
        for column in self.numbers.iter_mut().filter(|column| !column.is_empty()) {
            *column = kept.iter().map(|at| column[*at]).collect();
        }
    }

    pub(super) fn bytes(&self) -> usize {
        let numbers = self.numbers.iter().map(|column| 24 + column.capacity() * 8);
        size_of::<Self>()
            + self.rows.capacity() * 4
            + (self.at.capacity() + self.batches.capacity() + self.ids.capacity()) * 8
            + numbers.sum::<usize>()
    }
}

/// The earliest of some times.
pub(super) fn oldest(times: &[i64]) -> i64 {
    times.iter().copied().min().unwrap_or(i64::MAX)
}
