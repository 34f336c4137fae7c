//! What a render asked for and did not find.

use std::collections::BTreeSet;

use liquid_core::Result;
use liquid_core::model::{ScalarCow, ValueView};
use liquid_core::runtime::Registers;

use super::state::State;
use crate::model::clipped;

/// Stands for a part of a name that is a value of somebody's.
const VALUE: &str = "[…]";

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

/// Pays for a read, and writes down that a name is absent.
pub(super) fn note_read(
    registers: &Registers,
    path: &[ScalarCow<'_>],
    found: Option<&dyn ValueView>,
) -> Result<()> {
    let mut state = registers.get_mut::<State>();
    state.misses.settle();
    state.budget.step(path.len())?;
    if let Some(value) = found {
        return state.budget.read(value);
    }
    let (root, rest) = path
        .split_first()
        .map_or((None, path), |(root, rest)| (Some(root), rest));
    let rest = rest.iter().map(|step| {
        let step = step.to_kstr();
        let is_said = state.is_said(&step);
        if is_said {
            step.into_string()
        } else {
            VALUE.to_owned()
        }
    });
    // `user.` is left out: people write `${first_name}`.
    let root = root
        .map(|root| root.to_kstr().into_string())
        .filter(|root| root != "user" && root != "custom_attribute");
    let name = root.into_iter().chain(rest).collect::<Vec<_>>().join(".");
    let name = clipped(&name);
    let misses = &mut state.misses;
    misses.open = Some(name.clone());
    misses.names.insert(name);
    Ok(())
}

/// Pays for a question whether there is something, which cannot fail by itself: whatever comes next does.
pub(super) fn note_question(
    registers: &Registers,
    path: &[ScalarCow<'_>],
    found: Option<&dyn ValueView>,
) {
    let budget = &mut registers.get_mut::<State>().budget;
    drop(budget.step(path.len()));
    drop(found.map(|value| budget.read(value)));
}

/// Writes down what else was asked for and is not there; a name, never a value.
pub(super) fn note_miss(registers: &Registers, what: String) {
    let misses = &mut registers.get_mut::<State>().misses;
    misses.gaps.insert(what.clone());
    misses.names.insert(what);
}
