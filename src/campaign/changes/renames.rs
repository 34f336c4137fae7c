//! Renames: a resource that is new, and alike to one of its kind that is not among the files any more.

use std::collections::HashMap;

use super::plan::Change;
use crate::model::limits;
use crate::model::resource::{Action, Document, Kind};

/// Says of each new resource which one it was, if one that is gone is alike. Each is told once, the most alike first.
pub(in crate::campaign) fn find(changes: &mut [Change], created: &[&Document], gone: &[&Document]) {
    if created.len() * gone.len() > limits::RENAME_PAIRS_MAX {
        return;
    }
    let mut pairs = Vec::new();
    for (new, document) in created.iter().enumerate() {
        for (old, other) in gone.iter().enumerate() {
            let may_be = document.kind == other.kind && is_named(document.kind);
            let alike = if may_be { alike(document, other) } else { 0 };
            if alike >= limits::RENAME_ALIKE_PERCENT {
                pairs.push((alike, old, new));
            }
        }
    }
    pairs.sort_by_key(|(alike, old, new)| (std::cmp::Reverse(*alike), *old, *new));
    let (mut taken, mut told) = (vec![false; gone.len()], vec![false; created.len()]);
    for (_, old, new) in pairs {
        if taken[old] || told[new] {
            continue;
        }
        (taken[old], told[new]) = (true, true);
        let document = created[new];
        let mut changes = changes.iter_mut();
        let change = changes.find(|change| {
            let key = (change.kind, &change.name) == (document.kind, &document.name);
            key && change.action == Action::Create
        });
        if let Some(change) = change {
            change.renamed_from = Some(gone[old].name.clone());
        }
    }
}

/// Whether somebody chose the name, and others use it.
fn is_named(kind: Kind) -> bool {
    !matches!(kind, Kind::Settings | Kind::CatalogFile)
}

/// How much of two documents is the same, in percent of their characters; lines that say the name are left out.
fn alike(one: &Document, other: &Document) -> usize {
    let (one, other) = (body(one), body(other));
    if one == other {
        return 100;
    }
    let total = one.len() + other.len();
    let most = 2 * one.len().min(other.len());
    if total > limits::RENAME_BYTES_MAX || most * 100 < total * limits::RENAME_ALIKE_PERCENT {
        return 0;
    }
    // Lines that both have, wherever: a diff would take the square of what they differ in.
    let mut lines: HashMap<&str, usize> = HashMap::new();
    for line in one.split_inclusive('\n') {
        *lines.entry(line).or_default() += 1;
    }
    let mut same = 0;
    for line in other.split_inclusive('\n') {
        if let Some(n) = lines.get_mut(line).filter(|n| **n > 0) {
            *n -= 1;
            same += line.len();
        }
    }
    2 * same * 100 / total.max(1)
}

fn body(document: &Document) -> String {
    let lines = document.source.split_inclusive('\n');
    let own = lines.filter(|line| !line.starts_with("name:"));
    own.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(name: &str, text: &str) -> Document {
        Document {
            kind: Kind::Campaign,
            name: name.into(),
            path: format!("{name}.yaml"),
            source: format!("kind: Campaign\nname: {name}\n{text}"),
            owner: String::new(),
        }
    }

    #[test]
    fn what_is_alike_is_so_by_its_characters() {
        let text = "channel: page\ntrigger: {api: {}}\n";
        let hello =
            format!("{text}message: {{text: Hello and welcome to our new shop in Lisbon}}\n");
        let other =
            format!("{text}message: {{text: Your order has left the warehouse just now}}\n");
        assert_eq!(alike(&document("a", &hello), &document("b", &hello)), 100);
        assert!(alike(&document("a", &hello), &document("b", &other)) < 70);
        let longer = format!("{hello}tags: [a]\n");
        assert!(alike(&document("a", &hello), &document("b", &longer)) >= 80);
    }
}
