//! The commands about users: `import` is in its own file, reading and deleting stand here.

use clap::{Args, Subcommand};
use serde_json::json;

use super::export::Export;
use super::import::Import;
use crate::api::pb;
use crate::cli::connect::Server;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::{json, output};
use crate::model::limits;

const EXAMPLES: &str = "\
Examples:
  recado users import users.jsonl
  recado users get ana
  recado users export ana > ana.json
  recado users delete ana ben";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Users {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Create or update users from a JSONL or CSV file
    Import(Import),
    /// Print one user as JSON
    #[command(after_help = "Example:\n  recado users get ana")]
    Get(Get),
    /// Print everything that is known of one user as JSON
    #[command(after_help = "Example:\n  recado users export ana > ana.json")]
    Export(Export),
    /// Delete users with everything known about them; exits with 6 when some do not exist
    #[command(after_help = "Example:\n  recado users delete ana ben")]
    Delete(Delete),
}

#[derive(Debug, Args)]
struct Get {
    /// The user
    #[arg(value_name = "ID")]
    external_id: String,
    #[command(flatten)]
    server: Server,
}

#[derive(Debug, Args)]
struct Delete {
    /// The users
    #[arg(value_name = "ID", required = true)]
    external_ids: Vec<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

// === impl Users ===

impl Users {
    pub(in crate::cli) async fn run(self) -> Result<Exit, Error> {
        match self.command {
            Command::Import(import) => import.run().await,
            Command::Get(get) => get.run().await,
            Command::Export(export) => export.run().await,
            Command::Delete(delete) => delete.run().await,
        }
    }
}

// === impl Get ===

impl Get {
    async fn run(self) -> Result<Exit, Error> {
        let mut client = self.server.connect().await?;
        let request = pb::GetUserRequest {
            external_id: self.external_id,
        };
        let answer = client.users.get_user(request).await?.into_inner();
        output::json(&json::user(&answer.user.ok_or(Error::Answer("user"))?));
        Ok(Exit::OK)
    }
}

// === impl Delete ===

impl Delete {
    async fn run(self) -> Result<Exit, Error> {
        let mut client = self.server.connect().await?;
        let (mut deleted, mut not_found) = (0, Vec::new());
        for some in self.external_ids.chunks(limits::BATCH_USERS_MAX) {
            let request = pb::DeleteUsersRequest {
                external_ids: some.to_vec(),
            };
            let answer = client.users.delete_users(request).await?.into_inner();
            deleted += answer.deleted;
            not_found.extend(answer.not_found);
        }
        if self.json {
            output::json(&json!({ "deleted": deleted, "not_found": not_found }));
        } else {
            output::line(format_args!("{deleted} deleted"));
            for id in &not_found {
                output::warn(format_args!("user `{id}` does not exist"));
            }
        }
        Ok(if not_found.is_empty() {
            Exit::OK
        } else {
            Exit::PARTLY
        })
    }
}
