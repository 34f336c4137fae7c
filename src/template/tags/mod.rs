//! Tags that are ours: those of Braze, and those of Liquid that would not stay within the budget.

mod abort;
mod block;
mod capture;
mod conditions;
mod loops;

pub(super) use abort::AbortMessage;
pub(super) use capture::{CAPTURE, Extras, MESSAGE_EXTRAS};
pub(super) use conditions::{IF, UNLESS};
pub(super) use loops::{FOR, TABLE_ROW};
