//! `recado segment`: who is in, how many, why, and how that develops.
//!
//! `ask` is about members now, `list` about the applied segments, `history` about sizes over time, `watch`
//! about who enters and leaves. May import the client and `output`. Begin with `command`.
//!
//! **Invariant:** what is printed to a pipe is one record a line.

mod ask;
mod chart;
mod command;
mod history;
mod list;
mod watch;

pub(super) use ask::{print, print_reason, reason_json};
pub(super) use command::Segment;
