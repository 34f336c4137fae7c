//! `recado explain`: the reference pages, in the terminal.

use clap::{Args, ValueEnum};

use super::exit::Exit;
use super::output;

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  recado explain filter | less")]
pub(super) struct Explain {
    /// What to explain
    topic: Topic,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Topic {
    /// The language of segments
    Filter,
}

// === impl Explain ===

impl Explain {
    pub(super) fn run(&self) -> Exit {
        let page = match self.topic {
            Topic::Filter => include_str!("../../docs/filters.md"),
        };
        output::raw(page.as_bytes());
        Exit::OK
    }
}
