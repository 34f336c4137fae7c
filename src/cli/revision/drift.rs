//! `recado drift`: whether what is applied is what the files say.

use clap::Args;
use serde_json::json;

use crate::cli::connect::Server;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::files::Campaigns;
use crate::cli::{diagnostics, json, output, plan};

#[derive(Debug, Args)]
#[command(after_help = "\
Run it on a schedule beside the pipeline that applies: it tells when somebody applied something else, or when the files \
were changed and not applied.

Example:
  recado drift campaigns --json

Exits with 8 when they differ, and with 1 when the files have errors.")]
pub(in crate::cli) struct Drift {
    #[command(flatten)]
    campaigns: Campaigns,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

// === impl Drift ===

impl Drift {
    pub(in crate::cli) async fn run(self) -> Result<Exit, Error> {
        let files = self.campaigns.read()?;
        let mut client = self.server.connect().await?;
        let answer = plan::ask(&mut client, files).await?;
        let found = diagnostics::located(answer.diagnostics, &self.campaigns.folder);
        let Some(plan) = answer.plan else {
            diagnostics::print(&found);
            return Ok(Exit::FAILED);
        };
        let differs = !plan.changes.is_empty() || !plan.orphans.is_empty();
        if self.json {
            output::json(&json!({ "drift": differs, "plan": json::plan(&plan) }));
        } else if differs {
            plan::print(&plan);
        } else {
            output::line(format_args!(
                "no drift: revision {} is what the files say",
                plan.revision
            ));
        }
        Ok(if differs { Exit::DIFFERS } else { Exit::OK })
    }
}
