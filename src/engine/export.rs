//! Everything that is known of one person.

use crate::engine::{Engine, Result, Target};
use crate::model::delivery::Delivery;
use crate::model::event::Event;
use crate::model::id::ExternalId;
use crate::model::limits;
use crate::model::user::Profile;
use crate::store::contract::DeliveryQuery;

/// What is known of one person, save the deliveries, which may be many.
#[derive(Debug)]
pub struct Exported {
    pub profile: Profile,
    pub events: Vec<Event>,
    /// Names of the segments that the user is in.
    pub segments: Vec<String>,
}

// === impl Engine ===

impl Engine {
    pub async fn export_user(&self, id: &ExternalId) -> Result<Exported> {
        let profile = self.get_user(id).await?;
        let memberships = self.memberships(id).await?;
        let own = memberships
            .into_iter()
            .filter(|membership| membership.explained.verdict == Some(true));
        Ok(Exported {
            profile,
            events: self.parts.store.events_of(id).await?,
            segments: own
                .filter_map(|membership| match membership.target {
                    Target::Segment(name) => Some(name),
                    _ => None,
                })
                .collect(),
        })
    }

    /// A page of a user's deliveries, those behind `after`.
    pub async fn export_deliveries(
        &self,
        id: &ExternalId,
        after: Option<&Delivery>,
    ) -> Result<Vec<Delivery>> {
        let query = DeliveryQuery {
            external_id: Some(id.clone()),
            after: after.map(|delivery| delivery.id),
            limit: limits::PAGE_SIZE_MAX,
            ..DeliveryQuery::default()
        };
        Ok(self.parts.store.list_deliveries(query).await?)
    }
}
