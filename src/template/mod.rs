//! Liquid in the string leaves of message trees, as people know it from Braze.
//!
//! May import `model` and `diagnostic`. Begin with [`Tree`] and [`Text`]: `rewrite` turns Braze's syntax into
//! plain Liquid and finds unknown tags and filters, `language` says what there is, `scope` is what a template
//! sees, `tags` and `filters` are ours where the library's would not be safe or not be what Braze does.
//!
//! **Invariant:** whatever a template does, a render ends within its bounds, with a text, an abort or a
//! failure; and a rendered tree is valid JSON whatever a user's name holds.

mod budget;
mod filters;
mod language;
mod rewrite;
mod scope;
mod state;
mod tags;
mod text;
mod tree;
mod view;

#[cfg(test)]
mod tests;

pub use scope::Context;
pub use text::{Failure, Rendered, Text};
pub use tree::{RenderedTree, Tree};
