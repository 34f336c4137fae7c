//! Storing the deliveries of a send that goes to a whole audience.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::{Engine, Error, Kind, Result};
use crate::model::delivery::NewDelivery;
use crate::model::id::{DeliveryId, ExternalId, SendId};
use crate::model::limits;
use crate::model::send::{NewSend, Phase};
use crate::segment::{self, Declared, Filter};
use crate::store::contract::Members;

/// How long to wait after the store failed before asking it again.
const STORE_WAIT: Duration = Duration::from_secs(1);
/// Ids taken from the members at once, so that upserts get their turn in between.
const IDS_AT_ONCE: usize = 10_000;

// === impl Engine ===

impl Engine {
    /// Goes on with what a dead process left half stored.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn resume_fan_outs(self: &Arc<Self>) -> Result<()> {
        for new in self.parts.store.unfinished_fanouts().await? {
            tracing::info!(send = %new.id, "going on with a send");
            self.start_fan_out(new);
        }
        Ok(())
    }

    pub(super) fn start_fan_out(self: &Arc<Self>, new: NewSend) {
        let engine = Arc::clone(self);
        self.parts.tasks.spawn("fan-out", async move {
            while let Err(error) = engine.fan_out(&new).await {
                if matches!(error, Error::Stopping | Error::DataLoss(_) | Error::Internal(_) | Error::NotFound { .. }) {
                    tracing::error!(send = %new.id, %error, "a send is left half stored until the next start");
                    return;
                }
                tracing::warn!(send = %new.id, %error, "a send waits for the store");
                tokio::select! {
                    () = engine.parts.clock.sleep(STORE_WAIT) => {}
                    () = engine.parts.tasks.stopping() => return,
                }
            }
        });
    }

    /// Evaluates the audience and stores a delivery for each. Done again, it adds what is missing: ids
    /// are derived, and the store ignores those it has.
    async fn fan_out(&self, new: &NewSend) -> Result<()> {
        let members = self.everybody(new).await?;
        let send = new.id;
        let mut ids = tokio::task::spawn_blocking(move || sorted(send, members))
            .await
            .map_err(|error| Error::Internal(Box::new(error)))?
            .into_iter()
            .peekable();
        loop {
            let chunk: Vec<_> = ids.by_ref().take(limits::ENQUEUE_CHUNK).collect();
            let is_complete = ids.peek().is_none();
            let deliveries = chunk.into_iter().map(|(id, external_id)| NewDelivery {
                id,
                external_id,
                trigger_properties: BTreeMap::new(),
            });
            let stored = self
                .parts
                .store
                .enqueue(send, deliveries.collect(), is_complete);
            let phase = stored.await?;
            self.parts.wake.poke();
            // What is left is taken up at the next start.
            if is_complete || phase == Phase::Cancelled || self.parts.tasks.is_stopping() {
                return Ok(());
            }
        }
    }

    async fn everybody(&self, new: &NewSend) -> Result<Box<dyn Members>> {
        let set = self.parts.revisions.get(new.revision).await?;
        let campaign = set
            .campaign(&new.campaign)
            .ok_or_else(|| Error::not_found(Kind::Campaign, &new.campaign))?;
        let filter = match &campaign.audience {
            Some(filter) => filter.clone(),
            None => whole()?,
        };
        let now = self.parts.clock.now();
        Ok(self.parts.store.members(&filter, now).await?)
    }
}

/// The filter that is true for everybody.
pub(super) fn whole() -> Result<Filter> {
    segment::compile("true", &Declared::default())
        .map_err(|_| Error::Internal("`true` is no filter".into()))
}

/// In the order of their ids, in which the store grows best.
fn sorted(send: SendId, mut members: Box<dyn Members>) -> Vec<(DeliveryId, ExternalId)> {
    let mut ids = Vec::new();
    loop {
        let chunk = members.next_chunk(IDS_AT_ONCE);
        if chunk.is_empty() {
            break;
        }
        ids.extend(
            chunk
                .into_iter()
                .map(|user| (DeliveryId::derive(send, &user), user)),
        );
    }
    ids.sort_unstable_by_key(|(id, _)| *id);
    ids
}
