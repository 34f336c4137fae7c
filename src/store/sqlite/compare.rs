//! Crowds before and after a change, as sets of rows.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::RwLock;

use crate::audience::{Bitmap, Movement, Row, Table};
use crate::model::id::ExternalId;
use crate::model::limits;
use crate::segment::Filter;
use crate::store::contract::{Compared, Crowd, Question, Shift};

/// Sets that are asked for again: campaigns share segments, and what they share is in many questions.
pub(super) struct Comparing {
    table: Arc<RwLock<Table>>,
    now: Timestamp,
    shifts: HashMap<[Option<Asked>; 2], Arc<Movement>>,
    reaches: HashMap<usize, Arc<Bitmap>>,
    /// What the kept sets take.
    bytes: usize,
}

/// A crowd by the filters it is made of; they live as long as their questions.
type Asked = (Option<usize>, Option<Vec<usize>>);

// === impl Comparing ===

impl Comparing {
    pub(super) fn new(table: Arc<RwLock<Table>>, now: Timestamp) -> Self {
        Self {
            table,
            now,
            shifts: HashMap::new(),
            reaches: HashMap::new(),
            bytes: 0,
        }
    }

    pub(super) fn compare(&mut self, question: &Question) -> Compared {
        let mut shifts = question.shifts.iter();
        let mut all = match shifts.next() {
            None => Arc::default(),
            Some(shift) => self.movement(shift),
        };
        for shift in shifts {
            let one = self.movement(shift);
            Arc::make_mut(&mut all).join(&one);
        }
        let [entered, left] = all.samples(question.samples);
        let witnesses = all.witnesses(question.witnesses);
        let table = self.table.read();
        let ids = |rows: Vec<Row>| -> Vec<ExternalId> {
            rows.into_iter()
                .filter_map(|row| table.external_id(row))
                .collect()
        };
        Compared {
            counts: all.counts(),
            entered: ids(entered),
            left: ids(left),
            witnesses: ids(witnesses),
        }
    }

    fn movement(&mut self, shift: &Shift) -> Arc<Movement> {
        let key = [&shift.before, &shift.after].map(|crowd| crowd.as_ref().map(asked));
        if let Some(known) = self.shifts.get(&key) {
            return Arc::clone(known);
        }
        let (before, after) = self.sides(shift);
        let mut reachable = after.clone();
        let reach = shift.after.as_ref().and_then(|crowd| crowd.reach.as_ref());
        if let Some(filters) = reach {
            let mut reach = Bitmap::new();
            for filter in filters {
                reach.or(&self.reach(filter));
            }
            reachable.and(&reach);
        }
        let movement = Arc::new(Movement {
            before,
            after,
            reachable,
        });
        let bytes = 3 * movement.after.blocks().max(movement.before.blocks()) * 8;
        if self.bytes + bytes <= limits::COMPARED_BYTES_MAX {
            self.bytes += bytes;
            self.shifts.insert(key, Arc::clone(&movement));
        }
        movement
    }

    /// Both sides of one shift, of the same users: no write comes in between.
    fn sides(&self, shift: &Shift) -> (Bitmap, Bitmap) {
        let table = self.table.read();
        let members = |crowd: &Option<Crowd>| match crowd {
            None => Bitmap::new(),
            Some(Crowd { filter: None, .. }) => table.live().clone(),
            Some(Crowd {
                filter: Some(filter),
                ..
            }) => filter.members(&table, self.now),
        };
        let before = members(&shift.before);
        let is_same = match (&shift.before, &shift.after) {
            (Some(before), Some(after)) => before.filter == after.filter,
            (before, after) => before.is_none() && after.is_none(),
        };
        let after = if is_same {
            before.clone()
        } else {
            members(&shift.after)
        };
        (before, after)
    }

    fn reach(&mut self, filter: &Filter) -> Arc<Bitmap> {
        let (table, now) = (&self.table, self.now);
        let reach = self
            .reaches
            .entry(filter.address())
            .or_insert_with(|| Arc::new(filter.members(&table.read(), now)));
        Arc::clone(reach)
    }
}

fn asked(crowd: &Crowd) -> Asked {
    let reach = crowd.reach.as_ref();
    (
        crowd.filter.as_ref().map(Filter::address),
        reach.map(|filters| filters.iter().map(Filter::address).collect()),
    )
}
