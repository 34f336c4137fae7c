//! One attempt: gates, message, the durable mark, the call, and what came of it. Needs no loop.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::campaign::{Campaign, Channel, Set};
use crate::clock::Clock;
use crate::config::secret::{self, Secrets};
use crate::model::Value;
use crate::model::delivery::{Due, Outcome, Reason, ReasonCode};
use crate::model::id::DeliveryId;
use crate::model::user::Profile;
use crate::store::revisions::{self, Revisions};
use crate::store::{self, Store};

use super::compose::{self, Composed, Means, Subject};
use super::gates::{self, GateVerdict};
use super::guard;
use super::http::Http;
use super::known::Known;
use super::lane::Signal;
use super::retry::{Blame, Policy};
use super::verdict::{Fate, Verdict};

/// What attempts are made with.
#[derive(Debug)]
pub struct Attempts {
    store: Arc<dyn Store>,
    revisions: Arc<Revisions>,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    http: Http,
    policy: Policy,
    graph_url: Option<String>,
}

/// What came of one attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempted {
    pub outcome: Outcome,
    /// What it says about its channel.
    pub signal: Signal,
}

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
    pub message: Result<Composed, Reason>,
}

/// Why an attempt could not even begin.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error("there is no campaign `{0}`")]
    NoCampaign(String),
}

/// Why there is nothing to call with.
enum Unprepared {
    Store(store::Error),
    Settled(Attempted),
}

// === impl Attempted ===

impl Attempted {
    pub(super) fn uncalled(outcome: Outcome) -> Self {
        Self {
            outcome,
            signal: Signal::None,
        }
    }
}

// === impl Attempts ===

impl Attempts {
    pub fn new(
        store: Arc<dyn Store>,
        revisions: Arc<Revisions>,
        secrets: Arc<dyn Secrets>,
        clock: Arc<dyn Clock>,
        http: Http,
    ) -> Self {
        Self {
            store,
            revisions,
            secrets,
            clock,
            http,
            policy: Policy::default(),
            graph_url: None,
        }
    }

    /// Sends all Messenger traffic there, whatever channels say.
    #[must_use]
    pub fn with_graph_url(mut self, graph_url: Option<String>) -> Self {
        self.graph_url = graph_url;
        self
    }

    fn means<'a>(&'a self, secrets: &'a dyn Secrets) -> Means<'a> {
        Means {
            secrets,
            graph_url: self.graph_url.as_deref(),
        }
    }

    #[must_use]
    pub fn with_policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    pub(super) fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    pub(super) fn revisions(&self) -> &Revisions {
        &self.revisions
    }

    /// Makes one attempt at a claimed delivery. `None` when it may not be sent any more.
    ///
    /// The outcome is not stored yet. What fails here failed before the call: the delivery is
    /// untouched, and comes back when its lease is over.
    pub async fn attempt(
        &self,
        due: &Due,
        profile: Option<&Profile>,
    ) -> Result<Option<Attempted>, store::Error> {
        let message = match self.prepare(due, profile).await {
            Ok(message) => message,
            Err(Unprepared::Store(error)) => return Err(error),
            Err(Unprepared::Settled(attempted)) => return Ok(Some(attempted)),
        };
        if !self.store.begin(due.id, self.clock.now()).await? {
            return Ok(None);
        }
        let (verdict, _) = self.call(message).await;
        Ok(Some(Attempted {
            outcome: self.settle(due, verdict.fate),
            signal: verdict.signal,
        }))
    }

    /// The gates and the message as they would be now; nothing is sent, no secret is shown.
    pub async fn preview(&self, request: &Request<'_>) -> Result<Preview, Error> {
        let mut preview = self.make(request, &compose::Masked).await?;
        if preview.message.is_ok() {
            // Made once more with the secrets, to see that they are there; nothing of it is kept.
            let known = Known::new(self.secrets.as_ref(), request.draft_of);
            let real = self.make(request, &known).await?;
            let closed = match real.message {
                Ok(message) => guard::check(&message.call.url, message.call.is_private_allowed)
                    .err()
                    .map(|refused| refused.to_string()),
                Err(reason) => Some(reason.detail),
            };
            let verdict = GateVerdict::of_channel(closed.as_deref());
            preview.gates.push(verdict);
        }
        Ok(preview)
    }

    /// What channels of `set` refer to and this server does not have: why it would not send, by channel.
    pub fn missing_secrets(&self, set: &Set) -> Vec<(String, secret::Error)> {
        let channels = set.channels.values();
        let missing = channels.flat_map(|channel| {
            let references = channel.secrets().into_iter();
            references.filter_map(|reference| {
                let error = self.secrets.get(reference).err()?;
                Some((channel.name.clone(), error))
            })
        });
        missing.collect()
    }

    /// Sends one message now. It is no delivery: nothing is stored, and the audience gate is shown only.
    pub async fn test(&self, request: &Request<'_>) -> Result<Tested, Error> {
        let Preview { gates, message } = self.make(request, self.secrets.as_ref()).await?;
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

    async fn prepare(&self, due: &Due, profile: Option<&Profile>) -> Result<Composed, Unprepared> {
        let now = self.clock.now();
        let set = match self.revisions.get(due.revision).await {
            Ok(set) => set,
            Err(revisions::Error::Store(error)) => return Err(Unprepared::Store(error)),
            Err(broken @ revisions::Error::Broken { .. }) => {
                return Err(self.later(due, &broken, now));
            }
        };
        let Some((campaign, channel)) = of(&set, &due.campaign) else {
            let detail = format!(
                "revision {} has no campaign `{}`",
                due.revision, due.campaign
            );
            return Err(self.later(due, &detail, now));
        };
        let is_member = match &campaign.audience {
            None => Some(true),
            Some(filter) => {
                let checked = self.store.check(filter, &due.external_id, now).await;
                checked.map_err(Unprepared::Store)?.flatten()
            }
        };
        let closed = gates::first_closed(&gates::run(&gates::Subject {
            profile,
            is_member,
            psid_attribute: channel.psid_attribute(),
            is_test: due.is_test,
        }));
        let (None, Some(profile)) = (&closed, profile) else {
            let reason = closed
                .unwrap_or_else(|| Reason::new(ReasonCode::UserNotFound, "there is no such user"));
            return Err(Unprepared::Settled(Attempted::uncalled(Outcome::Skipped(
                reason,
            ))));
        };
        let subject = Subject {
            profile,
            trigger_properties: &due.trigger_properties,
            event_properties: None,
            delivery: due.id,
            is_test: false,
            now,
        };
        let unmade = match compose::compose(
            campaign,
            channel,
            &subject,
            self.means(self.secrets.as_ref()),
        ) {
            Ok(message) => return Ok(message),
            Err(reason) => reason,
        };
        Err(match unmade.code {
            ReasonCode::Aborted => {
                Unprepared::Settled(Attempted::uncalled(Outcome::Skipped(unmade)))
            }
            ReasonCode::ChannelMisconfigured => self.later(due, &unmade.detail, now),
            _ => Unprepared::Settled(Attempted::uncalled(Outcome::Failed(unmade))),
        })
    }

    /// The channel cannot send to anybody: it pauses, and nobody's attempts are used up.
    fn later(&self, due: &Due, detail: &dyn std::fmt::Display, now: Timestamp) -> Unprepared {
        let reason = Reason::new(ReasonCode::ChannelMisconfigured, detail.to_string());
        let first = self.policy.next(&due.id, 1, Blame::Channel, None, now);
        Unprepared::Settled(Attempted {
            outcome: Outcome::Retry {
                at: first.unwrap_or(now),
                reason,
            },
            signal: Signal::Stopped,
        })
    }

    async fn make(&self, request: &Request<'_>, secrets: &dyn Secrets) -> Result<Preview, Error> {
        let (campaign, channel) = of(request.set, request.campaign)
            .ok_or_else(|| Error::NoCampaign(request.campaign.to_owned()))?;
        let now = self.clock.now();
        let is_member = match (&campaign.audience, request.profile) {
            (None, _) => Some(true),
            (Some(filter), Some(made)) if request.is_made => filter.matches_person(made, now),
            (Some(filter), Some(stored)) => {
                let checked = self.store.check(filter, &stored.external_id, now).await;
                checked?.flatten()
            }
            (Some(_), None) => None,
        };
        let gates = gates::run(&gates::Subject {
            profile: request.profile,
            is_member,
            psid_attribute: channel.psid_attribute(),
            is_test: true,
        });
        let message = match (gates::first_closed(&gates), request.profile) {
            (None, Some(profile)) => {
                let subject = Subject {
                    profile,
                    trigger_properties: request.trigger_properties,
                    event_properties: request.event_properties,
                    delivery: request.delivery,
                    is_test: request.is_test,
                    now,
                };
                compose::compose(campaign, channel, &subject, self.means(secrets))
            }
            (Some(reason), _) => Err(reason),
            (None, None) => Err(Reason::new(
                ReasonCode::UserNotFound,
                "there is no such user",
            )),
        };
        Ok(Preview { gates, message })
    }

    /// What the call comes to, and the HTTP status if there was an answer.
    async fn call(&self, message: Composed) -> (Verdict, Option<u16>) {
        let reader = message.reader;
        let began_at = self.clock.now();
        let answer = self.http.call(message.call).await;
        let now = self.clock.now();
        metrics::histogram!("recado_attempt_seconds")
            .record(now.duration_since(began_at).as_secs_f64());
        match answer {
            Ok(answer) => (reader.read(&answer, now), Some(answer.status)),
            Err(silence) => (Verdict::of_silence(&silence), None),
        }
    }

    /// What a call's end comes to for a delivery that has had so many attempts.
    fn settle(&self, due: &Due, fate: Fate) -> Outcome {
        let now = self.clock.now();
        let next = |blame, asked| self.policy.next(&due.id, due.attempt, blame, asked, now);
        match fate {
            Fate::Sent { message_id } => Outcome::Sent { message_id },
            Fate::Failed(reason) => Outcome::Failed(reason),
            Fate::Again {
                reason,
                blame,
                asked,
            } => match next(blame, asked) {
                Some(at) => Outcome::Retry { at, reason },
                None => Outcome::Failed(reason),
            },
            Fate::Unknown(reason) if due.resend_unknown => match next(Blame::Call, None) {
                Some(at) => Outcome::Retry { at, reason },
                None => Outcome::Unknown(reason),
            },
            Fate::Unknown(reason) => Outcome::Unknown(reason),
        }
    }
}

fn of<'a>(set: &'a Set, campaign: &str) -> Option<(&'a Campaign, &'a Channel)> {
    let campaign = set.campaign(campaign)?;
    Some((campaign, set.channel(&campaign.channel)?))
}
