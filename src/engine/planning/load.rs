//! Loading what is wanted: checked together with what stays of the applied state.

use std::sync::Arc;

use super::allowed::Allowed;
use super::plan::Wish;
use crate::campaign::{self, Beside, Loaded, Set};
use crate::diagnostic::Diagnostic;
use crate::engine::{Engine, Error, Result};
use crate::model::limits;

type Load = std::result::Result<Loaded, Vec<Diagnostic>>;

// === impl Engine ===

impl Engine {
    /// All that would be applied, or what is wrong with it.
    pub(in crate::engine) async fn load(
        &self,
        wish: &Wish,
        allowed: &Allowed,
        applied: &Arc<Set>,
    ) -> Result<Load> {
        let (files, prune) = match wish {
            Wish::Back(back) => return self.load_back(back, applied).await,
            Wish::Files { files, prune } => (Arc::clone(files), *prune),
        };
        let takeovers = allowed.takeovers();
        let set = Arc::clone(applied);
        let loaded = beside_runtime(move || {
            let beside = Beside {
                applied: &set.documents,
                prune,
                takeovers: &takeovers,
            };
            campaign::load_beside(&files, beside)
        });
        let loaded = loaded.await?;
        if prune && matches!(&loaded, Ok(loaded) if loaded.set.owner.as_deref() == Some("")) {
            let message = "nothing is deleted without an owner: declare `owner:` in Settings";
            return Err(Error::invalid("prune", message));
        }
        loaded
            .as_ref()
            .map_or(Ok(()), |loaded| check_applied(&loaded.set))?;
        Ok(loaded)
    }
}

/// # Errors
/// What would be applied, that of others with it, is too much.
fn check_applied(set: &Set) -> Result<()> {
    let bytes = set.documents.iter().map(|it| it.source.len()).sum();
    if bytes <= limits::APPLIED_BYTES_MAX {
        return Ok(());
    }
    Err(Error::OverLimit {
        field: "files, with what is applied beside them,",
        unit: "bytes",
        actual: bytes,
        max: limits::APPLIED_BYTES_MAX,
    })
}

/// Parses and compiles beside the runtime: a large folder takes a while.
pub(in crate::engine) async fn beside_runtime<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::Internal(Box::new(error)))
}
