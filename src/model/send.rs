//! Sends: one launch of one campaign revision.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Value;
use super::delivery::State;
use super::id::{ExternalId, RequestId, Revision, SendId, digest};

/// Whom a send goes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Audience {
    /// These users, each with its own trigger properties.
    Recipients(Vec<Recipient>),
    /// Everybody for whom the campaign's segment and filter are true.
    Everybody,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Recipient {
    pub external_id: ExternalId,
    pub trigger_properties: BTreeMap<String, Value>,
}

/// What a send is made with.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSend {
    pub id: SendId,
    pub request_id: Option<RequestId>,
    pub campaign: String,
    pub channel: String,
    /// The revision whose campaign, channel and segment this send uses to its end.
    pub revision: Revision,
    pub is_everybody: bool,
    pub is_test: bool,
    /// A delivery that may or may not have arrived is sent again instead of being left `unknown`.
    pub resend_unknown: bool,
    /// Whom it goes to and with what, to tell a repeated request from another one under the same id.
    pub content: Content,
    pub created_at: Timestamp,
}

/// A digest of a send's audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content([u8; 16]);

// === impl Content ===

impl Content {
    /// The same for the same people with the same properties, in whatever order they are named.
    pub fn of(audience: &Audience) -> Self {
        let recipients = match audience {
            Audience::Everybody => return Self(digest(&[b"everybody"])),
            Audience::Recipients(recipients) => recipients,
        };
        let mut recipients: Vec<_> = recipients.iter().collect();
        recipients.sort_by(|a, b| a.external_id.cmp(&b.external_id));
        let texts = recipients.into_iter().flat_map(|recipient| {
            let properties = Value::Object(recipient.trigger_properties.clone());
            [
                recipient.external_id.as_str().to_owned(),
                properties.to_json().to_string(),
            ]
        });
        let texts: Vec<String> = texts.collect();
        let parts: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
        Self(digest(&parts))
    }

    /// Stored before digests were: it may be anything.
    pub fn is_unknown(self) -> bool {
        self.0 == [0; 16]
    }

    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Deliveries are still being stored.
    Enqueueing,
    /// All deliveries are stored; some are not final.
    Running,
    /// Every delivery is final.
    Finished,
    /// Cancelled: what was pending will not be sent.
    Cancelled,
}

/// A send as read.
#[derive(Debug, Clone, PartialEq)]
pub struct Send {
    pub new: NewSend,
    pub phase: Phase,
    pub counts: Counts,
    /// The most frequent first.
    pub misses: Vec<Miss>,
    pub finished_at: Option<Timestamp>,
}

/// How many deliveries of a send read a name that was absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss {
    /// A name, or [`Miss::OTHERS`]; never a value.
    pub name: String,
    pub deliveries: u64,
    /// Those where nothing was written instead: no `default` filled it.
    pub gaps: u64,
}

/// Deliveries of a send by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub pending: u64,
    pub sending: u64,
    pub sent: u64,
    pub failed: u64,
    pub skipped: u64,
    pub unknown: u64,
    pub cancelled: u64,
}

// === impl Miss ===

impl Miss {
    /// Stands for the names beyond [`super::limits::SEND_MISSES_MAX`].
    pub const OTHERS: &str = "(others)";
}

// === impl Counts ===

impl Counts {
    pub fn total(&self) -> u64 {
        State::ALL.into_iter().map(|state| self.of(state)).sum()
    }

    /// Deliveries whose state can still change by itself.
    pub fn open(&self) -> u64 {
        self.pending + self.sending
    }

    pub fn of(&self, state: State) -> u64 {
        match state {
            State::Pending => self.pending,
            State::Sending => self.sending,
            State::Sent => self.sent,
            State::Failed => self.failed,
            State::Skipped => self.skipped,
            State::Unknown => self.unknown,
            State::Cancelled => self.cancelled,
        }
    }

    pub fn of_mut(&mut self, state: State) -> &mut u64 {
        match state {
            State::Pending => &mut self.pending,
            State::Sending => &mut self.sending,
            State::Sent => &mut self.sent,
            State::Failed => &mut self.failed,
            State::Skipped => &mut self.skipped,
            State::Unknown => &mut self.unknown,
            State::Cancelled => &mut self.cancelled,
        }
    }
}

// === impl Phase ===

impl Phase {
    pub const ALL: [Self; 4] = [
        Self::Enqueueing,
        Self::Running,
        Self::Finished,
        Self::Cancelled,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enqueueing => "enqueueing",
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Cancelled => "cancelled",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == text)
    }
}
