//! Resources as the store keeps them: documents by kind and name, in numbered revisions.

use std::fmt;

use jiff::Timestamp;

use super::id::{Fingerprint, Revision};

/// The kinds of YAML document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Attributes,
    Channel,
    Segment,
    Campaign,
}

/// One YAML document as it was applied, comments and all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub kind: Kind,
    pub name: String,
    /// Relative to the campaign folder, with `/`.
    pub path: String,
    pub source: String,
}

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
}

// === impl Kind ===

impl Kind {
    pub const ALL: [Self; 4] = [
        Self::Attributes,
        Self::Channel,
        Self::Segment,
        Self::Campaign,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Attributes => "Attributes",
            Self::Channel => "Channel",
            Self::Segment => "Segment",
            Self::Campaign => "Campaign",
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
