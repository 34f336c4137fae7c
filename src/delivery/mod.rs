//! Deliveries: claim, gates, render, lane, call, outcome.
