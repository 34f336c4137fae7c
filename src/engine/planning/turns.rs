//! Who plans now, and who waits: each plan takes processors and memory, and apply and sends need them too.

use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::engine::{Error, Result};
use crate::model::limits;

/// A plan takes seconds at most.
const RETRY_AFTER: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(in crate::engine) struct Turns {
    /// Those that are made.
    made: Semaphore,
    /// Those, and those that wait.
    asked: Semaphore,
}

/// May plan until it is dropped.
pub(in crate::engine) struct Turn<'a> {
    _made: SemaphorePermit<'a>,
    _asked: SemaphorePermit<'a>,
}

// === impl Turns ===

impl Turns {
    /// # Errors
    /// [`Error::Busy`] when too many wait already.
    pub(in crate::engine) async fn take(&self) -> Result<Turn<'_>> {
        let busy = || Error::Busy {
            retry_after: RETRY_AFTER,
        };
        let asked = self.asked.try_acquire().map_err(|_| busy())?;
        let made = self.made.acquire().await.map_err(|_| busy())?;
        Ok(Turn {
            _made: made,
            _asked: asked,
        })
    }
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            made: Semaphore::new(limits::PLANS_MAX),
            asked: Semaphore::new(limits::PLANS_MAX + limits::PLANS_WAITING_MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn some_plan_some_wait_and_more_are_turned_away() {
        let turns = Turns::default();
        let take = || turns.take();
        let mut made: Vec<_> = (0..limits::PLANS_MAX)
            .map(|_| take().now_or_never().unwrap().unwrap())
            .collect();
        let mut waiting: Vec<_> = (0..limits::PLANS_WAITING_MAX)
            .map(|_| Box::pin(take()))
            .collect();
        assert!(waiting.iter_mut().all(|one| one.now_or_never().is_none()));
        let turned_away = take().now_or_never().unwrap();
        assert!(matches!(turned_away, Err(Error::Busy { .. })));
        // Who is done makes room for one that waits, and that for one who asks.
        drop(made.pop());
        assert!(waiting[0].as_mut().now_or_never().unwrap().is_ok());
    }
}
