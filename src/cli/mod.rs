//! The command line: one file a subcommand.
//!
//! `command` is the whole of it, `exit` names the exit codes, `error` turns what failed into text and a code,
//! `output` is the only printer, `connect` finds the server, `watch` a change of files. May import everything; nothing imports it but
//! `main`. Begin with `command`.
//!
//! **Invariant:** data goes to stdout and everything else to stderr, and no secret to either.

mod command;
mod connect;
mod error;
mod exit;
mod json;
mod list;
mod local;
mod logging;
mod output;
mod page;
mod stop;
mod watch;
mod whole;
mod write;

mod diagnostics;
mod files;
mod fmt;
mod git;
mod github;
mod sarif;

mod apply;
mod attributes;
mod bench;
mod beside;
mod completions;
mod deliveries;
mod demo;
mod dev;
mod events;
mod explain;
mod import;
mod plan;
mod preview;
mod reasons;
mod revision;
mod sandbox;
mod saved;
mod schema;
mod segment;
mod send;
mod send_test;
mod sends;
mod serve;
mod test;
mod users;
mod validate;

pub use command::Recado;
pub use exit::Exit;
