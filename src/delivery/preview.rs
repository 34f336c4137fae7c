//! Messages that are no deliveries: shown, or sent as a test.

use std::collections::BTreeMap;

use crate::campaign::{self, Set, SourceFile};
use crate::config::secret::Secrets;
use crate::diagnostic::{Diagnostic, codes};
use crate::model::Value;
use crate::model::delivery::{Reason, ReasonCode};
use crate::model::id::DeliveryId;
use crate::model::resource::{Document, Kind};
use crate::model::user::Profile;
use crate::segment::Explained;
use crate::store;

use super::attempt::{Attempts, of};
use super::compose::{self, Composed, Refusal, Subject};
use super::contents::{Asked, Gathered, Rules};
use super::gates::{self, GateVerdict};
use super::guard;
use super::known::Known;
use super::verdict::Fate;

/// What a test message came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Tested {
    pub gates: Vec<GateVerdict>,
    /// The HTTP status of the answer, if there was one.
    pub status: Option<u16>,
    /// The platform's id of the message, or why there is none.
    pub result: Result<String, Reason>,
}

/// Whose message is made by hand: for previews and tests.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    pub set: &'a Set,
    /// The applied set, where `set` is a draft: only secrets that it refers to are looked up.
    pub draft_of: Option<&'a Set>,
    pub campaign: &'a str,
    /// `None` when there is no such user.
    pub profile: Option<&'a Profile>,
    /// Made by hand: the store knows nothing of what this user did.
    pub is_made: bool,
    pub trigger_properties: &'a BTreeMap<String, Value>,
    pub event_properties: Option<&'a BTreeMap<String, Value>>,
    pub delivery: DeliveryId,
    pub is_test: bool,
}

/// A message as it would be made.
#[derive(Debug)]
pub struct Preview {
    pub gates: Vec<GateVerdict>,
    /// The audience's filter, for a user who is not in it.
    pub outside: Option<Explained>,
    pub message: Result<Composed, Reason>,
    /// What was missed until it came to nothing: that may well be why.
    pub misses: Vec<String>,
    /// What its templates asked for.
    pub asked: Vec<Asked>,
}

/// Why an attempt could not even begin.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error("there is no campaign `{0}`")]
    NoCampaign(String),
}

// === impl Attempts ===

impl Attempts {
    /// The gates and the message as they would be now; nothing is sent, no secret is shown.
    pub async fn preview(&self, request: &Request<'_>) -> Result<Preview, Error> {
        let mut gathered = Gathered::default();
        let masked = &compose::Masked;
        let mut preview = self.make(request, masked, &mut gathered).await?;
        if preview.message.is_ok() {
            // Made once more with the secrets, to see that they are there; nothing of it is kept.
            let known = Known::new(self.secrets(), request.draft_of);
            let real = self.make(request, &known, &mut gathered).await?;
            let closed = match real.message {
                Ok(message) => guard::check(&message.call.url, message.call.is_private_allowed)
                    .err()
                    .map(|refused| refused.to_string()),
                Err(reason) => Some(reason.detail),
            };
            let verdict = GateVerdict::of_channel(closed.as_deref());
            preview.gates.push(verdict);
        }
        preview.asked = gathered.asked;
        Ok(preview)
    }

    /// Sends one message now. It is no delivery: nothing is stored, and the audience gate is shown only.
    pub async fn test(&self, request: &Request<'_>) -> Result<Tested, Error> {
        let (secrets, mut gathered) = (self.secrets(), Gathered::default());
        let Preview { gates, message, .. } = self.make(request, secrets, &mut gathered).await?;
        let message = match message {
            Ok(message) => message,
            Err(reason) => {
                return Ok(Tested {
                    gates,
                    status: None,
                    result: Err(reason),
                });
            }
        };
        let (verdict, status) = self.call(message).await;
        let result = match verdict.fate {
            Fate::Sent { message_id } => Ok(message_id),
            Fate::Again { reason, .. } | Fate::Failed(reason) | Fate::Unknown(reason) => {
                Err(reason)
            }
        };
        Ok(Tested {
            gates,
            status,
            result,
        })
    }

    async fn make(
        &self,
        request: &Request<'_>,
        secrets: &dyn Secrets,
        gathered: &mut Gathered,
    ) -> Result<Preview, Error> {
        let (campaign, channel) = of(request.set, request.campaign)
            .ok_or_else(|| Error::NoCampaign(request.campaign.to_owned()))?;
        let now = self.clock().now();
        let is_member = match (&campaign.audience, request.profile) {
            (None, _) => Some(true),
            (Some(filter), Some(made)) if request.is_made => filter.matches_person(made, now),
            (Some(filter), Some(stored)) => {
                let checked = self.store().check(filter, &stored.external_id, now).await;
                checked?.flatten()
            }
            (Some(_), None) => None,
        };
        let explained = match (&campaign.audience, request.profile) {
            (Some(filter), Some(made)) if is_member != Some(true) && request.is_made => {
                Some(filter.explain_person(made, now))
            }
            (Some(filter), Some(stored)) if is_member != Some(true) => {
                let id = &stored.external_id;
                self.store().explain(filter, id, now).await?
            }
            _ => None,
        };
        let outside_because = explained.as_ref().map(Explained::culprit);
        let gates = gates::run(&gates::Subject {
            profile: request.profile,
            is_member,
            outside_because: outside_because.as_deref(),
            psid_attribute: channel.psid_attribute(),
            is_test: true,
        });
        let mut misses = Vec::new();
        let message = match (gates::first_closed(&gates), request.profile) {
            (None, Some(profile)) => {
                let subject = Subject {
                    profile,
                    trigger_properties: request.trigger_properties,
                    event_properties: request.event_properties,
                    delivery: request.delivery,
                    is_test: request.is_test,
                    is_shown_only: !request.is_test,
                    now,
                };
                // Whoever may preview files may write any host into them: only applied ones are asked.
                let rules = Rules {
                    settings: &request.draft_of.unwrap_or(request.set).connected_content,
                    is_draft: request.draft_of.is_some(),
                };
                let whole = (campaign, channel, rules);
                let composed = self.compose(whole, &subject, secrets, gathered).await;
                composed.map_err(|mut refusal| {
                    misses = std::mem::take(&mut refusal.notes.misses)
                        .into_iter()
                        .collect();
                    seen(*refusal, request)
                })
            }
            (Some(reason), _) => Err(reason),
            (None, None) => Err(Reason::new(
                ReasonCode::UserNotFound,
                "there is no such user",
            )),
        };
        Ok(Preview {
            gates,
            outside: explained,
            message,
            misses,
            asked: Vec::new(),
        })
    }
}

/// A reason with where it is, for who looks at it.
fn seen(refusal: Refusal, request: &Request<'_>) -> Reason {
    let mut reason = refusal.reason;
    if let (Some(seen), false) = (refusal.seen, request.is_test) {
        let place = raw_body(request.set, request.campaign);
        let place = place.map_or_else(String::new, |place| format!("\n  --> {place}"));
        reason.detail = format!("{}: {seen}", reason.detail);
        reason.detail.push_str(&place);
    }
    reason
}

/// Where the body of a campaign stands, or that of its template.
fn raw_body(set: &Set, campaign: &str) -> Option<String> {
    let users = set.uses.inverted();
    let is_its = |it: &&Document| match it.kind {
        Kind::Campaign => it.name == campaign,
        Kind::Template => {
            let users = users.of(Kind::Template, &it.name);
            let mut campaigns = users.iter().filter(|(kind, _)| *kind == Kind::Campaign);
            campaigns.any(|(_, name)| name == campaign)
        }
        _ => false,
    };
    let mut its = set.documents.iter().filter(is_its);
    let document = its.find(|it| it.source.lines().any(|line| line.starts_with("raw:")))?;
    let file = SourceFile {
        path: document.path.clone(),
        text: document.source.clone(),
    };
    let here = Diagnostic::error(codes::WRONG_VALUE, "");
    let placed = campaign::placed(&file, "raw.body", vec![here]);
    let place = placed.into_iter().next()?.place?;
    Some(format!("{}:{}:{}", place.file, place.line, place.column))
}
