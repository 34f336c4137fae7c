//! `tests:` of documents: whom a case is about, and what is expected of it.
//!
//! `forms` is what people may write, `vary` makes one case of each combination of a matrix, `read` turns the YAML
//! into [`Case`]s, `values` its users and events, `expect` what is expected. Whoever runs a case makes an [`Outcome`] of it, and `compare` says
//! where that is another than expected, with `json` for messages. Begin with [`Case`].
//!
//! **Invariant:** a case that was read says whole what it needs: no clock, no store and no network.

mod compare;
mod expect;
pub(super) mod forms;
mod json;
mod outcome;
mod read;
mod values;
mod vary;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::set::Message;
use crate::model::Value;
use crate::model::delivery::ReasonCode;
use crate::model::event::Event;
use crate::model::resource::Kind;
use crate::model::user::Profile;
use crate::template::Text;

pub use compare::{Mismatch, compare};
pub use outcome::Outcome;
pub(super) use read::Reader;
pub(super) use vary::reference;

/// The time of a case that names none.
pub const NOW: &str = "2026-01-15T12:00:00Z";

/// What is tested, and what cases need besides a set.
#[derive(Debug, Clone, Default)]
pub struct Tests {
    /// By file and line.
    pub cases: Vec<Case>,
    pub templates: BTreeMap<String, Arc<Message>>,
    /// Templates that campaigns of Messenger pages use: the Send API's limits are theirs.
    pub on_messenger: BTreeSet<String>,
    /// Content blocks, each as a text that shows it.
    pub blocks: BTreeMap<String, Text>,
}

/// One user, one set of properties, and what is expected.
#[derive(Debug, Clone)]
pub struct Case {
    pub kind: Kind,
    pub resource: String,
    /// With the combination of a matrix, or the user, that it is about.
    pub name: String,
    pub file: Arc<str>,
    pub line: u32,
    pub user: Profile,
    /// What the user did, in the order of time.
    pub events: Vec<Event>,
    pub trigger_properties: BTreeMap<String, Value>,
    pub event_properties: Option<BTreeMap<String, Value>>,
    pub now: Timestamp,
    /// Answers to connected content by URL.
    pub contents: BTreeMap<String, Given>,
    pub expectations: Vec<Expectation>,
}

/// What a URL answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    pub status: u16,
    pub body: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    pub line: u32,
    /// Such as `expect.message`.
    pub path: String,
    pub expected: Expected,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Expected {
    Eligible(bool),
    Gate(ReasonCode),
    Member(bool),
    Message {
        json: Json,
        /// What is not named must not be there.
        is_exact: bool,
    },
    /// What people read: the message's `text`, or all of a content block.
    Text(String),
    Body(String),
    Url(String),
    Headers(BTreeMap<String, String>),
    Aborted(String),
    /// A part of why the message cannot be made.
    Error(String),
    Misses(Vec<String>),
    /// A part of each.
    Warnings(Vec<String>),
}

// === impl Case ===

impl Case {
    /// As reports name it: `Campaign order-shipped: small orders get a letter`.
    pub fn title(&self) -> String {
        format!("{} {}: {}", self.kind, self.resource, self.name)
    }
}
