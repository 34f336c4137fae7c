//! What is said of a plan below its changes: what stays, and why.

use std::collections::HashSet;

use crate::api::pb;

/// Names in one line; of more their number says enough.
const NAMES_MAX: usize = 10;

/// Below the sum of a plan's changes, by what they are about.
pub(super) struct Notes {
    pub(super) renames: Vec<String>,
    /// What stays, and what is not counted.
    pub(super) whole: Vec<String>,
    pub(super) limits: Vec<String>,
}

pub(super) fn of(plan: &pb::Plan) -> Notes {
    let kept = plan.orphans.iter();
    let kept = kept.map(|orphan| (orphan.kind.as_str(), orphan.name.as_str()));
    let kept: HashSet<_> = kept.collect();
    let renames = plan.changes.iter();
    let renames = renames.filter_map(|change| rename(&kept, change));
    // Those of the whole plan before those of one resource, of which there may be hundreds.
    let (each, whole): (Vec<_>, Vec<_>) = plan
        .limits
        .iter()
        .partition(|limit| limit.allow.contains('='));
    Notes {
        renames: renames.collect(),
        whole: orphans(plan).into_iter().chain(uncounted(plan)).collect(),
        limits: whole.into_iter().chain(each).map(limit).collect(),
    }
}

// === impl Notes ===

impl Notes {
    pub(super) fn all(self) -> impl Iterator<Item = String> {
        let above = self.renames.into_iter().chain(self.whole);
        above.chain(self.limits)
    }
}

/// What a rename means is not what people expect of one.
fn rename(kept: &HashSet<(&str, &str)>, change: &pb::ResourceChange) -> Option<String> {
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
    let also = if kept.contains(&(kind.as_str(), old.as_str())) {
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

fn uncounted(plan: &pb::Plan) -> Option<String> {
    let what = match plan.uncounted {
        0 => return None,
        1 => "1 shared resource".to_owned(),
        n => format!("{n} shared resources"),
    };
    Some(format!(
        "not counted: the people of {what}, which very many campaigns use; each of these has its own counts"
    ))
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
