//! What a plan asks about people: a question for each change that is about somebody, and for each campaign that is reached.

use super::crowds::{Asked, Crowds};
use super::weigh::{Delta, Effect, FilterChange};
use crate::campaign::{self, Set};
use crate::engine::{Engine, Result};
use crate::model::limits;
use crate::model::resource::{Action, Kind};
use crate::segment::{Difference, Filter};
use crate::store::contract::Question;

/// All questions of one plan.
pub(super) struct Asking {
    questions: Vec<Question>,
    /// Of every change, and then of every campaign that is reached.
    subjects: Vec<Subject>,
    /// Shared resources whose people are not asked for.
    pub(super) uncounted: usize,
}

/// One change or reached campaign.
struct Subject {
    /// Set where there is a question: some campaign sends to them.
    is_sent: Option<bool>,
    /// Of a filter that changes.
    difference: Option<Difference>,
    /// A campaign that is there afterwards.
    sender: Option<String>,
}

// === impl Asking ===

impl Asking {
    pub(super) fn new(plan: &campaign::Plan, [before, after]: [&Set; 2]) -> Self {
        let mut crowds = Crowds::new(before, after);
        let changed = plan.changes.iter().map(|it| {
            let has_message = it.kind == Kind::Campaign && it.action != Action::Delete;
            (it.kind, it.name.as_str(), has_message)
        });
        let reached = plan.reached.iter().map(|it| {
            let name = it.campaign.as_str();
            (Kind::Campaign, name, it.is_message_touched)
        });
        let all: Vec<_> = changed.chain(reached).collect();
        let messages = all.iter().filter(|(.., has_message)| *has_message).count();
        let each = (limits::RENDERS_MAX / messages.max(1)).min(limits::RENDER_USERS_MAX);
        let mut questions = Vec::new();
        let subjects = all.into_iter().map(|(kind, name, has_message)| {
            let witnesses = if has_message { each } else { 0 };
            let asked = crowds.of(kind, name, witnesses);
            let is_sender = kind == Kind::Campaign && after.campaign(name).is_some();
            Subject {
                difference: asked
                    .as_ref()
                    .and_then(|_| difference(kind, name, [before, after])),
                sender: is_sender.then(|| name.to_owned()),
                is_sent: asked.map(|Asked { question, is_sent }| {
                    questions.push(question);
                    is_sent
                }),
            }
        });
        let subjects = subjects.collect();
        Self {
            questions,
            subjects,
            uncounted: crowds.uncounted,
        }
    }
}

// === impl Engine ===

impl Engine {
    /// The answers, in the order of the subjects; no messages yet.
    pub(super) async fn effects(&self, asking: Asking) -> Result<Vec<Effect>> {
        let now = self.parts.clock.now();
        let compared = self.parts.store.compare(asking.questions, now).await?;
        let mut compared = compared.into_iter();
        let mut effects = Vec::with_capacity(asking.subjects.len());
        for subject in asking.subjects {
            let delta = subject
                .is_sent
                .and_then(|is_sent| Some(Delta::new(compared.next()?, is_sent)));
            let outlook = match (&delta, subject.sender) {
                (Some(delta), Some(campaign)) => Some(
                    self.outlook(&campaign, delta.reachable.unwrap_or(0))
                        .await?,
                ),
                _ => None,
            };
            let filter = delta.as_ref().zip(subject.difference);
            effects.push(Effect {
                filter: filter.map(|(delta, difference)| FilterChange {
                    relation: delta.relation(),
                    difference,
                }),
                delta,
                renders: None,
                outlook,
            });
        }
        Ok(effects)
    }
}

/// What becomes of a filter; `None` where it stays, or is on one side only.
fn difference(kind: Kind, name: &str, sides: [&Set; 2]) -> Option<Difference> {
    let [before, after] = sides.map(|set| filter(set, kind, name));
    let (before, after) = (before?, after?);
    (before != after).then(|| Difference::of(before, after))
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
