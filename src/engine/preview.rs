//! A campaign's message for one user: shown, or sent as a test.

use std::collections::BTreeMap;

use super::campaigns::find;
use super::{Engine, Result};
use crate::delivery::attempt::{Preview, Request, Tested};
use crate::model::Value;
use crate::model::id::{DeliveryId, ExternalId, SendId};
use crate::model::user::Profile;

/// Whose message is shown.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    Existing(ExternalId),
    /// Made by hand; no such user needs to exist.
    Made(Profile),
}

// === impl Engine ===

impl Engine {
    /// Makes the message without sending it; no secret is shown.
    pub async fn preview(
        &self,
        campaign: &str,
        subject: Subject,
        trigger_properties: &BTreeMap<String, Value>,
    ) -> Result<Preview> {
        let state = self.applied.load_full();
        find(&state, campaign)?;
        let (profile, is_made) = match subject {
            Subject::Existing(id) => (self.get_user(&id).await?, false),
            Subject::Made(profile) => (profile, true),
        };
        // A preview is shown the same way every time: its delivery is that of no send.
        let delivery = DeliveryId::derive(SendId::from_bytes([0; 16]), &profile.external_id);
        let request = Request {
            revision: state.revision,
            campaign,
            profile: Some(&profile),
            is_made,
            trigger_properties,
            delivery,
        };
        Ok(self.parts.attempts.preview(&request).await?)
    }

    /// Really sends one message and waits for the answer; no delivery is stored.
    pub async fn send_test(
        &self,
        campaign: &str,
        id: &ExternalId,
        trigger_properties: &BTreeMap<String, Value>,
    ) -> Result<Tested> {
        let state = self.applied.load_full();
        find(&state, campaign)?;
        let profile = self.get_user(id).await?;
        let request = Request {
            revision: state.revision,
            campaign,
            profile: Some(&profile),
            is_made: false,
            trigger_properties,
            delivery: DeliveryId::derive(SendId::random(), id),
        };
        Ok(self.parts.attempts.test(&request).await?)
    }
}
