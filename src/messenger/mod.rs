//! What Messenger takes and what its answers mean.
//!
//! May import `model` and `diagnostic`. Begin with [`check()`], which holds a message against `shapes`, the Send
//! API's fields and limits as data; [`settle()`] puts a rendered one right, [`Request`] makes the body, [`classify`]
//! reads the answer by the table in `codes`, [`usage()`] the headers; [`Look`] shows a message as people see it.
//!
//! **Invariant:** answers are told apart by their codes, never by their wording, which changes.

mod answer;
mod check;
mod codes;
mod look;
mod path;
mod request;
mod settle;
mod shapes;
mod usage;

#[cfg(test)]
mod tests;

pub use answer::{Class, Classified, classify};
pub use check::{check, check_rendered};
pub use look::Look;
pub use request::{PROOF, Request, appsecret_proof};
pub use settle::settle;
pub use usage::usage;
