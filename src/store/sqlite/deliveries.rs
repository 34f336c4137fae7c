//! Deliveries: stored, claimed, begun, settled.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::json;

use super::error::corrupt;
use super::time::micros;
use super::writer::Group;
use crate::clock;
use crate::model::Value;
use crate::model::delivery::{Due, NewDelivery, Notes, Outcome, Reason, ReasonCode, State};
use crate::model::id::{DeliveryId, ExternalId, Revision, SendId};
use crate::model::send::Phase;
use crate::store::contract::Result;

/// A delivery's row as far as settling it needs.
struct Open {
    seq: i64,
    send: i64,
    state: State,
    is_cancelled: bool,
    /// `None` when the user was deleted.
    user: Option<ExternalId>,
    campaign: String,
    is_test: bool,
}

/// What settling writes; unset columns are cleared.
#[derive(Default)]
struct Settled<'a> {
    reason: Option<&'a Reason>,
    /// Of the message that was made, if any.
    notes: Option<&'a Notes>,
    message_id: Option<&'a str>,
    due_at: Option<Timestamp>,
    /// Attempts to count besides: -1 for one that was counted and not made.
    counted: i64,
}

/// Stores deliveries in the order of their ids, which is the order of their index.
pub(super) fn insert(
    group: &mut Group<'_>,
    send: i64,
    channel: &str,
    mut deliveries: Vec<NewDelivery>,
    at: Timestamp,
) -> Result<()> {
    deliveries.sort_unstable_by_key(|delivery| delivery.id);
    let mut insert = group.connection.prepare_cached(
        "INSERT OR IGNORE INTO delivery
         (id, send, channel, external_id, trigger_properties, state, due_at, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, 'pending', ?6, ?6, ?6)",
    )?;
    let delta = group.deltas.entry(send).or_default();
    for delivery in &deliveries {
        let properties = Value::Object(delivery.trigger_properties.clone())
            .to_json()
            .to_string();
        let added = insert.execute(params![
            delivery.id.as_bytes(),
            send,
            channel,
            delivery.external_id.as_str(),
            properties,
            micros(at)
        ])?;
        if added == 1 {
            delta.moved(None, State::Pending, at);
        }
    }
    Ok(())
}

pub(super) fn claim(
    group: &mut Group<'_>,
    channel: &str,
    now: Timestamp,
    lease: Duration,
    max: usize,
) -> Result<Vec<Due>> {
    let connection = group.connection;
    let mut statement = connection.prepare_cached(
        "SELECT d.seq, d.id, s.id, d.external_id, d.trigger_properties, s.campaign, s.revision, d.attempts,
                s.is_test, s.resend_unknown
         FROM delivery d JOIN send s ON s.seq = d.send
         WHERE d.state = 'pending' AND d.channel = ? AND d.due_at <= ?
         ORDER BY d.due_at, d.seq LIMIT ?",
    )?;
    let mut rows = statement.query(params![channel, micros(now), max])?;
    let (mut claimed, mut seqs) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next()? {
        seqs.push(row.get::<_, i64>(0)?);
        claimed.push(due(row)?);
    }
    let until = micros(clock::after(now, lease));
    let mut update =
        connection.prepare_cached("UPDATE delivery SET due_at = ?, is_leased = 1 WHERE seq = ?")?;
    for seq in seqs {
        update.execute([until, seq])?;
    }
    Ok(claimed)
}

pub(super) fn begin(group: &mut Group<'_>, id: DeliveryId, now: Timestamp) -> Result<bool> {
    let send: Option<i64> = group
        .connection
        .prepare_cached(
            "UPDATE delivery SET state = 'sending', attempts = attempts + 1, is_leased = 0, updated_at = ?1
             WHERE id = ?2 AND state = 'pending' AND is_leased = 1 AND due_at > ?1 RETURNING send",
        )?
        .query_row(params![micros(now), id.as_bytes()], |row| row.get(0))
        .optional()?;
    let Some(send) = send else { return Ok(false) };
    group
        .deltas
        .entry(send)
        .or_default()
        .moved(Some(State::Pending), State::Sending, now);
    Ok(true)
}

pub(super) fn record(
    group: &mut Group<'_>,
    id: DeliveryId,
    outcome: &Outcome,
    notes: &Notes,
    now: Timestamp,
) -> Result<()> {
    let Some(open) = open(group.connection, id)? else {
        return Ok(());
    };
    // Skipped before the call, and yet a call is under way: the lease was lost, and this is another's now.
    if matches!(outcome, Outcome::Skipped(_)) && open.state == State::Sending {
        return Ok(());
    }
    if let Some((state, reason)) = overruled(&open, outcome) {
        let settled = Settled {
            reason: Some(&reason),
            notes: Some(notes),
            ..Settled::default()
        };
        return settle(group, &open, state, &settled, now);
    }
    let (state, mut settled) = match outcome {
        Outcome::Sent { message_id } => (
            State::Sent,
            Settled {
                message_id: (open.user.is_some()).then_some(message_id.as_str()),
                ..Settled::default()
            },
        ),
        Outcome::Retry { at, reason } => (
            State::Pending,
            Settled {
                reason: Some(reason),
                due_at: Some(*at),
                // Calls were counted when they began; this waited for others.
                counted: i64::from(reason.code == ReasonCode::ContentUnavailable),
                ..Settled::default()
            },
        ),
        Outcome::Failed(reason) => (
            State::Failed,
            Settled {
                reason: Some(reason),
                ..Settled::default()
            },
        ),
        Outcome::Skipped(reason) => (
            State::Skipped,
            Settled {
                reason: Some(reason),
                ..Settled::default()
            },
        ),
        Outcome::Unknown(reason) => (
            State::Unknown,
            Settled {
                reason: Some(reason),
                ..Settled::default()
            },
        ),
        Outcome::Released => {
            let counted = -i64::from(open.state == State::Sending);
            (
                State::Pending,
                Settled {
                    due_at: Some(now),
                    counted,
                    ..Settled::default()
                },
            )
        }
    };
    settled.notes = Some(notes);
    settle(group, &open, state, &settled, now)?;
    if let (State::Sent, Some(user), false) = (state, open.user, open.is_test) {
        group.users.receive(user, open.campaign, now);
    }
    Ok(())
}

/// What becomes of a delivery instead of being tried again.
fn overruled(open: &Open, outcome: &Outcome) -> Option<(State, Reason)> {
    if !matches!(outcome, Outcome::Retry { .. } | Outcome::Released) {
        return None;
    }
    if open.is_cancelled {
        let reason = Reason::new(ReasonCode::SendCancelled, "the send was cancelled");
        return Some((State::Cancelled, reason));
    }
    // Nobody is left to try it with.
    open.user.is_none().then(|| {
        let reason = Reason::new(ReasonCode::UserNotFound, "the user was deleted");
        (State::Skipped, reason)
    })
}

fn settle(
    group: &mut Group<'_>,
    open: &Open,
    state: State,
    settled: &Settled<'_>,
    now: Timestamp,
) -> Result<()> {
    let platform = settled.reason.and_then(|reason| reason.platform_code);
    // An attempt that is repeated makes another message.
    let notes = settled.notes.filter(|_| state.is_final());
    let extras = notes.filter(|notes| !notes.extras.is_empty() && open.user.is_some());
    if let Some(notes) = notes
        && !notes.misses.is_empty()
    {
        // Before the statement, since it may fail; the counting cannot.
        let delta = group.deltas.entry(open.send).or_default();
        delta.read_misses(group.connection, open.send)?;
    }
    group
        .connection
        .prepare_cached(
            "UPDATE delivery SET state = ?, due_at = ?, is_leased = 0, attempts = attempts + ?, reason = ?,
             detail = ?, platform_code = ?, platform_subcode = ?, message_id = ?, extras = ?, updated_at = ?
             WHERE seq = ?",
        )?
        .execute(params![
            state.as_str(),
            micros(settled.due_at.unwrap_or(now)),
            settled.counted,
            settled.reason.map(|reason| reason.code.as_str()),
            // A detail may quote what was sent.
            settled.reason.filter(|_| open.user.is_some()).map(|reason| reason.detail.as_str()),
            platform.map(|p| p.code),
            platform.and_then(|p| p.subcode),
            settled.message_id,
            extras.map(|notes| json!(notes.extras).to_string()),
            micros(now),
            open.seq,
        ])?;
    let delta = group.deltas.entry(open.send).or_default();
    delta.moved(Some(open.state), state, now);
    if let Some(notes) = notes {
        delta.missed(notes);
    }
    Ok(())
}

fn open(connection: &Connection, id: DeliveryId) -> Result<Option<Open>> {
    let raw: Option<(i64, i64, String, String, String, String, bool)> = connection
        .prepare_cached(
            "SELECT d.seq, d.send, d.state, s.phase, d.external_id, s.campaign, s.is_test
             FROM delivery d JOIN send s ON s.seq = d.send WHERE d.id = ?",
        )?
        .query_row([id.as_bytes()], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
                row.get(5)?,
                row.get(6)?,
            ))
        })
        .optional()?;
    let Some((seq, send, state, phase, user, campaign, is_test)) = raw else {
        return Ok(None);
    };
    let Some(state) = State::parse(&state) else {
        return corrupt("delivery", "state", seq);
    };
    if state.is_final() {
        return Ok(None);
    }
    Ok(Some(Open {
        seq,
        send,
        state,
        is_cancelled: phase == Phase::Cancelled.as_str(),
        user: ExternalId::parse(user).ok(),
        campaign,
        is_test,
    }))
}

fn due(row: &Row<'_>) -> Result<Due> {
    let seq: i64 = row.get(0)?;
    let Ok(external_id) = ExternalId::parse(row.get::<_, String>(3)?) else {
        return corrupt("delivery", "external_id", seq);
    };
    let attempts: u32 = row.get(7)?;
    Ok(Due {
        id: DeliveryId::from_bytes(row.get(1)?),
        send: SendId::from_bytes(row.get(2)?),
        external_id,
        trigger_properties: properties(&row.get::<_, String>(4)?, seq)?,
        campaign: row.get(5)?,
        revision: Revision(row.get(6)?),
        attempt: attempts + 1,
        is_test: row.get(8)?,
        resend_unknown: row.get(9)?,
    })
}

pub(super) fn properties(text: &str, seq: i64) -> Result<BTreeMap<String, Value>> {
    if text == "{}" {
        return Ok(BTreeMap::new());
    }
    let parsed = serde_json::from_str(text)
        .ok()
        .and_then(|json| Value::from_json(json).ok().flatten());
    match parsed {
        Some(Value::Object(map)) => Ok(map),
        _ => corrupt("delivery", "trigger_properties", seq),
    }
}
