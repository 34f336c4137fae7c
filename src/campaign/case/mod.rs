//! `tests:` of documents: whom a case is about, and what is expected of it.
//!
//! `forms` is what people may write, `vary` makes one case of each combination of a matrix, `read` turns the YAML
//! into [`Case`]s, `values` its users and events, `expect` what is expected. Whoever runs a case makes an [`Outcome`] of it, and `compare` says
//! where that is another than expected, with `json` for messages; `coverage` tells what no case reached. `disguise` and `write` make a case
//! of somebody who exists. Begin with [`Case`].
//!
//! **Invariant:** a case that was read says whole what it needs: no clock, no store and no network.

mod compare;
mod coverage;
mod disguise;
mod expect;
pub(super) mod forms;
mod json;
mod outcome;
mod read;
mod types;
mod values;
mod vary;
mod write;

#[cfg(test)]
mod tests;

pub use compare::{Mismatch, compare};
pub use coverage::{Coverage, Lack, Reached, Seen, Spot};
pub use disguise::{Disguised, disguise};
pub use outcome::Outcome;
pub(super) use read::Reader;
pub use types::{Case, Expectation, Expected, Given, NOW, Tests};
pub(super) use vary::reference;
pub use write::written;
