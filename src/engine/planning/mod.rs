//! What a plan does to people, and what it may do.
//!
//! `plan` takes a wish (files, or `back` to a revision) when it is its turn (`turns`); it is read (`load`) and compared
//! (`prospect`), `weigh` counts the people behind each change (`asking`, `crowds`, `outlook`), and `renders` makes messages
//! before and after. `policies` and `held` (limits, lifted by `allowed`) say what may not be; `seal` vouches for what was shown. Begin
//! with `plan`.

pub(super) mod allowed;
mod asking;
pub(super) mod back;
mod crowds;
pub(super) mod held;
pub(super) mod load;
pub(super) mod outlook;
pub(super) mod plan;
pub(super) mod policies;
pub(super) mod prospect;
pub(super) mod renders;
pub(super) mod seal;
pub(super) mod turns;
pub(super) mod weigh;
