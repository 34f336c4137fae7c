//! What a preview is made from: the applied state, or files as they stand.

use std::sync::Arc;

use super::plan::check_files;
use super::{Engine, Result};
use crate::campaign::{Campaign, Set, SourceFile};
use crate::delivery;
use crate::diagnostic::Diagnostic;
use crate::model::registry::Registry;

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
        &self,
        files: Vec<SourceFile>,
    ) -> Result<std::result::Result<Basis, Vec<Diagnostic>>> {
        check_files(&files)?;
        let applied = Arc::clone(&self.applied.load().set);
        let loaded = self.load_draft(files, &applied).await?;
        Ok(loaded.map(|loaded| Basis {
            set: Arc::new(loaded.set),
            draft_of: Some(applied),
            warnings: loaded.warnings,
        }))
    }
}
