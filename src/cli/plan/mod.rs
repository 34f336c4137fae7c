//! `recado plan`: what a folder would change, and what that does to people.
//!
//! `human` draws it for a terminal, `markdown` for a pull request, `json` for programs; `words` says what all of them
//! say.

mod human;
mod json;
mod markdown;
mod marks;
mod words;

use clap::{Args, ValueEnum};

use super::connect::Server;
use super::error::Error;
use super::exit::Exit;
use super::files::Campaigns;
use super::{diagnostics, output};
use crate::api::client::Client;
use crate::api::pb;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  recado plan campaigns
  recado plan campaigns --format markdown > comment.md     for a pull request
  recado plan campaigns --json | jq -r '.plan.changes[].name'

Exits with 1 when the files have errors, or a policy denies the plan.")]
pub(super) struct Plan {
    #[command(flatten)]
    campaigns: Campaigns,
    /// Exit with 8 when something would change
    #[arg(long)]
    detailed_exitcode: bool,
    /// How to print it
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
    /// Print one JSON object, as `--format json` does
    #[arg(long, conflicts_with = "format")]
    json: bool,
    #[command(flatten)]
    server: Server,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people at a terminal
    Human,
    /// One JSON object
    Json,
    /// A comment for a pull request, at most 60,000 characters
    Markdown,
}

// === impl Plan ===

impl Plan {
    pub(super) async fn run(self) -> Result<Exit, Error> {
        let files = self.campaigns.read()?;
        let mut client = self.server.connect().await?;
        let mut answer = ask(&mut client, files).await?;
        answer.diagnostics = diagnostics::located(answer.diagnostics, &self.campaigns.folder);
        let format = if self.json { Format::Json } else { self.format };
        match (format, &answer.plan) {
            (Format::Json, _) => output::json(&json::answer(&answer)),
            (Format::Markdown, _) => output::line(markdown::comment(&answer)),
            (Format::Human, plan) => {
                diagnostics::print(&answer.diagnostics);
                plan.iter().for_each(print);
            }
        }
        Ok(match &answer.plan {
            None => Exit::FAILED,
            Some(plan) if self.detailed_exitcode && !plan.changes.is_empty() => Exit::DIFFERS,
            Some(_) => Exit::OK,
        })
    }
}

pub(super) use json::plan as to_json;

pub(super) async fn ask(
    client: &mut Client,
    files: Vec<pb::SourceFile>,
) -> Result<pb::PlanCampaignsResponse, Error> {
    let request = pb::PlanCampaignsRequest { files };
    Ok(client.campaigns.plan_campaigns(request).await?.into_inner())
}

/// The changes and the sum of them.
pub(super) fn print(plan: &pb::Plan) {
    human::lines(plan, output::width())
        .iter()
        .for_each(output::line);
}

/// What changes and for how many people, without the details.
pub(super) fn print_heads(plan: &pb::Plan) {
    human::heads(plan).iter().for_each(output::line);
}

/// As [`print()`], beside other data.
pub(super) fn print_aside(plan: &pb::Plan) {
    human::lines(plan, output::width())
        .iter()
        .for_each(output::note);
}

pub(super) fn count(plan: &pb::Plan, action: pb::ChangeAction) -> usize {
    let changes = plan.changes.iter();
    changes.filter(|change| change.action() == action).count()
}

pub(super) fn people(n: i64) -> String {
    let noun = if n == 1 { "person" } else { "people" };
    format!("{} {noun}", output::count(n))
}
