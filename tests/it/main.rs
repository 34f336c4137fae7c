//! Every integration test in one binary: one link on a small machine. Modules are named after flows.

mod delivery;
