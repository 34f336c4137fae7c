//! Settings from flags, environment and files; the one reader of secrets.
//!
//! May import `model` and `clock`, and `campaign` for what a secret is referred to by. Begin with
//! [`Settings`]; `tokens` says who may do what.
//!
//! **Invariant:** nothing here holds a token or a secret in the clear longer than one use of it.

pub mod secret;
mod settings;
mod tokens;

pub use settings::{Error, Settings, parse_store};
pub use tokens::{Scope, Token, Tokens};
