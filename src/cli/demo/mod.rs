//! `recado demo`: the whole way of a message in one process, with sample people and a local Messenger.
//!
//! `tour` is the command and its steps, `people` the sample users, `files` the campaigns within the
//! program. May import what any command may. Begin with `tour`.
//!
//! **Invariant:** nothing leaves the machine, and nothing is left behind.

mod files;
mod people;
mod tour;

pub(super) use tour::Demo;
