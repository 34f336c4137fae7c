//! Recado sends campaigns over Facebook Messenger and webhooks: internal services upsert users and
//! evaluate segments over gRPC, YAML files define the campaigns.
//!
//! The rooms, in reading order. Who may import whom is a table in `tests/it/rooms.rs`.

// The composition root: every part is put together here.
pub mod server;

// Doors.
pub mod api;
pub mod cli;
pub mod http;

// Verbs.
pub mod engine;

// The pure core: values in, values out; no async, no I/O, no clock.
pub mod audience;
pub mod campaign;
pub mod diagnostic;
pub mod messenger;
pub mod model;
pub mod segment;
pub mod template;

// Outside.
pub mod delivery;
pub mod sandbox;
pub mod store;

// Plumbing.
pub mod clock;
pub mod config;
pub mod lifecycle;
pub mod parallel;
pub mod telemetry;
