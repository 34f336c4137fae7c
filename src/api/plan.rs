//! Plans as messages.

use super::encode::{count, small};
use super::{pb, seal};
use crate::campaign::FieldChange;
use crate::engine::{
    self, Delta, Effect, FilterChange, Impact, Problem, Reached, RenderDiff, Renders,
};
use crate::model::id::ExternalId;
use crate::model::limits;
use crate::model::resource::Key;
use crate::segment::{Join, Relation};

pub(super) fn plan(plan: engine::Plan) -> pb::Plan {
    let orphans = plan.orphans.into_iter().map(|(kind, name)| pb::Orphan {
        kind: kind.to_string(),
        name,
    });
    let limits = plan.excesses.into_iter().map(|excess| pb::PlanLimit {
        allow: excess.lifted_by.to_string(),
        message: excess.message,
    });
    let changes = plan.changes.into_iter().map(change);
    let mut changes: Vec<pb::ResourceChange> = changes.collect();
    cut_fields(&mut changes, limits::FIELDS_SHOWN_BYTES_MAX);
    pb::Plan {
        fingerprint: plan.fingerprint.as_str().to_owned(),
        revision: plan.revision.0,
        changes,
        unchanged: small(plan.unchanged),
        reached: plan.reached.into_iter().map(reached).collect(),
        owner: plan.owner,
        orphans: orphans.collect(),
        limits: limits.collect(),
        uncounted: small(plan.uncounted),
    }
}

fn change(impact: Impact) -> pb::ResourceChange {
    let change = impact.change;
    pb::ResourceChange {
        kind: change.kind.to_string(),
        name: change.name,
        action: seal::action(change.action).into(),
        path: change.path,
        fields_total: small(change.fields.len()),
        fields: change.fields.into_iter().map(field).collect(),
        audience: impact.audience.map(count),
        audience_before: impact.audience_before.map(count),
        used_by: names(&change.used_by.first),
        used_by_total: small(change.used_by.total),
        effect: Some(effect(impact.effect)),
        renamed_from: change.renamed_from.unwrap_or_default(),
    }
}

/// Leaves out fields that there is no room for. Resources have equal shares of it, and what one does not need goes to
/// others: a thousand rows of a catalog hide no message.
fn cut_fields(changes: &mut [pb::ResourceChange], mut room: usize) {
    let bytes = |field: &pb::FieldChange| {
        field.path.len() + field.before.len() + field.after.len() + field.diff.len()
    };
    let mut by_size: Vec<_> = changes.iter_mut().collect();
    by_size.sort_by_key(|change| change.fields.iter().map(bytes).sum::<usize>());
    let mut others = by_size.len();
    for change in by_size {
        let mut share = room / others;
        change.fields.retain(|field| {
            let rest = share.checked_sub(bytes(field));
            share = rest.unwrap_or(share);
            room -= if rest.is_some() { bytes(field) } else { 0 };
            rest.is_some()
        });
        others -= 1;
    }
}

fn field(field: FieldChange) -> pb::FieldChange {
    pb::FieldChange {
        path: field.path,
        before: field.before,
        after: field.after,
        diff: field.diff,
    }
}

fn reached(reached: Reached) -> pb::ReachedCampaign {
    let reach = reached.reach;
    pb::ReachedCampaign {
        campaign: reach.campaign,
        through: names(&reach.through.first),
        through_total: small(reach.through.total),
        effect: Some(effect(reached.effect)),
    }
}

fn names(resources: &[Key]) -> Vec<String> {
    let names = resources
        .iter()
        .map(|(kind, name)| format!("{kind} {name}"));
    names.collect()
}

fn effect(effect: Effect) -> pb::Effect {
    pb::Effect {
        audience: effect.delta.map(delta),
        filter: effect.filter.map(filter),
        messages: effect.renders.map(messages),
        sends: effect.outlook.map(|outlook| pb::SendOutlook {
            at_once: count(outlook.at_once),
            per_send: count(outlook.per_send),
            per_day: outlook.per_day,
            days: limits::PAST_DAYS,
        }),
    }
}

fn delta(delta: Delta) -> pb::AudienceDelta {
    let texts = |ids: Vec<ExternalId>| ids.iter().map(|id| id.as_str().to_owned()).collect();
    pb::AudienceDelta {
        before: count(delta.before),
        after: count(delta.after),
        entered: count(delta.entered),
        left: count(delta.left),
        reachable: delta.reachable.map(count),
        entered_reachable: delta.entered_reachable.map(count),
        entered_sample: texts(delta.entered_ids),
        left_sample: texts(delta.left_ids),
    }
}

fn filter(change: FilterChange) -> pb::FilterDiff {
    let difference = change.difference;
    let proof = difference
        .proof
        .map_or(pb::SetRelation::Unspecified, relation);
    pb::FilterDiff {
        relation: relation(change.relation).into(),
        proof: proof.into(),
        added: difference.added,
        removed: difference.removed,
        join: match difference.join {
            None => pb::ClauseJoin::Unspecified,
            Some(Join::All) => pb::ClauseJoin::All,
            Some(Join::Any) => pb::ClauseJoin::Any,
        }
        .into(),
    }
}

fn relation(relation: Relation) -> pb::SetRelation {
    match relation {
        Relation::Same => pb::SetRelation::Same,
        Relation::Narrows => pb::SetRelation::Narrows,
        Relation::Widens => pb::SetRelation::Widens,
        Relation::Shifts => pb::SetRelation::Shifts,
    }
}

fn messages(renders: Renders) -> pb::MessageDiffs {
    pb::MessageDiffs {
        sampled: count(renders.sampled),
        differing: count(renders.differing),
        unasked: count(renders.unasked),
        diffs: renders.diffs.into_iter().map(message).collect(),
        not_shown: count(renders.not_shown),
    }
}

fn message(diff: RenderDiff) -> pb::MessageDiff {
    let [before, after] = diff.problems.map(|problem| problem.map(reason));
    pb::MessageDiff {
        users: count(diff.users),
        example: diff.example.as_str().to_owned(),
        diff: diff.diff,
        problem_before: before,
        problem: after,
        masked: diff.is_masked,
    }
}

fn reason(problem: Problem) -> pb::DeliveryReason {
    pb::DeliveryReason {
        code: problem.code.to_owned(),
        detail: problem.detail,
        ..pb::DeliveryReason::default()
    }
}
