//! Deliveries: claim, gates, message, lane, call, outcome.
//!
//! May import the nouns, the pure rooms, `store` and `config::secret`; never a door. Begin with
//! [`attempt`] (one attempt, needs no loop), then `channel` (the loop around it) and [`Worker`]. What a
//! call's end means is in [`verdict`], when to try again in [`retry`], how fast in [`lane`].
//!
//! **Invariant:** no call is made before its delivery is durably marked as being sent, and no call that
//! may have arrived is repeated unless its send asked for that.

pub mod attempt;
mod body;
mod channel;
pub mod compose;
pub mod contents;
pub mod gates;
pub mod guard;
pub mod http;
mod known;
mod landing;
pub mod lane;
mod pauses;
pub mod preview;
pub mod rehearse;
pub mod retry;
pub mod sampled;
mod shown;
pub mod verdict;
mod wake;
mod warnings;
mod worker;

pub use attempt::Attempts;
pub use http::Http;
pub use known::unknown_secrets;
pub use pauses::Pauses;
pub use wake::Wake;
pub use warnings::{gap, warnings};
pub use worker::{Settings, Worker};
