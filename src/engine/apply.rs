//! Applying: files become the state in force, in one transaction, if nothing moved since the plan.

use std::sync::Arc;

use super::plan::{Plan, check_files, load};
use super::{Engine, Error, Result};
use crate::campaign::{self, SourceFile};
use crate::model::id::{Fingerprint, Revision};
use crate::model::resource::Origin;
use crate::store::contract::NewRevision;

#[derive(Debug)]
pub struct ApplyRequest {
    /// The files that were planned.
    pub files: Vec<SourceFile>,
    /// The plan's.
    pub fingerprint: Fingerprint,
    pub origin: Origin,
}

#[derive(Debug)]
pub struct Applied {
    /// The one before when the plan was empty.
    pub revision: Revision,
    pub plan: Plan,
    /// What would keep messages from being sent now.
    pub warnings: Vec<String>,
}

// === impl Engine ===

impl Engine {
    /// Plans again and applies when the plan is the one that was seen.
    ///
    /// # Errors
    /// [`Error::Files`] when the files have errors, [`Error::Stale`] when the plan is another one now.
    pub async fn apply(&self, request: ApplyRequest) -> Result<Applied> {
        check_files(&request.files)?;
        let loaded = load(request.files).await?.map_err(Error::Files)?;
        let set = Arc::new(loaded.set);
        let _one = self.applying.lock().await;
        let state = self.applied.load_full();
        let plan = campaign::plan(&state.set.documents, &set, state.revision);
        if plan.fingerprint != request.fingerprint {
            return Err(Error::Stale {
                expected: request.fingerprint.to_string(),
                actual: plan.fingerprint.to_string(),
            });
        }
        let plan = self.weigh(plan, &state, &set).await?;
        if plan.changes.is_empty() {
            return Ok(Applied {
                revision: state.revision,
                plan,
                warnings: self.warn_of_secrets(),
            });
        }
        let new = NewRevision {
            applied_at: self.parts.clock.now(),
            fingerprint: request.fingerprint,
            origin: request.origin,
        };
        let documents = set.documents.clone();
        let info = self
            .parts
            .store
            .apply(state.revision, documents, new)
            .await?;
        self.applied.store(Arc::new(state.next(info.revision, set)));
        self.revised.send_replace(info.revision);
        let Origin { author, commit, .. } = info.origin;
        tracing::info!(revision = info.revision.0, author, commit, "applied");
        Ok(Applied {
            revision: info.revision,
            plan,
            warnings: self.warn_of_secrets(),
        })
    }

    /// Secrets that what is applied refers to and this process does not have, logged and as texts.
    pub fn warn_of_secrets(&self) -> Vec<String> {
        let set = Arc::clone(&self.applied.load().set);
        let missing = self.parts.attempts.missing_secrets(&set).into_iter();
        let told = missing.map(|(channel, error)| {
            tracing::warn!(channel, %error, "a channel cannot send: its secret is missing");
            format!("channel `{channel}` cannot send: {error}")
        });
        let mut told: Vec<String> = told.collect();
        let credentials = self.parts.attempts.missing_passwords(&set).into_iter();
        told.extend(credentials.map(|(credential, error)| {
            tracing::warn!(credential, %error, "a credential of connected content has no password");
            format!("messages with `:basic_auth {credential}` cannot be made: {error}")
        }));
        told
    }
}
