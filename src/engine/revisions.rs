//! What was applied before, and what stood in it.

use super::{Engine, Error, Kind, Result};
use crate::model::id::Revision;
use crate::model::resource::{Document, RevisionInfo};

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

    /// A revision, the newest without a number, and its documents as they were applied, by path.
    pub async fn export(
        &self,
        revision: Option<Revision>,
    ) -> Result<(RevisionInfo, Vec<Document>)> {
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
        Ok((info, documents))
    }
}
