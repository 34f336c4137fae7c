//! Filters: CEL text to a checked [`Filter`], and the users that are in it.
//!
//! May import `audience`, `model` and `diagnostic`. Begin with [`compile`]: `guard` bounds the text, `cel`
//! parses it, `lower` checks it into `tree`; `verdict` judges one user and `select` all of them; `explain` tells why.
//!
//! A test is true, false or unknown. What reads an absent attribute is unknown, and so is what meets
//! another type than it can work with: `==` and `!=` of different types too, an element of a list
//! included. Integers and doubles are one type. `in` is the `||` of equalities; `exists` and `all` are
//! the `||` and `&&` over elements; `has` and `blank` are never unknown. Text is ordered by code point,
//! false before true, `size` counts characters, elements or keys, `matches` finds its pattern anywhere.
//! `user["id"]` is `user.id`.
//!
//! Events are counted in a window that ends now and does not hold its own beginning; `count`, `sum`, `received` and
//! `in_segment` are never unknown, `first` and `last` are where there is no event.
//!
//! **Invariant:** the columns, one row and one profile give the same answer, and only *true* is in.

mod check;
mod clauses;
mod declared;
mod difference;
mod doubt;
mod explain;
mod facts;
mod filter;
mod guard;
mod happened;
mod implies;
mod lower;
mod never;
mod pattern;
mod person;
mod place;
mod requires;
mod select;
mod silent;
mod term;
mod tree;
mod verdict;

#[cfg(test)]
mod named_tests;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;

pub use crate::audience::Relation;
pub use clauses::Clause;
pub use declared::Declared;
pub use difference::{Difference, Join};
pub use explain::{Explained, Read};
pub use filter::{Filter, compile, path_text};
pub use happened::RECEIVED;
pub use person::Person;
