//! Applying: files become the state in force, in one transaction, if nothing moved since the plan.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::campaign::{self, Rules, Set};
use crate::engine::applied::State;
use crate::engine::error::{Drift, Moved};
use crate::engine::planning::allowed::{Allowed, Exception};
use crate::engine::planning::held;
use crate::engine::planning::plan::Wish;
use crate::engine::planning::seal::{Broken, Seal};
use crate::engine::planning::turns::Caller;
use crate::engine::planning::weigh::Plan;
use crate::engine::{Engine, Error, Result};
use crate::model::id::{Fingerprint, Revision};
use crate::model::limits;
use crate::model::resource::{Document, Key, Origin, Record, RevisionInfo, differing};
use crate::store::contract::NewRevision;

#[derive(Debug)]
pub struct ApplyRequest {
    /// What was planned.
    pub wish: Wish,
    pub allowed: Allowed,
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
        request.wish.check()?;
        let apply =
            |engine: Arc<Self>, caller| async move { engine.apply_in_turn(request, caller).await };
        self.in_turn(("apply", Error::Unsettled), apply).await
    }

    async fn apply_in_turn(&self, request: ApplyRequest, caller: Caller) -> Result<Applied> {
        let ApplyRequest {
            mut wish,
            allowed,
            seen,
            max_age,
            origin,
        } = request;
        if let (Seen::Sealed(seal), Wish::Files { files, prune }) = (&seen, &mut wish) {
            self.check_seal(seal, files).await?;
            *prune = seal.prune;
        }
        let _one = self.applying.lock().await;
        caller.check()?;
        let state = self.applied.load_full();
        if let Seen::Sealed(seal) = &seen
            && let Some(applied) = self.applied_before(seal, &state).await?
        {
            return Ok(applied);
        }
        let prospect = self.prospect(&wish, &allowed, (&state.set, state.revision));
        let prospect = prospect.await?.map_err(Error::Files)?;
        if let Seen::Sealed(seal) = &seen {
            let rules = held::rules(&state.set, &prospect.set);
            seal.check_age(self.parts.clock.now(), rules.age(max_age))?;
        }
        if prospect.plan.fingerprint != *seen.fingerprint() {
            return self
                .differs(&seen, (&wish, &allowed), prospect.plan, &state)
                .await;
        }
        let set = Arc::clone(&prospect.set);
        let (plan, _) = self.weigh(prospect, &state).await?;
        let used = held(&seen, &allowed, &plan, (&state.set, &set))?;
        if plan.changes.is_empty() {
            return Ok(self.done(state.revision, Some(plan)));
        }
        let new = NewRevision {
            applied_at: self.parts.clock.now(),
            fingerprint: plan.fingerprint.clone(),
            origin,
            record: record(&seen, &wish, &plan, &used),
            changes: plan.changed(),
        };
        // From here on memory follows the store, whoever waits for it.
        caller.check()?;
        let revision = self.store_revision(set, new).await?;
        Ok(self.done(revision, Some(plan)))
    }

    async fn store_revision(&self, set: Arc<Set>, new: NewRevision) -> Result<Revision> {
        let state = self.applied.load_full();
        let documents = set.documents.clone();
        let stored = self.parts.store.apply(state.revision, documents, new);
        let info = stored.await?;
        let revision = info.revision;
        let Origin { author, commit, .. } = &info.origin;
        tracing::info!(revision = revision.0, author, commit, "applied");
        self.applied.store(Arc::new(state.next(info, set)));
        self.revised.send_replace(revision);
        Ok(revision)
    }

    fn done(&self, revision: Revision, plan: Option<Plan>) -> Applied {
        Applied {
            revision,
            plan,
            newest: self.applied.load().revision,
            warnings: self.warn_of_secrets(),
        }
    }

    /// The revision that this very plan made, when what it changed is still as it left it.
    async fn applied_before(&self, seal: &Seal, state: &State) -> Result<Option<Applied>> {
        let Some(made) = self.made(seal, state).await? else {
            return Ok(None);
        };
        let left = self.parts.store.documents(made.revision).await?;
        let changed = differing(&left, &state.set.documents);
        let own = self.parts.store.changes(made.revision).await?.into_iter();
        let own: BTreeSet<Key> = own.map(|change| (change.kind, change.name)).collect();
        if changed.iter().any(|key| own.contains(key)) {
            let moved = self.moved(made.revision, &own, state).await?;
            return Err(Error::Moved(Box::new(Moved {
                was_applied: true,
                ..moved
            })));
        }
        Ok(Some(self.done(made.revision, None)))
    }

    async fn made(&self, seal: &Seal, state: &State) -> Result<Option<RevisionInfo>> {
        if state.revision <= seal.revision {
            return Ok(None);
        }
        let store = &self.parts.store;
        let newest = store.revisions(None, limits::APPLIED_BEFORE_MAX).await?;
        let is_its = |info: &RevisionInfo| {
            // Others may have made the same change: theirs is not this plan. The store keeps microseconds.
            let planned_at = info.record.planned_at.map(Timestamp::as_microsecond);
            info.revision > seal.revision
                && info.fingerprint == seal.fingerprint
                && planned_at == Some(seal.made_at.as_microsecond())
        };
        Ok(newest.into_iter().find(is_its))
    }

    /// The plan is another one now: because it was applied before, or because something moved.
    async fn differs(
        &self,
        seen: &Seen,
        asked: (&Wish, &Allowed),
        plan: campaign::Plan,
        state: &State,
    ) -> Result<Applied> {
        match seen {
            Seen::Sealed(seal) if self.is_set_back(seal, state).await? => {
                Err(Error::Broken(Broken::SetBack {
                    planned: seal.revision,
                    now: state.revision,
                }))
            }
            Seen::Sealed(seal) if seal.revision == state.revision => {
                Err(Error::Broken(seal.planned_otherwise()))
            }
            Seen::Sealed(seal) => {
                let moved = self.moved(seal.revision, &plan.grounds, state).await?;
                Err(Error::Moved(Box::new(moved)))
            }
            Seen::Fingerprint(seen) if self.was_made_by(seen, asked).await? => {
                Ok(self.done(state.revision, None))
            }
            Seen::Fingerprint(seen) => Err(Error::Stale {
                expected: seen.to_string(),
                actual: plan.fingerprint.to_string(),
            }),
        }
    }

    /// Whether the revision that was planned against is gone, as after a backup was restored: there is none of its number,
    /// or another one that was applied later.
    async fn is_set_back(&self, seal: &Seal, state: &State) -> Result<bool> {
        if state.revision < seal.revision {
            return Ok(true);
        }
        let behind = Revision(seal.revision.0.saturating_add(1));
        let found = self.parts.store.revisions(Some(behind), 1).await?;
        let mut found = found.iter().filter(|info| info.revision == seal.revision);
        Ok(found.any(|info| info.applied_at > seal.made_at))
    }

    /// Whether the newest revision came of this plan of this wish.
    async fn was_made_by(
        &self,
        seen: &Fingerprint,
        (wish, allowed): (&Wish, &Allowed),
    ) -> Result<bool> {
        let current = self.parts.store.current().await?;
        let Some(info) = current.filter(|info| info.fingerprint == *seen) else {
            return Ok(false);
        };
        let before = Revision(info.revision.0.saturating_sub(1));
        let applied = self.parts.revisions.get(before).await?;
        let prospect = self.prospect(wish, allowed, (&applied, before)).await?;
        Ok(prospect.is_ok_and(|it| it.plan.fingerprint == *seen))
    }

    /// What was applied since, as far as the plan rests on it.
    async fn moved(
        &self,
        planned: Revision,
        grounds: &BTreeSet<Key>,
        state: &State,
    ) -> Result<Moved> {
        let store = &self.parts.store;
        let mut since = store.revisions(None, limits::MOVED_REVISIONS_MAX).await?;
        since.retain(|info| info.revision > planned);
        let before = store.documents(planned).await?;
        let changed = differing(&before, &state.set.documents);
        let is_ground = |key: &Key| grounds.contains(key);
        // What the plan rested on and is gone is no ground any more.
        let is_any = changed.iter().any(is_ground);
        let changed = changed.into_iter().filter(|key| !is_any || is_ground(key));
        let changed = changed.map(|(kind, name)| format!("{kind} {name}"));
        let mut changed: Vec<String> = changed.collect();
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
            was_applied: false,
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

/// The exceptions that the plan needs, all of them given.
fn held(
    seen: &Seen,
    allowed: &Allowed,
    plan: &Plan,
    (applied, wanted): (&Set, &Set),
) -> Result<Vec<Exception>> {
    let mut used = held::lifted(plan.excesses.clone(), allowed).map_err(Error::Exceeded)?;
    if let Seen::Sealed(seal) = seen {
        match check_drift(seal, plan, held::rules(applied, wanted)) {
            Err(Error::AudienceMoved(_)) if allowed.holds(&Exception::Drift) => {
                used.push(Exception::Drift);
            }
            checked => checked?,
        }
    }
    used.extend(taken_over(&applied.documents, &wanted.documents));
    Ok(used)
}

/// Loading has seen to it that they were allowed.
fn taken_over(before: &[Document], after: &[Document]) -> BTreeSet<Exception> {
    let owners: BTreeMap<_, _> = before
        .iter()
        .map(|it| ((it.kind, &it.name), it.owner.as_str()))
        .collect();
    let taken = after.iter().filter_map(|it| {
        let owner = *owners.get(&(it.kind, &it.name))?;
        (!owner.is_empty() && owner != it.owner).then(|| Exception::Takeover(owner.to_owned()))
    });
    taken.collect()
}

fn record(seen: &Seen, wish: &Wish, plan: &Plan, used: &[Exception]) -> Record {
    Record {
        owner: plan.owner.clone(),
        allowed: used.iter().map(ToString::to_string).collect(),
        planned_at: match seen {
            Seen::Sealed(seal) => Some(seal.made_at),
            Seen::Fingerprint(_) => None,
        },
        back_to: match wish {
            Wish::Back(back) => Some(back.revision),
            Wish::Files { .. } => None,
        },
        is_pruned: matches!(wish, Wish::Files { prune: true, .. }),
    }
}

fn check_drift(seal: &Seal, plan: &Plan, rules: Rules) -> Result<()> {
    let watched = plan.watched();
    let now: BTreeMap<_, _> = watched
        .iter()
        .map(|it| ((it.kind, it.name.as_str()), it.after))
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
