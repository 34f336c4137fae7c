//! Evaluations: a filter of three clauses over many users; the baseline is the call without any work.

use clap::Args;

use super::measure::{self, Latencies, Report, Watch};
use super::stage::{Drive, Stage};
use crate::api::client::Client;
use crate::api::pb;
use crate::api::pb::evaluate_segment_request::Target;
use crate::cli::error::Error;
use crate::cli::exit::Exit;

const FILTER: &str =
    r#"!blank(user.messenger_id) && user.country in ["BR", "PT"] && user.age > 30"#;
/// Nobody is looked at: what is left is the call itself.
const NOTHING: &str = "false";
/// Calls before anything is measured: connections, caches, branch predictors.
const WARM_UP: u64 = 10;

#[derive(Debug, Args)]
pub(super) struct Evaluate {
    /// Users to evaluate over
    #[arg(long, value_name = "N", default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1..=20_000_000))]
    users: u64,
    /// Attributes a user
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(3..=200))]
    attributes: u16,
    /// Evaluations
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    count: u64,
    /// The filter
    #[arg(long, value_name = "CEL", default_value = FILTER)]
    filter: String,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Many evaluations of one filter.
struct Evaluated {
    members: i64,
    in_server: Latencies,
    over_grpc: Latencies,
    total_us: f64,
}

// === impl Evaluate ===

impl Evaluate {
    pub(super) async fn run(self) -> Result<Exit, Error> {
        let drive = Drive {
            batch: 1_000,
            connections: 4,
        };
        let stage = Stage::start(None).await?;
        stage
            .load(self.users, self.attributes.into(), drive)
            .await?;
        let mut client = stage.server.client().await?;
        let plain = evaluate(&mut client, NOTHING, self.count).await?;
        let watch = Watch::begin();
        let measured = evaluate(&mut client, &self.filter, self.count).await?;
        let took = watch.end();
        let mut report = Report::default();
        report.add("users", self.users);
        report.add("filter", self.filter.clone());
        report.add("members", measured.members);
        report.add("evaluations", self.count);
        report.add_latencies("in_server", &measured.in_server);
        report.add_latencies("over_grpc", &measured.over_grpc);
        report.add_latencies("baseline_call", &plain.over_grpc);
        report.add_figure("to_baseline", measured.total_us / plain.total_us.max(1.0));
        report.add_figure("evaluations_per_sec", took.rate(self.count));
        report.add_figure("cpu_secs", took.cpu_secs);
        report.add("rss_bytes", measure::rss_bytes());
        stage.stop().await?;
        report.print(self.json);
        Ok(Exit::OK)
    }
}

async fn evaluate(client: &mut Client, filter: &str, count: u64) -> Result<Evaluated, Error> {
    let mut evaluated = Evaluated {
        members: 0,
        in_server: Latencies::new(),
        over_grpc: Latencies::new(),
        total_us: 0.0,
    };
    for n in 0..WARM_UP + count {
        let request = pb::EvaluateSegmentRequest {
            target: Some(Target::Filter(filter.to_owned())),
            sample_size: 0,
        };
        let watch = Watch::begin();
        let answer = client.segments.evaluate_segment(request).await?;
        let span = watch.elapsed();
        if n >= WARM_UP {
            let answer = answer.into_inner();
            evaluated.members = answer.count;
            evaluated.in_server.record_us(answer.took_us.unsigned_abs());
            evaluated.over_grpc.record(span);
            evaluated.total_us += span.as_secs_f64() * 1e6;
        }
    }
    Ok(evaluated)
}
