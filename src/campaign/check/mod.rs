//! From typed shapes to meaning: references, filters, texts, limits, and what is warned of.
//!
//! `checker` goes through the kinds in order: `settings`, `rules` and `lints`, `connected` and `catalogs`, `library`
//! (content blocks), `segments`, and campaigns with their `leaves`; `beside` is what other owners have applied. What
//! may be wrong: `attributes` and `names` (held against what is declared), `gaps` (no `default`), `escapes`, `advice`.
//! `tested` compiles what `tests:` run. Begin with `checker`.

pub(super) mod advice;
pub(super) mod attributes;
pub(super) mod beside;
pub(super) mod catalogs;
pub(super) mod checker;
pub(super) mod connected;
pub(super) mod escapes;
pub(super) mod gaps;
pub(super) mod leaves;
pub(super) mod library;
pub(super) mod lints;
pub(super) mod names;
pub(super) mod rules;
pub(super) mod segments;
pub(super) mod settings;
pub(super) mod tested;
