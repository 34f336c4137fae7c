//! The users in memory as an audience.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use parking_lot::RwLock;

use super::compare::compare;
use super::{Store, watch};
use crate::audience::{Attribute, Bitmap, Hold, Row, Table};
use crate::diagnostic::Diagnostic;
use crate::model::id::ExternalId;
use crate::model::user::Profile;
use crate::segment::{Explained, Filter};
use crate::store::contract::{Audience, Compared, Error, Following, Members, Question, Result};

/// The rows for which a filter was true; their ids are looked up as they are read.
struct Reading {
    table: Arc<RwLock<Table>>,
    rows: Bitmap,
    len: u64,
    next: Option<Row>,
    /// The rows are looked up long after they were found.
    _hold: Hold,
}

#[async_trait]
impl Audience for Store {
    async fn count(&self, filter: &Filter, now: Timestamp) -> Result<u64> {
        self.asked(filter, move |filter, table| filter.count(table, now))
            .await
    }

    async fn members(&self, filter: &Filter, now: Timestamp) -> Result<Box<dyn Members>> {
        let (rows, hold) = self
            .asked(filter, move |filter, table| {
                (filter.members(table, now), table.hold())
            })
            .await?;
        let (len, next) = (rows.len() as u64, rows.next_from(Row(0)));
        Ok(Box::new(Reading {
            table: Arc::clone(&self.memory.table),
            rows,
            len,
            next,
            _hold: hold,
        }))
    }

    async fn check(
        &self,
        filter: &Filter,
        id: &ExternalId,
        now: Timestamp,
    ) -> Result<Option<Option<bool>>> {
        let table = self.memory.table.read();
        Ok(table.row(id).map(|row| filter.matches(&table, row, now)))
    }

    async fn explain(
        &self,
        filter: &Filter,
        id: &ExternalId,
        now: Timestamp,
    ) -> Result<Option<Explained>> {
        let table = self.memory.table.read();
        Ok(table.row(id).map(|row| filter.explain(&table, row, now)))
    }

    async fn attributes(&self) -> Result<Vec<Attribute>> {
        let table = Arc::clone(&self.memory.table);
        let work = tokio::task::spawn_blocking(move || table.read().attributes());
        work.await.map_err(|error| Error::Unavailable(error.into()))
    }

    async fn spellings(&self, known: usize) -> Result<Option<(usize, BTreeMap<String, String>)>> {
        let table = self.memory.table.read();
        let n = table.n_attributes();
        Ok((n != known).then(|| (n, table.spellings())))
    }

    async fn doubts(&self, filter: &Filter) -> Result<Vec<Diagnostic>> {
        Ok(filter.doubts(&self.memory.table.read()))
    }

    async fn profiles(&self, ids: &[ExternalId]) -> Result<Vec<Option<Profile>>> {
        let table = self.memory.table.read();
        Ok(ids.iter().map(|id| table.profile(table.row(id)?)).collect())
    }

    async fn compare(&self, asked: Vec<Question>, now: Timestamp) -> Result<Vec<Compared>> {
        let table = Arc::clone(&self.memory.table);
        let work = tokio::task::spawn_blocking(move || compare(&table, now, &asked));
        work.await.map_err(|error| Error::Unavailable(error.into()))
    }

    async fn follow(&self, filter: &Filter, now: Timestamp) -> Result<Box<dyn Following>> {
        let (memory, filter) = (Arc::clone(&self.memory), filter.clone());
        let work = tokio::task::spawn_blocking(move || watch::follow(memory, filter, now));
        work.await.map_err(|error| Error::Unavailable(error.into()))
    }

    fn changed(&self) -> tokio::sync::watch::Receiver<u64> {
        self.memory.watched.subscribe()
    }
}

impl Store {
    /// Asks all users, off the async threads: a pattern over a million texts takes a while.
    async fn asked<T: Send + 'static>(
        &self,
        filter: &Filter,
        ask: impl FnOnce(&Filter, &Table) -> T + Send + 'static,
    ) -> Result<T> {
        let (table, filter) = (Arc::clone(&self.memory.table), filter.clone());
        let work = tokio::task::spawn_blocking(move || ask(&filter, &table.read()));
        work.await.map_err(|error| Error::Unavailable(error.into()))
    }
}

// === impl Reading ===

impl Members for Reading {
    fn len(&self) -> u64 {
        self.len
    }

    fn next_chunk(&mut self, max: usize) -> Vec<ExternalId> {
        let table = self.table.read();
        let mut ids = Vec::with_capacity(max.min(1_024));
        while let Some(row) = self.next {
            if ids.len() == max {
                break;
            }
            ids.extend(table.external_id(row));
            self.next = self.rows.next_from(Row(row.0 + 1));
        }
        ids
    }
}
