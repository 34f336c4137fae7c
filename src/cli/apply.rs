//! `recado apply`: a plan, a look at it, and making it so.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use serde_json::json;

use super::connect::Server;
use super::error::Error;
use super::exit::Exit;
use super::{diagnostics, files, json, output, plan};
use crate::api::client::Client;
use crate::api::pb;

#[derive(Debug, Args)]
#[command(after_help = "\
Shows the plan and asks on a terminal. Without a terminal it goes on, unless the plan deletes something: that takes
`--yes`. Author and commit are taken from git when the folder is in a repository.

Examples:
  recado apply campaigns
  recado apply campaigns --yes --author deploy --commit \"$GIT_SHA\"

Exits with 5 when somebody else applied in between.")]
pub(super) struct Apply {
    /// The folder of campaign files
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Who applies, for the record
    #[arg(long, value_name = "NAME")]
    author: Option<String>,
    /// The git commit of the files, for the record
    #[arg(long, value_name = "ID")]
    commit: Option<String>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

/// For the record.
#[derive(Debug, Default)]
pub(super) struct Origin {
    pub(super) author: String,
    pub(super) commit: String,
    pub(super) message: String,
}

// === impl Apply ===

impl Apply {
    pub(super) async fn run(self) -> Result<Exit, Error> {
        let files = files::read(&self.folder)?;
        let mut client = self.server.connect().await?;
        let planned = plan::ask(&mut client, files.clone()).await?;
        let found = planned.diagnostics;
        let Some(plan) = planned.plan else {
            if self.json {
                output::json(&json!({ "diagnostics": diagnostics::to_json(&found) }));
            } else {
                diagnostics::print(&found);
            }
            return Ok(Exit::FAILED);
        };
        if !self.json {
            diagnostics::print(&found);
            plan::print(&plan);
        } else if !self.yes {
            // Who is asked must have seen it; the answer's JSON comes later.
            plan::note(&plan);
        }
        if !self.yes && !is_confirmed(&plan)? {
            output::note("nothing was applied");
            return Ok(Exit::FAILED);
        }
        let answer = apply(&mut client, files, plan.fingerprint.clone(), self.origin()).await?;
        if self.json {
            output::json(&json!({
                "revision": answer.revision,
                "plan": answer.plan.as_ref().map(json::plan),
                "diagnostics": diagnostics::to_json(&found),
            }));
        } else if plan.changes.is_empty() {
            output::line(format_args!("revision {} stays", answer.revision));
        } else {
            output::line(format_args!("revision {}", answer.revision));
        }
        Ok(Exit::OK)
    }

    fn origin(&self) -> Origin {
        let or_git = |given: &Option<String>, arguments: &[&str]| {
            given
                .clone()
                .or_else(|| git(&self.folder, arguments))
                .unwrap_or_default()
        };
        Origin {
            author: or_git(&self.author, &["config", "user.name"]),
            commit: or_git(&self.commit, &["rev-parse", "HEAD"]),
            message: self.message.clone().unwrap_or_default(),
        }
    }
}

/// Asks on a terminal. Elsewhere only a plan that deletes nothing goes on unasked.
fn is_confirmed(plan: &pb::Plan) -> Result<bool, Error> {
    if plan.changes.is_empty() {
        return Ok(true);
    }
    if let Some(answer) = output::confirm("apply?") {
        return Ok(answer);
    }
    let deletes = |change: &&pb::ResourceChange| change.action() == pb::ChangeAction::Delete;
    match plan.changes.iter().filter(deletes).count() {
        0 => Ok(true),
        n => Err(Error::Input(format!(
            "the plan deletes {n} of the applied resources, and nobody is here to ask; nothing was applied: look at it, then give `--yes`"
        ))),
    }
}

pub(super) async fn apply(
    client: &mut Client,
    files: Vec<pb::SourceFile>,
    fingerprint: String,
    origin: Origin,
) -> Result<pb::ApplyCampaignsResponse, Error> {
    let request = pb::ApplyCampaignsRequest {
        files,
        fingerprint,
        author: origin.author,
        commit: origin.commit,
        message: origin.message,
    };
    let answer = client.campaigns.apply_campaigns(request).await?;
    Ok(answer.into_inner())
}

/// What git says about `folder`; nothing when it is in no repository or there is no git.
fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let said = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(said.stdout).ok()?;
    let text = text.trim();
    (said.status.success() && !text.is_empty()).then(|| text.to_owned())
}
