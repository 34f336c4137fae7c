//! What is said of a plan below its changes: what stays, and why.

use crate::api::pb;

/// Names in one line; of more their number says enough.
const NAMES_MAX: usize = 10;

/// Below the sum of a plan's changes.
pub(super) fn of(plan: &pb::Plan) -> Vec<String> {
    orphans(plan).into_iter().collect()
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
        format!("of `{}`; `--prune` deletes it", plan.owner)
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
