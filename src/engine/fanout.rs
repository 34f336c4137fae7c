//! Fan-outs: an audience becomes deliveries, chunk by chunk, and goes on after a crash.
//!
//! A fan-out that was broken off is begun again: the audience is evaluated anew, and the deliveries that
//! are stored already are recognised by their derived ids. Whoever left or joined the audience in between
//! is judged by the newer evaluation; nobody is stored twice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Engine, Error, Result};
use crate::model::delivery::NewDelivery;
use crate::model::id::{DeliveryId, ExternalId};
use crate::model::limits;
use crate::model::send::{NewSend, Phase};
use crate::segment::{self, Declared, Filter};

/// How long a fan-out waits before it tries again what the store could not do.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Ids read from the audience at a time.
const READ: usize = 10_000;

// === impl Engine ===

impl Engine {
    /// Goes on with what a dead process had begun.
    pub async fn resume_fanouts(self: &Arc<Self>) -> Result<usize> {
        let unfinished = self.parts.store.unfinished_fanouts().await?;
        let n = unfinished.len();
        unfinished.into_iter().for_each(|send| self.start_fanout(send));
        Ok(n)
    }

    /// Runs the fan-out of a send in a task of its own.
    pub(super) fn start_fanout(&self, send: NewSend) {
        let Some(engine) = self.this.upgrade() else { return };
        self.tasks.spawn("fanout", async move {
            while let Err(error) = engine.fan_out(&send).await {
                if engine.tasks.is_stopping() || matches!(error, Error::Stopping) {
                    return;
                }
                tracing::warn!(send = %send.id, %error, "a fan-out broke off; trying again");
                tokio::select! {
                    () = engine.clock.sleep(RETRY_AFTER) => {}
                    () = engine.tasks.stopping() => return,
                }
            }
        });
    }

    async fn fan_out(&self, send: &NewSend) -> Result<()> {
        let set = self.revisions.get(send.revision).await?;
        let filter = match set.campaign(&send.campaign) {
            Some(campaign) => campaign.audience.clone(),
            // It was there when the send began: a damaged store. Nobody is in its audience.
            None => Some(nobody()?),
        };
        let users = self.members(filter.as_ref()).await?;
        // In the order of their ids, so that the store's index grows at its end.
        let mut ordered: Vec<(DeliveryId, ExternalId)> =
            users.into_iter().map(|user| (DeliveryId::derive(send.id, &user), user)).collect();
        ordered.sort_unstable_by_key(|(id, _)| *id);
        let n_chunks = ordered.len().div_ceil(limits::ENQUEUE_CHUNK).max(1);
        let mut rest = ordered.into_iter();
        for at in 1..=n_chunks {
            if self.tasks.is_stopping() {
                return Err(Error::Stopping);
            }
            let deliveries = rest
                .by_ref()
                .take(limits::ENQUEUE_CHUNK)
                .map(|(id, external_id)| NewDelivery { id, external_id, trigger_properties: BTreeMap::new() })
                .collect();
            let phase = self.parts.store.enqueue(send.id, deliveries, at == n_chunks).await?;
            self.wake.poke();
            if phase == Phase::Cancelled {
                break;
            }
        }
        Ok(())
    }

    async fn members(&self, filter: Option<&Filter>) -> Result<Vec<ExternalId>> {
        let everybody;
        let filter = if let Some(filter) = filter {
            filter
        } else {
            everybody = everybody_filter()?;
            &everybody
        };
        let mut members = self.parts.store.members(filter, self.clock.now()).await?;
        let mut users = Vec::with_capacity(usize::try_from(members.len()).unwrap_or(0));
        loop {
            let chunk = members.next_chunk(READ);
            if chunk.is_empty() {
                return Ok(users);
            }
            users.extend(chunk);
        }
    }
}

fn everybody_filter() -> Result<Filter> {
    segment::compile("true", &Declared::default()).map_err(Error::Files)
}

fn nobody() -> Result<Filter> {
    segment::compile("false", &Declared::default()).map_err(Error::Files)
}
