//! `recado show`: one revision, and what it changed.

use clap::Args;
use serde_json::json;

use super::{ask, compare};
use crate::cli::connect::Server;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  recado show 12
  recado show 12 --files     with all its files, not only what changed")]
pub(in crate::cli) struct Show {
    /// The revision
    #[arg(value_name = "REV", value_parser = clap::value_parser!(u64).range(1..))]
    revision: u64,
    /// List every file of it
    #[arg(long)]
    files: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

// === impl Show ===

impl Show {
    pub(in crate::cli) async fn run(self) -> Result<Exit, Error> {
        let mut client = self.server.connect().await?;
        let (revision, files, plan) = ask::whole(&mut client, Some(self.revision)).await?;
        let before = match self.revision - 1 {
            0 => Vec::new(),
            earlier => ask::export(&mut client, Some(earlier)).await?.1,
        };
        let changed = compare::differing(&before, &files);
        if self.json {
            let changes = changed.iter();
            let changes = changes
                .map(|one| json!({ "path": one.path, "owner": one.owner, "change": one.word() }));
            let mut shown = ask::to_json(&revision);
            shown["changes"] = changes.collect();
            shown["files"] = files.iter().map(|one| json!(one.file.path)).collect();
            shown["plan"] = ask::plan_json(&plan);
            output::json(&shown);
            return Ok(Exit::OK);
        }
        ask::head(&revision).iter().for_each(output::line);
        if !plan.is_empty() {
            output::line("");
            ask::plan(&plan).iter().for_each(output::line);
        }
        if self.files {
            output::line("");
            for one in &files {
                output::line(&one.file.path);
            }
        }
        for one in &changed {
            output::line("");
            one.print();
        }
        Ok(Exit::OK)
    }
}
