//! What a group of jobs will add to users' events: kept aside until it is committed.

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use rusqlite::Connection;

use super::codec::Entry;
use super::events;
use super::pending::Pending;
use crate::audience::{Happening, Table};
use crate::model::event::{Event, Retention, Tracked, millis};
use crate::model::id::{EventId, ExternalId};
use crate::model::limits;
use crate::model::user::Rejected;
use crate::segment::RECEIVED;
use crate::store::contract::{Result, TrackReport};

/// One thing that a group does to events.
#[derive(Debug)]
pub(super) enum Deed {
    Track(Event),
    /// A message was sent: the user, the campaign, when.
    Received(ExternalId, String, Timestamp),
    Expire(Retention, Timestamp, BTreeSet<u64>),
}

/// A group's deeds, each with how many of the group's entries came before it.
#[derive(Debug, Default)]
pub(super) struct Deeds {
    list: Vec<(usize, Deed)>,
    /// How many events of a name a user gets, and the digests of their ids.
    by_user: HashMap<(ExternalId, String), Vec<u64>>,
    /// Names of events with their properties that are numbers, as far as the group knows them.
    names: HashMap<String, HashSet<String>>,
}

/// A deed ready for memory, with the entries that come before it.
pub(super) type Step = (usize, Deed, u64);

// === impl Deeds ===

impl Deeds {
    pub(super) fn push(&mut self, at: usize, deed: Deed) {
        self.list.push((at, deed));
    }

    /// What is still to come of a user who is deleted counts no more.
    pub(super) fn forget(&mut self, id: &ExternalId) {
        self.by_user.retain(|(of, _), _| of != id);
    }

    pub(super) fn mark(&self) -> usize {
        self.list.len()
    }

    pub(super) fn truncate(&mut self, len: usize) {
        for (_, deed) in self.list.drain(len..) {
            if let Deed::Track(event) = deed {
                let key = (event.external_id, event.name);
                if let Some(ids) = self.by_user.get_mut(&key) {
                    ids.pop();
                }
            }
        }
    }

    /// Keeps the bounds on names and on numbers.
    fn admit(&mut self, table: &Table, event: &Event) -> std::result::Result<(), Rejected> {
        let is_new = table.event_numbers(&event.name).is_none();
        if is_new && !self.names.contains_key(&event.name) {
            let new = self
                .names
                .keys()
                .filter(|name| table.event_numbers(name).is_none());
            if table.n_event_names() + new.count() >= limits::EVENT_NAMES_MAX {
                let message = format!("is a new name; there may be {}", limits::EVENT_NAMES_MAX);
                return Err(Rejected {
                    path: "name".into(),
                    message,
                });
            }
        }
        if event.numbers().next().is_none() && !is_new {
            return Ok(());
        }
        let numbers = self.names.entry(event.name.clone()).or_insert_with(|| {
            let known = table.event_numbers(&event.name).unwrap_or_default();
            known.iter().map(ToString::to_string).collect()
        });
        let added: Vec<_> = event
            .numbers()
            .filter(|(name, _)| !numbers.contains(*name))
            .map(|(name, _)| name.to_owned())
            .collect();
        if numbers.len() + added.len() > limits::EVENT_NUMBERS_MAX {
            return Err(Rejected {
                path: "properties".into(),
                message: format!(
                    "adds a number; the events of one name may have {} that are numbers: send others as texts",
                    limits::EVENT_NUMBERS_MAX
                ),
            });
        }
        numbers.extend(added);
        Ok(())
    }

    /// Stores the events, save those of users whom a later entry deletes.
    pub(super) fn store(
        &mut self,
        connection: &Connection,
        entries: &[Entry],
    ) -> Result<Vec<Step>> {
        let deeds = std::mem::take(&mut self.list);
        let deletions = entries
            .iter()
            .enumerate()
            .filter_map(|(at, entry)| match entry {
                Entry::Delete(id) => Some((id, at)),
                Entry::Change(_) => None,
            });
        // The last one of each user.
        let deleted: HashMap<&ExternalId, usize> = deletions.collect();
        let is_kept = |at: usize, deed: &Deed| match deed {
            Deed::Track(Event {
                external_id: id, ..
            })
            | Deed::Received(id, ..) => deleted.get(id).is_none_or(|deleted| *deleted < at),
            Deed::Expire(..) => true,
        };
        let kept: Vec<_> = deeds
            .into_iter()
            .filter(|(at, deed)| is_kept(*at, deed))
            .collect();
        let tracked: Vec<&Event> = kept
            .iter()
            .filter_map(|(_, deed)| match deed {
                Deed::Track(event) => Some(event),
                _ => None,
            })
            .collect();
        let mut batches = events::insert(connection, &tracked)?.into_iter();
        let steps = kept.into_iter().map(|(at, deed)| {
            let batch = match deed {
                Deed::Track(_) => batches.next().unwrap_or(0),
                _ => 0,
            };
            (at, deed, batch)
        });
        Ok(steps.collect())
    }
}

// === impl Pending ===

impl Pending {
    /// Takes events in order; each sees those before it.
    pub(super) fn track(&mut self, events: Vec<Event>) -> TrackReport {
        let lock = self.table();
        let table = lock.read();
        events
            .into_iter()
            .map(|event| self.track_one(&table, event))
            .collect()
    }

    fn track_one(&mut self, table: &Table, event: Event) -> std::result::Result<Tracked, Rejected> {
        let exists = self.exists(table, &event.external_id);
        // Somebody whom this group deleted and who comes back has no past.
        let row = table.row(&event.external_id);
        let row = row.filter(|_| !self.was_deleted(&event.external_id));
        let key = (event.external_id.clone(), event.name.clone());
        let waiting = self.deeds.by_user.get(&key);
        let id = event.id.as_ref().map_or(0, EventId::digest);
        if id != 0 {
            let mut known = row
                .into_iter()
                .flat_map(|row| table.tracked(row, &event.name));
            let is_known = known.any(|(_, _, known)| known == id);
            if is_known || waiting.is_some_and(|ids| ids.contains(&id)) {
                return Ok(Tracked::Repeated);
            }
        }
        let kept = row.map_or(0, |row| table.n_tracked(row, &event.name));
        let n = kept + waiting.map_or(0, Vec::len);
        if n >= limits::EVENTS_PER_USER_MAX {
            return Err(Rejected {
                path: "name".into(),
                message: format!(
                    "the user has {n} `{}` events; {} are kept: shorten their retention, or count them in an attribute",
                    event.name,
                    limits::EVENTS_PER_USER_MAX
                ),
            });
        }
        self.deeds.admit(table, &event)?;
        if !exists {
            self.create(&event.external_id);
        }
        self.deeds.by_user.entry(key).or_default().push(id);
        let at = self.entries().len();
        self.deeds.push(at, Deed::Track(event));
        Ok(Tracked::Recorded)
    }

    /// Notes that a message was sent.
    pub(super) fn receive(&mut self, id: ExternalId, campaign: String, at: Timestamp) {
        let before = self.entries().len();
        self.deeds.push(before, Deed::Received(id, campaign, at));
    }
}

/// Applies a deed to the users in memory.
pub(super) fn apply(table: &mut Table, deed: &Deed, batch: u64) {
    match deed {
        Deed::Track(event) => {
            if let Some(row) = table.row(&event.external_id) {
                table.track(row, &event.name, &events::happening(event, batch));
            }
        }
        Deed::Received(id, campaign, at) => {
            if let Some(row) = table.row(id) {
                table.track(row, &format!("{RECEIVED}{campaign}"), &received(*at));
            }
        }
        Deed::Expire(retention, now, batches) => table.expire(retention, *now, batches),
    }
}

/// A message that was sent, as the columns keep it.
pub(super) fn received(at: Timestamp) -> Happening {
    Happening {
        at: millis(at),
        batch: 0,
        id: 0,
        numbers: Vec::new(),
    }
}
