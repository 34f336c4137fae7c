//! Durable state behind one contract: users, resources, sends and deliveries.
//!
//! [`contract`] says what every backend must do; [`sqlite`] is the embedded backend. May import the
//! nouns and the pure rooms, never a door or a use case. Begin with [`contract`].
//!
//! **Invariant:** what a method answered is durable; what it did not answer happened whole or not at all.

mod comparing;
pub mod contract;
mod following;
mod identity;
mod resources;
pub mod revisions;
pub mod sqlite;

pub use contract::{Error, Store};
pub use identity::Identity;
