//! What a plan does to people: who enters and leaves the audience of everything that changes, and who is reached.

use super::crowds::Crowds;
use super::held::{self, Excess};
use super::outlook::Outlook;
use super::policies::Judge;
use super::prospect::Prospect;
use super::renders::Renders;
use crate::audience::Relation;
use crate::campaign::{self, Change, Key, Reach, Set};
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
        let wanted = prospect.set;
        let sides = [state.set.as_ref(), wanted.as_ref()];
        let mut plan = self.count_people(prospect.plan, sides).await?;
        plan.excesses = held::excesses(&plan, sides[0], sides[1]);
        let diagnostics = [self.judged(&plan, sides).await?, told].concat();
        if diagnostics.iter().any(Diagnostic::is_error) {
            return Err(Error::Files(diagnostics));
        }
        Ok((plan, diagnostics))
    }

    async fn count_people(&self, plan: campaign::Plan, sides: [&Set; 2]) -> Result<Plan> {
        let (mut deltas, uncounted) = self.deltas(&plan.changes, &plan.reached, sides).await?;
        let mut changes = Vec::with_capacity(plan.changes.len());
        for change in plan.changes {
            let effect = self
                .effect(&change.name, change.kind, deltas.next().flatten(), sides)
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
        let mut others = Vec::with_capacity(plan.reached.len());
        for reach in plan.reached {
            let delta = deltas.next().flatten();
            let effect = self
                .effect(&reach.campaign, Kind::Campaign, delta, sides)
                .await?;
            others.push(Reached { reach, effect });
        }
        Ok(Plan {
            fingerprint: plan.fingerprint,
            revision: plan.revision,
            changes,
            reached: others,
            uncounted,
            unchanged: plan.unchanged,
            owner: plan.owner,
            orphans: plan.orphans,
            excesses: Vec::new(),
        })
    }

    /// Of every change, and then of every campaign that is reached; and of how many changes there is none.
    async fn deltas(
        &self,
        changes: &[Change],
        reached: &[Reach],
        [before, after]: [&Set; 2],
    ) -> Result<(std::vec::IntoIter<Option<Delta>>, usize)> {
        let mut crowds = Crowds::new(before, after);
        let changed = changes.iter().map(|it| {
            let has_message = it.kind == Kind::Campaign && it.action != Action::Delete;
            (it.kind, it.name.as_str(), has_message)
        });
        let others = reached.iter().map(|it| {
            let name = it.campaign.as_str();
            (Kind::Campaign, name, it.is_message_touched)
        });
        let all: Vec<_> = changed.chain(others).collect();
        let messages = all.iter().filter(|(.., has_message)| *has_message).count();
        let each = (limits::RENDERS_MAX / messages.max(1)).min(limits::RENDER_USERS_MAX);
        let asked = all.into_iter().map(|(kind, name, has_message)| {
            let witnesses = if has_message { each } else { 0 };
            crowds.of(kind, name, witnesses)
        });
        let asked: Vec<_> = asked.collect();
        let is_sent: Vec<_> = asked.iter().map(|it| Some(it.as_ref()?.is_sent)).collect();
        let questions = asked.into_iter().flatten().map(|asked| asked.question);
        let now = self.parts.clock.now();
        let store = &self.parts.store;
        let mut compared = store.compare(questions.collect(), now).await?.into_iter();
        let deltas = is_sent.into_iter().map(|is_sent| {
            let is_sent = is_sent?;
            Some(Delta::new(compared.next()?, is_sent))
        });
        Ok((deltas.collect::<Vec<_>>().into_iter(), crowds.uncounted))
    }

    /// What policies say.
    async fn judged(&self, plan: &Plan, sides: [&Set; 2]) -> Result<Vec<Diagnostic>> {
        let users = self.parts.store.count_users().await?;
        let now = self.parts.clock.now();
        let told = Judge::new(sides, users, now).judge(plan);
        let mut told = sides[1].lints.sifted(told);
        told.truncate(limits::DIAGNOSTICS_MAX);
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
