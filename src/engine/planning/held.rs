//! What an apply is held to: how far an audience may grow, how much may go, how much may begin. Each bound is lifted by
//! its name.

use std::collections::BTreeSet;

use super::allowed::{Allowed, Exception};
use super::weigh::Plan;
use crate::campaign::{Rules, Set};
use crate::model::resource::{Action, Kind};

/// A bound that a plan is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excess {
    /// What lifts it.
    pub lifted_by: Exception,
    pub message: String,
}

/// The bounds that a plan is over.
pub(in crate::engine) fn excesses(plan: &Plan, applied: &Set, wanted: &Set) -> Vec<Excess> {
    let rules = rules(applied, wanted);
    let mut found = grown(plan, wanted);
    found.extend(deleted(plan, applied, wanted, rules));
    found.extend(started(plan, rules));
    found
}

/// Campaigns whose audience this change makes larger than they say it may be.
fn grown(plan: &Plan, wanted: &Set) -> Vec<Excess> {
    let changed = plan.changes.iter().filter_map(|impact| {
        let is_campaign = impact.change.kind == Kind::Campaign;
        is_campaign.then_some((&impact.change.name, &impact.effect))
    });
    let reached = plan
        .reached
        .iter()
        .map(|it| (&it.reach.campaign, &it.effect));
    let over = changed.chain(reached).filter_map(|(name, effect)| {
        let max = wanted.campaigns.get(name)?.max_audience?;
        let delta = effect.delta.as_ref()?;
        let (before, now) = (delta.before, delta.after);
        (now > max && now > before).then(|| Excess {
            lifted_by: Exception::Growth(name.clone()),
            message: format!(
                "campaign `{name}` would reach {now} people, {before} before, and its `max_audience` is {max}"
            ),
        })
    });
    over.collect()
}

/// Whose rules and policies hold for a change: its owner's, and those of everybody whose resources it changes or takes on.
/// `None` stands for everybody.
pub(in crate::engine) fn owners<'a>(
    applied: &'a Set,
    wanted: &'a Set,
) -> Option<BTreeSet<&'a str>> {
    let owner = wanted.owner.as_deref()?;
    let own = wanted.documents.iter().filter(|it| it.owner == owner);
    let own: BTreeSet<_> = own.map(|it| (it.kind, it.name.as_str())).collect();
    let before = applied.documents.iter();
    let touched = before.filter(|it| own.contains(&(it.kind, it.name.as_str())));
    Some(touched.map(|it| it.owner.as_str()).chain([owner]).collect())
}

/// What holds for a change: the stricter of what is applied and of what it brings, so that it cannot loosen the rules
/// for itself. The first Settings have nothing before them.
pub(in crate::engine) fn rules(applied: &Set, wanted: &Set) -> Rules {
    let owners = owners(applied, wanted);
    let of = |set: &Set| {
        let is_held = |owner: &str| owners.as_ref().is_none_or(|owners| owners.contains(owner));
        let rules = set.rules.iter().filter(|(owner, _)| is_held(owner));
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

fn campaigns(plan: &Plan, action: Action) -> u64 {
    let changes = plan.changes.iter().map(|impact| &impact.change);
    let counted = changes.filter(|it| it.kind == Kind::Campaign && it.action == action);
    counted.count() as u64
}

fn deleted(plan: &Plan, applied: &Set, wanted: &Set, rules: Rules) -> Option<Excess> {
    let owners = owners(applied, wanted);
    let own = |owner: &str| owners.as_ref().is_none_or(|owners| owners.contains(owner));
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
