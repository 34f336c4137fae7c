//! `recado test`: the cases that campaign files hold, run by what sends, without a server.
//!
//! Begin with `command`; `run` runs the cases, `human`, `junit`, `tap` and `json` tell what came of
//! them, `coverage` what no case reached. `generate` is another thing: a case from a user of a server.

mod command;
mod coverage;
mod generate;
mod human;
mod json;
mod junit;
mod run;
mod tap;

pub(super) use command::Test;
