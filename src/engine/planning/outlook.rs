//! How many messages a campaign comes to, as far as anything tells.

use std::time::Duration;

use crate::engine::{Engine, Result};
use crate::model::limits;
use crate::store::contract::SendQuery;

const DAY: Duration = Duration::from_hours(24);

/// Messages of a campaign.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlook {
    /// That an apply starts. Campaigns wait for who starts them: none.
    pub at_once: u64,
    /// Of one send to its whole audience, now.
    pub per_send: u64,
    /// On average of the last days; `None` when nothing was sent in them.
    pub per_day: Option<f64>,
}

// === impl Engine ===

impl Engine {
    pub(in crate::engine) async fn outlook(
        &self,
        campaign: &str,
        reachable: u64,
    ) -> Result<Outlook> {
        let now = self.parts.clock.now();
        let since = now - DAY * limits::PAST_DAYS;
        let query = SendQuery {
            campaign: Some(campaign.to_owned()),
            limit: limits::PAST_SENDS_MAX,
            ..SendQuery::default()
        };
        let sends = self.parts.store.list_sends(query).await?;
        let recent: Vec<_> = sends
            .iter()
            .filter(|send| send.new.created_at >= since)
            .collect();
        // Where there are more than are read, those that are read tell how many there are a day.
        let oldest = recent
            .last()
            .filter(|_| recent.len() == limits::PAST_SENDS_MAX);
        let from = oldest.map_or(since, |send| send.new.created_at);
        let days = (now.duration_since(from).as_secs_f64() / DAY.as_secs_f64()).max(1.0 / 24.0);
        let sent: u64 = recent.iter().map(|send| send.counts.sent).sum();
        #[expect(clippy::cast_precision_loss, reason = "an average for people to read")]
        let per_day = (sent > 0).then(|| sent as f64 / days);
        Ok(Outlook {
            at_once: 0,
            per_send: reachable,
            per_day,
        })
    }
}
