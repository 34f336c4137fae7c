//! Time, as an argument: the one place that reads the real clock.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// The longest single wait, so that a machine that slept or a clock that was set does not oversleep for long.
const STEP: Duration = Duration::from_mins(1);

/// A boxed future, so that a clock can be shared as `Arc<dyn Clock>`.
pub type Wait<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Where `now` comes from and how to wait for a later one.
pub trait Clock: Send + Sync + std::fmt::Debug {
    fn now(&self) -> Timestamp;

    /// Resolves once `now()` is at or after `at`.
    fn sleep_until(&self, at: Timestamp) -> Wait<'_>;

    fn sleep(&self, span: Duration) -> Wait<'_> {
        self.sleep_until(after(self.now(), span))
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// A clock that stands still until it is told to move; moving it wakes who waits.
#[derive(Debug)]
pub struct ManualClock {
    now: Mutex<Timestamp>,
    moved: Notify,
}

// === impl SystemClock ===

impl SystemClock {
    pub fn shared() -> Arc<dyn Clock> {
        Arc::new(Self)
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the real clock"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that really waits")]
    fn sleep_until(&self, at: Timestamp) -> Wait<'_> {
        Box::pin(async move {
            let span = at.duration_since(self.now());
            let mut left = Duration::try_from(span).unwrap_or_default();
            while !left.is_zero() {
                tokio::time::sleep(left.min(STEP)).await;
                left = Duration::try_from(at.duration_since(self.now())).unwrap_or_default();
            }
        })
    }
}

// === impl ManualClock ===

impl ManualClock {
    pub fn at(now: Timestamp) -> Arc<Self> {
        Arc::new(Self {
            now: Mutex::new(now),
            moved: Notify::new(),
        })
    }

    pub fn advance(&self, span: Duration) {
        {
            let mut now = self.now.lock();
            *now = after(*now, span);
        }
        self.moved.notify_waiters();
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.now.lock()
    }

    fn sleep_until(&self, at: Timestamp) -> Wait<'_> {
        Box::pin(async move {
            loop {
                // Registered before the look: an advance in between is not missed.
                let moved = self.moved.notified();
                tokio::pin!(moved);
                moved.as_mut().enable();
                if self.now() >= at {
                    return;
                }
                moved.await;
            }
        })
    }
}

/// `at + span`, held at the end of time.
pub fn after(at: Timestamp, span: Duration) -> Timestamp {
    at.checked_add(span).unwrap_or(Timestamp::MAX)
}
