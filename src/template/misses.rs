//! What a render asked for and did not find.

use std::collections::BTreeSet;

use liquid_core::model::{ScalarCow, ValueView};
use liquid_core::runtime::Registers;

use super::state::State;

/// Names that were read and that are absent.
#[derive(Debug, Default)]
pub(super) struct Misses {
    names: BTreeSet<String>,
    /// Those for which nothing was written instead.
    gaps: BTreeSet<String>,
    /// The last read, if it was a miss: a `default` may still fill it.
    open: Option<String>,
}

// === impl Misses ===

impl Misses {
    /// Each once, in order.
    pub(super) fn names(&mut self) -> Vec<String> {
        std::mem::take(&mut self.names).into_iter().collect()
    }

    /// Those that no `default` filled.
    pub(super) fn gaps(&mut self) -> Vec<String> {
        self.settle();
        std::mem::take(&mut self.gaps).into_iter().collect()
    }

    /// A `default` takes the place of the last read.
    pub(super) fn fill(&mut self) {
        self.open = None;
    }

    /// Whatever comes now is about another read.
    fn settle(&mut self) {
        self.gaps.extend(self.open.take());
    }
}

/// Writes down that a name was read.
pub(super) fn note_read(registers: &Registers, path: &[ScalarCow<'_>], is_found: bool) {
    let misses = &mut registers.get_mut::<State>().misses;
    misses.settle();
    if is_found {
        return;
    }
    let mut names = path.iter().map(|step| step.to_kstr().into_string());
    // `user.` is left out: people write `${first_name}`.
    let root = names
        .next()
        .filter(|root| root != "user" && root != "custom_attribute");
    let name = root.into_iter().chain(names).collect::<Vec<_>>().join(".");
    misses.open = Some(name.clone());
    misses.names.insert(name);
}

/// What else may be missed begins so: it is told in words of its own.
const OTHERS: [&str; 2] = ["connected content from `", "an item of the catalog `"];

/// Whether a miss is a name that the template read; else it is a sentence.
pub fn is_name(miss: &str) -> bool {
    !OTHERS.iter().any(|other| miss.starts_with(other))
}

/// Writes down what else was asked for and is not there; a name, never a value.
pub(super) fn note_miss(registers: &Registers, what: String) {
    let misses = &mut registers.get_mut::<State>().misses;
    misses.gaps.insert(what.clone());
    misses.names.insert(what);
}
