//! Deliveries that change without their turn: after a death, with a cancelled send, with a deleted user.

use jiff::Timestamp;
use rusqlite::params;

use super::deliveries::record;
use super::time::micros;
use super::writer::Group;
use crate::model::delivery::{Notes, Outcome, Reason, ReasonCode, State};
use crate::model::id::{DeliveryId, ExternalId};
use crate::store::contract::Result;

/// What a dead process left. Answers how many were being sent.
pub(super) fn recover(group: &mut Group<'_>, now: Timestamp) -> Result<u64> {
    let connection = group.connection;
    connection.execute(
        "UPDATE delivery SET is_leased = 0, due_at = ? WHERE state = 'pending' AND is_leased = 1",
        [micros(now)],
    )?;
    let mut statement = connection.prepare(
        "SELECT d.id, s.resend_unknown FROM delivery d JOIN send s ON s.seq = d.send
         WHERE d.state = 'sending' ORDER BY d.seq",
    )?;
    let left: Vec<(DeliveryId, bool)> = statement
        .query_map([], |row| {
            Ok((DeliveryId::from_bytes(row.get(0)?), row.get(1)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let reason = Reason::new(ReasonCode::Interrupted, "the process ended during the call");
    for (id, resend) in &left {
        let outcome = if *resend {
            Outcome::Retry {
                at: now,
                reason: reason.clone(),
            }
        } else {
            Outcome::Unknown(reason.clone())
        };
        record(group, *id, &outcome, &Notes::default(), now)?;
    }
    Ok(left.len() as u64)
}

pub(super) fn cancel_pending(group: &mut Group<'_>, send: i64, now: Timestamp) -> Result<()> {
    let cancelled = group.connection.execute(
        "UPDATE delivery SET state = 'cancelled', reason = 'send_cancelled',
         detail = 'the send was cancelled', is_leased = 0, updated_at = ?
         WHERE send = ? AND state = 'pending'",
        params![micros(now), send],
    )?;
    let delta = group.deltas.entry(send).or_default();
    (0..cancelled).for_each(|_| delta.moved(Some(State::Pending), State::Cancelled, now));
    Ok(())
}

/// Takes a deleted user out of the deliveries. What waits is skipped: there is nobody to send it to.
pub(super) fn forget_user(group: &mut Group<'_>, user: &ExternalId) -> Result<()> {
    let connection = group.connection;
    let waiting: Vec<(DeliveryId, i64)> = connection
        .prepare_cached(
            "SELECT id, updated_at FROM delivery WHERE external_id = ? AND state = 'pending'",
        )?
        .query_map([user.as_str()], |row| {
            Ok((DeliveryId::from_bytes(row.get(0)?), row.get(1)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let gone = Outcome::Skipped(Reason::new(
        ReasonCode::UserNotFound,
        "the user was deleted",
    ));
    for (id, updated_at) in waiting {
        // The store reads no clock, and a deletion is not an event of the delivery: its time stays.
        let at = Timestamp::from_microsecond(updated_at).unwrap_or_default();
        record(group, id, &gone, &Notes::default(), at)?;
    }
    connection
        .prepare_cached(
            "UPDATE delivery SET external_id = '', trigger_properties = '{}', detail = NULL, message_id = NULL,
             extras = NULL WHERE external_id = ?",
        )?
        .execute([user.as_str()])?;
    Ok(())
}
