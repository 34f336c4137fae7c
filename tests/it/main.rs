//! Every integration test in one binary: one link on a small machine. Modules are named after flows.

mod api;
mod crash;
mod delivery;
mod examples;
mod process;
mod stage;
