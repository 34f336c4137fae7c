//! Every integration test in one binary: one link on a small machine. Modules are named after flows.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod api;
mod applying;
mod cli;
mod crash;
mod delivery;
mod examples;
mod liquid;
mod process;
mod rooms;
mod stage;
mod store_contract;
