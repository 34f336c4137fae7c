//! How far imports have come, stored together with their chunks.

use rusqlite::{Connection, OptionalExtension, params};

use super::writer::Group;
use crate::model::id::ImportId;
use crate::model::user::{Update, Upserted};
use crate::store::contract::{ImportProgress, Imported, Result};

pub(super) fn progress(connection: &Connection, import: &ImportId) -> Result<ImportProgress> {
    let found = connection
        .prepare_cached("SELECT sequence, created, updated, rejected FROM import WHERE id = ?")?
        .query_row([import.as_str()], |row| {
            Ok(ImportProgress {
                sequence: row.get(0)?,
                created: row.get(1)?,
                updated: row.get(2)?,
                rejected: row.get(3)?,
            })
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

pub(super) fn finish(connection: &Connection, import: &ImportId) -> Result<ImportProgress> {
    let progress = progress(connection, import)?;
    connection
        .prepare_cached("DELETE FROM import WHERE id = ?")?
        .execute([import.as_str()])?;
    Ok(progress)
}

pub(super) fn chunk(
    group: &mut Group<'_>,
    import: &ImportId,
    sequence: u64,
    updates: Vec<Update>,
    refused: u64,
) -> Result<Imported> {
    let mut progress = progress(group.connection, import)?;
    if sequence <= progress.sequence {
        return Ok(Imported::Repeated { progress });
    }
    if sequence != progress.sequence + 1 {
        return Ok(Imported::OutOfOrder { progress });
    }
    let report = group.users.upsert(updates);
    progress.sequence = sequence;
    progress.rejected += refused;
    for item in &report {
        match item {
            Ok(Upserted::Created) => progress.created += 1,
            Ok(Upserted::Updated) => progress.updated += 1,
            Err(_) => progress.rejected += 1,
        }
    }
    group
        .connection
        .prepare_cached(
            "INSERT OR REPLACE INTO import (id, sequence, created, updated, rejected) VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![
            import.as_str(),
            progress.sequence,
            progress.created,
            progress.updated,
            progress.rejected
        ])?;
    Ok(Imported::Applied { report, progress })
}
