//! `recado plan`: what a folder would change, and for how many people.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::connect::Server;
use super::error::Error;
use super::exit::Exit;
use super::{diagnostics, files, json, output};
use crate::api::client::Client;
use crate::api::pb;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  recado plan campaigns
  recado plan campaigns --json | jq -r '.plan.changes[].name'

Exits with 1 when the files have errors.")]
pub(super) struct Plan {
    /// The folder of campaign files
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

// === impl Plan ===

impl Plan {
    pub(super) async fn run(self) -> Result<Exit, Error> {
        let files = files::read(&self.folder)?;
        let mut client = self.server.connect().await?;
        let answer = ask(&mut client, files).await?;
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
        Ok(if answer.plan.is_some() {
            Exit::OK
        } else {
            Exit::FAILED
        })
    }
}

pub(super) async fn ask(
    client: &mut Client,
    files: Vec<pb::SourceFile>,
) -> Result<pb::PlanCampaignsResponse, Error> {
    let request = pb::PlanCampaignsRequest { files };
    Ok(client.campaigns.plan_campaigns(request).await?.into_inner())
}

/// The changes in short, beside the data.
pub(super) fn note(plan: &pb::Plan) {
    for change in &plan.changes {
        let action = json::word(change.action().as_str_name(), "CHANGE_ACTION_");
        output::note(format_args!(
            "{action} {} {}{}",
            change.kind,
            change.name,
            reached(change)
        ));
    }
}

/// The changes as data, the sum of them beside it.
pub(super) fn print(plan: &pb::Plan) {
    for change in &plan.changes {
        print_change(change);
    }
    let n = |wanted: pb::ChangeAction| {
        plan.changes
            .iter()
            .filter(|change| change.action() == wanted)
            .count()
    };
    let against = match plan.revision {
        0 => "nothing applied yet".to_owned(),
        revision => format!("against revision {revision}"),
    };
    if plan.changes.is_empty() {
        output::note(format_args!(
            "nothing changes: {} resources are as applied ({against})",
            plan.unchanged
        ));
    } else {
        output::note(format_args!(
            "{} to create, {} to change, {} to delete, {} unchanged ({against})",
            n(pb::ChangeAction::Create),
            n(pb::ChangeAction::Update),
            n(pb::ChangeAction::Delete),
            plan.unchanged
        ));
    }
}

fn print_change(change: &pb::ResourceChange) {
    let mark = match change.action() {
        pb::ChangeAction::Create => output::good("+"),
        pb::ChangeAction::Delete => output::bad("-"),
        pb::ChangeAction::Update | pb::ChangeAction::Unspecified => "~".to_owned(),
    };
    output::line(format_args!(
        "{mark} {} {}{}",
        change.kind,
        output::bold(&change.name),
        reached(change)
    ));
    for field in &change.fields {
        print_field(field);
    }
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

fn people(n: i64) -> String {
    let noun = if n == 1 { "person" } else { "people" };
    format!("{} {noun}", output::count(n))
}

fn print_field(field: &pb::FieldChange) {
    output::line(format_args!("    {}", field.path));
    for line in field.before.lines() {
        output::line(output::bad(format_args!("    -- {line}")));
    }
    for line in field.after.lines() {
        output::line(output::good(format_args!("    ++ {line}")));
    }
}
