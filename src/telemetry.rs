//! Metrics: one recorder for the process, read by `/metrics`.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// A process has one recorder; a second server in it shows the same numbers.
static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// Bounds of duration histograms, in seconds: from a read in memory to a call that times out.
const SECONDS: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0, 30.0,
];

/// What the process counted so far, installing the recorder at the first call.
pub fn recorder() -> &'static PrometheusHandle {
    HANDLE.get_or_init(|| {
        let builder = PrometheusBuilder::new();
        // Only an empty list of bounds is refused.
        let recorder = match PrometheusBuilder::new().set_buckets(&SECONDS) {
            Ok(builder) => builder,
            Err(_) => builder,
        }
        .build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another metrics recorder is installed; `/metrics` stays empty");
        }
        describe();
        handle
    })
}

/// How many deliveries of a channel wait.
#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
pub fn pending(channel: &str, n: u64) {
    metrics::gauge!("recado_deliveries_pending", "channel" => channel.to_owned()).set(n as f64);
}

fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_counter!(
        "recado_calls_total",
        "gRPC calls by method and status code."
    );
    describe_histogram!(
        "recado_call_seconds",
        "How long gRPC calls took, by method."
    );
    describe_counter!(
        "recado_deliveries_total",
        "Outcomes of deliveries by channel, state and reason; pending ones will be tried again."
    );
    describe_histogram!(
        "recado_attempt_seconds",
        "How long calls to platforms and endpoints took."
    );
    describe_gauge!("recado_in_flight", "Calls under way, by channel.");
    describe_gauge!(
        "recado_channel_paused",
        "1 while a channel is paused or tries whether it may go on, by channel; `recado_channel_paused_info` says why."
    );
    describe_gauge!(
        "recado_deliveries_pending",
        "Deliveries that wait, by channel."
    );
}
