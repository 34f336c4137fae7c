//! `recado diff`: what differs between two revisions.

use clap::Args;
use serde_json::{Value, json};

use super::{ask, compare};
use crate::cli::connect::Server;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  recado diff 11 12
  recado diff 7          from revision 7 to the newest")]
pub(in crate::cli) struct Diff {
    /// The earlier revision
    #[arg(value_name = "REV", value_parser = clap::value_parser!(u64).range(1..))]
    from: u64,
    /// The later one; the newest without it
    #[arg(value_name = "REV", value_parser = clap::value_parser!(u64).range(1..))]
    to: Option<u64>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

// === impl Diff ===

impl Diff {
    pub(in crate::cli) async fn run(self) -> Result<Exit, Error> {
        let mut client = self.server.connect().await?;
        let (from, before) = ask::export(&mut client, Some(self.from)).await?;
        let (to, after) = ask::export(&mut client, self.to).await?;
        let differing = compare::differing(&before, &after);
        if self.json {
            let files: Vec<Value> = differing
                .iter()
                .map(|one| json!({ "path": one.path, "owner": one.owner, "change": one.word(), "diff": one.unified() }))
                .collect();
            output::json(&json!({
                "from": ask::to_json(&from),
                "to": ask::to_json(&to),
                "files": files,
            }));
        } else if differing.is_empty() {
            output::note(format_args!(
                "revisions {} and {} hold the same files",
                from.revision, to.revision
            ));
        } else {
            differing.iter().for_each(compare::Differing::print);
        }
        Ok(Exit::OK)
    }
}
