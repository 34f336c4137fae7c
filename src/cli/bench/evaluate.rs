//! Evaluations: a published set of filters over many users; the baseline is the call without any work.

use clap::Args;

use super::filters::PUBLISHED;
use super::measure::{self, Latencies, Report, Watch};
use super::stage::{Drive, Stage};
use crate::api::client::Client;
use crate::api::pb;
use crate::api::pb::evaluate_segment_request::Target;
use crate::api::pb::list_segment_members_request::Target as Of;
use crate::cli::error::Error;
use crate::cli::exit::Exit;

/// Nobody is looked at: what is left is the call itself.
const NOTHING: &str = "false";
/// Most of all users: how fast ids go out is not to hang on finding them.
const MANY: &str = "!blank(user.messenger_id)";
/// Calls before anything is measured: connections, caches, branch predictors.
const WARM_UP: u64 = 50;

#[derive(Debug, Args)]
pub(super) struct Evaluate {
    /// Users to evaluate over
    #[arg(long, value_name = "N", default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1..=20_000_000))]
    users: u64,
    /// Attributes a user
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(3..=200))]
    attributes: u16,
    /// Events; two a user by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(0..=100_000_000))]
    events: Option<u64>,
    /// Evaluations of each filter
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    count: u64,
    /// A filter, instead of the published set
    #[arg(long, value_name = "CEL")]
    filter: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Many evaluations of one filter.
struct Evaluated {
    members: i64,
    in_server: Latencies,
    over_grpc: Latencies,
}

// === impl Evaluate ===

impl Evaluate {
    pub(super) async fn run(self) -> Result<Exit, Error> {
        let drive = Drive {
            batch: 1_000,
            connections: 4,
        };
        let stage = Stage::start(None).await?;
        let before = measure::rss_bytes();
        stage
            .load(self.users, self.attributes.into(), drive)
            .await?;
        let events = self.events.unwrap_or(self.users * 2);
        let tracked = stage.track(events, self.users, drive).await?;
        stage.settle().await;
        let mut report = Report::default();
        report.add("users", self.users);
        report.add("attributes", self.attributes);
        report.add("events", events);
        report.add_figure("events_per_sec", tracked.rate(events));
        let mut client = stage.server.client().await?;
        let plain = evaluate(&mut client, NOTHING, self.count).await?;
        report.add_latencies("baseline_over_grpc", &plain.over_grpc);
        match &self.filter {
            Some(filter) => {
                let measured = evaluate(&mut client, filter, self.count).await?;
                report.add("filter", filter.clone());
                report.add("members", measured.members);
                report.add_latencies("in_server", &measured.in_server);
                report.add_latencies("over_grpc", &measured.over_grpc);
            }
            None => self.published(&mut client, &mut report).await?,
        }
        let (ids, took) = stream(&mut client, MANY).await?;
        report.add("streamed_ids", ids);
        report.add_figure("streamed_ids_per_sec", took.rate(ids));
        let held = measure::rss_bytes().saturating_sub(before);
        report.add("load_rss_bytes_per_user", held / self.users);
        drop(client);
        let (stage, start) = stage.restart().await?;
        report.add_span("start_secs", start.time);
        let columns = stage.server.memory_bytes as u64;
        report.add("memory_bytes_per_user", columns / self.users);
        report.add("rss_bytes", measure::rss_bytes());
        stage.stop().await?;
        report.print(self.json);
        Ok(Exit::OK)
    }

    async fn published(&self, client: &mut Client, report: &mut Report) -> Result<(), Error> {
        for filter in PUBLISHED {
            let measured = evaluate(client, filter.cel, self.count).await?;
            report.add_evaluated(filter.name, measured.members, &measured.in_server);
        }
        Ok(())
    }
}

async fn evaluate(client: &mut Client, filter: &str, count: u64) -> Result<Evaluated, Error> {
    let mut evaluated = Evaluated {
        members: 0,
        in_server: Latencies::new(),
        over_grpc: Latencies::new(),
    };
    for n in 0..WARM_UP + count {
        let (answer, watch) = ask(client, filter).await?;
        let span = watch.elapsed();
        if n >= WARM_UP {
            evaluated.members = answer.count;
            evaluated.in_server.record_us(answer.took_us.unsigned_abs());
            evaluated.over_grpc.record(span);
        }
    }
    Ok(evaluated)
}

pub(super) async fn ask(
    client: &mut Client,
    filter: &str,
) -> Result<(pb::EvaluateSegmentResponse, Watch), Error> {
    let request = pb::EvaluateSegmentRequest {
        target: Some(Target::Filter(filter.to_owned())),
        sample_size: 0,
    };
    let watch = Watch::begin();
    let answer = client.segments.evaluate_segment(request).await?;
    Ok((answer.into_inner(), watch))
}

/// All members' ids: how many, and how long it took.
async fn stream(client: &mut Client, filter: &str) -> Result<(u64, measure::Took), Error> {
    let request = pb::ListSegmentMembersRequest {
        target: Some(Of::Filter(filter.to_owned())),
    };
    let watch = Watch::begin();
    let answer = client.segments.list_segment_members(request).await?;
    let (mut chunks, mut ids) = (answer.into_inner(), 0);
    while let Some(chunk) = chunks.message().await? {
        ids += chunk.external_ids.len() as u64;
    }
    Ok((ids, watch.end()))
}
