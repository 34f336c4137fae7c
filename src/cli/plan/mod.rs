//! `recado plan`: what a folder would change, and what that does to people.
//!
//! `command` asks a server, `human` draws it for a terminal, `markdown` for a pull request, `json` for programs; `words` and `notes` say what
//! all of them say.

mod command;
mod human;
mod json;
mod markdown;
mod marks;
mod notes;
mod words;

pub(super) use command::{Plan, ask, ask_for, count, people, print, print_aside, print_heads};
pub(super) use json::plan as to_json;
