//! `recado apply`: a plan, a look at it, and making it so.

use std::io::{IsTerminal, stderr, stdin};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::connect::Server;
use super::error::Error;
use super::exit::Exit;
use super::files::Campaigns;
use super::saved::{self, Saved};
use super::{diagnostics, git, json, output, plan};
use crate::api::client::Client;
use crate::api::pb;
use crate::campaign::duration;
use crate::model::limits;

#[derive(Debug, Args)]
#[command(after_help = "\
Of a folder, it shows the plan and asks on a terminal; `--yes`, or no terminal, goes on without. What is applied and \
not among the files stays: `--prune` deletes it, where Settings name an `owner` and it is that owner's. A saved plan was \
looked at when it was made: it is applied as it is, or refused. Author and commit are taken from git when the folder is in \
a repository.

Examples:
  recado apply campaigns
  recado apply campaigns --yes --author deploy --commit \"$GIT_SHA\"
  recado plan campaigns --out plan.json && recado apply --plan plan.json

Exits with 5 when somebody else applied in between, with 9 when \
a saved plan was edited, is too old, of another server, or its audience moved, with 10 when a limit refuses it, and with 11 when the answer was lost: the \
same saved plan again is answered with the revision that it made.")]
#[expect(clippy::struct_excessive_bools, reason = "flags")]
pub(super) struct Apply {
    /// The folder of campaign files
    #[arg(value_name = "DIR", required_unless_present = "plan")]
    folder: Option<PathBuf>,
    /// Take a folder without any campaign file for what is meant
    #[arg(long, requires = "folder")]
    allow_empty: bool,
    /// Apply a plan that `recado plan DIR --out FILE` saved, instead of a folder
    #[arg(long, value_name = "FILE", conflicts_with = "folder")]
    plan: Option<PathBuf>,
    /// How old a saved plan may be [default: 24h, or what Settings say]
    #[arg(long, value_name = "SPAN", value_parser = age, requires = "plan")]
    max_age: Option<Duration>,
    /// Delete what the owner that Settings name has applied and is not among the files
    #[arg(long, conflicts_with = "plan")]
    prune: bool,
    /// Allow what is refused otherwise, by its name; may be given several times
    #[arg(long, value_name = "NAME")]
    allow: Vec<String>,
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
    /// `--prune` was the word that deletions need.
    pub(super) pruned: bool,
    /// Where the files come from; none when they come from the server itself.
    pub(super) folder: Option<&'a Path>,
}

// === impl Apply ===

impl Apply {
    pub(super) async fn run(self) -> Result<Exit, Error> {
        if let Some(path) = &self.plan {
            return self.saved(path).await;
        }
        let folder = self.folder.clone().unwrap_or_default();
        let campaigns = Campaigns {
            folder: folder.clone(),
            allow_empty: self.allow_empty,
        };
        let files = campaigns.read()?;
        let mut client = self.server.connect().await?;
        let way = Way {
            agreed: self.yes,
            json: self.json,
            // Files delete nothing without it.
            pruned: true,
            folder: Some(&folder),
        };
        let origin = Origin {
            commit: git::or_head(self.commit.as_ref(), &folder),
            ..self.origin(&folder)
        };
        let wish = pb::PlanCampaignsRequest {
            files,
            prune: self.prune,
            allow: self.allow.clone(),
            commit: origin.commit.clone(),
            back: None,
        };
        planned(&mut client, wish, origin, way).await
    }

    async fn saved(&self, path: &Path) -> Result<Exit, Error> {
        let Saved { seal, files } = saved::read(path)?;
        let mut client = self.server.connect().await?;
        let mut origin = self.origin(Path::new("."));
        if origin.commit.is_empty() {
            origin.commit.clone_from(&seal.commit);
        }
        let request = pb::ApplyCampaignsRequest {
            seal: Some(seal),
            allow: self.allow.clone(),
            max_age: self
                .max_age
                .and_then(|age| prost_types::Duration::try_from(age).ok()),
            ..request(files, origin)
        };
        let again = format!(
            "`recado apply --plan {}` again: it is applied once, and says as which revision",
            path.display()
        );
        let answer = send(&mut client, request, again).await?;
        if let (Some(plan), false) = (&answer.plan, self.json) {
            plan::print_heads(plan);
        }
        print(&answer, self.json, &[]);
        Ok(Exit::OK)
    }

    fn origin(&self, folder: &Path) -> Origin {
        Origin {
            author: git::or_user(self.author.as_ref(), folder),
            commit: self.commit.clone().unwrap_or_default(),
            message: self.message.clone().unwrap_or_default(),
        }
    }
}

/// Plans what is wanted, shows the plan, asks where somebody can be asked, and applies.
pub(super) async fn planned(
    client: &mut Client,
    wish: pb::PlanCampaignsRequest,
    origin: Origin,
    way: Way<'_>,
) -> Result<Exit, Error> {
    let planned = plan::ask_for(client, wish.clone()).await?;
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
    let is_sealed = planned.seal.is_some();
    let request = pb::ApplyCampaignsRequest {
        seal: planned.seal,
        fingerprint: if is_sealed {
            String::new()
        } else {
            plan.fingerprint
        },
        prune: wish.prune,
        allow: wish.allow,
        back: wish.back,
        ..request(wish.files, origin)
    };
    let again = "`recado revisions` shows what was applied; applying again changes nothing twice";
    let answer = send(client, request, again.to_owned()).await?;
    print(&answer, way.json, &found);
    Ok(Exit::OK)
}

fn print(answer: &pb::ApplyCampaignsResponse, json: bool, found: &[pb::Diagnostic]) {
    for warning in &answer.warnings {
        output::warn(warning);
    }
    let is_empty = answer
        .plan
        .as_ref()
        .is_some_and(|plan| plan.changes.is_empty());
    let revision = answer.revision;
    if json {
        output::json(&json!({
            "warnings": answer.warnings,
            "revision": revision,
            "newest": answer.newest,
            "already_applied": answer.already_applied,
            "plan": answer.plan.as_ref().map(json::plan),
            "diagnostics": diagnostics::to_json(found),
        }));
    } else if answer.already_applied {
        let newer = answer.newest != revision;
        let newest = newer.then(|| format!("; the newest is revision {}", answer.newest));
        output::line(format_args!(
            "already applied, as revision {revision}{}",
            newest.unwrap_or_default()
        ));
    } else if is_empty {
        output::line(format_args!("nothing changes: revision {revision} stays"));
    } else {
        output::line(format_args!("revision {revision}"));
    }
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
        None if way.pruned => Ok(true),
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

/// Applies what was planned whatever limits it is over: on a server that serves nobody else.
pub(super) async fn apply(
    client: &mut Client,
    files: Vec<pb::SourceFile>,
    plan: pb::Plan,
    origin: Origin,
) -> Result<pb::ApplyCampaignsResponse, Error> {
    let request = pb::ApplyCampaignsRequest {
        fingerprint: plan.fingerprint,
        allow: plan.limits.into_iter().map(|limit| limit.allow).collect(),
        ..request(files, origin)
    };
    let answer = client.campaigns.apply_campaigns(request).await?;
    Ok(answer.into_inner())
}

fn request(files: Vec<pb::SourceFile>, origin: Origin) -> pb::ApplyCampaignsRequest {
    pb::ApplyCampaignsRequest {
        files,
        author: origin.author,
        commit: origin.commit,
        message: origin.message,
        ..pb::ApplyCampaignsRequest::default()
    }
}

/// A span as Settings have it, within the bounds of a plan's age.
fn age(text: &str) -> Result<Duration, String> {
    let bounds = limits::PLAN_AGE_MIN..=limits::PLAN_AGE_MAX;
    duration(text)
        .filter(|age| bounds.contains(age))
        .ok_or_else(|| "write it as `30m`, `12h` or `7d`, from 1s to 90d".to_owned())
}

/// `again` is what to do when the answer is lost.
async fn send(
    client: &mut Client,
    request: pb::ApplyCampaignsRequest,
    again: String,
) -> Result<pb::ApplyCampaignsResponse, Error> {
    match client.campaigns.apply_campaigns(request).await {
        Ok(answer) => Ok(answer.into_inner()),
        Err(status) => {
            let error = Error::from(status);
            if !error.is_unsettled() {
                return Err(error);
            }
            let source = Box::new(error);
            Err(Error::Unsettled { again, source })
        }
    }
}
