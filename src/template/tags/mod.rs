//! Tags that are ours: those of Braze, and those of Liquid that would not stay within the budget.

mod abort;
mod block;
mod capture;
mod conditions;
mod content;
mod each;
mod library;
mod loops;
mod visit;

pub(super) use abort::ABORT_MESSAGE;
pub(super) use capture::{CAPTURE, Extras, MESSAGE_EXTRAS};
pub(super) use conditions::{IF, UNLESS};
pub(super) use content::{CONNECTED_CONTENT, OPTION};
pub(super) use each::EACH;
pub(super) use library::{CATALOG_ITEMS, CONTENT_BLOCK};
pub(super) use loops::{FOR, TABLE_ROW};
pub(super) use visit::VISIT;
