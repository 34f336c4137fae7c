//! `recado rollback`: the files of an earlier revision, planned and applied again.

use std::path::Path;

use clap::Args;

use super::ask;
use crate::api::pb;
use crate::cli::apply::{self, Origin};
use crate::cli::connect::Server;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::git;

#[derive(Debug, Args)]
#[command(after_help = "\
It is an apply like any other, and makes a revision of its own: nothing is taken out of the past. It shows the plan \
and asks on a terminal; where there is none, `--yes` is needed when something would be deleted. Where several owners \
changed something since, one of them is named. The files in git do not change: revert them too, or the next apply brings \
back what was rolled back.

Examples:
  recado rollback 11 --message 'the filter of 12 was wrong'
  recado rollback 11 --owner growth

Exits with 7 when something would be deleted and nobody agreed.")]
pub(in crate::cli) struct Rollback {
    /// The revision to go back to
    #[arg(value_name = "REV", value_parser = clap::value_parser!(u64).range(1..))]
    revision: u64,
    /// Go back with the resources of this owner only; `''` for what nobody owns
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// Go back with everybody's resources
    #[arg(long, conflicts_with = "owner")]
    all_owners: bool,
    /// Allow what is refused otherwise, by its name; may be given several times
    #[arg(long, value_name = "NAME")]
    allow: Vec<String>,
    /// Who does it, for the record [default: the user that git knows here]
    #[arg(long, value_name = "NAME")]
    author: Option<String>,
    /// Why, for the record [default: `rollback to revision REV`]
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

// === impl Rollback ===

impl Rollback {
    pub(in crate::cli) async fn run(self) -> Result<Exit, Error> {
        let mut client = self.server.connect().await?;
        let (revision, _) = ask::export(&mut client, Some(self.revision)).await?;
        let told = || format!("rollback to revision {}", revision.revision);
        let wish = pb::PlanCampaignsRequest {
            back: Some(pb::RevisionTarget {
                revision: self.revision,
                owner: self.owner,
                all_owners: self.all_owners,
            }),
            allow: self.allow,
            ..pb::PlanCampaignsRequest::default()
        };
        let origin = Origin {
            author: git::or_user(self.author.as_ref(), Path::new(".")),
            // The state is that of those files, whatever git holds now.
            commit: revision.commit.clone(),
            message: self.message.unwrap_or_else(told),
        };
        let way = apply::Way {
            agreed: self.yes,
            json: self.json,
            pruned: false,
            folder: None,
        };
        apply::planned(&mut client, wish, origin, way).await
    }
}
