//! Who plans now, and who waits: each plan takes processors and memory, and sends need them too.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::engine::{Engine, Error, Result};
use crate::model::limits;

/// A plan takes seconds at most.
const RETRY_AFTER: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(in crate::engine) struct Turns {
    /// Those that are made.
    made: Arc<Semaphore>,
    /// Those, and those that wait.
    asked: Arc<Semaphore>,
}

/// May plan until it is dropped.
struct Turn {
    _made: OwnedSemaphorePermit,
    _asked: OwnedSemaphorePermit,
}

/// Who asked, as seen by who works for them.
#[derive(Debug, Clone, Default)]
pub(in crate::engine) struct Caller(Arc<AtomicBool>);

/// Says so when it is dropped.
struct Leaving(Caller);

// === impl Turns ===

impl Turns {
    /// # Errors
    /// [`Error::Busy`] when too many wait already.
    async fn take(&self) -> Result<Turn> {
        let busy = || Error::Busy {
            retry_after: RETRY_AFTER,
        };
        let asked = Arc::clone(&self.asked).try_acquire_owned();
        let asked = asked.map_err(|_| busy())?;
        let made = Arc::clone(&self.made).acquire_owned().await;
        Ok(Turn {
            _made: made.map_err(|_| busy())?,
            _asked: asked,
        })
    }
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            made: Arc::new(Semaphore::new(limits::PLANS_MAX)),
            asked: Arc::new(Semaphore::new(
                limits::PLANS_MAX + limits::PLANS_WAITING_MAX,
            )),
        }
    }
}

// === impl Caller ===

impl Caller {
    pub(in crate::engine) fn is_gone(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// # Errors
    /// Nobody waits any more, and so nobody reads the error.
    pub(in crate::engine) fn check(&self) -> Result<()> {
        if self.is_gone() {
            Err(Error::Stopping)
        } else {
            Ok(())
        }
    }
}

// === impl Leaving ===

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

// === impl Engine ===

impl Engine {
    /// Works when it is its turn, on a task of its own: what is computed beside the runtime cannot be stopped, and keeps its
    /// turn when the caller goes away in the middle.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many wait, `lost` when the server ends in the middle.
    pub(in crate::engine) async fn in_turn<T, F>(
        self: &Arc<Self>,
        (name, lost): (&'static str, Error),
        work: impl FnOnce(Arc<Self>, Caller) -> F,
    ) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let turn = self.turns.take().await?;
        let leaving = Leaving(Caller::default());
        let work = work(Arc::clone(self), leaving.0.clone());
        let (answer, answered) = oneshot::channel();
        self.parts.tasks.spawn(name, async move {
            let done = work.await;
            drop(turn);
            drop(answer.send(done));
        });
        answered.await.map_err(|_| lost)?
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
            .map(|_| take().now_or_never().unwrap().ok())
            .collect();
        assert!(made.iter().all(Option::is_some));
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
