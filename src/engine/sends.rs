//! Reading and cancelling sends, and reading deliveries.

use crate::engine::{Engine, Error, Kind, Result};
use crate::model::delivery::{Delivery, Pause};
use crate::model::id::{DeliveryId, SendId};
use crate::model::send::{Phase, Send};
use crate::store::contract::{DeliveryQuery, SendQuery};

/// A send with what holds it up now.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    pub send: Send,
    /// The pause of its channel, while it has something to deliver.
    pub pause: Option<Pause>,
}

// === impl Engine ===

impl Engine {
    pub async fn get_send(&self, id: SendId) -> Result<Send> {
        let found = self.parts.store.get_send(id).await?;
        found.ok_or_else(|| Error::not_found(Kind::Send, id))
    }

    pub fn standing(&self, send: Send) -> Standing {
        let pauses = self.parts.attempts.pauses();
        let is_open = send.phase != Phase::Cancelled && send.counts.open() > 0;
        let pause = is_open.then(|| pauses.of(&send.new.channel)).flatten();
        Standing { send, pause }
    }

    /// Which channels wait now.
    pub fn pauses(&self) -> Vec<Pause> {
        self.parts.attempts.pauses().all()
    }

    pub async fn list_sends(&self, query: SendQuery) -> Result<Vec<Send>> {
        Ok(self.parts.store.list_sends(query).await?)
    }

    /// Whether a page can go on after it.
    pub async fn knows_send(&self, id: SendId) -> Result<bool> {
        Ok(self.parts.store.get_send(id).await?.is_some())
    }

    /// Cancels what was not begun; what is being sent finishes.
    pub async fn cancel_send(&self, id: SendId) -> Result<Send> {
        let now = self.parts.clock.now();
        let cancelled = self.parts.store.cancel_send(id, now).await?;
        cancelled.ok_or_else(|| Error::not_found(Kind::Send, id))
    }

    pub async fn list_deliveries(&self, query: DeliveryQuery) -> Result<Vec<Delivery>> {
        let campaign = query.campaign.clone();
        let found = self.parts.store.list_deliveries(query).await?;
        // One that is gone may have deliveries all the same; one that never was has none.
        if let (true, Some(campaign)) = (found.is_empty(), campaign) {
            crate::engine::campaigns::find(&self.applied.load(), &campaign)?;
        }
        Ok(found)
    }

    /// Whether a page can go on after it.
    pub async fn knows_delivery(&self, id: DeliveryId) -> Result<bool> {
        Ok(self.parts.store.get_delivery(id).await?.is_some())
    }
}
