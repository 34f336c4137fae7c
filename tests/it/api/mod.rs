//! Every RPC over a real connection: what it does, and what it refuses.

mod attributes;
mod bad_input;
mod campaigns;
mod cases;
mod deliveries;
mod doors;
mod events;
mod import;
mod large_plans;
mod misses;
mod policies;
mod preview;
mod segments;
mod sends;
mod series;
mod users;
mod watch;
