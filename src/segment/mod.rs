//! Filters: CEL text to a checked [`Filter`], and the users that are in it.
//!
//! May import `audience`, `model` and `diagnostic`. Begin with [`compile`]: `guard` bounds the text, `cel`
//! parses it, `lower` checks it into `tree`; `verdict` judges one user and `select` all of them.
//!
//! A test is true, false or unknown. What reads an absent attribute is unknown, and so is what meets
//! another type than it can work with: `==` and `!=` of different types too, an element of a list
//! included. Integers and doubles are one type. `in` is the `||` of equalities; `exists` and `all` are
//! the `||` and `&&` over elements; `has` and `blank` are never unknown. Text is ordered by code point,
//! false before true, `size` counts characters, elements or keys, `matches` finds its pattern anywhere.
//! `user["id"]` is `user.id`.
//!
//! **Invariant:** the columns, one row and one profile give the same answer, and only *true* is in.

mod check;
mod filter;
mod guard;
mod lower;
mod place;
mod select;
mod term;
mod tree;
mod verdict;

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;

pub use filter::{Declared, Explained, Filter, Read, compile};
