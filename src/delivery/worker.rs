//! The worker: one loop per busy channel, so that a slow or paused one never holds up another.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::{self, Clock};
use crate::lifecycle::Tasks;
use crate::model::limits;
use crate::store;

use super::attempt::Attempts;
use super::channel::ChannelLoop;
use super::wake::{Wake, Waker};

/// How long to wait after the store failed before asking it again.
pub(super) const STORE_WAIT: Duration = Duration::from_secs(1);

/// Bounds on the worker.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Calls of one channel at once.
    pub in_flight_max: usize,
    /// How long a claimed delivery is ours; longer than a call may take.
    pub lease: Duration,
}

/// Sends what is due, until it is asked to stop.
#[derive(Debug)]
pub struct Worker {
    attempts: Arc<Attempts>,
    settings: Settings,
    wake: Wake,
}

// === impl Settings ===

impl Default for Settings {
    fn default() -> Self {
        Self {
            in_flight_max: limits::IN_FLIGHT_MAX,
            lease: limits::LEASE,
        }
    }
}

// === impl Worker ===

impl Worker {
    pub fn new(attempts: Arc<Attempts>, settings: Settings, wake: Wake) -> Self {
        Self {
            attempts,
            settings,
            wake,
        }
    }

    /// Settles what a dead process left, then sends until `tasks` is stopping.
    ///
    /// Channels run as tasks of their own: `tasks` is drained once the last outcome is stored.
    pub async fn run(self, tasks: Tasks) {
        let mut waker = self.wake.listen();
        if !self.recover(&tasks).await {
            return;
        }
        let mut running = BTreeSet::new();
        loop {
            waker.arm();
            let again_at = match self.attempts.store().busy_channels().await {
                Ok(busy) => {
                    for channel in busy {
                        if running.insert(channel.clone()) {
                            self.start(channel, &tasks);
                        }
                    }
                    None
                }
                Err(store::Error::Closed) => return,
                Err(error) => {
                    tracing::warn!(%error, "busy channels could not be read; waiting");
                    Some(STORE_WAIT)
                }
            };
            if !self.pause(&mut waker, again_at, &tasks).await {
                return;
            }
        }
    }

    /// False when asked to stop before it was done.
    async fn recover(&self, tasks: &Tasks) -> bool {
        let clock = self.attempts.clock();
        loop {
            match self.attempts.store().recover(clock.now()).await {
                Ok(0) => return true,
                Ok(interrupted) => {
                    tracing::warn!(
                        interrupted,
                        "deliveries were being sent when the process ended"
                    );
                    return true;
                }
                Err(error) => tracing::warn!(%error, "deliveries could not be recovered; waiting"),
            }
            tokio::select! {
                () = clock.sleep(STORE_WAIT) => {}
                () = tasks.stopping() => return false,
            }
        }
    }

    fn start(&self, channel: String, tasks: &Tasks) {
        let attempts = Arc::clone(&self.attempts);
        let waker = self.wake.listen();
        let work = ChannelLoop::new(channel, attempts, &self.settings, waker, tasks.clone());
        tasks.spawn("channel", work.run());
    }

    /// Waits for new work. False when asked to stop.
    async fn pause(&self, waker: &mut Waker, span: Option<Duration>, tasks: &Tasks) -> bool {
        let clock = self.attempts.clock();
        let end = span.map(|span| clock::after(clock.now(), span));
        tokio::select! {
            () = waker.poked() => true,
            () = until(clock, end) => true,
            () = tasks.stopping() => false,
        }
    }
}

/// Resolves at `at`, or never.
pub(super) async fn until(clock: &dyn Clock, at: Option<Timestamp>) {
    match at {
        Some(at) => clock.sleep_until(at).await,
        None => std::future::pending().await,
    }
}
