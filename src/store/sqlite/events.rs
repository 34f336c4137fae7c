//! Events: whole in batches on disk, times and numbers in memory.
//!
//! A batch is written once with its commit. It is rewritten only to take out events of somebody who was deleted
//! or that are past their retention, so batches are small.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::codec::{Decoded, Reader, Writer};
use super::error::corrupt;
use super::writer::Group;
use crate::audience::Happening;
use crate::model::Value;
use crate::model::event::{Event, Retention, from_millis, millis};
use crate::model::id::{EventId, ExternalId};
use crate::store::contract::Result;

/// Events in one batch: a deletion rewrites a batch for each of its user's events.
pub(super) const BATCH: usize = 64;
/// Batches that one transaction rewrites to drop what is past its retention.
const EXPIRED_AT_ONCE: usize = 1_024;

/// An event as the columns keep it.
pub(super) fn happening(event: &Event, batch: u64) -> Happening {
    let numbers = event.numbers().map(|(name, n)| (name.into(), n));
    Happening {
        at: millis(event.at),
        batch,
        id: event.id.as_ref().map_or(0, EventId::digest),
        numbers: numbers.collect(),
    }
}

/// Stores events and answers the batch of each.
pub(super) fn insert(connection: &Connection, events: &[&Event]) -> Result<Vec<u64>> {
    let mut insert = connection.prepare_cached("INSERT INTO event_batch (events) VALUES (?)")?;
    let mut batches = Vec::with_capacity(events.len());
    for some in events.chunks(BATCH) {
        insert.execute([encode(some.iter().copied())])?;
        let batch = connection.last_insert_rowid().cast_unsigned();
        batches.extend(some.iter().map(|_| batch));
    }
    Ok(batches)
}

/// The events of one user in these batches, in the order of time.
pub(super) fn of_user(
    connection: &Connection,
    batches: &BTreeSet<u64>,
    id: &ExternalId,
) -> Result<Vec<Event>> {
    let mut events = Vec::new();
    for batch in batches {
        // A batch may have gone since its number was read.
        let whole = read(connection, *batch)?.unwrap_or_default();
        events.extend(whole.into_iter().filter(|event| event.external_id == *id));
    }
    events.sort_by_key(|event| event.at);
    Ok(events)
}

/// Takes everything of users out of batches.
pub(super) fn forget(
    connection: &Connection,
    batches: &BTreeSet<u64>,
    ids: &BTreeSet<&ExternalId>,
) -> Result<()> {
    rewrite(connection, batches, |event| {
        !ids.contains(&event.external_id)
    })
}

/// Drops what is past its retention from some batches; answers those, of which memory must drop it too.
pub(super) fn expire(
    group: &mut Group<'_>,
    retention: &Retention,
    now: Timestamp,
) -> Result<BTreeSet<u64>> {
    let batches = group.users.expired(retention, now, EXPIRED_AT_ONCE);
    rewrite(group.connection, &batches, |event| {
        millis(event.at) > retention.cutoff(&event.name, now)
    })?;
    if !batches.is_empty() {
        group.users.expire(retention.clone(), now, batches.clone());
    }
    Ok(batches)
}

fn rewrite(
    connection: &Connection,
    batches: &BTreeSet<u64>,
    keep: impl Fn(&Event) -> bool,
) -> Result<()> {
    for batch in batches {
        let Some(mut events) = read(connection, *batch)? else {
            continue;
        };
        let before = events.len();
        events.retain(&keep);
        if events.is_empty() {
            connection
                .prepare_cached("DELETE FROM event_batch WHERE batch = ?")?
                .execute([batch.cast_signed()])?;
        } else if events.len() < before {
            connection
                .prepare_cached("UPDATE event_batch SET events = ? WHERE batch = ?")?
                .execute(params![encode(events.iter()), batch.cast_signed()])?;
        }
    }
    Ok(())
}

fn read(connection: &Connection, batch: u64) -> Result<Option<Vec<Event>>> {
    let bytes: Option<Vec<u8>> = connection
        .prepare_cached("SELECT events FROM event_batch WHERE batch = ?")?
        .query_row([batch.cast_signed()], |row| row.get(0))
        .optional()?;
    let Some(bytes) = bytes else { return Ok(None) };
    match decode(&bytes) {
        Ok(events) => Ok(Some(events)),
        Err(_) => corrupt("event_batch", "events", batch),
    }
}

fn encode<'a>(events: impl ExactSizeIterator<Item = &'a Event>) -> Vec<u8> {
    let mut out = Writer::new(events.len());
    for event in events {
        out.text(event.external_id.as_str());
        out.name(&event.name);
        out.signed(millis(event.at));
        out.text(event.id.as_ref().map_or("", EventId::as_str));
        out.number(event.properties.len() as u64);
        for (name, value) in &event.properties {
            out.name(name);
            out.value(Some(value));
        }
    }
    out.finish()
}

pub(super) fn decode(bytes: &[u8]) -> Decoded<Vec<Event>> {
    let mut input = Reader::new(bytes)?;
    let n = input.count()?;
    let mut events = Vec::with_capacity(n);
    for _ in 0..n {
        let external_id = input.external_id()?;
        let name = input.name()?;
        let at = from_millis(input.signed()?);
        let id = event_id(input.text()?);
        let n = input.count()?;
        let properties: BTreeMap<_, _> = (0..n)
            .map(|_| Ok((input.name()?, input.present(0)?)))
            .collect::<Decoded<_>>()?;
        events.push(Event {
            external_id,
            name,
            at,
            properties,
            id,
        });
    }
    input.end(events)
}

/// What the columns need of a batch of events, read where it stands.
pub(super) struct Glimpses<'a> {
    pub(super) events: Vec<Glimpse<'a>>,
    /// The number properties of all of them.
    pub(super) numbers: Vec<(&'a str, f64)>,
}

/// One event of them.
pub(super) struct Glimpse<'a> {
    pub(super) external_id: &'a str,
    pub(super) name: &'a str,
    /// Milliseconds since 1970.
    pub(super) at: i64,
    /// A digest of the event's id; 0 without one.
    pub(super) id: u64,
    /// Where in the numbers its own are.
    pub(super) numbers: Range<usize>,
}

/// As [`decode`], without what only people read.
pub(super) fn glimpse(bytes: &[u8]) -> Decoded<Glimpses<'_>> {
    let mut input = Reader::new(bytes)?;
    let n_events = input.count()?;
    let mut read = Glimpses {
        events: Vec::with_capacity(n_events),
        numbers: Vec::new(),
    };
    for _ in 0..n_events {
        let external_id = input.text()?;
        let name = input.name_index()?;
        let at = input.signed()?;
        let id = event_id(input.text()?);
        let first = read.numbers.len();
        for _ in 0..input.count()? {
            let property = input.name_index()?;
            let number = match input.present(0)? {
                Value::Int(n) => as_number(n),
                Value::Double(d) => d,
                _ => continue,
            };
            read.numbers.push((input.name_at(property)?, number));
        }
        read.events.push(Glimpse {
            external_id,
            name: input.name_at(name)?,
            at: millis(from_millis(at)),
            id: id.as_ref().map_or(0, EventId::digest),
            numbers: first..read.numbers.len(),
        });
    }
    input.end(read)
}

/// An event without an id has an empty one.
fn event_id(text: &str) -> Option<EventId> {
    (!text.is_empty())
        .then(|| EventId::parse(text).ok())
        .flatten()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "integers of properties are within 2^53"
)]
fn as_number(n: i64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use crate::model::Value;

    use super::*;

    #[test]
    fn events_are_read_as_they_were_written() {
        let event = |n: i64| Event {
            external_id: ExternalId::parse(format!("user-{n}")).unwrap(),
            name: "order_placed".into(),
            at: from_millis(n * 1_000 - 5_000),
            properties: (0..n).map(|p| (format!("p{p}"), Value::Int(p))).collect(),
            id: (n % 2 == 0).then(|| EventId::parse(n.to_string()).unwrap()),
        };
        let events: Vec<_> = (0..10).map(event).collect();
        let bytes = encode(events.iter());
        assert_eq!(decode(&bytes), Ok(events));
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert!(decode(&damaged).is_err(), "{at}");
        }
    }
}
