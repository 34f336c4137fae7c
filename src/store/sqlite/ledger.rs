//! Deliveries as people read them.

use std::collections::BTreeMap;

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

use super::deliveries;
use super::error::corrupt;
use super::time::instant;
use crate::model::delivery::{Delivery, PlatformCode, Reason, ReasonCode, State};
use crate::model::id::{DeliveryId, ExternalId, SendId};
use crate::store::contract::{DeliveryQuery, Result};

const COLUMNS: &str = "d.seq, d.id, s.id, s.campaign, d.external_id, d.state, d.reason, d.detail,
    d.platform_code, d.platform_subcode, d.attempts, d.message_id, d.created_at, d.updated_at, d.due_at,
    d.trigger_properties, d.extras";

pub(super) fn get(connection: &Connection, id: DeliveryId) -> Result<Option<Delivery>> {
    let found = select(connection, "d.id = ?", &[Sql::Blob(id.as_bytes().to_vec())])?;
    Ok(found.into_iter().next())
}

pub(super) fn list(connection: &Connection, query: &DeliveryQuery) -> Result<Vec<Delivery>> {
    let (mut conditions, mut values) = (vec!["true"], Vec::new());
    if let Some(send) = query.send {
        conditions.push("d.send = (SELECT seq FROM send WHERE id = ?)");
        values.push(Sql::Blob(send.as_bytes().to_vec()));
    }
    if let Some(user) = &query.external_id {
        conditions.push("d.external_id = ?");
        values.push(Sql::Text(user.as_str().into()));
    }
    if let Some(state) = query.state {
        conditions.push("d.state = ?");
        values.push(Sql::Text(state.as_str().into()));
    }
    if let Some(campaign) = &query.campaign {
        conditions.push("s.campaign = ?");
        values.push(Sql::Text(campaign.clone()));
    }
    if let Some(reason) = query.reason {
        conditions.push("d.reason = ?");
        values.push(Sql::Text(reason.as_str().into()));
    }
    if let Some(after) = query.after {
        conditions.push(if query.is_newest_first {
            "d.seq < (SELECT seq FROM delivery WHERE id = ?)"
        } else {
            "d.seq > (SELECT seq FROM delivery WHERE id = ?)"
        });
        values.push(Sql::Blob(after.as_bytes().to_vec()));
    }
    values.push(Sql::Integer(i64::try_from(query.limit).unwrap_or(i64::MAX)));
    let order = if query.is_newest_first { "DESC" } else { "ASC" };
    let condition = conditions.join(" AND ");
    select(
        connection,
        &format!("{condition} ORDER BY d.seq {order} LIMIT ?"),
        &values,
    )
}

/// The earliest instant at which a delivery of the channel is due.
pub(super) fn next_due(connection: &Connection, channel: &str) -> Result<Option<jiff::Timestamp>> {
    let due: Option<i64> = connection
        .prepare_cached("SELECT min(due_at) FROM delivery WHERE state = 'pending' AND channel = ?")?
        .query_row([channel], |row| row.get(0))
        .optional()?
        .flatten();
    due.map(|at| instant(at, "delivery", "due_at")).transpose()
}

/// Steps from channel to channel through the index of what waits, instead of reading all of it.
pub(super) fn busy_channels(connection: &Connection) -> Result<Vec<String>> {
    let mut statement = connection.prepare_cached(
        "SELECT min(channel) FROM delivery WHERE state = 'pending' AND channel > ?",
    )?;
    let mut channels: Vec<String> = Vec::new();
    loop {
        let last = channels.last().map_or("", String::as_str);
        let next: Option<String> = statement.query_row([last], |row| row.get(0))?;
        match next {
            Some(channel) => channels.push(channel),
            None => return Ok(channels),
        }
    }
}

/// Counted from the sends: there are far fewer of them than of deliveries.
pub(super) fn pending_by_channel(connection: &Connection) -> Result<Vec<(String, u64)>> {
    let mut statement = connection.prepare_cached(
        "SELECT channel, sum(pending) FROM send WHERE phase <> 'finished' AND pending > 0
         GROUP BY channel ORDER BY channel",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn select(connection: &Connection, condition: &str, values: &[Sql]) -> Result<Vec<Delivery>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM delivery d JOIN send s ON s.seq = d.send WHERE {condition}"
    ))?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut deliveries = Vec::new();
    while let Some(row) = rows.next()? {
        deliveries.push(from_row(row)?);
    }
    Ok(deliveries)
}

fn from_row(row: &Row<'_>) -> Result<Delivery> {
    let seq: i64 = row.get(0)?;
    let user: String = row.get(4)?;
    let Ok(external_id) = (!user.is_empty())
        .then(|| ExternalId::parse(user))
        .transpose()
    else {
        return corrupt("delivery", "external_id", seq);
    };
    let state: String = row.get(5)?;
    let Some(state) = State::parse(&state) else {
        return corrupt("delivery", "state", seq);
    };
    let due_at = instant(row.get(14)?, "delivery", "due_at")?;
    Ok(Delivery {
        id: DeliveryId::from_bytes(row.get(1)?),
        send: SendId::from_bytes(row.get(2)?),
        campaign: row.get(3)?,
        external_id,
        trigger_properties: deliveries::properties(&row.get::<_, String>(15)?, seq)?,
        state,
        reason: reason(row, seq)?,
        attempts: row.get(10)?,
        message_id: row.get(11)?,
        extras: extras(row, seq)?,
        created_at: instant(row.get(12)?, "delivery", "created_at")?,
        updated_at: instant(row.get(13)?, "delivery", "updated_at")?,
        due_at: (state == State::Pending).then_some(due_at),
    })
}

fn extras(row: &Row<'_>, seq: i64) -> Result<BTreeMap<String, String>> {
    let Some(text) = row.get::<_, Option<String>>(16)? else {
        return Ok(BTreeMap::new());
    };
    match serde_json::from_str(&text) {
        Ok(extras) => Ok(extras),
        Err(_) => corrupt("delivery", "extras", seq),
    }
}

fn reason(row: &Row<'_>, seq: i64) -> Result<Option<Reason>> {
    let Some(code) = row.get::<_, Option<String>>(6)? else {
        return Ok(None);
    };
    let Some(code) = ReasonCode::parse(&code) else {
        return corrupt("delivery", "reason", seq);
    };
    let detail: Option<String> = row.get(7)?;
    let (code_number, subcode): (Option<i64>, Option<i64>) = (row.get(8)?, row.get(9)?);
    let platform_code = code_number.map(|code| PlatformCode { code, subcode });
    Ok(Some(Reason {
        code,
        detail: detail.unwrap_or_default(),
        platform_code,
    }))
}
