//! Starting a send.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::engine::campaigns::find;
use crate::engine::{Engine, Error, Result, Violation};
use crate::model::delivery::NewDelivery;
use crate::model::id::{DeliveryId, RequestId, SendId};
use crate::model::limits;
use crate::model::send::{Audience, Content, NewSend, Recipient, Send};
use crate::store::contract::Created;

/// Most problems told about one request: more help nobody.
const VIOLATIONS_MAX: usize = 20;

#[derive(Debug, Clone, PartialEq)]
pub struct SendRequest {
    pub campaign: String,
    pub audience: Audience,
    /// The same one again finds the first send.
    pub request_id: Option<RequestId>,
}

/// What came of a request to send.
#[derive(Debug)]
pub struct Started {
    /// The first one of the request id.
    pub send: Send,
    pub is_repeated: bool,
    /// The request is not the first one again: it names other recipients or properties.
    pub differs: bool,
}

// === impl Started ===

impl Started {
    fn repeated(first: Send, content: Content) -> Self {
        Self {
            differs: first.new.content != content && !first.new.content.is_unknown(),
            is_repeated: true,
            send: first,
        }
    }
}

// === impl Engine ===

impl Engine {
    /// Stores a send; its messages follow.
    pub async fn send(self: &Arc<Self>, request: SendRequest) -> Result<Started> {
        let content = Content::of(&request.audience);
        if let Some(id) = &request.request_id {
            let first = self.parts.store.find_request(&request.campaign, id).await?;
            if let Some(first) = first {
                return Ok(Started::repeated(first, content));
            }
        }
        let new = self.new_send(&request)?;
        let deliveries = match request.audience {
            Audience::Everybody => Vec::new(),
            Audience::Recipients(recipients) => {
                self.check_recipients(&recipients).await?;
                deliveries(new.id, recipients)
            }
        };
        let is_complete = !new.is_everybody;
        let created = self
            .parts
            .store
            .create_send(new.clone(), deliveries, is_complete);
        match created.await? {
            Created::Repeated(first) => Ok(Started::repeated(first, content)),
            Created::New(send) => {
                self.parts.wake.poke();
                if !is_complete {
                    self.start_fan_out(new);
                }
                Ok(Started {
                    send,
                    is_repeated: false,
                    differs: false,
                })
            }
        }
    }

    /// Pins the campaign and the revision.
    fn new_send(&self, request: &SendRequest) -> Result<NewSend> {
        let state = self.applied.load();
        let campaign = find(&state, &request.campaign)?;
        let id = match &request.request_id {
            Some(request_id) => SendId::derive(&request.campaign, request_id),
            None => SendId::random(),
        };
        Ok(NewSend {
            id,
            request_id: request.request_id.clone(),
            campaign: campaign.name.clone(),
            channel: campaign.channel.clone(),
            revision: state.revision,
            is_everybody: request.audience == Audience::Everybody,
            is_test: false,
            resend_unknown: campaign.resend_unknown,
            content: Content::of(&request.audience),
            created_at: self.parts.clock.now(),
        })
    }

    async fn check_recipients(&self, recipients: &[Recipient]) -> Result<()> {
        check_size(recipients.len())?;
        let mut seen = BTreeSet::new();
        let mut violations = Vec::new();
        for (at, recipient) in recipients.iter().enumerate() {
            if !seen.insert(&recipient.external_id) {
                violations.push(violation(at, "is named before: each user may stand once"));
            }
        }
        let ids: Vec<_> = recipients.iter().map(|r| r.external_id.clone()).collect();
        let profiles = self.parts.store.profiles(&ids).await?;
        for (at, profile) in profiles.iter().enumerate() {
            if profile.is_none() {
                let message = format!("there is no user `{}`", ids[at]);
                violations.push(violation(at, message));
            }
        }
        if violations.is_empty() {
            return Ok(());
        }
        violations.truncate(VIOLATIONS_MAX);
        Err(Error::Invalid(violations))
    }
}

fn check_size(actual: usize) -> Result<()> {
    if actual == 0 {
        let message = "must not be empty; `audience: {}` sends to the whole audience";
        return Err(Error::invalid("recipients", message));
    }
    if actual > limits::RECIPIENTS_MAX {
        return Err(Error::OverLimit {
            field: "recipients",
            unit: "users",
            actual,
            max: limits::RECIPIENTS_MAX,
        });
    }
    Ok(())
}

fn violation(at: usize, message: impl Into<String>) -> Violation {
    Violation {
        field: format!("recipients[{at}].external_id"),
        message: message.into(),
    }
}

/// In the order of their ids, in which the store grows best.
fn deliveries(send: SendId, recipients: Vec<Recipient>) -> Vec<NewDelivery> {
    let deliveries = recipients.into_iter().map(|recipient| NewDelivery {
        id: DeliveryId::derive(send, &recipient.external_id),
        external_id: recipient.external_id,
        trigger_properties: recipient.trigger_properties,
    });
    let mut deliveries: Vec<_> = deliveries.collect();
    deliveries.sort_by_key(|delivery| delivery.id);
    deliveries
}
