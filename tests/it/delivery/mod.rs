//! Deliveries against the real store and a local Messenger, with a clock that stands still.

mod contents;
mod notes;
mod outcomes;
mod pace;
mod stage;
mod stopping;
mod webhooks;
