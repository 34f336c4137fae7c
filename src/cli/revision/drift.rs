//! `recado drift`: whether what is applied is what the files say.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::api::pb;
use crate::cli::connect::Server;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::files::Campaigns;
use crate::cli::{diagnostics, json, output, plan, whole};
use crate::clock::{Clock, SystemClock};
use crate::model::resource::Kind;

#[derive(Debug, Args)]
#[command(after_help = "\
Run it on a schedule beside the pipeline that applies: it tells when somebody applied something else, or when the files \
were changed and not applied. With `--textfile` it also writes gauges that the node exporter's textfile collector reads.

Examples:
  recado drift campaigns --json
  recado drift campaigns --textfile /var/lib/node_exporter/recado.prom

Exits with 8 when they differ, and with 1 when the files have errors.")]
pub(in crate::cli) struct Drift {
    #[command(flatten)]
    campaigns: Campaigns,
    /// Write Prometheus gauges to a file too, whole or not at all
    #[arg(long, value_name = "FILE")]
    textfile: Option<PathBuf>,
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
        if let Some(path) = &self.textfile {
            write_gauges(path, answer.plan.as_ref())?;
        }
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

/// What a plan would do, and what it would leave: each is told, as 0 too, so that alerts end.
const ACTIONS: [&str; 4] = ["create", "update", "delete", "orphan"];

fn write_gauges(path: &Path, plan: Option<&pb::Plan>) -> Result<(), Error> {
    let now = SystemClock.now().as_second();
    let mut text = format!(
        "# HELP recado_drift_check_time_seconds When drift was looked for, in seconds since 1970.\n\
         # TYPE recado_drift_check_time_seconds gauge\n\
         recado_drift_check_time_seconds {now}\n\
         # HELP recado_drift_files_valid 0 while the files have errors, so that drift cannot be told.\n\
         # TYPE recado_drift_files_valid gauge\n\
         recado_drift_files_valid {}\n",
        u8::from(plan.is_some())
    );
    if let Some(plan) = plan {
        text += "# HELP recado_drift_resources Resources that are not applied as the files say.\n\
                 # TYPE recado_drift_resources gauge\n";
        let pairs = Kind::ALL.into_iter();
        let pairs = pairs.flat_map(|kind| ACTIONS.map(|action| (kind, action)));
        text.extend(pairs.map(|(kind, action)| {
            let owner = &plan.owner;
            let n = count(plan, kind.as_str(), action);
            format!(
                "recado_drift_resources{{owner=\"{owner}\",kind=\"{kind}\",action=\"{action}\"}} {n}\n"
            )
        }));
    }
    whole::write(path, text.as_bytes())
}

fn count(plan: &pb::Plan, kind: &str, action: &str) -> usize {
    if action == "orphan" {
        return plan.orphans.iter().filter(|it| it.kind == kind).count();
    }
    let named = |it: &&pb::ResourceChange| {
        it.kind == kind && json::word(it.action().as_str_name(), "CHANGE_ACTION_") == action
    };
    plan.changes.iter().filter(named).count()
}
