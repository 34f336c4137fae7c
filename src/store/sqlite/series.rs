//! How large segments were.

use std::ops::Range;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::Store;
use super::time::{instant, micros};
use crate::model::limits;
use crate::store::contract::{Result, Series, Size};

#[async_trait]
impl Series for Store {
    async fn record_sizes(&self, at: Timestamp, sizes: Vec<(String, u64)>) -> Result<()> {
        self.writer
            .submit_patiently(move |group| record(group.connection, at, &sizes))
            .await
    }

    async fn sizes(
        &self,
        segment: &str,
        within: Range<Timestamp>,
        max: usize,
    ) -> Result<Vec<Size>> {
        let segment = segment.to_owned();
        self.readers
            .read(move |connection| read(connection, &segment, &within, max))
            .await
    }
}

fn record(connection: &Connection, at: Timestamp, sizes: &[(String, u64)]) -> Result<()> {
    let oldest = at.checked_sub(limits::SIZES_KEPT_FOR);
    connection
        .prepare_cached("DELETE FROM segment_size WHERE at < ?")?
        .execute([micros(oldest.unwrap_or(Timestamp::MIN))])?;
    for (segment, size) in sizes {
        connection
            .prepare_cached(
                "INSERT OR REPLACE INTO segment_size (segment, at, size) VALUES (?, ?, ?)",
            )?
            .execute(params![segment, micros(at), size])?;
        connection
            .prepare_cached(
                "DELETE FROM segment_size WHERE segment = ?1 AND at <= (
                     SELECT at FROM segment_size WHERE segment = ?1
                     ORDER BY at DESC LIMIT 1 OFFSET ?2)",
            )?
            .execute(params![segment, limits::SIZES_KEPT_MAX])?;
    }
    Ok(())
}

fn read(
    connection: &Connection,
    segment: &str,
    within: &Range<Timestamp>,
    max: usize,
) -> Result<Vec<Size>> {
    let mut statement = connection.prepare_cached(
        "SELECT at, size FROM segment_size WHERE segment = ? AND at >= ? AND at < ?
         ORDER BY at DESC LIMIT ?",
    )?;
    let bounds = params![segment, micros(within.start), micros(within.end), max];
    let mut rows = statement.query(bounds)?;
    let mut sizes = Vec::new();
    while let Some(row) = rows.next()? {
        sizes.push(Size {
            at: instant(row.get(0)?, "segment_size", "at")?,
            members: row.get(1)?,
        });
    }
    sizes.reverse();
    Ok(sizes)
}
