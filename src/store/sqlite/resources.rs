//! Revisions and their documents.

use rusqlite::{Connection, Row, params};
use sha2::{Digest, Sha256};

use super::error::corrupt;
use super::time::{instant, micros};
use crate::model::id::{Fingerprint, Revision};
use crate::model::resource::{Document, Kind, Origin, RevisionInfo};
use crate::store::contract::{Error, Identity, NewRevision, Result};

pub(super) fn identity(connection: &Connection) -> Result<Identity> {
    let sql = "SELECT id, key FROM identity";
    let (id, key): (String, Vec<u8>) =
        connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    match key.try_into() {
        Ok(key) => Ok(Identity::new(id, key)),
        Err(_) => corrupt("identity", "key", id),
    }
}

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
        "SELECT revision, applied_at, fingerprint, author, commit_id, message
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

fn info(row: &Row<'_>) -> Result<RevisionInfo> {
    let revision = row.get(0)?;
    let Ok(fingerprint) = Fingerprint::parse(row.get::<_, String>(2)?) else {
        return corrupt("revision", "fingerprint", revision);
    };
    Ok(RevisionInfo {
        revision: Revision(revision),
        applied_at: instant(row.get(1)?, "revision", "applied_at")?,
        fingerprint,
        origin: origin(row)?,
    })
}

pub(super) fn documents(connection: &Connection, revision: Revision) -> Result<Vec<Document>> {
    let mut statement = connection.prepare_cached(
        "SELECT kind, name, path, source, owner FROM revision_document JOIN document USING (hash)
         WHERE revision = ? ORDER BY kind, name",
    )?;
    let mut rows = statement.query([revision.0])?;
    let mut documents = Vec::new();
    while let Some(row) = rows.next()? {
        let kind: String = row.get(0)?;
        let Some(kind) = Kind::parse(&kind) else {
            return corrupt("revision_document", "kind", kind);
        };
        documents.push(Document {
            kind,
            name: row.get(1)?,
            path: row.get(2)?,
            source: row.get(3)?,
            owner: row.get(4)?,
        });
    }
    Ok(documents)
}

pub(super) fn apply(
    connection: &Connection,
    expected: Revision,
    documents: &[Document],
    new: NewRevision,
) -> Result<RevisionInfo> {
    let actual = current(connection)?.map_or(Revision(0), |info| info.revision);
    if actual != expected {
        return Err(Error::Stale { expected, actual });
    }
    let revision = Revision(actual.0 + 1);
    let NewRevision {
        applied_at,
        fingerprint,
        origin,
    } = new;
    connection.execute(
        "INSERT INTO revision (revision, applied_at, fingerprint, author, commit_id, message)
         VALUES (?, ?, ?, ?, ?, ?)",
        params![
            revision.0,
            micros(applied_at),
            fingerprint.as_str(),
            origin.author,
            origin.commit,
            origin.message
        ],
    )?;
    for document in documents {
        let hash = Sha256::digest(document.source.as_bytes()).to_vec();
        connection
            .prepare_cached("INSERT OR IGNORE INTO document (hash, source) VALUES (?, ?)")?
            .execute(params![hash, document.source])?;
        connection
            .prepare_cached(
                "INSERT INTO revision_document (revision, kind, name, path, hash, owner)
                 VALUES (?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                revision.0,
                document.kind.as_str(),
                document.name,
                document.path,
                hash,
                document.owner
            ])?;
    }
    Ok(RevisionInfo {
        revision,
        applied_at,
        fingerprint,
        origin,
    })
}

fn origin(row: &Row<'_>) -> rusqlite::Result<Origin> {
    Ok(Origin {
        author: row.get(3)?,
        commit: row.get(4)?,
        message: row.get(5)?,
    })
}
