//! `recado completions`: a script that lets a shell complete commands and flags.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::command::Recado;
use super::exit::Exit;
use super::output;

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  recado completions bash > ~/.local/share/bash-completion/completions/recado"
)]
pub(super) struct Completions {
    shell: Shell,
}

// === impl Completions ===

impl Completions {
    pub(super) fn run(&self) -> Exit {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Recado::command(), "recado", &mut script);
        output::raw(&script);
        Exit::OK
    }
}
