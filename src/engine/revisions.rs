//! What was applied before, and what stood in it.

use crate::engine::{Engine, Error, Kind, Result};
use crate::model::id::Revision;
use crate::model::resource::{Changed, Document, RevisionInfo};

/// A revision and what it was made of.
#[derive(Debug)]
pub struct ExportedRevision {
    pub info: RevisionInfo,
    pub documents: Vec<Document>,
    /// The plan that made it.
    pub changes: Vec<Changed>,
}

// === impl Engine ===

impl Engine {
    /// Up to `limit` revisions, newest first, those before `before` where one is given.
    pub async fn list_revisions(
        &self,
        before: Option<Revision>,
        limit: usize,
    ) -> Result<Vec<RevisionInfo>> {
        Ok(self.parts.store.revisions(before, limit).await?)
    }

    /// The newest revision, from memory; none before the first.
    pub fn newest(&self) -> Option<RevisionInfo> {
        self.applied.load().info.clone()
    }

    /// A revision, the newest without a number, with its documents as they were applied, by owner and path.
    pub async fn export(&self, revision: Option<Revision>) -> Result<ExportedRevision> {
        let behind = revision.map(|revision| Revision(revision.0.saturating_add(1)));
        let found = self.parts.store.revisions(behind, 1).await?;
        let mut found = found.into_iter();
        let info = found.find(|info| revision.is_none_or(|asked| info.revision == asked));
        let info = info.ok_or_else(|| {
            let named = revision.map_or_else(|| "newest".to_owned(), |asked| asked.to_string());
            Error::not_found(Kind::Revision, &named)
        })?;
        let mut documents = self.parts.store.documents(info.revision).await?;
        documents.sort_by(|a, b| (&a.owner, &a.path).cmp(&(&b.owner, &b.path)));
        Ok(ExportedRevision {
            changes: self.parts.store.changes(info.revision).await?,
            info,
            documents,
        })
    }
}
