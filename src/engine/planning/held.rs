//! What an apply is held to: how far an audience may grow, how much may go, how much may begin. Each bound is lifted by
//! its name.

use std::collections::{BTreeMap, BTreeSet};

use super::allowed::{Allowed, Exception};
use super::plan::Plan;
use crate::campaign::{Campaign, Rules, Set};
use crate::engine::{Engine, Result};
use crate::model::resource::{Action, Kind};

/// A bound that a plan is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excess {
    /// What lifts it.
    pub lifted_by: Exception,
    pub message: String,
}

// === impl Engine ===

impl Engine {
    /// The bounds that a plan is over.
    pub(in crate::engine) async fn excesses(
        &self,
        plan: &Plan,
        applied: &Set,
        wanted: &Set,
    ) -> Result<Vec<Excess>> {
        let rules = rules(applied, wanted);
        let mut found = self.grown(plan, applied, wanted).await?;
        found.extend(deleted(plan, applied, wanted, rules));
        found.extend(started(plan, rules));
        Ok(found)
    }

    /// Campaigns whose audience this change makes larger than they say it may be.
    async fn grown(&self, plan: &Plan, applied: &Set, wanted: &Set) -> Result<Vec<Excess>> {
        let mut found = Vec::new();
        let mut counted = BTreeMap::new();
        for name in reached(plan) {
            let Some(campaign) = wanted.campaigns.get(name) else {
                continue;
            };
            let Some(max) = campaign.max_audience else {
                continue;
            };
            let now = self.people(campaign, &mut counted).await?;
            let before = match applied.campaigns.get(name) {
                Some(campaign) => self.people(campaign, &mut counted).await?,
                None => 0,
            };
            if now > max && now > before {
                found.push(Excess {
                    lifted_by: Exception::Growth(name.to_owned()),
                    message: format!(
                        "campaign `{name}` would reach {now} people, {before} before, and its `max_audience` is {max}"
                    ),
                });
            }
        }
        Ok(found)
    }

    async fn people(
        &self,
        campaign: &Campaign,
        counted: &mut BTreeMap<String, u64>,
    ) -> Result<u64> {
        let filter = campaign.audience.as_ref();
        let text = filter.map(|filter| filter.text().to_owned());
        if let Some(n) = text.as_ref().and_then(|text| counted.get(text)) {
            return Ok(*n);
        }
        let n = self.audience(filter).await?;
        counted.extend(text.map(|text| (text, n)));
        Ok(n)
    }
}

/// What holds for a change: the stricter of what is applied and of what it brings, so that it cannot loosen the rules
/// for itself. The first Settings have nothing before them.
pub(in crate::engine) fn rules(applied: &Set, wanted: &Set) -> Rules {
    let of = |set: &Set| {
        let own = |owner: &str| wanted.owner.as_ref().is_none_or(|of| of == owner);
        let rules = set.rules.iter().filter(|(owner, _)| own(owner));
        rules.map(|(_, rules)| *rules).reduce(Rules::strictest)
    };
    let brought = of(wanted).unwrap_or_default();
    of(applied).map_or(brought, |applied| applied.strictest(brought))
}

/// The exceptions that a plan needs: those among them that it was given, or the bounds that nobody lifted.
pub(in crate::engine) fn lifted(
    excesses: Vec<Excess>,
    allowed: &Allowed,
) -> std::result::Result<Vec<Exception>, Vec<Excess>> {
    let (lifted, over): (Vec<_>, Vec<_>) = excesses
        .into_iter()
        .partition(|excess| allowed.holds(&excess.lifted_by));
    if over.is_empty() {
        Ok(lifted.into_iter().map(|excess| excess.lifted_by).collect())
    } else {
        Err(over)
    }
}

/// Campaigns whose audience a change may touch: those that change, and those of segments that do.
fn reached(plan: &Plan) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    for impact in &plan.changes {
        let change = &impact.change;
        match change.kind {
            Kind::Campaign => drop(names.insert(change.name.as_str())),
            Kind::Segment => {
                let users = change.used_by.iter();
                let campaigns = users.filter(|(kind, _)| *kind == Kind::Campaign);
                names.extend(campaigns.map(|(_, name)| name.as_str()));
            }
            _ => {}
        }
    }
    names
}

fn campaigns(plan: &Plan, action: Action) -> u64 {
    let changes = plan.changes.iter().map(|impact| &impact.change);
    let counted = changes.filter(|it| it.kind == Kind::Campaign && it.action == action);
    counted.count() as u64
}

fn deleted(plan: &Plan, applied: &Set, wanted: &Set, rules: Rules) -> Option<Excess> {
    let own = |owner: &String| wanted.owner.as_ref().is_none_or(|of| of == owner);
    let documents = applied.documents.iter();
    let own = documents.filter(|it| it.kind == Kind::Campaign && own(&it.owner));
    let (n, of) = (campaigns(plan, Action::Delete), own.count() as u64);
    rules.deletes_too_many(n, of).then(|| Excess {
        lifted_by: Exception::Deletes,
        message: format!(
            "{n} of {of} campaigns would be deleted; `plan.max_deletes` is {}%",
            rules.max_deletes
        ),
    })
}

fn started(plan: &Plan, rules: Rules) -> Option<Excess> {
    let n = campaigns(plan, Action::Create);
    (n > rules.max_starts).then(|| Excess {
        lifted_by: Exception::Starts,
        message: format!(
            "{n} campaigns would be new at once; `plan.max_starts` is {}",
            rules.max_starts
        ),
    })
}
