//! Following a send until nothing about it changes any more.

use std::sync::Arc;
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream::unfold;

use crate::engine::{Engine, Error, Result, Standing};
use crate::model::id::SendId;
use crate::model::send::{self, Phase};

/// How often a send is read: people watch it, programs need not.
const LOOK: Duration = Duration::from_millis(250);

/// What was seen last.
enum Seen {
    Nothing,
    Send(Box<Standing>),
    End,
}

// === impl Engine ===

impl Engine {
    /// The send whenever it or the pause of its channel changed, from how it stands now to its last state; [`Error::Stopping`] when
    /// the server stops before that.
    ///
    /// # Errors
    /// There is no such send.
    pub async fn watch_send(
        self: Arc<Self>,
        id: SendId,
    ) -> Result<impl Stream<Item = Result<Standing>> + Send + 'static> {
        self.get_send(id).await?;
        Ok(unfold(
            (self, Seen::Nothing),
            move |(engine, seen)| async move {
                if matches!(seen, Seen::End) {
                    return None;
                }
                let next = engine.changed(id, &seen).await;
                let seen = match &next {
                    Ok(now) if !is_over(&now.send) => Seen::Send(Box::new(now.clone())),
                    Ok(_) | Err(_) => Seen::End,
                };
                Some((next, (engine, seen)))
            },
        ))
    }

    async fn changed(&self, id: SendId, seen: &Seen) -> Result<Standing> {
        loop {
            let now = self.standing(self.get_send(id).await?);
            match seen {
                Seen::Send(last) if **last == now => {}
                _ => return Ok(now),
            }
            tokio::select! {
                () = self.parts.clock.sleep(LOOK) => {}
                () = self.parts.tasks.stopping() => return Err(Error::Stopping),
            }
        }
    }
}

fn is_over(send: &send::Send) -> bool {
    match send.phase {
        Phase::Finished => true,
        Phase::Cancelled => send.counts.sending == 0,
        Phase::Enqueueing | Phase::Running => false,
    }
}
