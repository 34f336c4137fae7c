//! What applying a set to a state would change.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::grounds;
use super::reach::{self, Named, Reach};
use super::renames;
use super::unified::unified;
use crate::campaign::set::Set;
use crate::model::id::{Fingerprint, Revision};
use crate::model::resource::{Action, Document, Key, Kind, by_key};

/// Lists whose items are known by name, wherever they stand among each other.
const NAMED_LISTS: [&str; 2] = ["policies", "tests"];

/// The difference between the applied state and files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What it was made against.
    pub revision: Revision,
    /// By kind and name; empty when the files are the applied state.
    pub changes: Vec<Change>,
    /// Campaigns that do not change themselves and use something that does, by name.
    pub reached: Vec<Reach>,
    /// Of those that are the files' owner's.
    pub unchanged: usize,
    /// Whose files they are; empty for nobody's.
    pub owner: String,
    /// The owner's, not among the files, and kept.
    pub orphans: Vec<Key>,
    /// What decides what it does.
    pub grounds: BTreeSet<Key>,
    /// Over the grounds as they are and as they would be.
    pub fingerprint: Fingerprint,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub kind: Kind,
    pub name: String,
    pub action: Action,
    pub path: String,
    /// Empty for a creation or deletion, and when only comments or layout changed.
    pub fields: Vec<FieldChange>,
    /// What uses it among the wanted resources, through others too.
    pub used_by: Named,
    /// What it was called before, if one that is gone is alike.
    pub renamed_from: Option<String>,
}

/// A field that differs, as texts; empty where it is absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    pub path: String,
    pub before: String,
    pub after: String,
    /// Of texts of several lines, what came and what went.
    pub diff: String,
}

// === impl Change ===

impl Change {
    pub fn key(&self) -> Key {
        (self.kind, self.name.clone())
    }
}

// === impl FieldChange ===

impl FieldChange {
    fn new(path: &str, before: String, after: String) -> Self {
        let has_lines = [&before, &after].map(|text| text.trim_end().contains('\n'));
        let is_change = !before.is_empty() && !after.is_empty();
        Self {
            path: path.to_owned(),
            diff: if is_change && has_lines.contains(&true) {
                unified(&before, &after)
            } else {
                String::new()
            },
            before,
            after,
        }
    }
}

/// Compares. A pure function: the same state and files give the same plan, fingerprint included.
pub fn plan(applied: &Set, wanted: &Set, revision: Revision) -> Plan {
    let (before, after) = (by_key(&applied.documents), by_key(&wanted.documents));
    let mut changes = Vec::new();
    let mut unchanged = 0;
    for (key, document) in &after {
        match before.get(key) {
            None => changes.push(change(document, Action::Create, Vec::new())),
            Some(old) if old == document => {
                let is_own = wanted.owner.as_ref().is_none_or(|of| document.owner == *of);
                let is_orphan = || wanted.orphans.contains(key);
                unchanged += usize::from(is_own && !is_orphan());
            }
            Some(old) => changes.push(change(document, Action::Update, fields(old, document))),
        }
    }
    for (key, document) in &before {
        if !after.contains_key(key) {
            changes.push(change(document, Action::Delete, Vec::new()));
        }
    }
    let created = after.iter().filter(|(key, _)| !before.contains_key(key));
    let created: Vec<_> = created.map(|(_, document)| *document).collect();
    let is_gone = |key: &Key| !after.contains_key(key) || wanted.orphans.contains(key);
    let gone = before.iter().filter(|(key, _)| is_gone(key));
    let gone: Vec<_> = gone.map(|(_, document)| *document).collect();
    renames::find(&mut changes, &created, &gone);
    changes.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    let reached = reach::reach(&mut changes, &wanted.uses);
    let grounds = grounds::grounds(&changes, [applied, wanted]);
    Plan {
        revision,
        changes,
        reached,
        unchanged,
        owner: wanted.owner.clone().unwrap_or_default(),
        orphans: wanted.orphans.clone(),
        fingerprint: grounds::fingerprint(&grounds, [applied, wanted]),
        grounds,
    }
}

fn change(document: &Document, action: Action, fields: Vec<FieldChange>) -> Change {
    Change {
        kind: document.kind,
        name: document.name.clone(),
        action,
        path: document.path.clone(),
        fields,
        used_by: Named::default(),
        renamed_from: None,
    }
}

fn fields(before: &Document, after: &Document) -> Vec<FieldChange> {
    let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
    flatten(&read(before), String::new(), &mut old);
    flatten(&read(after), String::new(), &mut new);
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let changed = paths
        .into_iter()
        .filter(|path| old.get(*path) != new.get(*path));
    let shown = |side: &BTreeMap<String, Json>, path: &String| side.get(path).map(text);
    // Whose a resource is stands in Settings, and not in its file.
    let owner = (before.owner != after.owner)
        .then(|| FieldChange::new("(owner)", before.owner.clone(), after.owner.clone()));
    let changed = changed.map(|path| {
        let [before, after] = [&old, &new].map(|side| shown(side, path).unwrap_or_default());
        FieldChange::new(path, before, after)
    });
    owner.into_iter().chain(changed).collect()
}

/// A text as it is, or in quotes where it would look like another type.
fn text(leaf: &Json) -> String {
    match leaf {
        Json::String(text) if text.is_empty() || serde_json::from_str::<Json>(text).is_ok() => {
            leaf.to_string()
        }
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Both sides were checked when they were applied or loaded.
fn read(document: &Document) -> Json {
    if document.kind == Kind::CatalogFile {
        return rows(&document.source);
    }
    serde_yaml::from_str(&document.source).unwrap_or_default()
}

/// The lines of a CSV by their first cell, as people tell them apart.
fn rows(text: &str) -> Json {
    let lines = text.lines().map(|line| {
        let first = line.split(',').next().unwrap_or_default();
        (first.trim_matches('"').to_owned(), Json::from(line))
    });
    Json::Object(lines.collect())
}

/// What the items of a list are called, where each has a name of its own.
fn names(items: &[Json]) -> Option<Vec<&str>> {
    let names = items.iter().map(|item| item.get("name")?.as_str());
    let names: Vec<_> = names.collect::<Option<_>>()?;
    let different: BTreeSet<_> = names.iter().collect();
    (different.len() == names.len()).then_some(names)
}

fn flatten(json: &Json, path: String, out: &mut BTreeMap<String, Json>) {
    match json {
        Json::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                flatten(value, path, out);
            }
        }
        Json::Array(items) if !items.is_empty() => {
            // By name one that is put between others is one change, and not one of all behind it.
            let names = NAMED_LISTS.contains(&path.as_str()).then(|| names(items));
            let names = names.flatten();
            for (at, value) in items.iter().enumerate() {
                let key = match &names {
                    Some(names) => names[at].to_owned(),
                    None => at.to_string(),
                };
                flatten(value, format!("{path}[{key}]"), out);
            }
        }
        leaf => drop(out.insert(path, leaf.clone())),
    }
}
