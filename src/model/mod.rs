//! The nouns: values, users, resources, sends and deliveries, and the bounds on each.
//!
//! Plain data with the rules that hold wherever it goes. Begin with [`value`] and [`user`]; `registry` is what people
//! declared of them.
//!
//! **Invariant:** nothing here reads a clock, a file or the network, or knows how it is stored,
//! written in YAML or sent over a wire.

mod bucket;
mod clipped;
pub mod delivery;
pub mod event;
pub mod id;
pub mod limits;
pub mod registry;
pub mod resource;
pub mod send;
pub mod user;
pub mod value;

pub use bucket::bucket;
pub use clipped::clipped;
pub use value::Value;
