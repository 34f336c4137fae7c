//! What a plan does to people: who enters and leaves the audience of everything that changes, and who is reached.

use std::collections::{BTreeMap, BTreeSet};

use super::crowds::Crowds;
use super::held::{self, Excess};
use super::outlook::Outlook;
use super::policies::Judge;
use super::renders::Renders;
use crate::audience::Relation;
use crate::campaign::{self, Change, Set};
use crate::diagnostic::Diagnostic;
use crate::engine::applied::State;
use crate::engine::{Engine, Error, Result};
use crate::model::id::{ExternalId, Fingerprint, Revision};
use crate::model::limits;
use crate::model::resource::{Action, Kind};
use crate::segment::{Difference, Filter};
use crate::store::contract::Compared;

/// What applying would do.
#[derive(Debug)]
pub struct Plan {
    pub fingerprint: Fingerprint,
    pub revision: Revision,
    pub changes: Vec<Impact>,
    /// Campaigns that do not change themselves and use something that does, by name.
    pub reached: Vec<Reached>,
    pub unchanged: usize,
    /// Whose files they are; empty for nobody's.
    pub owner: String,
    /// The owner's, not among the files, and kept.
    pub orphans: Vec<(Kind, String)>,
    /// The bounds that it is over, lifted or not.
    pub excesses: Vec<Excess>,
    /// What policies warn of.
    pub warnings: Vec<Diagnostic>,
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
    pub campaign: String,
    /// The changes, by kind and name.
    pub through: Vec<(Kind, String)>,
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

// === impl Delta ===

impl Delta {
    fn new(compared: Compared, is_sent: bool) -> Self {
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
    /// Counts the people behind each change, and holds it against policies.
    ///
    /// # Errors
    /// [`Error::Files`] when a policy denies it.
    pub(in crate::engine) async fn weigh(
        &self,
        plan: campaign::Plan,
        state: &State,
        wanted: &Set,
    ) -> Result<Plan> {
        let reached = reached(&plan.changes);
        let mut deltas = self
            .deltas(&plan.changes, &reached, [&state.set, wanted])
            .await?;
        let mut changes = Vec::with_capacity(plan.changes.len());
        for change in plan.changes {
            let effect = self
                .effect(
                    &change.name,
                    change.kind,
                    deltas.next().flatten(),
                    [&state.set, wanted],
                )
                .await?;
            let (is_new, is_old) = (
                change.action == Action::Create,
                change.action == Action::Delete,
            );
            let delta = effect.delta.as_ref();
            changes.push(Impact {
                audience_before: delta.filter(|_| !is_new).map(|delta| delta.before),
                audience: delta.filter(|_| !is_old).map(|delta| delta.after),
                change,
                effect,
            });
        }
        let mut others = Vec::with_capacity(reached.len());
        for (name, through) in reached {
            let delta = deltas.next().flatten();
            let effect = self
                .effect(&name, Kind::Campaign, delta, [&state.set, wanted])
                .await?;
            others.push(Reached {
                campaign: name,
                through,
                effect,
            });
        }
        let mut plan = Plan {
            fingerprint: plan.fingerprint,
            revision: plan.revision,
            changes,
            reached: others,
            unchanged: plan.unchanged,
            owner: plan.owner,
            orphans: plan.orphans,
            excesses: Vec::new(),
            warnings: Vec::new(),
        };
        plan.excesses = held::excesses(&plan, &state.set, wanted);
        plan.warnings = self.judged(&plan, [&state.set, wanted]).await?;
        Ok(plan)
    }

    /// Of every change, and then of every campaign that is reached.
    async fn deltas(
        &self,
        changes: &[Change],
        reached: &BTreeMap<String, Vec<(Kind, String)>>,
        [before, after]: [&Set; 2],
    ) -> Result<std::vec::IntoIter<Option<Delta>>> {
        let n_campaigns = reached.len() + changes.len();
        let witnesses = (limits::RENDERS_MAX / n_campaigns.max(1)).min(limits::RENDER_USERS_MAX);
        let mut crowds = Crowds::new(before, after, witnesses);
        let changed = changes.iter().map(|it| (it.kind, it.name.as_str()));
        let others = reached.keys().map(|name| (Kind::Campaign, name.as_str()));
        let asked: Vec<_> = changed
            .chain(others)
            .map(|(kind, name)| crowds.of(kind, name))
            .collect();
        let questions = asked.iter().flatten();
        let questions = questions.map(|asked| asked.question.clone()).collect();
        let now = self.parts.clock.now();
        let compared = self.parts.store.compare(questions, now).await?;
        let mut compared = compared.into_iter();
        let deltas = asked.into_iter().map(|asked| {
            let asked = asked?;
            Some(Delta::new(compared.next()?, asked.is_sent))
        });
        Ok(deltas.collect::<Vec<_>>().into_iter())
    }

    /// What policies warn of.
    async fn judged(&self, plan: &Plan, sides: [&Set; 2]) -> Result<Vec<Diagnostic>> {
        let users = self.parts.store.count_users().await?;
        let now = self.parts.clock.now();
        let told = Judge::new(sides, users, now).judge(plan);
        let mut told = sides[1].lints.sifted(told);
        told.truncate(limits::DIAGNOSTICS_MAX);
        if told.iter().any(Diagnostic::is_error) {
            return Err(Error::Files(told));
        }
        Ok(told)
    }

    async fn effect(
        &self,
        name: &str,
        kind: Kind,
        delta: Option<Delta>,
        [before, after]: [&Set; 2],
    ) -> Result<Effect> {
        let outlook = match &delta {
            Some(delta) if kind == Kind::Campaign && after.campaign(name).is_some() => {
                Some(self.outlook(name, delta.reachable.unwrap_or(0)).await?)
            }
            _ => None,
        };
        let filter = delta.as_ref().and_then(|delta| {
            let sides = [before, after].map(|set| filter(set, kind, name));
            let [Some(before), Some(after)] = sides else {
                return None;
            };
            (before != after).then(|| FilterChange {
                relation: delta.relation(),
                difference: Difference::of(before, after),
            })
        });
        Ok(Effect {
            delta,
            filter,
            renders: None,
            outlook,
        })
    }
}

/// Campaigns that changes reach and that are none of them, with what reaches them.
fn reached(changes: &[Change]) -> BTreeMap<String, Vec<(Kind, String)>> {
    let own = changes
        .iter()
        .filter(|change| change.kind == Kind::Campaign);
    let own: BTreeSet<&str> = own.map(|change| change.name.as_str()).collect();
    let mut reached: BTreeMap<String, Vec<(Kind, String)>> = BTreeMap::new();
    for change in changes {
        for (kind, user) in &change.used_by {
            if *kind == Kind::Campaign && !own.contains(user.as_str()) {
                let through = (change.kind, change.name.clone());
                reached.entry(user.clone()).or_default().push(through);
            }
        }
    }
    reached
}

/// Whom a resource is about: `None` when it is about nobody, `Some(None)` when about everybody.
fn filter<'a>(set: &'a Set, kind: Kind, name: &str) -> Option<Option<&'a Filter>> {
    match kind {
        Kind::Segment => set.segments.get(name).map(|segment| Some(&segment.filter)),
        Kind::Campaign => set
            .campaign(name)
            .map(|campaign| campaign.audience.as_ref()),
        _ => None,
    }
}
