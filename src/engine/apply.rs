//! Applying: files become the state in force, in one transaction, if nothing moved since the plan.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedMutexGuard, oneshot};

use super::applied::State;
use super::error::{Drift, Moved};
use super::plan::{Plan, Wish};
use super::seal::Seal;
use super::{Engine, Error, Result};
use crate::campaign::{self, Rules, Set};
use crate::model::id::{Fingerprint, Revision};
use crate::model::limits;
use crate::model::resource::{Document, Origin};
use crate::store::contract::NewRevision;

#[derive(Debug)]
pub struct ApplyRequest {
    /// What was planned.
    pub wish: Wish,
    pub seen: Seen,
    /// How old a sealed plan may be.
    pub max_age: Option<Duration>,
    pub origin: Origin,
}

/// The plan that was looked at.
#[derive(Debug)]
pub enum Seen {
    Fingerprint(Fingerprint),
    Sealed(Box<Seal>),
}

#[derive(Debug)]
pub struct Applied {
    /// The one before when the plan was empty.
    pub revision: Revision,
    /// None when this plan was applied before.
    pub plan: Option<Plan>,
    pub newest: Revision,
    /// What would keep messages from being sent now.
    pub warnings: Vec<String>,
}

// === impl Engine ===

impl Engine {
    /// Plans again and applies when the plan is the one that was seen.
    ///
    /// # Errors
    /// [`Error::Files`] when the files have errors, [`Error::Stale`] or [`Error::Moved`] when the plan is another
    /// one now, [`Error::Broken`] and [`Error::AudienceMoved`] for a sealed plan that does not hold any more.
    pub async fn apply(self: &Arc<Self>, request: ApplyRequest) -> Result<Applied> {
        let ApplyRequest {
            mut wish,
            seen,
            max_age,
            origin,
        } = request;
        wish.check()?;
        if let (Seen::Sealed(seal), Wish::Files { files, prune, .. }) = (&seen, &mut wish) {
            self.check_seal(seal, files)?;
            *prune = seal.prune;
        }
        let one = Arc::clone(&self.applying).lock_owned().await;
        let state = self.applied.load_full();
        if let Seen::Sealed(seal) = &seen
            && let Some(applied) = self.applied_before(seal, &state).await?
        {
            return Ok(applied);
        }
        let loaded = self.load(&wish, &state.set).await?.map_err(Error::Files)?;
        let set = Arc::new(loaded.set);
        if let Seen::Sealed(seal) = &seen {
            let rules = rules(&state.set, &set);
            seal.check_age(self.parts.clock.now(), rules.age(max_age))?;
        }
        let plan = campaign::plan(&state.set.documents, &set, state.revision);
        if plan.fingerprint != *seen.fingerprint() {
            return self.differs(&seen, &wish, plan, &state).await;
        }
        let plan = self.weigh(plan, &state, &set).await?;
        if let Seen::Sealed(seal) = &seen {
            check_drift(seal, &plan, rules(&state.set, &set))?;
        }
        if plan.changes.is_empty() {
            return Ok(self.done(state.revision, Some(plan)));
        }
        let new = NewRevision {
            applied_at: self.parts.clock.now(),
            fingerprint: plan.fingerprint.clone(),
            origin,
        };
        let revision = self.commit(one, set, new).await?;
        Ok(self.done(revision, Some(plan)))
    }

    /// On a task of its own: when the caller goes away in the middle, memory must follow the store all the same.
    async fn commit(
        self: &Arc<Self>,
        one: OwnedMutexGuard<()>,
        set: Arc<Set>,
        new: NewRevision,
    ) -> Result<Revision> {
        let (answer, answered) = oneshot::channel();
        let engine = Arc::clone(self);
        self.parts.tasks.spawn("apply", async move {
            let stored = engine.store_revision(set, new).await;
            drop(one);
            drop(answer.send(stored));
        });
        answered.await.map_err(|_| Error::Unsettled)?
    }

    async fn store_revision(&self, set: Arc<Set>, new: NewRevision) -> Result<Revision> {
        let state = self.applied.load_full();
        let documents = set.documents.clone();
        let stored = self.parts.store.apply(state.revision, documents, new);
        let info = stored.await?;
        self.applied.store(Arc::new(state.next(info.revision, set)));
        self.revised.send_replace(info.revision);
        let Origin { author, commit, .. } = info.origin;
        tracing::info!(revision = info.revision.0, author, commit, "applied");
        Ok(info.revision)
    }

    fn done(&self, revision: Revision, plan: Option<Plan>) -> Applied {
        Applied {
            revision,
            plan,
            newest: self.applied.load().revision,
            warnings: self.warn_of_secrets(),
        }
    }

    /// The revision that this very plan made: only the one after the plan's can be.
    async fn applied_before(&self, seal: &Seal, state: &State) -> Result<Option<Applied>> {
        if state.revision <= seal.revision {
            return Ok(None);
        }
        let made = Revision(seal.revision.0.saturating_add(1));
        let behind = Revision(made.0.saturating_add(1));
        let found = self.parts.store.revisions(Some(behind), 1).await?;
        let is_it = found
            .iter()
            .any(|info| info.revision == made && info.fingerprint == seal.fingerprint);
        Ok(is_it.then(|| self.done(made, None)))
    }

    /// The plan is another one now: because it was applied before, or because something moved.
    async fn differs(
        &self,
        seen: &Seen,
        wish: &Wish,
        plan: campaign::Plan,
        state: &State,
    ) -> Result<Applied> {
        match seen {
            Seen::Sealed(seal) if seal.revision == state.revision => {
                Err(Error::Broken(seal.planned_otherwise()))
            }
            Seen::Sealed(seal) => {
                let moved = self.moved(seal.revision, state).await?;
                Err(Error::Moved(Box::new(moved)))
            }
            Seen::Fingerprint(seen) if self.was_made_by(seen, wish).await? => {
                Ok(self.done(state.revision, None))
            }
            Seen::Fingerprint(seen) => Err(Error::Stale {
                expected: seen.to_string(),
                actual: plan.fingerprint.to_string(),
            }),
        }
    }

    /// Whether the newest revision came of this plan of this wish.
    async fn was_made_by(&self, seen: &Fingerprint, wish: &Wish) -> Result<bool> {
        let current = self.parts.store.current().await?;
        let Some(info) = current.filter(|info| info.fingerprint == *seen) else {
            return Ok(false);
        };
        let before = Revision(info.revision.0.saturating_sub(1));
        let applied = self.parts.revisions.get(before).await?;
        let Ok(loaded) = self.load(wish, &applied).await? else {
            return Ok(false);
        };
        let plan = campaign::plan(&applied.documents, &loaded.set, before);
        Ok(plan.fingerprint == *seen)
    }

    async fn moved(&self, planned: Revision, state: &State) -> Result<Moved> {
        let store = &self.parts.store;
        let mut since = store.revisions(None, limits::MOVED_REVISIONS_MAX).await?;
        since.retain(|info| info.revision > planned);
        let before = store.documents(planned).await?;
        let mut changed = differing(&before, &state.set.documents);
        let n = changed.len();
        if n > limits::MOVED_RESOURCES_MAX {
            changed.truncate(limits::MOVED_RESOURCES_MAX);
            changed.push(format!("and {} more", n - limits::MOVED_RESOURCES_MAX));
        }
        Ok(Moved {
            planned,
            now: state.revision,
            since,
            changed,
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

// === impl Seen ===

impl Seen {
    fn fingerprint(&self) -> &Fingerprint {
        match self {
            Self::Fingerprint(fingerprint) => fingerprint,
            Self::Sealed(seal) => &seal.fingerprint,
        }
    }
}

/// What holds for a change: the stricter of what is applied and of what it brings, so that it cannot loosen the rules
/// for itself. The first Settings have nothing before them.
fn rules(applied: &Set, wanted: &Set) -> Rules {
    let of = |set: &Set| {
        let own = |owner: &str| wanted.owner.as_ref().is_none_or(|of| of == owner);
        let rules = set.rules.iter().filter(|(owner, _)| own(owner));
        rules.map(|(_, rules)| *rules).reduce(Rules::strictest)
    };
    let brought = of(wanted).unwrap_or_default();
    of(applied).map_or(brought, |applied| applied.strictest(brought))
}

fn check_drift(seal: &Seal, plan: &Plan, rules: Rules) -> Result<()> {
    let now: BTreeMap<_, _> = plan
        .changes
        .iter()
        .map(|impact| {
            (
                (impact.change.kind, impact.change.name.as_str()),
                impact.audience,
            )
        })
        .collect();
    let drifts = seal.changes.iter().filter_map(|change| {
        let now = (*now.get(&(change.kind, change.name.as_str()))?)?;
        let planned = change.after?;
        rules.has_drifted(planned, now).then(|| Drift {
            resource: format!("{} {}", change.kind, change.name),
            planned,
            now,
        })
    });
    let drifts: Vec<_> = drifts.collect();
    if drifts.is_empty() {
        Ok(())
    } else {
        Err(Error::AudienceMoved(drifts))
    }
}

/// What is on one side only, or not the same on both, by kind and name.
fn differing(before: &[Document], after: &[Document]) -> Vec<String> {
    let mut sides: BTreeMap<_, [Option<&Document>; 2]> = BTreeMap::new();
    for (at, side) in [before, after].into_iter().enumerate() {
        for document in side {
            sides.entry((document.kind, &document.name)).or_default()[at] = Some(document);
        }
    }
    let differing = sides.into_iter().filter(|(_, [a, b])| a != b);
    differing
        .map(|((kind, name), _)| format!("{kind} {name}"))
        .collect()
}
