//! Filters: ours, and a wrapper that bounds what any filter builds.
//!
//! `own` has ours by name, with what they do in the files beside it; `bounded` wraps every filter.
//!
//! **Invariant:** what a filter builds is paid for from the render's budget.

mod bounded;
mod crypto;
mod date;
mod json;
mod list;
mod number;
mod own;
mod text;
mod url;

pub(super) use bounded::Bounded;
pub(super) use json::from_json;
pub(super) use own::own;
