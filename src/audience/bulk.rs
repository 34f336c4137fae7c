//! Many events of one name at once, column by column.

use super::Row;
use super::events::Happenings;
use super::leaf::{self, Leaf};

/// Events in the order in which they came.
#[derive(Debug, Default)]
pub struct Bulk {
    rows: Vec<u32>,
    at: Vec<i64>,
    batches: Vec<u64>,
    ids: Vec<u64>,
    numbers: Vec<(Box<str>, Sparse)>,
}

/// Of a property: events that have it, and their numbers.
type Sparse = Vec<(usize, f64)>;

// === impl Bulk ===

impl Bulk {
    /// Adds an event: its time in milliseconds, where the store has it, a digest of its id.
    pub fn push(&mut self, row: Row, at: i64, batch: u64, id: u64) {
        self.rows.push(row.0);
        self.at.push(at);
        self.batches.push(batch);
        self.ids.push(id);
    }

    /// A property of the event that was pushed last.
    pub fn push_number(&mut self, name: &str, number: f64) {
        let event = self.rows.len().saturating_sub(1);
        match self.numbers.iter_mut().find(|(known, _)| **known == *name) {
            Some((_, numbers)) => numbers.push((event, number)),
            None => self.numbers.push((name.into(), vec![(event, number)])),
        }
    }

    fn append(&mut self, mut other: Self) {
        let n = self.rows.len();
        self.rows.append(&mut other.rows);
        self.at.append(&mut other.at);
        self.batches.append(&mut other.batches);
        self.ids.append(&mut other.ids);
        for (name, numbers) in other.numbers {
            let numbers = numbers
                .into_iter()
                .map(|(event, number)| (n + event, number));
            match self.numbers.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => known.extend(numbers),
                None => self.numbers.push((name, numbers.collect())),
            }
        }
    }
}

// === impl Happenings ===

impl Happenings {
    /// All events of a name, which costs far less than one by one.
    pub(super) fn of_bulks(bulks: Vec<Bulk>) -> Self {
        let mut all = Bulk::default();
        for bulk in bulks {
            all.append(bulk);
        }
        let mut order: Vec<(u32, i64, usize)> = (0..)
            .zip(all.rows.iter().zip(&all.at))
            .map(|(event, (row, at))| (*row, *at, event))
            .collect();
        // Events of one row and time stay in the order in which they came.
        order.sort_unstable();
        let columns: Vec<Vec<f64>> = all
            .numbers
            .iter()
            .map(|(_, numbers)| {
                let mut column = vec![f64::NAN; all.rows.len()];
                for (event, number) in numbers {
                    column[*event] = *number;
                }
                column
            })
            .collect();
        let leaves = order.chunks(leaf::LEN_MAX).map(|some| {
            let events = some.iter().map(|(_, _, event)| *event);
            let ids: Vec<u64> = events.clone().map(|event| all.ids[event]).collect();
            let numbers = columns.iter().map(|column| {
                let column: Vec<f64> = events.clone().map(|event| column[event]).collect();
                if column.iter().all(|n| n.is_nan()) {
                    Vec::new()
                } else {
                    column
                }
            });
            let leaf = Leaf {
                rows: some.iter().map(|(row, ..)| *row).collect(),
                at: some.iter().map(|(_, at, _)| *at).collect(),
                oldest: some.iter().map(|(_, at, _)| *at).min().unwrap_or(i64::MAX),
                batches: events.clone().map(|event| all.batches[event]).collect(),
                ids: if ids.iter().all(|id| *id == 0) {
                    Vec::new()
                } else {
                    ids
                },
                numbers: numbers.collect(),
            };
            Box::new(leaf)
        });
        let leaves = leaves.collect();
        let numbers = all.numbers.into_iter().map(|(name, _)| name).collect();
        Self { leaves, numbers }
    }
}
