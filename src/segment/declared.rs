//! What a filter may name.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::value::Type;

use super::Filter;

/// Attributes, events, segments and campaigns that are known where a filter is written.
///
/// What is declared is held against; what is not may still be there, since attributes and events need no
/// declaration. Segments must be known.
#[derive(Debug, Clone, Default)]
pub struct Declared {
    types: BTreeMap<Vec<String>, Type>,
    /// Of the elements of lists.
    items: BTreeMap<Vec<String>, Type>,
    /// Other attributes of which somebody said that they are there.
    seen: BTreeSet<Vec<String>>,
    /// None while nothing is known of events.
    events: Option<BTreeSet<String>>,
    segments: BTreeMap<String, Filter>,
    campaigns: Option<BTreeSet<String>>,
    /// Somebody keeps a list of the attributes: one that is not on it is worth a warning.
    is_listed: bool,
    is_part: bool,
    /// There is no user: names stand by themselves, and only those that are declared.
    is_facts: bool,
}

// === impl Declared ===

impl Declared {
    pub fn declare(&mut self, path: Vec<String>, kind: Type) {
        self.types.insert(path, kind);
    }

    /// What the list at `path` holds.
    pub fn declare_items(&mut self, path: Vec<String>, kind: Type) {
        self.items.insert(path, kind);
    }

    /// An attribute of any type.
    pub fn see(&mut self, path: Vec<String>) {
        self.seen.insert(path);
    }

    pub fn add_event(&mut self, name: impl Into<String>) {
        self.events.get_or_insert_default().insert(name.into());
    }

    pub fn add_segment(&mut self, name: impl Into<String>, filter: Filter) {
        self.segments.insert(name.into(), filter);
    }

    pub fn add_campaign(&mut self, name: impl Into<String>) {
        self.campaigns.get_or_insert_default().insert(name.into());
    }

    /// From here on an attribute that was not named is warned of.
    pub fn close_attributes(&mut self) {
        self.is_listed = true;
    }

    /// Some of what there is is not known: what is missing may stand there.
    pub fn mark_part(&mut self) {
        self.is_part = true;
    }

    /// What may be asked of something that is no user, by names that stand alone: `audience.after > 10`.
    pub fn facts() -> Self {
        Self {
            is_listed: true,
            is_facts: true,
            ..Self::default()
        }
    }

    pub(super) fn is_facts(&self) -> bool {
        self.is_facts
    }

    /// The names with which facts begin.
    pub(super) fn roots(&self) -> BTreeSet<&str> {
        let names = self.types.keys().filter_map(|path| path.first());
        names.map(String::as_str).collect()
    }

    pub fn get(&self, path: &[String]) -> Option<&Type> {
        self.types.get(path)
    }

    pub(super) fn items(&self, path: &[String]) -> Option<Type> {
        self.items.get(path).copied()
    }

    pub(super) fn segment(&self, name: &str) -> Option<&Filter> {
        self.segments.get(name)
    }

    pub(super) fn is_part(&self) -> bool {
        self.is_part
    }

    pub(super) fn segment_names(&self) -> impl Iterator<Item = &str> {
        self.segments.keys().map(String::as_str)
    }

    /// The names of events and campaigns; none while nothing is known of them.
    pub(super) fn event_names(&self) -> Option<&BTreeSet<String>> {
        self.events.as_ref()
    }

    pub(super) fn campaign_names(&self) -> Option<&BTreeSet<String>> {
        self.campaigns.as_ref()
    }

    /// Whether an attribute is known, or nobody keeps a list.
    pub fn knows(&self, path: &[String]) -> bool {
        // Fields of what is declared as a whole are not listed one by one.
        let is_known = |path: &[String]| self.types.contains_key(path) || self.seen.contains(path);
        let is_within = (1..path.len()).any(|n| self.types.contains_key(&path[..n]));
        // A whole whose fields are known.
        let has_fields = || {
            let paths = self.types.keys().chain(&self.seen);
            paths.into_iter().any(|known| known.starts_with(path))
        };
        !self.is_listed || is_known(path) || is_within || has_fields()
    }

    pub fn attribute_paths(&self) -> impl Iterator<Item = &Vec<String>> {
        self.types.keys().chain(&self.seen)
    }
}

impl FromIterator<(Vec<String>, Type)> for Declared {
    fn from_iter<I: IntoIterator<Item = (Vec<String>, Type)>>(paths: I) -> Self {
        Self {
            types: paths.into_iter().collect(),
            ..Self::default()
        }
    }
}
