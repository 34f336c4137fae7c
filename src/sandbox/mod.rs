//! A local Messenger to try and to test everything against: `recado sandbox`, the demo, the tests and
//! the load generator all send to it.
//!
//! It plays the platform's side only and reads the documentation for itself: it must not import
//! `messenger`, so that two readings check each other. It may import `clock` and `lifecycle`. Begin at
//! [`Sandbox::start`], then `receive` for the way of one call; [`Handle`] steers it in-process and
//! `control` does the same over `/_sandbox`.
//!
//! **Invariant:** a message is in the log before its answer leaves, and nothing else is in the log.

mod check;
mod control;
mod fault;
mod form;
mod handle;
mod limit;
mod log;
mod person;
mod receive;
mod refusal;
mod serve;
mod settings;
mod state;
mod wire;

#[cfg(test)]
mod tests;

pub use fault::{Fault, Moment, Rule, Target};
pub use handle::Handle;
pub use limit::Limit;
pub use log::Accepted;
pub use person::{Person, Standing};
pub use serve::{Error, Running, Sandbox};
pub use settings::{
    DEFAULT_PAGE, DEFAULT_TOKEN, Page, Settings, TokenState, UtilityTemplate, World,
};
pub use state::Stats;
