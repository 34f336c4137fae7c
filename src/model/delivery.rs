//! Deliveries: one message to one user, its state, and the reason for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::Value;
use super::id::{DeliveryId, ExternalId, Revision, SendId};
use super::limits;

/// Where a delivery stands. All but the first two are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Waiting for its turn, or for its next attempt.
    Pending,
    /// Stored as being sent; the call is under way.
    Sending,
    /// The platform took it and named it.
    Sent,
    /// The platform refused it, or it could not be made.
    Failed,
    /// A gate was closed; nothing was sent.
    Skipped,
    /// The call was made and no answer came: it may have arrived. Never sent again by itself.
    Unknown,
    /// Its send was cancelled before its turn.
    Cancelled,
}

/// Why a delivery is in its state. A closed set: people and dashboards count by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReasonCode {
    // Gates, in the order in which they are tried.
    UserNotFound,
    NotInAudience,
    NoPsid,
    Aborted,
    // The message could not be made.
    RenderFailed,
    InvalidMessage,
    ContentUnavailable,
    // The platform answered.
    WindowClosed,
    UserUnreachable,
    ContentRefused,
    TokenRejected,
    PageRestricted,
    ThreadHeld,
    Throttled,
    TemporaryError,
    EndpointRefused,
    // Nobody answered.
    NoAnswer,
    NotConnected,
    Interrupted,
    // The channel cannot send.
    ChannelMisconfigured,
    SendCancelled,
}

/// A reason with what there is to say about it, fit for people to read; holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    pub code: ReasonCode,
    pub detail: String,
    /// The platform's numeric code and subcode, or an HTTP status for webhooks.
    pub platform_code: Option<PlatformCode>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlatformCode {
    pub code: i64,
    pub subcode: Option<i64>,
}

/// The pause of one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    pub channel: Arc<str>,
    /// When one delivery is tried; in the past while that is under way.
    pub until: Timestamp,
    /// A stable name, such as `channel_misconfigured`.
    pub reason: &'static str,
    /// What is to be mended, by its name: the variable or the file of a secret, never a value.
    pub why: String,
}

/// A delivery to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDelivery {
    pub id: DeliveryId,
    pub external_id: ExternalId,
    pub trigger_properties: BTreeMap<String, Value>,
}

/// A delivery handed to a worker under a lease.
#[derive(Debug, Clone, PartialEq)]
pub struct Due {
    pub id: DeliveryId,
    pub send: SendId,
    pub external_id: ExternalId,
    pub trigger_properties: BTreeMap<String, Value>,
    pub campaign: String,
    pub revision: Revision,
    /// 1 for the first attempt.
    pub attempt: u32,
    pub is_test: bool,
    pub resend_unknown: bool,
}

/// What came of a claimed delivery.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Sent {
        message_id: String,
    },
    /// Certainly not delivered; to be tried again at `at`.
    Retry {
        at: Timestamp,
        reason: Reason,
    },
    Failed(Reason),
    Skipped(Reason),
    /// May have arrived.
    Unknown(Reason),
    /// Given back untouched: the worker stops before it began.
    Released,
}

/// What is written down about a message as it is made, and kept with what came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    /// Names that the message read and that are absent; never a value.
    pub misses: BTreeSet<String>,
    /// The misses for which nothing was written instead.
    pub gaps: BTreeSet<String>,
    /// What `message_extras` said.
    pub extras: BTreeMap<String, String>,
}

/// A delivery as read.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    pub id: DeliveryId,
    pub send: SendId,
    pub campaign: String,
    /// `None` when the user was deleted.
    pub external_id: Option<ExternalId>,
    pub trigger_properties: BTreeMap<String, Value>,
    pub state: State,
    pub reason: Option<Reason>,
    /// Attempts so far: calls, and messages that waited for connected content in vain.
    pub attempts: u32,
    pub message_id: Option<String>,
    /// What `message_extras` said; empty once the user was deleted.
    pub extras: BTreeMap<String, String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// When it is tried next; set while pending.
    pub due_at: Option<Timestamp>,
}

// === impl Notes ===

impl Notes {
    /// Adds what was noted of one more part of the message.
    pub fn add(
        &mut self,
        misses: Vec<String>,
        gaps: Vec<String>,
        extras: BTreeMap<String, String>,
    ) {
        self.misses.extend(misses);
        self.gaps.extend(gaps);
        for (key, value) in extras {
            add_extra(&mut self.extras, key, &value);
        }
    }
}

/// Adds what `message_extras` says. The first of two with one key stays, and what leaves the bound is cut off, as
/// in Braze.
pub fn add_extra(extras: &mut BTreeMap<String, String>, key: String, value: &str) {
    let held = extras.iter();
    let used: usize = held.map(|(key, value)| key.len() + value.len()).sum();
    let left = limits::MESSAGE_EXTRAS_BYTES_MAX.saturating_sub(used);
    if key.is_empty() || key.len() > left || extras.contains_key(&key) {
        return;
    }
    let end = value.floor_char_boundary(left - key.len());
    extras.insert(key, value[..end].to_owned());
}

/// Whether a miss is a name; the others are phrases, which quote what they are about.
pub fn is_name(miss: &str) -> bool {
    !miss.contains('`')
}

// === impl State ===

impl State {
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::Sending,
        Self::Sent,
        Self::Failed,
        Self::Skipped,
        Self::Unknown,
        Self::Cancelled,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Unknown => "unknown",
            Self::Cancelled => "cancelled",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    pub fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::Sending)
    }
}

// === impl ReasonCode ===

impl ReasonCode {
    pub const ALL: [Self; 21] = [
        Self::UserNotFound,
        Self::NotInAudience,
        Self::NoPsid,
        Self::Aborted,
        Self::RenderFailed,
        Self::InvalidMessage,
        Self::ContentUnavailable,
        Self::WindowClosed,
        Self::UserUnreachable,
        Self::ContentRefused,
        Self::TokenRejected,
        Self::PageRestricted,
        Self::ThreadHeld,
        Self::Throttled,
        Self::TemporaryError,
        Self::EndpointRefused,
        Self::NoAnswer,
        Self::NotConnected,
        Self::Interrupted,
        Self::ChannelMisconfigured,
        Self::SendCancelled,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::UserNotFound => "user_not_found",
            Self::NotInAudience => "not_in_audience",
            Self::NoPsid => "no_psid",
            Self::Aborted => "aborted",
            Self::RenderFailed => "render_failed",
            Self::InvalidMessage => "invalid_message",
            Self::ContentUnavailable => "content_unavailable",
            Self::WindowClosed => "window_closed",
            Self::UserUnreachable => "user_unreachable",
            Self::ContentRefused => "content_refused",
            Self::TokenRejected => "token_rejected",
            Self::PageRestricted => "page_restricted",
            Self::ThreadHeld => "thread_held",
            Self::Throttled => "throttled",
            Self::TemporaryError => "temporary_error",
            Self::EndpointRefused => "endpoint_refused",
            Self::NoAnswer => "no_answer",
            Self::NotConnected => "not_connected",
            Self::Interrupted => "interrupted",
            Self::ChannelMisconfigured => "channel_misconfigured",
            Self::SendCancelled => "send_cancelled",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == text)
    }
}

// === impl Reason ===

impl Reason {
    pub fn new(code: ReasonCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            platform_code: None,
        }
    }
}
