//! Campaign files: from YAML text to a checked set of resources, and from two sets to a plan.
//!
//! May import `segment`, `template`, `messenger`, `model` and `diagnostic`. A file goes through `read` (YAML with
//! places, then typed) and `check` (meaning and references) into a [`Set`], and the cases of `tests:` into `case`. `changes`
//! compares sets, `format` lays files out, `braze` makes files of templates that stand elsewhere. Begin with
//! [`load`]; [`plan()`] compares.
//!
//! **Invariant:** every problem of every file is reported, each with its place, and no secret is in any.

pub mod braze;
pub mod case;
mod changes;
mod check;
mod format;
mod read;
mod set;

#[cfg(test)]
mod tests;

pub use changes::mask::masked;
pub use changes::plan::{Change, FieldChange, Plan, plan};
pub use changes::policy::{Facts, Policy};
pub use changes::reach::{Named, Reach};
pub use changes::unified::{edits, unified};
pub use changes::uses::{Users, Uses};
pub use check::beside::{Beside, owner_of};
pub use check::catalogs::catalog_files;
pub use check::lints::Lints;
pub use check::rules::Rules;
pub use format::{Unformatted, format};
pub use read::file::SecretRef;
pub use read::offline::{Offline, load_offline};
pub use read::paths::is_writable;
pub use read::redact::masked_url;
pub use read::schema::json_schema;
pub use read::source::{Loaded, SourceFile, load, load_beside, load_part, placed};
pub use read::spans::duration;
pub use set::{
    Campaign, Channel, ChannelKind, ConnectedContent, Gap, HeaderValue, Message, Page, Segment,
    Set, Webhook,
};
