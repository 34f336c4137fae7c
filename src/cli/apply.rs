//! `recado apply`: a plan, a look at it, and making it so.

use std::io::{IsTerminal, stderr, stdin};
use std::path::Path;
use std::process::{Command, Stdio};

use clap::Args;
use serde_json::json;

use super::connect::Server;
use super::error::Error;
use super::exit::Exit;
use super::files::Campaigns;
use super::{diagnostics, json, output, plan};
use crate::api::client::Client;
use crate::api::pb;

#[derive(Debug, Args)]
#[command(after_help = "\
Shows the plan and asks on a terminal; `--yes` goes on without. Where there is no terminal, a plan that deletes \
nothing is applied, and one that deletes something needs `--yes`. Author and commit are taken from git when the \
folder is in a repository.

Examples:
  recado apply campaigns
  recado apply campaigns --yes --author deploy --commit \"$GIT_SHA\"

Exits with 5 when somebody else applied in between, and with 7 when something would be deleted and nobody agreed.")]
pub(super) struct Apply {
    #[command(flatten)]
    campaigns: Campaigns,
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

/// How a plan becomes the applied state.
pub(super) struct Way<'a> {
    /// `--yes`
    pub(super) agreed: bool,
    pub(super) json: bool,
    /// Where the files come from; none when they come from the server itself.
    pub(super) folder: Option<&'a Path>,
}

// === impl Apply ===

impl Apply {
    pub(super) async fn run(self) -> Result<Exit, Error> {
        let files = self.campaigns.read()?;
        let mut client = self.server.connect().await?;
        let way = Way {
            agreed: self.yes,
            json: self.json,
            folder: Some(&self.campaigns.folder),
        };
        planned(&mut client, files, self.origin(), way).await
    }

    fn origin(&self) -> Origin {
        let or_git = |given: &Option<String>, arguments: &[&str]| {
            given
                .clone()
                .or_else(|| git(&self.campaigns.folder, arguments))
                .unwrap_or_default()
        };
        Origin {
            author: or_git(&self.author, &["config", "user.name"]),
            commit: or_git(&self.commit, &["rev-parse", "HEAD"]),
            message: self.message.clone().unwrap_or_default(),
        }
    }
}

/// Plans files, shows the plan, asks where somebody can be asked, and applies.
pub(super) async fn planned(
    client: &mut Client,
    files: Vec<pb::SourceFile>,
    origin: Origin,
    way: Way<'_>,
) -> Result<Exit, Error> {
    let planned = plan::ask(client, files.clone()).await?;
    let found = match way.folder {
        Some(folder) => diagnostics::located(planned.diagnostics, folder),
        None => planned.diagnostics,
    };
    let Some(plan) = planned.plan else {
        if way.json {
            output::json(&json!({ "diagnostics": diagnostics::to_json(&found) }));
        } else {
            diagnostics::print(&found);
        }
        return Ok(Exit::FAILED);
    };
    if !way.json {
        diagnostics::print(&found);
    }
    if !agreed(&plan, &way)? {
        output::note("nothing was applied");
        return Ok(Exit::FAILED);
    }
    let is_empty = plan.changes.is_empty();
    let answer = apply(client, files, plan.fingerprint, origin).await?;
    for warning in &answer.warnings {
        output::warn(warning);
    }
    if way.json {
        output::json(&json!({
            "warnings": answer.warnings,
            "revision": answer.revision,
            "plan": answer.plan.as_ref().map(json::plan),
            "diagnostics": diagnostics::to_json(&found),
        }));
    } else if is_empty {
        output::line(format_args!(
            "nothing changes: revision {} stays",
            answer.revision
        ));
    } else {
        output::line(format_args!("revision {}", answer.revision));
    }
    Ok(Exit::OK)
}

/// Shows the plan, and whether whoever is there agrees to it.
fn agreed(plan: &pb::Plan, way: &Way<'_>) -> Result<bool, Error> {
    let is_empty = plan.changes.is_empty();
    let asks = !way.agreed && !is_empty && stdin().is_terminal() && stderr().is_terminal();
    match (way.json, is_empty) {
        (false, false) => plan::print(plan),
        // Nobody can agree to what they do not see.
        (true, _) if asks => plan::print_aside(plan),
        _ => {}
    }
    if way.agreed || is_empty {
        return Ok(true);
    }
    match output::confirm("apply?") {
        Some(answer) => Ok(answer),
        None => refuse_deletions(plan).map(|()| true),
    }
}

/// Nobody is there to ask: what cannot be taken back needs a word.
fn refuse_deletions(plan: &pb::Plan) -> Result<(), Error> {
    let n = plan::count(plan, pb::ChangeAction::Delete);
    if n == 0 {
        return Ok(());
    }
    let noun = if n == 1 { "resource" } else { "resources" };
    Err(Error::Unconfirmed(format!(
        "nothing was applied: it would delete {n} {noun} and nobody can be asked here; `--yes` agrees to it"
    )))
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
