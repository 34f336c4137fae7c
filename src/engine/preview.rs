//! A campaign's message for one user: shown, or sent as a test.

use std::collections::BTreeMap;

use crate::delivery::preview::{Preview, Request, Tested};
use crate::engine::basis::Basis;
use crate::engine::campaigns::find;
use crate::engine::pick::pick;
use crate::engine::{Engine, Error, Kind, Result};
use crate::model::Value;
use crate::model::id::{DeliveryId, ExternalId, SendId};
use crate::model::user::Profile;

/// Whose message is shown.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    Existing(ExternalId),
    /// Made by hand; no such user needs to exist.
    Made(Profile),
    /// A member of the audience; without a seed the time decides.
    Random {
        seed: Option<u32>,
    },
}

/// What a message may use besides the user.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Properties {
    pub trigger: BTreeMap<String, Value>,
    /// `None` when no event is meant.
    pub event: Option<BTreeMap<String, Value>>,
}

/// A preview, and whose it is.
#[derive(Debug)]
pub struct Previewed {
    pub preview: Preview,
    pub external_id: ExternalId,
    /// What a random member was taken by.
    pub seed: Option<u32>,
    pub warnings: Vec<String>,
}

/// A test message, and what it is known by.
#[derive(Debug)]
pub struct Test {
    pub tested: Tested,
    pub delivery: DeliveryId,
}

// === impl Engine ===

impl Engine {
    /// Makes the message without sending it; no secret is shown.
    pub async fn preview(
        &self,
        basis: &Basis,
        campaign: &str,
        subject: Subject,
        properties: &Properties,
    ) -> Result<Previewed> {
        let found = basis.set.campaign(campaign);
        let known = basis.set.campaigns.keys();
        let found = found.ok_or_else(|| Error::not_among(Kind::Campaign, campaign, known))?;
        let is_made = matches!(subject, Subject::Made(_));
        let (profile, seed) = match subject {
            Subject::Existing(id) => (self.get_user(&id).await?, None),
            Subject::Made(profile) => (profile, None),
            Subject::Random { seed } => {
                let seed = seed.unwrap_or_else(|| self.seed());
                let id = self.member(campaign, found.audience.as_ref(), seed).await?;
                (self.get_user(&id).await?, Some(seed))
            }
        };
        let request = Request {
            set: &basis.set,
            draft_of: basis.draft_of.as_deref(),
            campaign,
            profile: Some(&profile),
            is_made,
            trigger_properties: &properties.trigger,
            event_properties: properties.event.as_ref(),
            // A preview is shown the same way every time: its delivery is that of no send.
            delivery: DeliveryId::derive(SendId::from_bytes([0; 16]), &profile.external_id),
            is_test: false,
        };
        let preview = self.parts.attempts.preview(&request).await?;
        let mut warnings = basis.warnings(found);
        if let Ok(composed) = &preview.message {
            warnings.extend(crate::delivery::warnings(composed));
        }
        Ok(Previewed {
            preview,
            external_id: profile.external_id,
            seed,
            warnings,
        })
    }

    /// Really sends one message, marked as a test, and waits for the answer; no delivery is stored.
    pub async fn send_test(
        &self,
        campaign: &str,
        id: &ExternalId,
        properties: &Properties,
    ) -> Result<Test> {
        let state = self.applied.load_full();
        find(&state, campaign)?;
        let profile = self.get_user(id).await?;
        let delivery = DeliveryId::derive(SendId::random(), id);
        let request = Request {
            set: &state.set,
            draft_of: None,
            campaign,
            profile: Some(&profile),
            is_made: false,
            trigger_properties: &properties.trigger,
            event_properties: properties.event.as_ref(),
            delivery,
            is_test: true,
        };
        let tested = self.parts.attempts.test(&request).await?;
        Ok(Test { tested, delivery })
    }

    async fn member(
        &self,
        campaign: &str,
        audience: Option<&crate::segment::Filter>,
        seed: u32,
    ) -> Result<ExternalId> {
        let filter = match audience {
            Some(filter) => filter.clone(),
            None => crate::engine::fan_out::whole()?,
        };
        let now = self.parts.clock.now();
        let members = self.parts.store.members(&filter, now).await?;
        // To go past millions of them takes a while.
        let taken = tokio::task::spawn_blocking(move || pick(members, seed)).await;
        let taken = taken.map_err(|error| Error::Internal(Box::new(error)))?;
        taken.ok_or_else(|| Error::EmptyAudience(campaign.to_owned()))
    }

    fn seed(&self) -> u32 {
        let nanos = self.parts.clock.now().as_nanosecond();
        u32::try_from(nanos.rem_euclid(i128::from(u32::MAX))).unwrap_or(0)
    }
}
