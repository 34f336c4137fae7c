//! What tags and filters share during a render: one register, so that it is looked up and made once.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use liquid_core::model::{KString, Value as Liquid};

use super::budget::Left;
use super::content::{Contents, Wanted};
use super::library::Library;
use super::misses::Misses;
use super::words::Words;

/// The state of a render beside its names.
#[derive(Debug)]
pub(super) struct State {
    /// The instant of the render.
    pub(super) now: Option<Timestamp>,
    /// What the message has left.
    pub(super) budget: Left,
    pub(super) misses: Misses,
    /// What names of misses may consist of.
    pub(super) words: Words,
    pub(super) extras: BTreeMap<String, String>,
    /// Set by `abort_message`.
    pub(super) aborted: Option<String>,
    /// What the last `ifchanged` showed.
    pub(super) changed: Option<String>,
    /// Names that stand for answers among the contents, by their position: an answer is large, and not copied.
    pub(super) answers: BTreeMap<KString, usize>,
    /// Where each loop ended, by what it goes over: `offset:continue` goes on from there.
    pub(super) ends: BTreeMap<String, usize>,
    /// Content blocks and catalogs, where the text uses any.
    pub(super) library: Option<Arc<Library>>,
    /// What was fetched for the text before.
    pub(super) contents: Contents,
    /// What the render cannot go on without: its end.
    pub(super) missing: Option<Box<Wanted>>,
    pub(super) collected: Option<Collected>,
}

/// What `each` of a tree goes over: the name that stands for an item, and the items.
pub(super) type Collected = (KString, Vec<Liquid>);

// === impl State ===

impl State {
    /// Whether a template says so itself.
    pub(super) fn is_said(&self, word: &str) -> bool {
        let library = self.library.as_ref();
        self.words.contains(word) || library.is_some_and(|library| library.words().contains(word))
    }
}

impl Default for State {
    fn default() -> Self {
        Self {
            now: None,
            budget: Left::default(),
            misses: Misses::default(),
            words: Words::default(),
            extras: BTreeMap::new(),
            aborted: None,
            changed: None,
            answers: BTreeMap::new(),
            ends: BTreeMap::new(),
            library: None,
            contents: Contents::none(),
            missing: None,
            collected: None,
        }
    }
}
