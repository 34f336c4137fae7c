//! Liquid in the string leaves of message trees, as people know it from Braze.
//!
//! May import `model` and `diagnostic`. Begin with [`Tree`] and [`Text`]: `rewrite` turns Braze's syntax into
//! plain Liquid and finds unknown tags and filters, `language` says what there is, `library` holds content blocks
//! and catalogs, `content` what was fetched, `access` from where, `visits` counts branches, `scope` is what a template sees, `tags` and `filters` are ours where
//! those of the Liquid crate would not be safe or not be what Braze does.
//!
//! **Invariant:** whatever a template does, a render ends within its bounds, with a text, an abort or a
//! failure; and a rendered tree is valid JSON whatever a user's name holds.

mod access;
mod assigned;
mod budget;
mod caught;
mod content;
mod filters;
mod frame;
mod language;
mod library;
mod misses;
mod parse;
mod recover;
mod rewrite;
mod scope;
mod state;
mod tags;
mod text;
mod tree;
mod view;
mod visits;
mod words;

#[cfg(test)]
mod budget_tests;
#[cfg(test)]
mod tests;

pub use access::{Access, Denied};
pub use budget::Budget;
pub use content::{Contents, Request, Response, Wanted};
pub use library::{Catalog, Library, References};
pub use rewrite::{Bare, NAMESPACES, Names, Output, Read, is_secret_header, is_secret_in_url};
pub use scope::Context;
pub use text::{Failure, Rendered, Text};
pub use tree::{RenderedTree, Tree, repeated};
pub use visits::{Branch, Visits};

/// What a text uses of a library, whatever else is wrong with it.
pub fn references(source: &str) -> References {
    rewrite::references(source)
}
