//! The HTTP door: health and metrics for operators.
//!
//! May import `config`, `lifecycle` and `telemetry`. Begin with [`router`].
//!
//! **Invariant:** nothing here says anything about a user.

mod ops;

pub use ops::{Ops, router};
