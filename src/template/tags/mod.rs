//! Tags that are ours: those of Braze, and those of Liquid that would not stay within the budget.

mod abort;
mod capture;
mod conditions;
mod loops;

pub(super) use abort::AbortMessage;
pub(super) use capture::{Capture, Extras, MessageExtras};
pub(super) use conditions::{If, Unless};
pub(super) use loops::{For, TableRow};
