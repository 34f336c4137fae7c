//! Revisions and what is on record of them.

use rusqlite::{Connection, Row, params};

use super::error::corrupt;
use super::time::{instant, micros};
use crate::model::id::{Fingerprint, Revision};
use crate::model::resource::{Action, Changed, Kind, Origin, Record, RevisionInfo};
use crate::store::contract::{NewRevision, Result};

pub(super) fn current(connection: &Connection) -> Result<Option<RevisionInfo>> {
    Ok(revisions(connection, None, 1)?.pop())
}

/// Newest first.
pub(super) fn revisions(
    connection: &Connection,
    before: Option<Revision>,
    limit: usize,
) -> Result<Vec<RevisionInfo>> {
    let mut statement = connection.prepare_cached(
        "SELECT revision, applied_at, fingerprint, author, commit_id, message,
                owner, allowed, planned_at, back_to, is_pruned
         FROM revision WHERE ?1 IS NULL OR revision < ?1 ORDER BY revision DESC LIMIT ?2",
    )?;
    let before = before.map(|revision| revision.0);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![before, limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(info(row)?);
    }
    Ok(found)
}

pub(super) fn changes(connection: &Connection, revision: Revision) -> Result<Vec<Changed>> {
    let mut statement = connection.prepare_cached(
        "SELECT kind, name, action, audience_before, audience FROM revision_change
         WHERE revision = ? ORDER BY kind, name",
    )?;
    let mut rows = statement.query([revision.0])?;
    let mut changes = Vec::new();
    while let Some(row) = rows.next()? {
        let (kind, action): (String, String) = (row.get(0)?, row.get(2)?);
        let Some(kind) = Kind::parse(&kind) else {
            return corrupt("revision_change", "kind", kind);
        };
        let Some(action) = Action::parse(&action) else {
            return corrupt("revision_change", "action", action);
        };
        changes.push(Changed {
            kind,
            name: row.get(1)?,
            action,
            before: row.get(3)?,
            after: row.get(4)?,
        });
    }
    Ok(changes)
}

/// Stores a revision without its documents.
pub(super) fn insert(
    connection: &Connection,
    revision: Revision,
    new: NewRevision,
) -> Result<RevisionInfo> {
    let NewRevision {
        applied_at,
        fingerprint,
        origin,
        record,
        changes,
    } = new;
    let allowed = serde_json::Value::from(record.allowed.clone()).to_string();
    connection.execute(
        "INSERT INTO revision (revision, applied_at, fingerprint, author, commit_id, message,
                               owner, allowed, planned_at, back_to, is_pruned)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            revision.0,
            micros(applied_at),
            fingerprint.as_str(),
            origin.author,
            origin.commit,
            origin.message,
            record.owner,
            allowed,
            record.planned_at.map(micros),
            record.back_to.map(|revision| revision.0),
            record.is_pruned,
        ],
    )?;
    let mut statement = connection.prepare_cached(
        "INSERT INTO revision_change (revision, kind, name, action, audience_before, audience)
         VALUES (?, ?, ?, ?, ?, ?)",
    )?;
    for change in changes {
        let (kind, action) = (change.kind.as_str(), change.action.as_str());
        let (before, after) = (change.before, change.after);
        statement.execute(params![
            revision.0,
            kind,
            change.name,
            action,
            before,
            after
        ])?;
    }
    Ok(RevisionInfo {
        revision,
        applied_at,
        fingerprint,
        origin,
        record,
    })
}

fn info(row: &Row<'_>) -> Result<RevisionInfo> {
    let revision = row.get(0)?;
    let Ok(fingerprint) = Fingerprint::parse(row.get::<_, String>(2)?) else {
        return corrupt("revision", "fingerprint", revision);
    };
    let Ok(allowed) = serde_json::from_str(&row.get::<_, String>(7)?) else {
        return corrupt("revision", "allowed", revision);
    };
    let planned_at: Option<i64> = row.get(8)?;
    let planned_at = planned_at.map(|at| instant(at, "revision", "planned_at"));
    Ok(RevisionInfo {
        revision: Revision(revision),
        applied_at: instant(row.get(1)?, "revision", "applied_at")?,
        fingerprint,
        origin: Origin {
            author: row.get(3)?,
            commit: row.get(4)?,
            message: row.get(5)?,
        },
        record: Record {
            owner: row.get(6)?,
            allowed,
            planned_at: planned_at.transpose()?,
            back_to: row.get::<_, Option<u64>>(9)?.map(Revision),
            is_pruned: row.get(10)?,
        },
    })
}
