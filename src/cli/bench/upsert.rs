//! Upserts: loading, random updates, and the start afterwards; the baseline appends the same bytes.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use clap::Args;
use prost::Message;

use super::measure::{self, Report, Took, Watch};
use super::people;
use super::stage::{Drive, Stage};
use crate::api::pb;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::clock::{Clock, SystemClock};

#[derive(Debug, Args)]
pub(super) struct Upsert {
    /// Users to load
    #[arg(long, value_name = "N", default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1..=20_000_000))]
    users: u64,
    /// Attributes a user
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=200))]
    attributes: u16,
    /// Random updates of three attributes afterwards
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(0..=20_000_000))]
    count: u64,
    /// Users a call
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    batch: u64,
    /// Connections, each with one call under way
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=64))]
    connections: u64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

// === impl Upsert ===

impl Upsert {
    pub(super) async fn run(self) -> Result<Exit, Error> {
        let drive = Drive {
            batch: self.batch,
            connections: self.connections,
        };
        let mut report = Report::default();
        report.add("users", self.users);
        report.add("attributes", self.attributes);
        report.add("batch", self.batch);
        report.add("connections", self.connections);
        let stage = Stage::start(None).await?;
        let before = measure::rss_bytes();
        let loaded = stage
            .load(self.users, self.attributes.into(), drive)
            .await?;
        report.add_figure("load_users_per_sec", loaded.took.rate(self.users));
        report.add_latencies("load_call", &loaded.latencies);
        report.add_figure("load_cpu_secs", loaded.took.cpu_secs);
        let held = measure::rss_bytes().saturating_sub(before);
        report.add("memory_bytes_per_user", held / self.users);
        if self.count > 0 {
            let at_random = |n| people::change(people::mix(n) % self.users, n);
            let updated = stage.upsert(self.count, drive, at_random).await?;
            report.add_figure("update_users_per_sec", updated.took.rate(self.count));
            report.add_latencies("update_call", &updated.latencies);
            report.add_figure("update_cpu_secs", updated.took.cpu_secs);
        }
        let baseline = self.baseline(&stage.scratch())?;
        report.add_figure("baseline_users_per_sec", baseline.rate(self.users));
        report.add_figure(
            "load_to_baseline",
            loaded.took.rate(self.users) / baseline.rate(self.users),
        );
        let (stage, start) = stage.restart().await?;
        report.add_span("start_secs", start.time);
        report.add_figure("start_users_per_sec", start.rate(self.users));
        report.add("rss_bytes", measure::rss_bytes());
        stage.stop().await?;
        report.print(self.json);
        Ok(Exit::OK)
    }

    /// The load's bytes appended to a file, made durable after each batch: what the disk can do at all.
    fn baseline(&self, path: &Path) -> Result<Took, Error> {
        let now = SystemClock.now();
        let mut file = File::create(path).map_err(Error::file(path))?;
        let mut appending = Took::none();
        let mut begin = 0;
        while begin < self.users {
            let end = (begin + self.batch).min(self.users);
            let users = (begin..end)
                .map(|n| people::user(n, self.attributes.into(), now))
                .collect::<Result<_, _>>()?;
            let bytes = pb::UpsertUsersRequest { users }.encode_to_vec();
            // Making the data is not part of it.
            let watch = Watch::begin();
            file.write_all(&bytes).map_err(Error::file(path))?;
            file.sync_data().map_err(Error::file(path))?;
            appending.add(watch.end());
            begin = end;
        }
        Ok(appending)
    }
}
