//! What a preview is made from: the applied state, or files as they stand.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::campaign::{Campaign, Set, SourceFile};
use crate::delivery;
use crate::diagnostic::Diagnostic;
use crate::engine::planning::allowed::Allowed;
use crate::engine::planning::plan::Wish;
use crate::engine::{Engine, Error, Result};
use crate::model::registry::Registry;
use crate::model::resource::Kind;

/// All resources that a preview may use.
#[derive(Debug)]
pub struct Basis {
    pub(super) set: Arc<Set>,
    /// The applied state, where this is a draft.
    pub(super) draft_of: Option<Arc<Set>>,
    /// What is worth a look in the files.
    pub warnings: Vec<Diagnostic>,
}

// === impl Basis ===

impl Basis {
    /// What the files declare of attributes.
    pub fn registry(&self) -> &Registry {
        &self.set.registry
    }

    /// What is worth a look in the files, but for those of other campaigns.
    pub fn warnings_of(&self, campaign: &str) -> Vec<&Diagnostic> {
        let documents = self.set.documents.iter();
        let others: BTreeSet<&str> = documents
            .filter(|document| document.kind == Kind::Campaign && document.name != campaign)
            .map(|document| document.path.as_str())
            .collect();
        let is_theirs = |warning: &&Diagnostic| {
            let place = warning.place.as_ref();
            place.is_some_and(|place| others.contains(place.file.as_str()))
        };
        let warnings = self.warnings.iter();
        warnings.filter(|warning| !is_theirs(warning)).collect()
    }

    /// What is not said by the preview itself.
    pub(super) fn warnings(&self, campaign: &Campaign) -> Vec<String> {
        let Some(applied) = &self.draft_of else {
            return Vec::new();
        };
        let unknown = delivery::unknown_secrets(&self.set, campaign, applied);
        let warning = |reference| {
            format!("{reference} is not looked up before files that refer to it are applied")
        };
        unknown.into_iter().map(warning).collect()
    }
}

// === impl Engine ===

impl Engine {
    /// The applied state.
    pub fn applied(&self) -> Basis {
        Basis {
            set: Arc::clone(&self.applied.load().set),
            draft_of: None,
            warnings: Vec::new(),
        }
    }

    /// Files as they stand, or all that is wrong with them.
    pub async fn draft(
        self: &Arc<Self>,
        files: Vec<SourceFile>,
    ) -> Result<std::result::Result<Basis, Vec<Diagnostic>>> {
        let wish = Wish::Files {
            files: files.into(),
            prune: false,
        };
        wish.check()?;
        let applied = Arc::clone(&self.applied.load().set);
        let beside = Arc::clone(&applied);
        let load = |engine: Arc<Self>, _| async move {
            engine.load(&wish, &Allowed::default(), &beside).await
        };
        let loaded = self.in_turn(("draft", Error::Stopping), load).await?;
        Ok(loaded.map(|loaded| Basis {
            set: Arc::new(loaded.set),
            draft_of: Some(applied),
            warnings: loaded.warnings,
        }))
    }
}
