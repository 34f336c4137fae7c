//! The one way to lay out a file: indentation, blanks and the order of its first keys. Comments and what is quoted how
//! stay as they were written, and no value changes.
//!
//! `layout` goes through a file by the places of its keys and values, `scalar` takes values as they are written. Begin with
//! [`format()`].
//!
//! **Invariant:** what is laid out is read as the same values, has as many comments, and is laid out already; what is
//! not is left as it is.

mod layout;
mod scalar;

#[cfg(test)]
mod tests;

pub use layout::{Unformatted, format};
