//! Tells the worker that there is new work.

use tokio::sync::watch;

/// Held by who stores deliveries; poked after they are stored.
#[derive(Debug, Clone)]
pub struct Wake(watch::Sender<()>);

/// One listener's end: a poke between two looks is never missed, however many there were.
#[derive(Debug)]
pub(super) struct Waker(watch::Receiver<()>);

// === impl Wake ===

impl Default for Wake {
    fn default() -> Self {
        Self(watch::Sender::new(()))
    }
}

impl Wake {
    pub fn poke(&self) {
        self.0.send_replace(());
    }

    pub(super) fn listen(&self) -> Waker {
        Waker(self.0.subscribe())
    }
}

// === impl Waker ===

impl Waker {
    /// Registers for wake-up: call it before looking for work. Answers whether there was a poke.
    pub(super) fn arm(&mut self) -> bool {
        let poked = self.0.has_changed().unwrap_or(false);
        self.0.mark_unchanged();
        poked
    }

    /// Resolves at a poke since [`Waker::arm`]; never when nobody is left to poke.
    pub(super) async fn poked(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
