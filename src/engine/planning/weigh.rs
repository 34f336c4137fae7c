//! What a plan does to people: who enters and leaves the audience of everything that changes, and who is reached.

use std::sync::Arc;

use super::asking::Asking;
use super::held::{self, Excess};
use super::load::beside_runtime;
use super::outlook::Outlook;
use super::policies::Judge;
use super::prospect::Prospect;
use super::renders::Renders;
use crate::audience::Relation;
use crate::campaign::{self, Change, Reach, Set};
use crate::diagnostic::Diagnostic;
use crate::engine::applied::State;
use crate::engine::{Engine, Error, Result};
use crate::model::id::{ExternalId, Fingerprint, Revision};
use crate::model::limits;
use crate::model::resource::{Action, Changed, Key, Kind};
use crate::segment::Difference;
use crate::store::contract::Compared;

/// What applying would do.
#[derive(Debug)]
pub struct Plan {
    pub fingerprint: Fingerprint,
    pub revision: Revision,
    pub changes: Vec<Impact>,
    /// Campaigns that do not change themselves and use something that does, by name.
    pub reached: Vec<Reached>,
    /// Shared resources whose people are not counted, because very many campaigns share them.
    pub uncounted: usize,
    pub unchanged: usize,
    /// Whose files they are; empty for nobody's.
    pub owner: String,
    /// The owner's, not among the files, and kept.
    pub orphans: Vec<Key>,
    /// The bounds that it is over, lifted or not.
    pub excesses: Vec<Excess>,
}

/// One change with what it does to people; counts are `None` for what has no audience.
#[derive(Debug)]
pub struct Impact {
    pub change: Change,
    pub audience: Option<u64>,
    pub audience_before: Option<u64>,
    pub effect: Effect,
}

/// A campaign that others' changes reach.
#[derive(Debug)]
pub struct Reached {
    pub reach: Reach,
    pub effect: Effect,
}

/// What a change does, as far as there are people behind it.
#[derive(Debug, Default)]
pub struct Effect {
    pub delta: Option<Delta>,
    /// Of a segment's or campaign's filter; unset where it stays.
    pub filter: Option<FilterChange>,
    /// Of a campaign's message.
    pub renders: Option<Renders>,
    /// Of a campaign.
    pub outlook: Option<Outlook>,
}

/// Who is in before and after.
#[derive(Debug)]
pub struct Delta {
    pub before: u64,
    pub after: u64,
    pub entered: u64,
    pub left: u64,
    /// Of those after; `None` where no campaign sends to them.
    pub reachable: Option<u64>,
    /// Of those who entered.
    pub entered_reachable: Option<u64>,
    pub entered_ids: Vec<ExternalId>,
    pub left_ids: Vec<ExternalId>,
    pub(in crate::engine) witnesses: Vec<ExternalId>,
}

/// What became of a filter.
#[derive(Debug)]
pub struct FilterChange {
    /// Among the users that there are.
    pub relation: Relation,
    pub difference: Difference,
}

// === impl Plan ===

impl Plan {
    /// Whose audiences are to be about the same when it is applied: those of what changes, and of campaigns that are reached.
    pub(in crate::engine) fn watched(&self) -> Vec<Changed> {
        let reached = self.reached.iter().map(|reached| Changed {
            kind: Kind::Campaign,
            name: reached.reach.campaign.clone(),
            action: Action::Update,
            before: reached.effect.delta.as_ref().map(|delta| delta.before),
            after: reached.effect.delta.as_ref().map(|delta| delta.after),
        });
        self.changed().into_iter().chain(reached).collect()
    }

    /// What is kept of the changes.
    pub(in crate::engine) fn changed(&self) -> Vec<Changed> {
        let changes = self.changes.iter().map(|impact| Changed {
            kind: impact.change.kind,
            name: impact.change.name.clone(),
            action: impact.change.action,
            before: impact.audience_before,
            after: impact.audience,
        });
        changes.collect()
    }
}

// === impl Impact ===

impl Impact {
    fn new((change, effect): (Change, Effect)) -> Self {
        let delta = effect.delta.as_ref();
        let (is_new, is_old) = (
            change.action == Action::Create,
            change.action == Action::Delete,
        );
        Self {
            audience_before: delta.filter(|_| !is_new).map(|delta| delta.before),
            audience: delta.filter(|_| !is_old).map(|delta| delta.after),
            change,
            effect,
        }
    }
}

// === impl Delta ===

impl Delta {
    pub(super) fn new(compared: Compared, is_sent: bool) -> Self {
        let counts = compared.counts;
        Self {
            before: counts.before,
            after: counts.after,
            entered: counts.entered,
            left: counts.left,
            reachable: is_sent.then_some(counts.reachable),
            entered_reachable: is_sent.then_some(counts.entered_reachable),
            entered_ids: compared.entered,
            left_ids: compared.left,
            witnesses: compared.witnesses,
        }
    }

    pub fn relation(&self) -> Relation {
        Relation::of(self.entered, self.left)
    }
}

// === impl Engine ===

impl Engine {
    /// Counts the people behind each change, and says what to look at.
    ///
    /// # Errors
    /// [`Error::Files`] when Settings make an error of what only a server sees, or a policy denies the plan.
    pub(in crate::engine) async fn weigh(
        &self,
        prospect: Prospect,
        state: &State,
    ) -> Result<(Plan, Vec<Diagnostic>)> {
        let told = self.told(&prospect).await?;
        if told.iter().any(Diagnostic::is_error) {
            return Err(Error::Files(told));
        }
        let sides = [Arc::clone(&state.set), prospect.set];
        let plan = self.count_people(prospect.plan, sides.clone()).await?;
        let (plan, judged) = self.judged(plan, sides).await?;
        let diagnostics = [judged, told].concat();
        if diagnostics.iter().any(Diagnostic::is_error) {
            return Err(Error::Files(diagnostics));
        }
        Ok((plan, diagnostics))
    }

    async fn count_people(&self, plan: campaign::Plan, sides: [Arc<Set>; 2]) -> Result<Plan> {
        // Very many campaigns may share very much.
        let asked = beside_runtime(move || {
            let asking = Asking::new(&plan, [&sides[0], &sides[1]]);
            (plan, asking)
        });
        let (plan, asking) = asked.await?;
        let uncounted = asking.uncounted;
        let mut effects = self.effects(asking).await?;
        let of_reached = effects.split_off(plan.changes.len());
        let changes = plan.changes.into_iter().zip(effects);
        let reached = plan.reached.into_iter().zip(of_reached);
        Ok(Plan {
            fingerprint: plan.fingerprint,
            revision: plan.revision,
            changes: changes.map(Impact::new).collect(),
            reached: reached
                .map(|(reach, effect)| Reached { reach, effect })
                .collect(),
            uncounted,
            unchanged: plan.unchanged,
            owner: plan.owner,
            orphans: plan.orphans,
            excesses: Vec::new(),
        })
    }

    /// With the limits that it is over, and what policies say.
    async fn judged(
        &self,
        mut plan: Plan,
        sides: [Arc<Set>; 2],
    ) -> Result<(Plan, Vec<Diagnostic>)> {
        let users = self.parts.store.count_users().await?;
        let now = self.parts.clock.now();
        // Every policy is asked of every change.
        let judged = beside_runtime(move || {
            let [applied, wanted] = [&*sides[0], &*sides[1]];
            plan.excesses = held::excesses(&plan, applied, wanted);
            let told = Judge::new([applied, wanted], users, now).judge(&plan);
            let mut told = wanted.lints.sifted(told);
            told.truncate(limits::DIAGNOSTICS_MAX);
            (plan, told)
        });
        judged.await
    }
}
