//! The part of the contract that is about resources: revisions, their documents, and what is on record of them.

use async_trait::async_trait;
use jiff::Timestamp;

#[cfg(doc)]
use super::contract::Error;
use super::contract::Result;
use super::identity::Identity;
use crate::model::id::{Fingerprint, Revision};
use crate::model::resource::{Changed, Document, Origin, Record, RevisionInfo};

#[async_trait]
pub trait Resources: Send + Sync {
    /// Who this store is.
    ///
    /// Must be the same for as long as there is the store, and another one for each store.
    async fn identity(&self) -> Result<Identity>;

    /// The newest revision, or `None` before the first apply.
    async fn current(&self) -> Result<Option<RevisionInfo>>;

    /// Up to `limit` revisions, newest first, those before `before` where one is given.
    ///
    /// Must begin with the newest, and must leave none out.
    async fn revisions(&self, before: Option<Revision>, limit: usize) -> Result<Vec<RevisionInfo>>;

    /// The documents of a revision, by kind and name; empty for revision 0.
    async fn documents(&self, revision: Revision) -> Result<Vec<Document>>;

    /// What the plan of a revision changed, by kind and name.
    ///
    /// Must be as it was stored with the revision.
    async fn changes(&self, revision: Revision) -> Result<Vec<Changed>>;

    /// Makes `documents` the applied state.
    ///
    /// Must refuse with [`Error::Stale`] when the newest revision is not `expected`. Must hand out
    /// revisions in commit order without gaps.
    async fn apply(
        &self,
        expected: Revision,
        documents: Vec<Document>,
        info: NewRevision,
    ) -> Result<RevisionInfo>;
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRevision {
    pub applied_at: Timestamp,
    pub fingerprint: Fingerprint,
    pub origin: Origin,
    pub record: Record,
    /// The plan.
    pub changes: Vec<Changed>,
}
