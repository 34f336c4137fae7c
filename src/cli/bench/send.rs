//! Sends: from the call to the last durable outcome; the baseline posts the same bodies without any of it.
//! The two take turns, since a machine is not equally fast all the time.

use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use futures_util::future::try_join_all;
use jiff::Timestamp;
use tokio::net::TcpListener;

use super::measure::{self, Report, Took, Watch};
use super::people;
use super::stage::{Drive, Stage};
use crate::api::client::Client;
use crate::api::pb;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::{apply, diagnostics, plan, sends};
use crate::clock::{Clock, SystemClock};
use crate::lifecycle::Tasks;
use crate::model::limits;
use crate::sandbox::{DEFAULT_TOKEN, Running, Sandbox, Settings};

/// A page without a pace, so that the program is measured and not its manners.
const CHANNEL: &str = "\
kind: Channel
name: bench-page
type: messenger
page_id: \"1\"
token: {env: BENCH_TOKEN}
pace: 1000000
";
const CAMPAIGN: &str = "\
kind: Campaign
name: bench
channel: bench-page
filter: \"!blank(user.messenger_id)\"
trigger: {api: {}}
message:
  messaging_type: UPDATE
  text: \"Hi {{${first_name} | default: 'there'}}, your order is on its way.\"
";

#[derive(Debug, Args)]
pub(super) struct Send {
    /// Messages a round
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    count: u64,
    /// Rounds; the figures are medians
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=100))]
    rounds: u8,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

// === impl Send ===

impl Send {
    pub(super) async fn run(self) -> Result<Exit, Error> {
        let tasks = Tasks::new();
        let sandbox = receiver(&tasks).await?;
        let stage = Stage::start(Some(sandbox.url())).await?;
        let drive = Drive {
            batch: 1_000,
            connections: 4,
        };
        let now = SystemClock.now();
        let person = |n| people::reachable(n, people::TYPICAL, now);
        stage.upsert(self.count, drive, person).await?;
        let mut client = stage.server.client().await?;
        prepare(&mut client).await?;
        let mut rounds = Vec::new();
        for n in 0..self.rounds {
            rounds.push(round(&mut client, &sandbox, self.count, n).await?);
        }
        let report = self.report(&rounds);
        stage.stop().await?;
        tasks.stop();
        tasks.drained().await;
        report.print(self.json);
        let is_whole = rounds.iter().all(|round| round.sent == self.count);
        Ok(if is_whole { Exit::OK } else { Exit::PARTLY })
    }

    fn report(&self, rounds: &[Round]) -> Report {
        let sum = |of: fn(&Round) -> u64| rounds.iter().map(of).sum::<u64>();
        let all = |of: &dyn Fn(&Round) -> f64| measure::sorted(rounds.iter().map(of));
        let median = |of: &dyn Fn(&Round) -> f64| measure::median(&all(of));
        let ratios = all(&|round| round.took.rate(self.count) / round.baseline.rate(self.count));
        let cpu_secs = |round: &Round| round.took.cpu_secs;
        let mut report = Report::default();
        report.add("rounds", self.rounds);
        report.add("messages", self.count * u64::from(self.rounds));
        report.add("sent", sum(|round| round.sent));
        report.add("received", sum(|round| round.received));
        report.add_figure("messages_per_sec", median(&|r| r.took.rate(self.count)));
        report.add_figure("secs", median(&|round| round.took.time.as_secs_f64()));
        report.add_figure(
            "cpu_ms_per_message",
            1_000.0 * median(&cpu_secs) / f64_of(self.count),
        );
        report.add_figure(
            "baseline_messages_per_sec",
            median(&|r| r.baseline.rate(self.count)),
        );
        report.add_figure("to_baseline", measure::median(&ratios));
        report.add_figure(
            "to_baseline_worst",
            ratios.first().copied().unwrap_or_default(),
        );
        report.add_figure(
            "to_baseline_best",
            ratios.last().copied().unwrap_or_default(),
        );
        report.add("rss_bytes", measure::rss_bytes());
        report
    }
}

/// A send and its baseline.
struct Round {
    sent: u64,
    received: u64,
    took: Took,
    baseline: Took,
}

async fn round(client: &mut Client, sandbox: &Running, count: u64, n: u8) -> Result<Round, Error> {
    sandbox.handle.clear();
    let watch = Watch::begin();
    let send = send(client, n).await?;
    // A send is watched a few times a second; the instant of its last outcome is exact.
    let finished = send.finish_time.ok_or(Error::Answer("finish_time"))?;
    let finished = Timestamp::new(finished.seconds, finished.nanos);
    let took = watch.ended_at(finished.context("an instant out of range")?);
    let received = sandbox.handle.stats().accepted;
    let bodies: Vec<String> = sandbox
        .handle
        .messages()
        .into_iter()
        .map(|message| message.body.to_string())
        .collect();
    sandbox.handle.clear();
    if bodies.len() as u64 != count {
        return Err(Error::Input(format!(
            "{} of {count} messages came",
            bodies.len()
        )));
    }
    Ok(Round {
        sent: send.counts.unwrap_or_default().sent.unsigned_abs(),
        received,
        took,
        baseline: baseline(sandbox, bodies).await?,
    })
}

async fn receiver(tasks: &Tasks) -> Result<Running, Error> {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .context("no free port")?;
    let running = Sandbox::start(Settings::default(), listener, SystemClock::shared(), tasks);
    Ok(running.context("the receiver did not start")?)
}

async fn prepare(client: &mut Client) -> Result<(), Error> {
    let files: Vec<_> = [("channel.yaml", CHANNEL), ("campaign.yaml", CAMPAIGN)]
        .map(|(path, text)| pb::SourceFile {
            path: path.to_owned(),
            text: text.to_owned(),
        })
        .into();
    let planned = plan::ask(client, files.clone()).await?;
    diagnostics::print(&planned.diagnostics);
    let plan = planned.plan.ok_or(Error::Answer("plan"))?;
    let origin = apply::Origin::default();
    apply::apply(client, files, plan, origin).await?;
    Ok(())
}

async fn send(client: &mut Client, n: u8) -> Result<pb::Send, Error> {
    let request = pb::SendCampaignRequest {
        campaign: "bench".to_owned(),
        audience: Some(pb::WholeAudience {}),
        request_id: Some(format!("bench-{n}")),
        ..pb::SendCampaignRequest::default()
    };
    let answer = client.campaigns.send_campaign(request).await?.into_inner();
    let send = answer.send.ok_or(Error::Answer("send"))?;
    sends::watch(client, &send.id, false).await
}

#[expect(
    clippy::disallowed_methods,
    reason = "the baseline is a bare client; ours is what is measured"
)]
async fn baseline(sandbox: &Running, bodies: Vec<String>) -> Result<Took, Error> {
    let http = reqwest::Client::new();
    let url = format!("{}/v26.0/me/messages", sandbox.url());
    let next = Arc::new(parking_lot::Mutex::new(bodies.into_iter()));
    let watch = Watch::begin();
    let workers = (0..limits::IN_FLIGHT_MAX).map(|_| {
        let (http, url, next) = (&http, &url, &next);
        async move {
            loop {
                // Taken in its own statement: the lock is not held over the call.
                let body = next.lock().next();
                let Some(body) = body else {
                    return Ok::<(), Error>(());
                };
                let call = http
                    .post(url)
                    .bearer_auth(DEFAULT_TOKEN)
                    .header("Content-Type", "application/json")
                    .body(body);
                let answer = call.send().await.context("the baseline's call failed")?;
                answer.bytes().await.context("the baseline's call failed")?;
            }
        }
    });
    try_join_all(workers).await?;
    Ok(watch.end())
}

#[expect(clippy::cast_precision_loss, reason = "a figure that people read")]
fn f64_of(n: u64) -> f64 {
    n as f64
}
