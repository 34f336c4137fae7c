//! What applying files would change, before anybody is counted.

use std::sync::Arc;

use super::allowed::Allowed;
use super::load::beside_runtime;
use super::plan::Wish;
use crate::campaign::{self, Change, Set};
use crate::diagnostic::Diagnostic;
use crate::engine::{Engine, Result};
use crate::model::id::Revision;
use crate::model::resource::Kind;
use crate::segment::{self, Filter};

/// What is wanted, held against what is applied.
pub(in crate::engine) struct Prospect {
    pub(in crate::engine) set: Arc<Set>,
    pub(in crate::engine) plan: campaign::Plan,
    /// What the files alone are warned of.
    pub(in crate::engine) warnings: Vec<Diagnostic>,
}

// === impl Engine ===

impl Engine {
    /// Loads a wish and compares it with a state, or says what is wrong with it.
    pub(in crate::engine) async fn prospect(
        &self,
        wish: &Wish,
        allowed: &Allowed,
        (applied, revision): (&Arc<Set>, Revision),
    ) -> Result<std::result::Result<Prospect, Vec<Diagnostic>>> {
        let loaded = match self.load(wish, allowed, applied).await? {
            Ok(loaded) => loaded,
            Err(diagnostics) => return Ok(Err(diagnostics)),
        };
        let applied = Arc::clone(applied);
        // Thousands of documents are hashed and taken apart.
        let prospect = beside_runtime(move || Prospect {
            plan: campaign::plan(&applied, &loaded.set, revision),
            set: Arc::new(loaded.set),
            warnings: loaded.warnings,
        });
        prospect.await.map(Ok)
    }

    /// What is wrong with files, with what only a server sees, at the levels that Settings give it.
    pub(in crate::engine) async fn told(&self, prospect: &Prospect) -> Result<Vec<Diagnostic>> {
        let wanted = &prospect.set;
        let mut told = self.count_gaps(prospect.warnings.clone(), wanted).await?;
        told.extend(self.warn_of_values(wanted).await?);
        told.extend(self.warn_of_filters(&prospect.plan.changes, wanted).await?);
        Ok(wanted.lints.sifted(told))
    }

    /// Warns of what looks wrong in filters that are new, given what users have.
    async fn warn_of_filters(&self, changes: &[Change], wanted: &Set) -> Result<Vec<Diagnostic>> {
        let mut warnings = Vec::new();
        // Of a store without users every name is unknown.
        if self.parts.store.count_users().await? == 0 {
            return Ok(warnings);
        }
        for change in changes {
            let Some(filter) = own_filter(wanted, change.kind, &change.name) else {
                continue;
            };
            let doubts = self.parts.store.doubts(&filter).await?;
            let mut documents = wanted.documents.iter();
            let document = documents.find(|it| it.kind == change.kind && it.name == change.name);
            if let (Some(document), false) = (document, doubts.is_empty()) {
                warnings.extend(campaign::placed(&document.into(), "filter", doubts));
            }
        }
        Ok(warnings)
    }
}

/// The filter that stands in the resource's own file.
fn own_filter(set: &Set, kind: Kind, name: &str) -> Option<Filter> {
    match kind {
        Kind::Segment => Some(set.segments.get(name)?.filter.clone()),
        Kind::Campaign => {
            let text = set.campaigns.get(name)?.filter.as_ref()?;
            segment::compile(text, &set.declared).ok()
        }
        _ => None,
    }
}
