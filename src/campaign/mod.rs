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
mod beside;
pub mod braze;
pub mod case;
mod catalogs;
mod check;
mod connected;
mod escapes;
mod file;
mod format;
mod forms;
mod gaps;
mod leaves;
mod library;
mod lints;
mod mask;
mod names;
mod node;
mod place;
mod plan;
mod policy;
mod redact;
mod renames;
mod rules;
mod schema;
mod segments;
mod set;
mod settings;
mod shape;
mod source;
mod spans;
mod tested;
mod unified;
mod uses;
mod verify;

#[cfg(test)]
mod tests;

pub use beside::Beside;
pub use catalogs::catalog_files;
pub use file::SecretRef;
pub use format::{Unformatted, format};
pub use lints::Lints;
pub use mask::masked;
pub use plan::{Change, FieldChange, Plan, plan};
pub use policy::{Facts, Policy};
pub use redact::masked_url;
pub use rules::Rules;
pub use schema::json_schema;
pub use set::{
    Campaign, Channel, ChannelKind, ConnectedContent, Gap, HeaderValue, Message, Page, Segment,
    Set, Webhook,
};
pub use source::{Loaded, SourceFile, load, load_beside, load_covered, load_part, placed};
pub use spans::duration;
pub use unified::{edits, unified};
pub use uses::{Users, Uses};
