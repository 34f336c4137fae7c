//! Which server a command talks to, and as whom.

use std::fs;
use std::path::PathBuf;

use clap::Args;

use super::error::Error;
use super::output;
use crate::api::client::Client;
use crate::api::version::{self, Release};

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Server")]
pub(super) struct Server {
    /// The server's gRPC address
    #[arg(
        long = "server",
        value_name = "ADDR",
        env = "RECADO_SERVER",
        default_value = "127.0.0.1:50051"
    )]
    address: String,
    /// File with the token; without it, the token is read from RECADO_TOKEN
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    // Hidden, because a token on the command line is in the list of processes for everybody to read.
    #[arg(long, env = "RECADO_TOKEN", hide = true, hide_env_values = true)]
    token: Option<String>,
}

// === impl Server ===

impl Server {
    pub(super) async fn connect(&self) -> Result<Client, Error> {
        let token = match &self.token_file {
            Some(path) => Some(fs::read_to_string(path).map_err(|error| {
                Error::Input(format!("`--token-file {}`: {error}", path.display()))
            })?),
            None => self.token.clone(),
        };
        let token = token.as_deref().map(str::trim).filter(|t| !t.is_empty());
        Ok(Client::hearing(&self.address, token, note_newer).await?)
    }
}

/// What is new in a server's answer is not shown by an older program.
fn note_newer(server: Release) {
    output::warn(format_args!(
        "the server is version {server}, newer than this program ({}), which may not show all that it says: replace this program",
        version::OURS
    ));
}
