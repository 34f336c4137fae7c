//! Settings from flags, environment and files; the one reader of secrets.

pub mod secret;
