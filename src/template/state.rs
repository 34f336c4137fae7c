//! What tags and filters share during a render: one register, so that it is looked up and made once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::budget::Budget;
use super::tags::Extras;

/// The state of a render beside its names.
#[derive(Debug)]
pub(super) struct State {
    /// The instant of the render.
    pub(super) now: Option<Timestamp>,
    pub(super) budget: Budget,
    /// Names that were read and that are absent.
    pub(super) misses: BTreeSet<String>,
    pub(super) extras: Extras,
    /// Set by `abort_message`.
    pub(super) aborted: Option<String>,
    /// Where each loop ended, by what it goes over: `offset:continue` goes on from there.
    pub(super) ends: BTreeMap<String, usize>,
}

// === impl State ===

impl Default for State {
    fn default() -> Self {
        Self {
            now: None,
            budget: Budget::new(),
            misses: BTreeSet::new(),
            extras: Extras::default(),
            aborted: None,
            ends: BTreeMap::new(),
        }
    }
}
