//! Tasks and stopping: every task is spawned here, so that stopping waits for it and a panic is seen.

use std::future::Future;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

/// The tasks of one server and its stop signals.
///
/// `stop` asks: take nothing new, finish what is under way. `cut` orders: end at the next await.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
    cut: CancellationToken,
    failed: CancellationToken,
}

// === impl Tasks ===

impl Tasks {
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `work` to its end, or until [`Tasks::cut`]. A panic stops the server.
    #[expect(clippy::disallowed_methods, reason = "the one place that spawns")]
    pub fn spawn(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        let Self {
            stop, cut, failed, ..
        } = self.clone();
        let span = tracing::info_span!("task", name);
        let inner = tokio::spawn(
            self.tracker.track_future(
                async move {
                    tokio::select! {
                        () = work => {}
                        () = cut.cancelled() => {}
                    }
                }
                .instrument(span),
            ),
        );
        // Watched by a second task: a panic unwinds the first.
        tokio::spawn(self.tracker.track_future(async move {
            if let Err(error) = inner.await
                && error.is_panic()
            {
                tracing::error!(task = name, "a task panicked; stopping");
                failed.cancel();
                stop.cancel();
            }
        }));
    }

    pub fn stop(&self) {
        self.stop.cancel();
    }

    pub fn cut(&self) {
        self.stop.cancel();
        self.cut.cancel();
    }

    pub fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    pub fn has_failed(&self) -> bool {
        self.failed.is_cancelled()
    }

    /// Resolves when the server is asked to stop.
    pub fn stopping(&self) -> impl Future<Output = ()> + Send + 'static {
        self.stop.clone().cancelled_owned()
    }

    /// Resolves when all tasks have ended; call after [`Tasks::stop`].
    pub async fn drained(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }
}
