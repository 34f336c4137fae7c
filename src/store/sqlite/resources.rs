//! Revisions and their documents.

use rusqlite::{Connection, OptionalExtension, Row, params};
use sha2::{Digest, Sha256};

use super::error::corrupt;
use super::time::{instant, micros};
use crate::model::id::{Fingerprint, Revision};
use crate::model::resource::{Document, Kind, Origin, RevisionInfo};
use crate::store::contract::{Error, NewRevision, Result};

pub(super) fn current(connection: &Connection) -> Result<Option<RevisionInfo>> {
    let raw = connection
        .prepare_cached(
            "SELECT revision, applied_at, fingerprint, author, commit_id, message
             FROM revision ORDER BY revision DESC LIMIT 1",
        )?
        .query_row([], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get::<_, String>(2)?,
                origin(row)?,
            ))
        })
        .optional()?;
    let Some((revision, applied_at, fingerprint, origin)) = raw else {
        return Ok(None);
    };
    let Ok(fingerprint) = Fingerprint::parse(fingerprint) else {
        return corrupt("revision", "fingerprint", revision);
    };
    let applied_at = instant(applied_at, "revision", "applied_at")?;
    Ok(Some(RevisionInfo {
        revision: Revision(revision),
        applied_at,
        fingerprint,
        origin,
    }))
}

pub(super) fn documents(connection: &Connection, revision: Revision) -> Result<Vec<Document>> {
    let mut statement = connection.prepare_cached(
        "SELECT kind, name, path, source FROM revision_document JOIN document USING (hash)
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
                "INSERT INTO revision_document (revision, kind, name, path, hash) VALUES (?, ?, ?, ?, ?)",
            )?
            .execute(params![revision.0, document.kind.as_str(), document.name, document.path, hash])?;
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
