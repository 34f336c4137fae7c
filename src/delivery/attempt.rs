//! One attempt: gates, message, the durable mark, the call, and what came of it. Needs no loop.

use std::sync::Arc;

use jiff::Timestamp;

use crate::campaign::{Campaign, Channel, Set};
use crate::clock::Clock;
use crate::config::secret::{self, Secrets};
use crate::model::delivery::{Due, Notes, Outcome, Reason, ReasonCode};
use crate::model::user::Profile;
use crate::store::revisions::{self, Revisions};
use crate::store::{self, Store};

use super::compose::{Composed, Refusal, Subject};
use super::contents::{Cache, Gathered, Rules};
use super::gates;
use super::http::Http;
use super::lane::Signal;
use super::pauses::Pauses;
use super::retry::{Blame, Policy};
use super::verdict::{Fate, Verdict};

/// What attempts are made with.
#[derive(Debug)]
pub struct Attempts {
    store: Arc<dyn Store>,
    revisions: Arc<Revisions>,
    pub(super) secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    pub(super) http: Http,
    /// What was fetched for templates.
    pub(super) contents: Cache,
    policy: Policy,
    pub(super) graph_url: Option<String>,
    pauses: Pauses,
}

/// What came of one attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempted {
    pub outcome: Outcome,
    /// What it says about its channel.
    pub signal: Signal,
    /// Of the message that was made, if any.
    pub notes: Notes,
}

/// Why there is nothing to call with.
enum Unprepared {
    Store(store::Error),
    Settled(Box<Attempted>),
}

// === impl Attempted ===

impl Attempted {
    pub(super) fn uncalled(outcome: Outcome) -> Self {
        Self {
            outcome,
            signal: Signal::None,
            notes: Notes::default(),
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
            contents: Cache::default(),
            policy: Policy::default(),
            graph_url: None,
            pauses: Pauses::default(),
        }
    }

    /// Sends all Messenger traffic there, whatever channels say.
    #[must_use]
    pub fn with_graph_url(mut self, graph_url: Option<String>) -> Self {
        self.graph_url = graph_url;
        self
    }

    #[must_use]
    pub fn with_policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Which channels wait now.
    pub fn pauses(&self) -> &Pauses {
        &self.pauses
    }

    pub(super) fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    pub(super) fn secrets(&self) -> &dyn Secrets {
        self.secrets.as_ref()
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
        let mut message = match self.prepare(due, profile).await {
            Ok(message) => message,
            Err(Unprepared::Store(error)) => return Err(error),
            Err(Unprepared::Settled(attempted)) => return Ok(Some(*attempted)),
        };
        if !self.store.begin(due.id, self.clock.now()).await? {
            return Ok(None);
        }
        let notes = std::mem::take(&mut message.notes);
        let began_at = self.clock.now();
        let (verdict, _) = self.call(message).await;
        let took = self.clock.now().duration_since(began_at);
        metrics::histogram!("recado_attempt_seconds").record(took.as_secs_f64());
        Ok(Some(Attempted {
            outcome: self.settle(due, verdict.fate),
            signal: verdict.signal,
            notes,
        }))
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
        let outside_because = match &campaign.audience {
            Some(filter) if is_member != Some(true) => {
                let explained = self.store.explain(filter, &due.external_id, now).await;
                explained.map_err(Unprepared::Store)?.map(|it| it.culprit())
            }
            _ => None,
        };
        let closed = gates::first_closed(&gates::run(&gates::Subject {
            profile,
            is_member,
            outside_because: outside_because.as_deref(),
            psid_attribute: channel.psid_attribute(),
            is_test: due.is_test,
        }));
        let (None, Some(profile)) = (&closed, profile) else {
            let reason = closed
                .unwrap_or_else(|| Reason::new(ReasonCode::UserNotFound, "there is no such user"));
            let skipped = Attempted::uncalled(Outcome::Skipped(reason));
            return Err(Unprepared::Settled(skipped.into()));
        };
        let subject = Subject {
            profile,
            trigger_properties: &due.trigger_properties,
            event_properties: None,
            delivery: due.id,
            is_test: false,
            is_shown_only: false,
            now,
        };
        let rules = Rules {
            settings: set.connected_content.as_ref(),
            is_draft: false,
        };
        let whole = (campaign, channel, rules);
        let (secrets, mut gathered) = (self.secrets.as_ref(), Gathered::default());
        let composed = self.compose(whole, &subject, secrets, &mut gathered);
        composed
            .await
            .map_err(|refusal| self.unmade(due, *refusal, now))
    }

    fn unmade(&self, due: &Due, refusal: Refusal, now: Timestamp) -> Unprepared {
        let Refusal { reason, notes, .. } = refusal;
        let outcome = match reason.code {
            ReasonCode::ChannelMisconfigured => return self.later(due, &reason.detail, now),
            ReasonCode::Aborted => Outcome::Skipped(reason),
            // The template asks to try again, and in the end to send nothing.
            ReasonCode::ContentUnavailable => {
                let next = self
                    .policy
                    .next(&due.id, due.attempt, Blame::Call, None, now);
                match next {
                    Some(at) => Outcome::Retry { at, reason },
                    None => Outcome::Skipped(reason),
                }
            }
            _ => Outcome::Failed(reason),
        };
        let uncalled = Attempted::uncalled(outcome);
        Unprepared::Settled(Box::new(Attempted { notes, ..uncalled }))
    }

    /// The channel cannot send to anybody: it pauses, and nobody's attempts are used up.
    fn later(&self, due: &Due, detail: &dyn std::fmt::Display, now: Timestamp) -> Unprepared {
        let reason = Reason::new(ReasonCode::ChannelMisconfigured, detail.to_string());
        let first = self.policy.next(&due.id, 1, Blame::Channel, None, now);
        let outcome = Outcome::Retry {
            at: first.unwrap_or(now),
            reason,
        };
        Unprepared::Settled(Box::new(Attempted {
            signal: Signal::Stopped,
            ..Attempted::uncalled(outcome)
        }))
    }

    /// What the call comes to, and the HTTP status if there was an answer.
    pub(super) async fn call(&self, message: Composed) -> (Verdict, Option<u16>) {
        let reader = message.reader;
        match self.http.call(message.call).await {
            Ok(answer) => {
                let verdict = reader.read(&answer, self.clock.now());
                (verdict, Some(answer.status))
            }
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

/// A campaign of `set` with its channel.
pub(super) fn of<'a>(set: &'a Set, campaign: &str) -> Option<(&'a Campaign, &'a Channel)> {
    let campaign = set.campaign(campaign)?;
    Some((campaign, set.channel(&campaign.channel)?))
}
