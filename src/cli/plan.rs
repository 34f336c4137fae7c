//! `recado plan`: what a folder would change, and for how many people.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::connect::Server;
use super::error::Error;
use super::exit::Exit;
use super::files::Campaigns;
use super::{diagnostics, git, json, notes, output, saved};
use crate::api::client::Client;
use crate::api::pb;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  recado plan campaigns
  recado plan campaigns --json | jq -r '.plan.changes[].name'
  recado plan campaigns --out plan.json        to apply exactly this later: `recado apply --plan plan.json`

Exits with 1 when the files have errors.")]
pub(super) struct Plan {
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
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

// === impl Plan ===

impl Plan {
    pub(super) async fn run(self) -> Result<Exit, Error> {
        let files = self.campaigns.read()?;
        let mut client = self.server.connect().await?;
        let mut answer = self.ask(&mut client, files.clone()).await?;
        answer.diagnostics = diagnostics::located(answer.diagnostics, &self.campaigns.folder);
        if self.json {
            output::json(&json!({
                "plan": answer.plan.as_ref().map(json::plan),
                "diagnostics": diagnostics::to_json(&answer.diagnostics),
            }));
        } else {
            diagnostics::print(&answer.diagnostics);
            if let Some(plan) = &answer.plan {
                print(plan);
            }
        }
        if let Some(path) = &self.out {
            saved::keep(path, answer.seal, files)?;
        }
        Ok(match &answer.plan {
            None => Exit::FAILED,
            Some(plan) if self.detailed_exitcode && !plan.changes.is_empty() => Exit::DIFFERS,
            Some(_) => Exit::OK,
        })
    }
}

impl Plan {
    async fn ask(
        &self,
        client: &mut Client,
        files: Vec<pb::SourceFile>,
    ) -> Result<pb::PlanCampaignsResponse, Error> {
        let commit = git::or_head(self.commit.as_ref(), &self.campaigns.folder);
        let request = pb::PlanCampaignsRequest {
            files,
            commit,
            prune: self.prune,
            allow: self.allow.clone(),
            back: None,
        };
        ask_for(client, request).await
    }
}

pub(super) async fn ask(
    client: &mut Client,
    files: Vec<pb::SourceFile>,
) -> Result<pb::PlanCampaignsResponse, Error> {
    let request = pb::PlanCampaignsRequest {
        files,
        ..pb::PlanCampaignsRequest::default()
    };
    ask_for(client, request).await
}

pub(super) async fn ask_for(
    client: &mut Client,
    request: pb::PlanCampaignsRequest,
) -> Result<pb::PlanCampaignsResponse, Error> {
    Ok(client.campaigns.plan_campaigns(request).await?.into_inner())
}

/// The changes and the sum of them.
pub(super) fn print(plan: &pb::Plan) {
    lines(plan).iter().for_each(output::line);
}

/// As [`print()`], beside other data.
pub(super) fn print_aside(plan: &pb::Plan) {
    lines(plan).iter().for_each(output::note);
}

fn lines(plan: &pb::Plan) -> Vec<String> {
    let mut lines: Vec<_> = plan.changes.iter().flat_map(change_lines).collect();
    lines.push(sum(plan));
    lines.extend(notes::of(plan));
    lines
}

fn sum(plan: &pb::Plan) -> String {
    let n = |action| count(plan, action);
    let against = match plan.revision {
        0 => "nothing applied yet".to_owned(),
        revision => format!("against revision {revision}"),
    };
    if plan.changes.is_empty() {
        format!(
            "nothing changes: {} resources are as applied ({against})",
            plan.unchanged
        )
    } else {
        format!(
            "{} to create, {} to change, {} to delete, {} unchanged ({against})",
            n(pb::ChangeAction::Create),
            n(pb::ChangeAction::Update),
            n(pb::ChangeAction::Delete),
            plan.unchanged
        )
    }
}

pub(super) fn count(plan: &pb::Plan, action: pb::ChangeAction) -> usize {
    let changes = plan.changes.iter();
    changes.filter(|change| change.action() == action).count()
}

fn change_lines(change: &pb::ResourceChange) -> Vec<String> {
    let mark = match change.action() {
        pb::ChangeAction::Create => output::good("+"),
        pb::ChangeAction::Delete => output::bad("-"),
        pb::ChangeAction::Update | pb::ChangeAction::Unspecified => "~".to_owned(),
    };
    let head = format!(
        "{mark} {} {}{}",
        change.kind,
        output::bold(&change.name),
        reached(change)
    );
    let fields = change.fields.iter().flat_map(field_lines);
    std::iter::once(head)
        .chain(users(change))
        .chain(fields)
        .collect()
}

/// What a change reaches besides the resource; what is new is not used by anything that was there.
fn users(change: &pb::ResourceChange) -> Option<String> {
    let is_new = change.action() == pb::ChangeAction::Create;
    (!is_new && !change.used_by.is_empty())
        .then(|| format!("    used by {}", change.used_by.join(", ")))
}

fn reached(change: &pb::ResourceChange) -> String {
    match (change.audience_before, change.audience) {
        (Some(before), Some(now)) if before != now => {
            format!("  {} -> {}", output::count(before), people(now))
        }
        (_, Some(n)) | (Some(n), None) => format!("  {}", people(n)),
        (None, None) => String::new(),
    }
}

pub(super) fn people(n: i64) -> String {
    let noun = if n == 1 { "person" } else { "people" };
    format!("{} {noun}", output::count(n))
}

fn field_lines(field: &pb::FieldChange) -> Vec<String> {
    let before = field.before.lines();
    let after = field.after.lines();
    let before = before.map(|line| output::bad(format_args!("    -- {line}")));
    let after = after.map(|line| output::good(format_args!("    ++ {line}")));
    std::iter::once(format!("    {}", field.path))
        .chain(before)
        .chain(after)
        .collect()
}
