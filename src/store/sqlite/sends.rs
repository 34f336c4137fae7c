//! Sends, and the counts of their deliveries.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, Row, params, params_from_iter};

use super::error::corrupt;
use super::misses::{self, Tally};
use super::time::{instant, micros};
use super::writer::Group;
use super::{deliveries, sweep};
use crate::model::delivery::{NewDelivery, Notes, State};
use crate::model::id::{RequestId, Revision, SendId};
use crate::model::send::{Content, Counts, NewSend, Phase, Send};
use crate::store::contract::{Created, Result, SendQuery};

/// How the counts of sends change in a transaction, by the send's row: written once for each send, not
/// once for each delivery.
pub(super) type Deltas = HashMap<i64, Delta>;

#[derive(Debug, Clone, Default)]
pub(super) struct Delta {
    /// By [`State::ALL`].
    change: [i64; State::ALL.len()],
    /// The latest instant at which something changed.
    at: Option<Timestamp>,
    /// Once a delivery missed something.
    misses: Option<Tally>,
}

const COLUMNS: &str =
    "seq, id, request_id, campaign, channel, revision, is_everybody, is_test, resend_unknown,
    phase, pending, sending, sent, failed, skipped, unknown, cancelled, created_at, finished_at,
    content";

// === impl Delta ===

impl Delta {
    pub(super) fn moved(&mut self, from: Option<State>, to: State, at: Timestamp) {
        if let Some(from) = from {
            self.change[position(from)] -= 1;
        }
        self.change[position(to)] += 1;
        self.touch(at);
    }

    /// Reads what [`Self::missed`] goes on from.
    pub(super) fn read_misses(&mut self, connection: &Connection, send: i64) -> Result<()> {
        if self.misses.is_none() {
            self.misses = Some(Tally::read(connection, send)?);
        }
        Ok(())
    }

    /// Counts what a delivery missed; [`Self::read_misses`] comes first.
    pub(super) fn missed(&mut self, notes: &Notes) {
        if let Some(tally) = &mut self.misses {
            tally.add(notes);
        }
    }

    pub(super) fn touch(&mut self, at: Timestamp) {
        self.at = self.at.max(Some(at));
    }
}

pub(super) fn create(
    group: &mut Group<'_>,
    new: &NewSend,
    deliveries: Vec<NewDelivery>,
    is_complete: bool,
) -> Result<Created> {
    if let Some(send) = get(group, new.id)? {
        return Ok(Created::Repeated(send));
    }
    let phase = if is_complete {
        Phase::Running
    } else {
        Phase::Enqueueing
    };
    group
        .connection
        .prepare_cached(
            "INSERT INTO send (id, request_id, campaign, channel, revision, is_everybody, is_test,
             resend_unknown, phase, created_at, content) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            new.id.as_bytes(),
            new.request_id.as_ref().map(RequestId::as_str),
            new.campaign,
            new.channel,
            new.revision.0,
            new.is_everybody,
            new.is_test,
            new.resend_unknown,
            phase.as_str(),
            micros(new.created_at),
            new.content.as_bytes(),
        ])?;
    let seq = group.connection.last_insert_rowid();
    deliveries::insert(group, seq, &new.channel, deliveries, new.created_at)?;
    group.deltas.entry(seq).or_default().touch(new.created_at);
    match get(group, new.id)? {
        Some(send) => Ok(Created::New(send)),
        None => corrupt("send", "id", new.id),
    }
}

pub(super) fn enqueue(
    group: &mut Group<'_>,
    id: SendId,
    mut deliveries: Vec<NewDelivery>,
    is_complete: bool,
) -> Result<Phase> {
    let Some((seq, send)) = find(
        group.connection,
        "id = ?",
        &[Sql::Blob(id.as_bytes().to_vec())],
    )?
    else {
        return corrupt("send", "id", id);
    };
    if send.phase != Phase::Enqueueing {
        return Ok(send.phase);
    }
    let at = send.new.created_at;
    let table = group.users.table();
    deliveries.retain(|new| group.users.exists(&table.read(), &new.external_id));
    deliveries::insert(group, seq, &send.new.channel, deliveries, at)?;
    if !is_complete {
        return Ok(Phase::Enqueueing);
    }
    group
        .connection
        .execute("UPDATE send SET phase = 'running' WHERE seq = ?", [seq])?;
    group.deltas.entry(seq).or_default().touch(at);
    Ok(Phase::Running)
}

pub(super) fn cancel(group: &mut Group<'_>, id: SendId, now: Timestamp) -> Result<Option<Send>> {
    let Some((seq, send)) = find(
        group.connection,
        "id = ?",
        &[Sql::Blob(id.as_bytes().to_vec())],
    )?
    else {
        return Ok(None);
    };
    if matches!(send.phase, Phase::Finished | Phase::Cancelled) {
        return get(group, id);
    }
    sweep::cancel_pending(group, seq, now)?;
    group.connection.execute(
        "UPDATE send SET phase = 'cancelled', finished_at = ? WHERE seq = ?",
        params![micros(now), seq],
    )?;
    get(group, id)
}

/// Reads a send inside a transaction, with what the transaction has changed so far.
pub(super) fn get(group: &mut Group<'_>, id: SendId) -> Result<Option<Send>> {
    flush(group.connection, &mut group.deltas)?;
    read(group.connection, id)
}

pub(super) fn read(connection: &Connection, id: SendId) -> Result<Option<Send>> {
    Ok(find(connection, "id = ?", &[Sql::Blob(id.as_bytes().to_vec())])?.map(|(_, send)| send))
}

pub(super) fn find_request(
    connection: &Connection,
    campaign: &str,
    request: &RequestId,
) -> Result<Option<Send>> {
    let key = [
        Sql::Text(campaign.to_owned()),
        Sql::Text(request.as_str().to_owned()),
    ];
    Ok(find(connection, "campaign = ? AND request_id = ?", &key)?.map(|(_, send)| send))
}

pub(super) fn unfinished_fanouts(connection: &Connection) -> Result<Vec<NewSend>> {
    let sends = select(connection, "phase = 'enqueueing' ORDER BY seq", &[])?;
    Ok(sends.into_iter().map(|(_, send)| send.new).collect())
}

pub(super) fn list(connection: &Connection, query: &SendQuery) -> Result<Vec<Send>> {
    let (mut conditions, mut values) = (vec!["true"], Vec::new());
    if let Some(campaign) = &query.campaign {
        conditions.push("campaign = ?");
        values.push(Sql::Text(campaign.clone()));
    }
    if let Some(phase) = query.phase {
        conditions.push("phase = ?");
        values.push(Sql::Text(phase.as_str().into()));
    }
    if let Some(after) = query.after {
        conditions.push("seq < (SELECT seq FROM send WHERE id = ?)");
        values.push(Sql::Blob(after.as_bytes().to_vec()));
    }
    values.push(Sql::Integer(i64::try_from(query.limit).unwrap_or(i64::MAX)));
    let condition = format!("{} ORDER BY seq DESC LIMIT ?", conditions.join(" AND "));
    let sends = select(connection, &condition, &values)?;
    Ok(sends.into_iter().map(|(_, send)| send).collect())
}

/// Writes what has gathered, and finishes the sends whose last delivery became final.
pub(super) fn flush(connection: &Connection, deltas: &mut Deltas) -> Result<()> {
    for (seq, delta) in deltas.drain() {
        let [pending, sending, sent, failed, skipped, unknown, cancelled] = delta.change;
        connection
            .prepare_cached(
                "UPDATE send SET pending = pending + ?, sending = sending + ?, sent = sent + ?,
                 failed = failed + ?, skipped = skipped + ?, unknown = unknown + ?,
                 cancelled = cancelled + ? WHERE seq = ?",
            )?
            .execute(params![
                pending, sending, sent, failed, skipped, unknown, cancelled, seq
            ])?;
        connection
            .prepare_cached(
                "UPDATE send SET phase = 'finished', finished_at = ?
                 WHERE seq = ? AND phase = 'running' AND pending = 0 AND sending = 0",
            )?
            .execute(params![delta.at.map(micros), seq])?;
        if let Some(tally) = delta.misses {
            tally.write(connection, seq)?;
        }
    }
    Ok(())
}

fn find(connection: &Connection, condition: &str, values: &[Sql]) -> Result<Option<(i64, Send)>> {
    Ok(select(connection, condition, values)?.into_iter().next())
}

fn select(connection: &Connection, condition: &str, values: &[Sql]) -> Result<Vec<(i64, Send)>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS}, {} FROM send WHERE {condition}",
        misses::COLUMN
    ))?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut sends = Vec::new();
    while let Some(row) = rows.next()? {
        sends.push(from_row(row)?);
    }
    Ok(sends)
}

fn from_row(row: &Row<'_>) -> Result<(i64, Send)> {
    let seq: i64 = row.get(0)?;
    let request: Option<String> = row.get(2)?;
    let Ok(request_id) = request.map(RequestId::parse).transpose() else {
        return corrupt("send", "request_id", seq);
    };
    let phase: String = row.get(9)?;
    let Some(phase) = Phase::parse(&phase) else {
        return corrupt("send", "phase", seq);
    };
    let new = NewSend {
        id: SendId::from_bytes(row.get(1)?),
        request_id,
        campaign: row.get(3)?,
        channel: row.get(4)?,
        revision: Revision(row.get(5)?),
        is_everybody: row.get(6)?,
        is_test: row.get(7)?,
        resend_unknown: row.get(8)?,
        content: Content::from_bytes(row.get(19)?),
        created_at: instant(row.get(17)?, "send", "created_at")?,
    };
    let mut counts = Counts::default();
    for (at, state) in State::ALL.into_iter().enumerate() {
        *counts.of_mut(state) = row.get(10 + at)?;
    }
    let finished_at: Option<i64> = row.get(18)?;
    let finished_at = finished_at
        .map(|at| instant(at, "send", "finished_at"))
        .transpose()?;
    Ok((
        seq,
        Send {
            new,
            phase,
            counts,
            misses: misses::parse(&row.get::<_, String>(20)?, seq)?,
            finished_at,
        },
    ))
}

/// In the order of the counts' columns.
fn position(state: State) -> usize {
    match state {
        State::Pending => 0,
        State::Sending => 1,
        State::Sent => 2,
        State::Failed => 3,
        State::Skipped => 4,
        State::Unknown => 5,
        State::Cancelled => 6,
    }
}
