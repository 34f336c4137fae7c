//! Recording events, listing their names, and dropping those past their retention.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::engine::users::check_size_of;
use crate::engine::{Engine, Result};
use crate::model::event::{Event, EventName, Tracked};
use crate::model::limits;
use crate::model::registry::EventDeclaration;
use crate::model::user::Rejected;
use crate::store::contract::TrackReport;

/// An event as a door read it: some are refused before they are an [`Event`].
pub type Deed = std::result::Result<Event, Rejected>;

/// How often events past their retention are looked for.
const EXPIRE_EVERY: Duration = Duration::from_mins(10);

/// A name of events that is used, or was declared, and how long they are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedEvents {
    pub name: EventName,
    pub retention: Duration,
    pub declared: Option<EventDeclaration>,
}

// === impl Engine ===

impl Engine {
    /// Records every acceptable event; a bad one changes nothing and stops nothing.
    pub async fn track(&self, deeds: Vec<Deed>) -> Result<TrackReport> {
        check_size_of("events", deeds.len(), limits::BATCH_EVENTS_MAX)?;
        let now = self.parts.clock.now();
        let applied = self.applied.load_full();
        let (mut events, mut refused) = (Vec::with_capacity(deeds.len()), BTreeMap::new());
        for (at, deed) in deeds.into_iter().enumerate() {
            let checked = deed.and_then(|event| {
                event.check()?;
                event.check_time(&applied.retention, now)?;
                Ok(event)
            });
            match checked {
                Ok(event) => events.push(event),
                Err(rejected) => drop(refused.insert(at, rejected)),
            }
        }
        let n = events.len() + refused.len();
        let report = if events.is_empty() {
            TrackReport::new()
        } else {
            self.parts.store.track_events(events).await?
        };
        let mut recorded = report.into_iter();
        let whole = (0..n).filter_map(|at| match refused.remove(&at) {
            Some(rejected) => Some(Err(rejected)),
            None => recorded.next(),
        });
        Ok(whole.collect())
    }

    /// Every name that is used or declared, in order.
    pub async fn event_names(&self) -> Result<Vec<NamedEvents>> {
        let applied = self.applied.load_full();
        let mut names = BTreeMap::new();
        for name in applied.set.registry.events.keys() {
            let unused = EventName {
                name: name.clone(),
                events: 0,
                numbers: Vec::new(),
            };
            names.insert(name.clone(), unused);
        }
        for used in self.parts.store.event_names().await? {
            names.insert(used.name.clone(), used);
        }
        let names = names.into_values().map(|name| NamedEvents {
            retention: applied.retention.of(&name.name),
            declared: applied.set.registry.events.get(&name.name).cloned(),
            name,
        });
        Ok(names.collect())
    }

    /// Drops events past their retention, until the server stops.
    pub async fn expire_events(&self) {
        loop {
            tokio::select! {
                () = self.parts.clock.sleep(EXPIRE_EVERY) => {}
                () = self.parts.tasks.stopping() => return,
            }
            if let Err(error) = self.expire_all().await {
                tracing::warn!(%error, "events past their retention were not dropped; tried again later");
            }
        }
    }

    async fn expire_all(&self) -> Result<()> {
        let retention = self.applied.load().retention.clone();
        let now = self.parts.clock.now();
        while self.parts.store.expire_events(&retention, now).await? {
            if self.parts.tasks.is_stopping() {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// How many were recorded, and how many were tracked before.
pub fn tally_tracked(report: &TrackReport) -> (usize, usize) {
    let count = |what| report.iter().filter(|done| **done == Ok(what)).count();
    (count(Tracked::Recorded), count(Tracked::Repeated))
}
