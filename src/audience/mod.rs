//! Users as columns in memory: every attribute of every user, lossless, with sets of rows for filters.
//!
//! May import `model` and `parallel` alone. Begin with [`Table`]; a value's way down is `column` (one path, a typed
//! lane), then `packed`, `strings` or `text` (how a lane is stored), and `scan` asks a lane a question.
//! Objects are taken apart into one column a path; lists are stored whole. Events have columns of their own, one
//! a name, in `events`; `history` is what the table says of them.
//!
//! **Invariant:** what [`Table::apply`] was given is what [`Table::profile`] returns, and a row number
//! belongs to one user until that user is deleted.

mod bitmap;
mod bulk;
mod column;
mod encode;
mod events;
mod history;
mod ids;
mod leaf;
mod movement;
mod numbers;
mod packed;
mod scan;
mod slab;
mod strings;
mod table;
mod taking;
mod text;
mod tree;

#[cfg(test)]
mod event_tests;
#[cfg(test)]
mod tests;

pub use bitmap::Bitmap;
pub use bulk::Bulk;
pub use events::{Happening, Measure, Window};
pub use movement::{Counts, Movement, Relation};
pub use scan::{BLOCKS, Question, Shape, Test, TextTest, ValueTest, each_block};
pub use slab::{Placed, Slab, Typed, Values};
pub use table::{Attribute, Hold, Seen, Table};

/// A user's place in every column. Dense; reused after the user is deleted, except while there is a [`Hold`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Row(pub u32);

// === impl Row ===

impl Row {
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// So many rows behind this one.
    fn behind(self, n: u16) -> Self {
        Self(self.0.saturating_add(n.into()))
    }

    /// A row of a block of 64.
    pub fn within(block: usize, bit: u32) -> Self {
        Self::at(block * 64 + bit as usize)
    }

    /// Rows are numbered up to `u32::MAX`: more users than memory holds.
    fn at(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }
}
