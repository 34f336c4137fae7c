//! The commands that import.

use clap::{Args, Subcommand};

use super::braze::Braze;
use crate::cli::error::Error;
use crate::cli::exit::Exit;

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  recado import braze template.json --out campaigns")]
pub(in crate::cli) struct Import {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make files of a Braze webhook, Messenger template, content block or catalog
    Braze(Braze),
}

// === impl Import ===

impl Import {
    pub(in crate::cli) fn run(self) -> Result<Exit, Error> {
        match self.command {
            Command::Braze(braze) => braze.run(),
        }
    }
}
