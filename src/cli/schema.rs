//! `recado schema`: what editors complete and check campaign files with.

use clap::Args;

use super::exit::Exit;
use super::output;
use crate::campaign;

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  recado schema > recado.schema.json

With the YAML language server, put this above a file:
  # yaml-language-server: $schema=recado.schema.json")]
pub(super) struct Schema {}

// === impl Schema ===

impl Schema {
    #[expect(clippy::unused_self, reason = "every command is run alike")]
    pub(super) fn run(&self) -> Exit {
        output::json(&campaign::json_schema());
        Exit::OK
    }
}
