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
        handle
    })
}
