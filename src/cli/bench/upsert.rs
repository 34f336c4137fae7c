//! Upserts: loading, random updates, and the start afterwards; the baseline appends the same bytes.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use clap::Args;
use prost::Message;

use super::evaluate;
use super::filters::THREE_CLAUSES;
use super::measure::{self, Latencies, Report, Took, Watch};
use super::people;
use super::stage::{Drive, Driven, Stage};
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
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=200))]
    attributes: u16,
    /// Updates of eight attributes of random users afterwards
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(0..=20_000_000))]
    count: u64,
    /// Users a call
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    batch: u64,
    /// Connections, each with one call under way
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=64))]
    connections: u64,
    /// Evaluate a filter of three clauses over and over meanwhile
    #[arg(long)]
    evaluating: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// How the figures of one part are called.
struct Figures {
    rate: &'static str,
    call: &'static str,
    cpu: &'static str,
    baseline: &'static str,
    ratio: &'static str,
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
        let now = SystemClock.now();
        let user = |n| people::user(n, self.attributes.into(), now);
        let loaded = stage.upsert(self.users, drive, user).await?;
        let held = measure::rss_bytes().saturating_sub(before);
        let appended = self.baseline(&stage.scratch(), self.users, user)?;
        Figures::LOAD.add(&mut report, self.users, &loaded, appended);
        report.add("memory_bytes_per_user", held / self.users);
        if self.count > 0 {
            let change = |n| people::change(people::mix(n) % self.users, n, now);
            let updated = if self.evaluating {
                self.while_evaluating(&stage, drive, &mut report, change)
                    .await?
            } else {
                stage.upsert(self.count, drive, change).await?
            };
            let appended = self.baseline(&stage.scratch(), self.count, change)?;
            Figures::UPDATE.add(&mut report, self.count, &updated, appended);
        }
        let (stage, start) = stage.restart().await?;
        report.add_span("start_at_once_secs", start.time);
        stage.settle().await;
        let (stage, start) = stage.restart().await?;
        report.add_span("start_settled_secs", start.time);
        report.add("rss_bytes", measure::rss_bytes());
        stage.stop().await?;
        report.print(self.json);
        Ok(Exit::OK)
    }

    /// Updates while a client asks one question after the other.
    async fn while_evaluating(
        &self,
        stage: &Stage,
        drive: Drive,
        report: &mut Report,
        change: impl Fn(u64) -> pb::UserUpdate,
    ) -> Result<Driven, Error> {
        let mut client = stage.server.client().await?;
        let mut latencies = Latencies::new();
        let watch = Watch::begin();
        let mut asked = 0;
        let asking = async {
            loop {
                let (_, watch) = evaluate::ask(&mut client, THREE_CLAUSES).await?;
                latencies.record(watch.elapsed());
                asked += 1;
            }
        };
        let updated = tokio::select! {
            updated = stage.upsert(self.count, drive, change) => updated?,
            failed = asking => return failed,
        };
        report.add_latencies("evaluation_meanwhile", &latencies);
        report.add_figure("evaluations_per_sec_meanwhile", watch.end().rate(asked));
        Ok(updated)
    }

    /// The same bytes appended to a file, made durable after each batch: what the disk can do at all.
    fn baseline(
        &self,
        path: &Path,
        n: u64,
        make: impl Fn(u64) -> pb::UserUpdate,
    ) -> Result<Took, Error> {
        let mut file = File::create(path).map_err(Error::file(path))?;
        let mut appending = Took::none();
        let mut begin = 0;
        while begin < n {
            let end = (begin + self.batch).min(n);
            let users = (begin..end).map(&make).collect();
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

// === impl Figures ===

impl Figures {
    const LOAD: Self = Self {
        rate: "load_users_per_sec",
        call: "load_call",
        cpu: "load_cpu_secs",
        baseline: "load_baseline_users_per_sec",
        ratio: "load_to_baseline",
    };
    const UPDATE: Self = Self {
        rate: "update_users_per_sec",
        call: "update_call",
        cpu: "update_cpu_secs",
        baseline: "update_baseline_users_per_sec",
        ratio: "update_to_baseline",
    };

    fn add(self, report: &mut Report, n: u64, driven: &Driven, baseline: Took) {
        report.add_figure(self.rate, driven.took.rate(n));
        report.add_latencies(self.call, &driven.latencies);
        report.add_figure(self.cpu, driven.took.cpu_secs);
        report.add_figure(self.baseline, baseline.rate(n));
        report.add_figure(self.ratio, driven.took.rate(n) / baseline.rate(n));
    }
}
