//! Tags that are ours: those of Braze, and those of Liquid that would not stay within the budget.

mod abort;
mod block;
mod body;
mod capture;
mod case;
mod changed;
mod conditions;
mod content;
mod each;
mod head;
mod library;
mod loops;
mod visit;

pub(super) use abort::ABORT_MESSAGE;
pub(super) use body::Body;
pub(super) use capture::{CAPTURE, MESSAGE_EXTRAS};
pub(super) use case::CASE;
pub(super) use changed::IF_CHANGED;
pub(super) use conditions::{IF, UNLESS};
pub(super) use content::{CONNECTED_CONTENT, OPTION};
pub(super) use each::EACH;
pub(super) use library::{CATALOG_ITEMS, CONTENT_BLOCK};
pub(super) use loops::{FOR, TABLE_ROW};
pub(super) use visit::VISIT;
