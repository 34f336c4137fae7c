//! Reading applied campaigns.

use std::ops::Bound;
use std::sync::Arc;

use crate::campaign::Campaign;
use crate::engine::applied::State;
use crate::engine::{Engine, Error, Kind, Result};
use crate::model::id::Revision;

/// An applied campaign and where it comes from.
#[derive(Debug, Clone)]
pub struct CampaignInfo {
    pub campaign: Arc<Campaign>,
    /// The revision that last changed it.
    pub revision: Revision,
    pub path: String,
    /// The YAML document as it was applied.
    pub source: String,
}

// === impl Engine ===

impl Engine {
    /// Up to `limit` campaigns by name, those behind `after`.
    pub fn list_campaigns(&self, after: Option<&str>, limit: usize) -> Vec<CampaignInfo> {
        let state = self.applied.load();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let campaigns = state
            .set
            .campaigns
            .range::<str, _>((from, Bound::Unbounded));
        campaigns
            .take(limit)
            .map(|(_, campaign)| info(&state, campaign))
            .collect()
    }

    /// A campaign, and how many its audience holds now.
    pub async fn get_campaign(&self, name: &str) -> Result<(CampaignInfo, u64)> {
        let state = self.applied.load_full();
        let campaign = find(&state, name)?;
        let audience = self.audience(campaign.audience.as_ref()).await?;
        Ok((info(&state, campaign), audience))
    }
}

pub(super) fn find<'a>(state: &'a State, name: &str) -> Result<&'a Arc<Campaign>> {
    let found = state.set.campaign(name);
    found.ok_or_else(|| Error::not_among(Kind::Campaign, name, state.set.campaigns.keys()))
}

fn info(state: &State, campaign: &Arc<Campaign>) -> CampaignInfo {
    let document = state.document(&campaign.name);
    CampaignInfo {
        campaign: Arc::clone(campaign),
        revision: *state
            .changed_at
            .get(&campaign.name)
            .unwrap_or(&state.revision),
        path: document.map_or_else(String::new, |document| document.path.clone()),
        source: document.map_or_else(String::new, |document| document.source.clone()),
    }
}
