//! Webhooks, Messenger templates, content blocks and catalogs of Braze as campaign files, with a report of what became of each part.
//!
//! An input goes `input` (exports, pasted requests) → `messenger` or `webhook` (what it comes to, with `page`, `tags`,
//! `form`, `url` and `reads` for parts of it) → `finish`: `documents` and `yaml` (as people write it), `shared` (settings,
//! and blocks and catalogs that are missing), `checks`. Content blocks and catalogs have ways of their own, `block` and
//! `catalog`. `liquid`, `fetches` and `json` read what Braze renders before anybody reads it as JSON, `secrets` finds what
//! no file may hold. Text in, files and a report out. Begin with [`convert()`].
//!
//! **Invariant:** files without a problem in the report pass `recado validate`, the same input makes the same files,
//! and no secret of the input is in a file, a report or an error.

mod block;
mod built;
mod catalog;
mod checks;
mod convert;
mod documents;
mod existing;
mod fetches;
mod finish;
mod form;
mod input;
mod json;
mod liquid;
mod messenger;
mod names;
mod page;
mod reads;
mod report;
mod secrets;
mod shared;
mod tags;
mod url;
mod webhook;
mod yaml;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod yaml_tests;

pub use convert::{Imported, Options, convert};
pub use report::Report;
