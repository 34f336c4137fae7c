//! The command itself, and asking a server for a plan.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{human, json, markdown};
use crate::api::client::Client;
use crate::api::pb;
use crate::cli::connect::Server;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::files::Campaigns;
use crate::cli::{diagnostics, git, output, saved, whole};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  recado plan campaigns
  recado plan campaigns --format markdown > comment.md     for a pull request
  recado plan campaigns --json | jq -r '.plan.changes[].name'
  recado plan campaigns --out plan.json        to apply exactly this later: `recado apply --plan plan.json`

Exits with 1 when the files have errors, or a policy denies the plan, and with 10 when it is over a limit that `--allow` does not name.")]
pub(in crate::cli) struct Plan {
    #[command(flatten)]
    campaigns: Campaigns,
    /// Save the plan with its files, for `recado apply --plan FILE`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The git commit of the files, for the record
    #[arg(long, value_name = "ID")]
    commit: Option<String>,
    /// Delete what the owner that Settings name has applied and is not among the files
    #[arg(long)]
    prune: bool,
    /// Allow what is refused otherwise, by its name; may be given several times
    #[arg(long, value_name = "NAME")]
    allow: Vec<String>,
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
    pub(in crate::cli) async fn run(self) -> Result<Exit, Error> {
        // A plan may take a while, and would be lost.
        self.out.as_deref().map_or(Ok(()), whole::check)?;
        let files = self.campaigns.read()?;
        let mut client = self.server.connect().await?;
        let commit = git::or_head(self.commit.as_ref(), &self.campaigns.folder);
        let request = pb::PlanCampaignsRequest {
            files: files.clone(),
            commit: commit.clone(),
            prune: self.prune,
            allow: self.allow.clone(),
            back: None,
        };
        let mut answer = ask_for(&mut client, request).await?;
        answer.diagnostics = diagnostics::located(answer.diagnostics, &self.campaigns.folder);
        if let Some(plan) = &mut answer.plan {
            // What was allowed here is to be allowed at the apply too, and is nothing to warn of.
            plan.limits
                .retain(|limit| !self.allow.contains(&limit.allow));
        }
        let format = if self.json { Format::Json } else { self.format };
        match (format, &answer.plan) {
            (Format::Json, _) => output::json(&json::answer(&answer)),
            (Format::Markdown, _) => output::line(markdown::comment(&answer, &commit)),
            (Format::Human, plan) => {
                diagnostics::print(&answer.diagnostics);
                plan.iter().for_each(print);
            }
        }
        // There is none of files with errors.
        if let (Some(path), Some(plan)) = (&self.out, &answer.plan) {
            saved::keep(path, answer.seal, files, (&self.allow, &plan.limits))?;
        }
        Ok(match &answer.plan {
            None => Exit::FAILED,
            Some(plan) if !plan.limits.is_empty() => Exit::LIMITED,
            Some(plan) if self.detailed_exitcode && !plan.changes.is_empty() => Exit::DIFFERS,
            Some(_) => Exit::OK,
        })
    }
}

pub(in crate::cli) async fn ask(
    client: &mut Client,
    files: Vec<pb::SourceFile>,
) -> Result<pb::PlanCampaignsResponse, Error> {
    let request = pb::PlanCampaignsRequest {
        files,
        ..pb::PlanCampaignsRequest::default()
    };
    ask_for(client, request).await
}

pub(in crate::cli) async fn ask_for(
    client: &mut Client,
    request: pb::PlanCampaignsRequest,
) -> Result<pb::PlanCampaignsResponse, Error> {
    let answer = client.campaigns.plan_campaigns(request).await?;
    Ok(answer.into_inner())
}

/// The changes and the sum of them.
pub(in crate::cli) fn print(plan: &pb::Plan) {
    human::lines(plan, output::width())
        .iter()
        .for_each(output::line);
}

/// What changes and for how many people, without the details.
pub(in crate::cli) fn print_heads(plan: &pb::Plan) {
    human::heads(plan).iter().for_each(output::line);
}

/// As [`print()`], beside other data.
pub(in crate::cli) fn print_aside(plan: &pb::Plan) {
    human::lines(plan, output::width())
        .iter()
        .for_each(output::note);
}

pub(in crate::cli) fn count(plan: &pb::Plan, action: pb::ChangeAction) -> usize {
    let changes = plan.changes.iter();
    changes.filter(|change| change.action() == action).count()
}

pub(in crate::cli) fn people(n: i64) -> String {
    let noun = if n == 1 { "person" } else { "people" };
    format!("{} {noun}", output::count(n))
}
