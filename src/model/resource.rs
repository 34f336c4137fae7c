//! Resources as the store keeps them: documents by kind and name, in numbered revisions.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

use super::id::{Fingerprint, Revision};

/// The kinds of YAML document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Attributes,
    Channel,
    Segment,
    ContentBlock,
    Catalog,
    /// A CSV file that a catalog names. It has no document of its own.
    CatalogFile,
    Template,
    Campaign,
    Settings,
}

/// One YAML document as it was applied, comments and all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub kind: Kind,
    pub name: String,
    /// Relative to the campaign folder, with `/`.
    pub path: String,
    pub source: String,
    /// Who applied it, as Settings name them; empty for nobody.
    pub owner: String,
}

/// A resource by kind and name.
pub type Key = (Kind, String);

/// Who made a revision, and of what.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    pub author: String,
    pub commit: String,
    pub message: String,
}

/// One applied state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionInfo {
    pub revision: Revision,
    pub applied_at: Timestamp,
    pub fingerprint: Fingerprint,
    pub origin: Origin,
    pub record: Record,
}

/// How a revision came about, besides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    /// Whose files they were; empty for nobody's.
    pub owner: String,
    /// What was allowed beyond what holds for everybody, and was needed.
    pub allowed: Vec<String>,
    /// When the plan was made, where it was sealed.
    pub planned_at: Option<Timestamp>,
    /// The revision that it went back to.
    pub back_to: Option<Revision>,
    /// What was not among the files was to go.
    pub is_pruned: bool,
}

/// What a plan does to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Create,
    Update,
    /// Applied, of the files' owner, and not among the files.
    Delete,
}

/// One change of a plan with the people that it reached when it was planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    pub kind: Kind,
    pub name: String,
    pub action: Action,
    pub before: Option<u64>,
    pub after: Option<u64>,
}

// === impl Document ===

impl Document {
    pub fn key(&self) -> Key {
        (self.kind, self.name.clone())
    }
}

// === impl Action ===

impl Action {
    pub const ALL: [Self; 3] = [Self::Create, Self::Update, Self::Delete];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == text)
    }
}

// === impl Kind ===

impl Kind {
    pub const ALL: [Self; 9] = [
        Self::Attributes,
        Self::Channel,
        Self::Segment,
        Self::ContentBlock,
        Self::Catalog,
        Self::CatalogFile,
        Self::Template,
        Self::Campaign,
        Self::Settings,
    ];

    /// Whether names are Braze's, so that templates from there find them: capitals are allowed.
    pub fn has_capitals(self) -> bool {
        matches!(self, Self::ContentBlock | Self::Catalog)
    }

    /// Whether documents say that they are of it.
    pub fn is_written(self) -> bool {
        self != Self::CatalogFile
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Attributes => "Attributes",
            Self::Channel => "Channel",
            Self::Segment => "Segment",
            Self::ContentBlock => "ContentBlock",
            Self::Catalog => "Catalog",
            Self::CatalogFile => "CatalogFile",
            Self::Template => "Template",
            Self::Campaign => "Campaign",
            Self::Settings => "Settings",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

pub fn by_key(documents: &[Document]) -> BTreeMap<Key, &Document> {
    let documents = documents.iter();
    documents
        .map(|document| (document.key(), document))
        .collect()
}

/// What is on one side only, or not the same on both.
pub fn differing(before: &[Document], after: &[Document]) -> Vec<Key> {
    let (before, after) = (by_key(before), by_key(after));
    let gone = before.keys().filter(|key| !after.contains_key(*key));
    let others = after
        .iter()
        .filter(|(key, document)| before.get(*key) != Some(*document));
    let mut keys: Vec<Key> = gone.chain(others.map(|(key, _)| key)).cloned().collect();
    keys.sort();
    keys
}
