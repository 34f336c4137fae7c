//! The table's events.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use jiff::Timestamp;
use parking_lot::Mutex;

use crate::model::Value;
use crate::model::event::{EventName, Retention};
use crate::parallel::{Task, each_task};

use super::bulk::Bulk;
use super::events::{Happening, Happenings, Measure, Window};
use super::scan::{constant, each_block};
use super::{Row, Table, Test};

// === impl Table ===

impl Table {
    /// Adds an event of a user who is there.
    pub fn track(&mut self, row: Row, name: &str, event: &Happening) {
        if let Some(events) = self.events.get_mut(name) {
            events.insert(row, event);
        } else {
            let events = self.events.entry(name.into()).or_default();
            events.insert(row, event);
        }
    }

    /// Sets all events of some names at once, a name on each processor.
    pub fn track_all(&mut self, by_name: HashMap<String, Vec<Bulk>>) {
        let made = Mutex::new(&mut self.events);
        let tasks = by_name.into_iter().map(|(name, bulks)| -> Task<'_> {
            let made = &made;
            Box::new(move || {
                let events = Happenings::of_bulks(bulks);
                if !events.is_empty() {
                    made.lock().insert(name.into(), events);
                }
            })
        });
        each_task(tasks.collect());
    }

    /// The row's events of a name: time in milliseconds, batch, digest of the id.
    pub fn tracked(&self, row: Row, name: &str) -> impl Iterator<Item = (i64, u64, u64)> {
        let events = self.events.get(name).into_iter();
        events.flat_map(move |events| events.of(row))
    }

    /// How many events of a name the row has.
    pub fn n_tracked(&self, row: Row, name: &str) -> usize {
        let events = self.events.get(name);
        events.map_or(0, |events| events.count_of(row))
    }

    /// The properties with numbers that events of a name have; `None` for a new name.
    pub fn event_numbers(&self, name: &str) -> Option<&[Box<str>]> {
        self.events.get(name).map(Happenings::numbers)
    }

    /// Names of tracked events.
    pub fn n_event_names(&self) -> usize {
        self.tracked_names().count()
    }

    /// As [`Table::event_names`], without what stands under them.
    pub fn tracked_names(&self) -> impl Iterator<Item = &str> {
        let names = self.events.keys().map(AsRef::as_ref);
        names.filter(|name: &&str| !name.starts_with('$'))
    }

    /// Where the store has events of the row, whatever their names.
    pub fn batches(&self, row: Row) -> BTreeSet<u64> {
        let events = self.events.values().flat_map(|events| events.of(row));
        let batches = events.map(|(_, batch, _)| batch);
        // What the store keeps elsewhere has none.
        batches.filter(|batch| *batch != 0).collect()
    }

    pub fn measure(
        &self,
        row: Row,
        name: &str,
        measure: &Measure,
        window: Window,
    ) -> Option<Value> {
        match self.events.get(name) {
            Some(events) => events.measure(row, measure, window),
            None => measure.of(std::iter::empty(), window),
        }
    }

    /// As [`Table::test`], of what users' events come to.
    pub fn test_events<'a>(
        &'a self,
        name: &str,
        (measure, window): (&Measure, Window),
        holds: &dyn Fn(Option<&Value>) -> bool,
        blocks: Range<usize>,
    ) -> Test<'a> {
        let Some(events) = self.events.get(name) else {
            return constant(holds(measure.of(std::iter::empty(), window).as_ref()));
        };
        let first = blocks.start;
        let words = events.select(blocks, measure, window, holds);
        each_block(move |block, asked| {
            asked & words.get(block.wrapping_sub(first)).copied().unwrap_or(0)
        })
    }

    /// Every name under which there are events. Names that begin with `$` are ours.
    pub fn event_names(&self) -> Vec<EventName> {
        let names = self
            .events
            .iter()
            .filter(|(name, _)| !name.starts_with('$'));
        let read = names.map(|(name, events)| EventName {
            name: name.to_string(),
            events: events.len() as u64,
            numbers: events.numbers().iter().map(ToString::to_string).collect(),
        });
        read.collect()
    }

    /// Batches with events past their retention, up to `max`.
    pub fn expired(&self, retention: &Retention, now: Timestamp, max: usize) -> BTreeSet<u64> {
        let mut found = BTreeSet::new();
        for (name, events) in self
            .events
            .iter()
            .filter(|(name, _)| !name.starts_with('$'))
        {
            events.expired(retention.cutoff(name, now), &mut found, max);
        }
        found
    }

    /// Removes the events of `batches` that are past their retention.
    pub fn expire(&mut self, retention: &Retention, now: Timestamp, batches: &BTreeSet<u64>) {
        self.events.retain(|name, events| {
            if !name.starts_with('$') {
                events.expire(retention.cutoff(name, now), batches);
            }
            !events.is_empty()
        });
    }
}
