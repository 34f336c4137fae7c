//! What is said of a plan below its changes: what stays, and why.

use crate::api::pb;

/// Names in one line; of more their number says enough.
const NAMES_MAX: usize = 10;

/// Below the sum of a plan's changes.
pub(super) fn of(plan: &pb::Plan) -> Vec<String> {
    let renames = plan.changes.iter();
    let renames = renames.filter_map(|change| rename(plan, change));
    let limits = plan.limits.iter().map(limit);
    renames.chain(orphans(plan)).chain(limits).collect()
}

/// What a rename means is not what people expect of one.
fn rename(plan: &pb::Plan, change: &pb::ResourceChange) -> Option<String> {
    let (kind, name, old) = (&change.kind, &change.name, &change.renamed_from);
    if old.is_empty() {
        return None;
    }
    let means = match kind.as_str() {
        "Campaign" => format!(
            "sends, counts and `received(\"{old}\")` stay with the old name, and a request id of `{old}` is new to `{name}`"
        ),
        "Segment" => {
            format!(
                "recorded sizes stay with the old name, and who watches `{old}` is told it is gone"
            )
        }
        _ => "what names it must name it anew".to_owned(),
    };
    let mut orphans = plan.orphans.iter();
    let is_kept = orphans.any(|orphan| orphan.kind == *kind && orphan.name == *old);
    let also = if is_kept {
        ", which stays beside it"
    } else {
        ""
    };
    Some(format!(
        "{kind} {name}: renamed from `{old}`{also}: {means}"
    ))
}

fn limit(limit: &pb::PlanLimit) -> String {
    let (message, allow) = (&limit.message, &limit.allow);
    let name = allow.split('=').next().unwrap_or(allow);
    format!("over a limit: {message}; `--allow {allow}` lifts it (`recado explain {name}`)")
}

fn orphans(plan: &pb::Plan) -> Option<String> {
    if plan.orphans.is_empty() {
        return None;
    }
    let orphans = plan.orphans.iter();
    let names = named(orphans.map(|orphan| format!("{} {}", orphan.kind, orphan.name)));
    let why = if plan.owner.is_empty() {
        "not deleted: no owner declared".to_owned()
    } else {
        format!("of `{}`: `--prune` deletes it", plan.owner)
    };
    Some(format!("not among the files: {names} ({why})"))
}

fn named(names: impl Iterator<Item = String>) -> String {
    let mut names: Vec<_> = names.collect();
    let n = names.len();
    if n > NAMES_MAX {
        names.truncate(NAMES_MAX);
        names.push(format!("and {} more", n - NAMES_MAX));
    }
    names.join(", ")
}
