//! A plan as JSON; docs/plan.md says what each key is.

use serde_json::{Value, json};

use crate::api::pb;
use crate::cli::diagnostics;
use crate::cli::json::{reason, word};

pub(super) fn answer(answer: &pb::PlanCampaignsResponse) -> Value {
    json!({
        "plan": answer.plan.as_ref().map(plan),
        "diagnostics": diagnostics::to_json(&answer.diagnostics),
    })
}

pub(in crate::cli) fn plan(plan: &pb::Plan) -> Value {
    let reached = plan.reached.iter().map(|reached| {
        let mut json = effect(reached.effect.as_ref());
        json["campaign"] = json!(reached.campaign);
        json["through"] = json!(reached.through);
        json["through_total"] = json!(reached.through_total);
        json
    });
    let orphan = |orphan: &pb::Orphan| json!({ "kind": orphan.kind, "name": orphan.name });
    let limit = |limit: &pb::PlanLimit| json!({ "allow": limit.allow, "message": limit.message });
    json!({
        "fingerprint": plan.fingerprint,
        "revision": plan.revision,
        "changes": plan.changes.iter().map(change).collect::<Vec<_>>(),
        "unchanged": plan.unchanged,
        "owner": plan.owner,
        "limits": plan.limits.iter().map(limit).collect::<Vec<_>>(),
        "orphans": plan.orphans.iter().map(orphan).collect::<Vec<_>>(),
        "reached": reached.collect::<Vec<_>>(),
        "uncounted": plan.uncounted,
    })
}

fn change(change: &pb::ResourceChange) -> Value {
    let fields = change.fields.iter().map(|field| {
        let mut json = json!({ "path": field.path, "before": field.before, "after": field.after });
        if !field.diff.is_empty() {
            json["diff"] = json!(field.diff);
        }
        json
    });
    let mut json = effect(change.effect.as_ref());
    json["kind"] = json!(change.kind);
    json["name"] = json!(change.name);
    json["action"] = json!(word(change.action().as_str_name(), "CHANGE_ACTION_"));
    json["path"] = json!(change.path);
    json["fields"] = fields.collect();
    json["fields_total"] = json!(change.fields_total);
    json["audience"] = json!(change.audience);
    json["audience_before"] = json!(change.audience_before);
    json["used_by"] = json!(change.used_by);
    json["used_by_total"] = json!(change.used_by_total);
    json["renamed_from"] = json!(change.renamed_from);
    json
}

fn effect(effect: Option<&pb::Effect>) -> Value {
    let effect = effect.cloned().unwrap_or_default();
    json!({
        "delta": effect.audience.as_ref().map(delta),
        "filter": effect.filter.as_ref().map(filter),
        "messages": effect.messages.as_ref().map(messages),
        "sends": effect.sends.map(|sends| json!({
            "at_once": sends.at_once,
            "per_send": sends.per_send,
            "per_day": sends.per_day,
            "days": sends.days,
        })),
    })
}

fn delta(delta: &pb::AudienceDelta) -> Value {
    json!({
        "before": delta.before,
        "after": delta.after,
        "entered": delta.entered,
        "left": delta.left,
        "reachable": delta.reachable,
        "entered_reachable": delta.entered_reachable,
        "entered_sample": delta.entered_sample,
        "left_sample": delta.left_sample,
    })
}

fn filter(filter: &pb::FilterDiff) -> Value {
    let relation = |relation: pb::SetRelation| match relation {
        pb::SetRelation::Unspecified => Value::Null,
        known => json!(word(known.as_str_name(), "SET_RELATION_")),
    };
    let join = match filter.join() {
        pb::ClauseJoin::Unspecified => Value::Null,
        known => json!(word(known.as_str_name(), "CLAUSE_JOIN_")),
    };
    json!({
        "relation": relation(filter.relation()),
        "proof": relation(filter.proof()),
        "added": filter.added,
        "removed": filter.removed,
        "join": join,
    })
}

fn messages(messages: &pb::MessageDiffs) -> Value {
    let diffs = messages.diffs.iter().map(|diff| {
        json!({
            "users": diff.users,
            "example": diff.example,
            "diff": diff.diff,
            "problem_before": diff.problem_before.as_ref().map(reason),
            "problem": diff.problem.as_ref().map(reason),
            "masked": diff.masked,
        })
    });
    json!({
        "sampled": messages.sampled,
        "differing": messages.differing,
        "unasked": messages.unasked,
        "diffs": diffs.collect::<Vec<_>>(),
        "not_shown": messages.not_shown,
    })
}
