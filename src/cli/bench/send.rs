//! Sends: from the call to the last durable outcome; the baseline posts the same bodies without any of it.

use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use futures_util::future::try_join_all;
use tokio::net::TcpListener;

use super::measure::{self, Report, Took, Watch};
use super::stage::{Drive, Stage};
use crate::api::client::Client;
use crate::api::pb;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::{apply, diagnostics, plan, sends};
use crate::clock::SystemClock;
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
trigger: {api: {}}
message:
  messaging_type: UPDATE
  text: \"Hi {{${first_name} | default: 'there'}}, your order is on its way.\"
";

#[derive(Debug, Args)]
pub(super) struct Send {
    /// Messages
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    count: u64,
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
        stage.load(self.count, super::people::MEANT, drive).await?;
        let mut client = stage.server.client().await?;
        prepare(&mut client).await?;
        let watch = Watch::begin();
        let send = send(&mut client).await?;
        let took = watch.end();
        let counts = send.counts.unwrap_or_default();
        let baseline = baseline(&sandbox, self.count).await?;
        let mut report = Report::default();
        report.add("messages", self.count);
        report.add("sent", counts.sent);
        report.add("not_sent", counts.total - counts.sent);
        report.add(
            "received",
            sandbox.handle.stats().accepted - baseline.posted,
        );
        report.add_figure("messages_per_sec", took.rate(self.count));
        report.add_span("secs", took.time);
        report.add_figure("cpu_secs", took.cpu_secs);
        report.add_figure(
            "cpu_ms_per_message",
            1_000.0 * took.cpu_secs / f64_of(self.count),
        );
        report.add_figure(
            "baseline_messages_per_sec",
            baseline.took.rate(baseline.posted),
        );
        report.add_figure(
            "to_baseline",
            took.rate(self.count) / baseline.took.rate(baseline.posted),
        );
        report.add("rss_bytes", measure::rss_bytes());
        stage.stop().await?;
        tasks.stop();
        tasks.drained().await;
        report.print(self.json);
        let is_whole = counts.sent.unsigned_abs() == self.count;
        Ok(if is_whole { Exit::OK } else { Exit::PARTLY })
    }
}

/// Bare posts of bodies that were sent before.
struct Baseline {
    took: Took,
    posted: u64,
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
    apply::apply(client, files, plan.fingerprint, origin).await?;
    Ok(())
}

async fn send(client: &mut Client) -> Result<pb::Send, Error> {
    let request = pb::SendCampaignRequest {
        campaign: "bench".to_owned(),
        audience: Some(pb::WholeAudience {}),
        request_id: "bench".to_owned(),
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
async fn baseline(sandbox: &Running, count: u64) -> Result<Baseline, Error> {
    let bodies: Vec<String> = sandbox
        .handle
        .messages()
        .into_iter()
        .map(|message| message.body.to_string())
        .collect();
    let http = reqwest::Client::new();
    let url = format!("{}/v26.0/me/messages", sandbox.url());
    let next = Arc::new(parking_lot::Mutex::new(bodies.into_iter()));
    let watch = Watch::begin();
    let workers = (0..limits::IN_FLIGHT_MAX).map(|_| {
        let (http, url, next) = (&http, &url, &next);
        async move {
            let mut posted = 0;
            loop {
                // Taken in its own statement: the lock is not held over the call.
                let body = next.lock().next();
                let Some(body) = body else {
                    return Ok::<u64, Error>(posted);
                };
                let call = http
                    .post(url)
                    .bearer_auth(DEFAULT_TOKEN)
                    .header("Content-Type", "application/json")
                    .body(body);
                let answer = call.send().await.context("the baseline's call failed")?;
                answer.bytes().await.context("the baseline's call failed")?;
                posted += 1;
            }
        }
    });
    let posted = try_join_all(workers).await?.into_iter().sum();
    let took = watch.end();
    debug_assert!(posted <= count, "every body was sent once before");
    Ok(Baseline { took, posted })
}

#[expect(clippy::cast_precision_loss, reason = "a figure that people read")]
fn f64_of(n: u64) -> f64 {
    n as f64
}
