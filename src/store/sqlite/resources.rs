//! Documents of revisions, and who the store is.

use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};

use super::error::corrupt;
use super::revisions;
use crate::model::id::Revision;
use crate::model::resource::{Document, Kind, RevisionInfo};
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
    let actual = revisions::current(connection)?.map_or(Revision(0), |info| info.revision);
    if actual != expected {
        return Err(Error::Stale { expected, actual });
    }
    let revision = Revision(actual.0 + 1);
    let info = revisions::insert(connection, revision, new)?;
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
    Ok(info)
}
