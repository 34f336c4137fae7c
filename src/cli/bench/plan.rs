//! Plans of a folder of many campaigns over many users, with what they do to people; the baseline is the plan of a folder
//! in which nothing changed: reading, checking and comparing alone.

use clap::Args;
use serde_json::{Value as Json, json};

use super::folder;
use super::measure::{self, Report, Watch};
use super::stage::{Drive, Stage};
use crate::api::client::Client;
use crate::api::pb;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::{apply, files, plan};

/// Events a user: what the campaigns' filters count.
const EVENTS: u64 = 2;

#[derive(Debug, Args)]
pub(super) struct Plan {
    /// Users whose messages and audiences are compared
    #[arg(long, value_name = "N", default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1..=20_000_000))]
    users: u64,
    /// Campaigns in the folder; a third as many other resources come on top
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u64).range(10..=1_500))]
    campaigns: u64,
    /// Campaigns of which filter and message change
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=1_500))]
    changed: u64,
    /// Plans of each kind
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    rounds: u16,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

// === impl Plan ===

impl Plan {
    pub(super) async fn run(self) -> Result<Exit, Error> {
        let applied = written(self.campaigns)?;
        let changed = self.changed(&applied);
        // What all campaigns of ten segments share changes, and they are reached.
        let shared = applied
            .iter()
            .map(|file| edited(file, "Greetings", "Regards"));
        let shared = shared.collect();
        let drive = Drive {
            batch: 1_000,
            connections: 4,
        };
        let stage = Stage::start(None).await?;
        stage.load(self.users, 20, drive).await?;
        stage.track(self.users * EVENTS, self.users, drive).await?;
        stage.settle().await;
        let mut client = stage.server.client().await?;
        let first = ask(&mut client, &applied).await?;
        let origin = apply::Origin::default();
        apply::apply(&mut client, applied.clone(), first, origin).await?;
        let mut report = Report::default();
        report.add("users", self.users);
        report.add("campaigns", self.campaigns);
        report.add("rounds", self.rounds);
        for (name, files) in [
            ("nothing_changed", applied),
            ("changed", changed),
            ("shared_blocks_changed", shared),
        ] {
            report.add(name, self.measured(&mut client, &files).await?);
        }
        drop(client);
        stage.stop().await?;
        report.print(self.json);
        Ok(Exit::OK)
    }

    fn changed(&self, applied: &[pb::SourceFile]) -> Vec<pb::SourceFile> {
        let every = (self.campaigns / self.changed).max(1);
        let change = |file: &pb::SourceFile| {
            let n = file
                .path
                .rsplit_once("campaign-")
                .and_then(|(_, rest)| rest.strip_suffix(".yaml"));
            let n = n.and_then(|n| n.parse::<u64>().ok());
            match n {
                Some(n) if n.is_multiple_of(every) && n / every < self.changed => {
                    // One takes in more people, the next fewer.
                    let asked = "user.opted_in && ";
                    let filter = if (n / every).is_multiple_of(2) {
                        ""
                    } else {
                        "user.opted_in && user.age >= 21 && "
                    };
                    let moved = edited(file, asked, filter);
                    edited(&edited(&moved, "Hi ", "Hello "), "For ", "Only for ")
                }
                _ => file.clone(),
            }
        };
        applied.iter().map(change).collect()
    }

    async fn measured(&self, client: &mut Client, files: &[pb::SourceFile]) -> Result<Json, Error> {
        let mut spans = Vec::new();
        let mut last = pb::Plan::default();
        for _ in 0..self.rounds {
            let watch = Watch::begin();
            last = ask(client, files).await?;
            spans.push(watch.elapsed().as_secs_f64() * 1e3);
        }
        let sorted = measure::sorted(spans.into_iter());
        let best = sorted.first().copied().unwrap_or_default();
        let worst = sorted.last().copied().unwrap_or_default();
        let effects = last.changes.iter().map(|change| &change.effect);
        let effects = effects.chain(last.reached.iter().map(|reached| &reached.effect));
        let effects: Vec<&pb::Effect> = effects.flatten().collect();
        let deltas = effects.iter().filter_map(|effect| effect.audience.as_ref());
        let messages = effects.iter().filter_map(|effect| effect.messages.as_ref());
        Ok(json!({
            "best_ms": measure::rounded(best),
            "median_ms": measure::rounded(measure::median(&sorted)),
            "worst_ms": measure::rounded(worst),
            "changes": last.changes.len(),
            "campaigns_reached": last.reached.len(),
            "audiences": deltas.clone().count(),
            "people_who_enter_or_leave": deltas.map(|delta| delta.entered + delta.left).sum::<i64>(),
            "messages_made_twice": messages.clone().map(|it| it.sampled).sum::<i64>(),
            "messages_that_differ": messages.map(|it| it.differing).sum::<i64>(),
        }))
    }
}

/// The folder as files, about attributes that the users have.
fn written(campaigns: u64) -> Result<Vec<pb::SourceFile>, Error> {
    let folder = tempfile::tempdir().map_err(Error::file(std::env::temp_dir()))?;
    folder::write(folder.path(), campaigns)?;
    let files = files::read(folder.path())?;
    let own = files
        .iter()
        .map(|file| edited(&edited(file, "order_total", "ltv"), "\"BR\"", "\"MX\""));
    Ok(own.collect())
}

fn edited(file: &pb::SourceFile, from: &str, to: &str) -> pb::SourceFile {
    pb::SourceFile {
        path: file.path.clone(),
        text: file.text.replace(from, to),
    }
}

async fn ask(client: &mut Client, files: &[pb::SourceFile]) -> Result<pb::Plan, Error> {
    let answer = plan::ask(client, files.to_vec()).await?;
    match answer.plan {
        Some(plan) => Ok(plan),
        None => Err(Error::Input(format!("{:?}", answer.diagnostics.first()))),
    }
}
