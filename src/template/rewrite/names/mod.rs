//! Names that a text reads and those that it gives, whatever else is right or wrong with it.
//!
//! `tags` goes through a text tag by tag, `read` finds the names of an expression, `found` is what they find.

mod found;
mod read;
mod tags;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::bare::Bare;
pub use found::{Output, Read};

/// What an attribute is read from, however it is written.
const USER: &str = "user";
/// Roots that every text has.
pub const NAMESPACES: [&str; 8] = [
    USER,
    "custom_attribute",
    "api_trigger_properties",
    "trigger_properties",
    "event_properties",
    "campaign",
    "subscribed_state",
    "content_blocks",
];
/// The names in one text.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Names {
    pub reads: Vec<Read>,
    /// What `assign` and the like give, and from where on.
    pub given: Vec<(String, usize)>,
    /// Content blocks, and where they stand: they read and give too.
    pub blocks: Vec<(String, usize)>,
    /// What is put into the text.
    pub outputs: Vec<Output>,
    /// Attributes that an output shows as they are, with nothing in their place when they are absent.
    shown: Vec<Bare>,
    /// Attributes that a condition tests.
    tested: BTreeSet<String>,
}

// === impl Names ===

impl Names {
    pub fn of(source: &str) -> Self {
        let mut names = Self::default();
        if source.contains("{{") || source.contains("{%") {
            names.text(source);
        }
        names
    }

    /// Of the head of a loop over nodes of a tree, `item in list limit:3`; what is behind it has what it gives.
    pub fn of_head(source: &str) -> Self {
        let mut names = Self::default();
        names.head(source, 0..source.len());
        names
    }

    /// Attributes that outputs show and that no condition asks for.
    pub fn bare(&self) -> Vec<Bare> {
        let shown = self.shown.iter();
        let bare = shown.filter(|bare| !self.tested.contains(&bare.attribute));
        bare.cloned().collect()
    }

    /// Whether a condition asks for an attribute.
    pub fn tests(&self, attribute: &str) -> bool {
        self.tested.contains(attribute)
    }

    fn give(&mut self, name: &str, from: usize) {
        if !name.is_empty() {
            self.given.push((name.to_owned(), from));
        }
    }
}
