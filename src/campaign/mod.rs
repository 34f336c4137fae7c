//! Campaign files: from YAML text to a checked set of resources, and from two sets to a plan.
//!
//! May import `segment`, `template`, `messenger`, `model` and `diagnostic`. A file goes `node` (YAML with
//! places) → `verify` (against the fields in `shape`) → `file` (typed) → `check` (meaning and references, with
//! the filters, templates and messages of `leaves`) → [`Set`], and the cases of `tests:` (`case`). Begin with [`load`]; [`plan()`] compares. `braze`
//! makes files of templates that stand elsewhere.
//!
//! **Invariant:** every problem of every file is reported, each with its place, and no secret is in any.

mod advice;
mod attributes;
pub mod braze;
pub mod case;
mod catalogs;
mod check;
mod connected;
mod escapes;
mod file;
mod forms;
mod gaps;
mod leaves;
mod library;
mod lints;
mod names;
mod node;
mod place;
mod plan;
mod redact;
mod schema;
mod segments;
mod set;
mod settings;
mod shape;
mod source;
mod tested;
mod uses;
mod verify;

#[cfg(test)]
mod tests;

pub use catalogs::catalog_files;
pub use file::SecretRef;
pub use lints::Lints;
pub use plan::{Action, Change, FieldChange, Plan, plan};
pub use redact::masked_url;
pub use schema::json_schema;
pub use set::{
    Campaign, Channel, ChannelKind, ConnectedContent, Gap, HeaderValue, Message, Page, Segment,
    Set, Webhook,
};
pub use source::{Loaded, SourceFile, load, load_covered, load_part, placed};
pub use uses::Uses;
