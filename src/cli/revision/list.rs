//! `recado revisions`: what was applied, newest first.

use clap::Args;

use super::ask;
use crate::api::pb;
use crate::cli::connect::Server;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::{json, list, output};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  recado revisions
  recado revisions --json | jq -r 'select(.author == \"ana\").revision'")]
pub(in crate::cli) struct Revisions {
    /// Show so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(i32).range(1..=1000))]
    limit: i32,
    /// Go on behind an earlier list
    #[arg(long, value_name = "TOKEN")]
    after: Option<String>,
    /// Print one JSON line a revision
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

// === impl Revisions ===

impl Revisions {
    pub(in crate::cli) async fn run(self) -> Result<Exit, Error> {
        let mut client = self.server.connect().await?;
        let request = pb::ListRevisionsRequest {
            page_size: self.limit,
            page_token: self.after.unwrap_or_default(),
        };
        let page = client.campaigns.list_revisions(request).await?.into_inner();
        if self.json {
            for revision in &page.revisions {
                output::json_line(&ask::to_json(revision));
            }
        } else if page.revisions.is_empty() {
            output::note("nothing was applied yet");
        } else {
            let columns = ["revision", "applied", "author", "commit", "message"];
            let rows: Vec<_> = page.revisions.iter().map(row).collect();
            list::print(&columns.map(column), &rows);
        }
        list::note_rest(page.revisions.len(), "newest", &page.next_page_token);
        Ok(Exit::OK)
    }
}

fn column(name: &'static str) -> list::Column {
    if name == "message" {
        list::Column::Words(name)
    } else {
        list::Column::Whole(name)
    }
}

fn row(revision: &pb::Revision) -> Vec<String> {
    let commit: String = revision.commit.chars().take(12).collect();
    vec![
        revision.revision.to_string(),
        json::second(revision.applied_at),
        revision.author.clone(),
        commit,
        revision.message.clone(),
    ]
}
