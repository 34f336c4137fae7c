//! Values that a template assigned. They stay where they are until the render ends, so that reading one copies nothing.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;

use liquid_core::model::{KString, Value as Liquid};

/// Values of the first chunk; each chunk has twice as many as the one before.
const FIRST: usize = 8;
/// More chunks than a render has steps to fill.
const CHUNKS: usize = 24;

type Chunk = Box<[OnceCell<Liquid>]>;

#[derive(Debug, Default)]
pub(super) struct Assigned {
    chunks: [OnceCell<Chunk>; CHUNKS],
    len: Cell<usize>,
    /// Where the value of a name is that it was given last.
    names: RefCell<BTreeMap<KString, usize>>,
}

// === impl Assigned ===

impl Assigned {
    pub(super) fn set(&self, name: KString, value: Liquid) {
        let at = self.len.get();
        let Some(slot) = self.slot(at) else {
            return;
        };
        // Nobody filled it: each position is given out once.
        if slot.set(value).is_ok() {
            self.len.set(at + 1);
            self.names.borrow_mut().insert(name, at);
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Liquid> {
        let at = *self.names.borrow().get(name)?;
        self.slot(at)?.get()
    }

    fn slot(&self, at: usize) -> Option<&OnceCell<Liquid>> {
        let chunk = (at / FIRST + 1).ilog2() as usize;
        let len = FIRST << chunk;
        let cells = self.chunks.get(chunk)?;
        let cells = cells.get_or_init(|| (0..len).map(|_| OnceCell::new()).collect());
        cells.get(at + FIRST - len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_of_a_name_is_read_and_earlier_ones_stay() {
        let assigned = Assigned::default();
        assert!(assigned.get("x").is_none());
        assigned.set("x".into(), Liquid::scalar(0));
        let first = assigned.get("x").unwrap();
        for n in 1..1000 {
            assigned.set(format!("n{}", n % 7).into(), Liquid::scalar(n));
        }
        assert_eq!(*first, Liquid::scalar(0));
        for n in 0..7 {
            let last = (1..1000).rev().find(|at| at % 7 == n).unwrap();
            let name = format!("n{n}");
            assert_eq!(assigned.get(&name), Some(&Liquid::scalar(last)), "{name}");
        }
    }
}
