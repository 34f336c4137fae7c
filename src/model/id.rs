//! Ids. Each is its own type, parsed once at the door and trusted after.

use std::fmt;

use sha2::{Digest, Sha256};

use super::limits;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub String);

/// The caller's name for a user.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExternalId(String);

/// The caller's idempotency key for a send.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestId(String);

/// The caller's name for one import, under which it can be resumed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ImportId(String);

/// The caller's idempotency key for an event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EventId(String);

/// One launch of one campaign revision. Shown as `snd_` and 32 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SendId([u8; 16]);

/// One message to one user in a send. Shown as `dlv_` and 32 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryId([u8; 16]);

/// The number of an applied state; 0 is the empty state before the first apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Revision(pub u64);

/// What a plan was made from and what it does; an apply must name the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint(String);

// === impl ExternalId ===

impl ExternalId {
    /// Whether the text is one, without a copy of it.
    ///
    /// # Errors
    /// Why it is not.
    pub fn check(text: &str) -> Result<(), Invalid> {
        check(text, limits::EXTERNAL_ID_BYTES_MAX, "an external id")
    }

    pub fn parse(text: impl Into<String>) -> Result<Self, Invalid> {
        bounded(text.into(), limits::EXTERNAL_ID_BYTES_MAX, "an external id").map(Self)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

// === impl RequestId ===

impl RequestId {
    pub fn parse(text: impl Into<String>) -> Result<Self, Invalid> {
        bounded(text.into(), limits::REQUEST_ID_BYTES_MAX, "a request id").map(Self)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

// === impl ImportId ===

impl ImportId {
    pub fn parse(text: impl Into<String>) -> Result<Self, Invalid> {
        bounded(text.into(), limits::REQUEST_ID_BYTES_MAX, "an import id").map(Self)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

// === impl EventId ===

impl EventId {
    pub fn parse(text: impl Into<String>) -> Result<Self, Invalid> {
        bounded(text.into(), limits::REQUEST_ID_BYTES_MAX, "an event id").map(Self)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// For comparing with the other ids of one user and event name; never 0.
    pub fn digest(&self) -> u64 {
        let bytes = digest(&[b"event", self.0.as_bytes()]);
        let (first, _) = bytes.split_first_chunk().unwrap_or((&[1; 8], &[]));
        u64::from_be_bytes(*first).max(1)
    }
}

// === impl SendId ===

impl SendId {
    /// The same campaign and request id give the same send, so that a repeated request finds the first.
    pub fn derive(campaign: &str, request_id: &RequestId) -> Self {
        Self(digest(&[
            b"send",
            campaign.as_bytes(),
            request_id.0.as_bytes(),
        ]))
    }

    /// For a send without a request id: the one random id there is.
    #[expect(
        clippy::disallowed_methods,
        reason = "a send without a request id has no key to derive from"
    )]
    pub fn random() -> Self {
        Self(*uuid::Uuid::new_v4().as_bytes())
    }

    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    pub fn parse(text: &str) -> Result<Self, Invalid> {
        from_hex(text, "snd_", "a send id").map(Self)
    }
}

// === impl DeliveryId ===

impl DeliveryId {
    /// A repeated fan-out of the same send cannot double: it derives the same ids.
    ///
    /// Sorting by id is sorting by send first: the leading half is the send's.
    pub fn derive(send: SendId, user: &ExternalId) -> Self {
        let mut bytes = digest(&[b"delivery", send.as_bytes(), user.0.as_bytes()]);
        bytes[..6].copy_from_slice(&send.0[..6]);
        Self(bytes)
    }

    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    pub fn parse(text: &str) -> Result<Self, Invalid> {
        from_hex(text, "dlv_", "a delivery id").map(Self)
    }

    /// A number in `0..1` that belongs to this delivery and attempt: jitter that repeats exactly.
    pub fn fraction(&self, attempt: u32) -> f64 {
        let bytes = digest(&[b"jitter", &self.0, &attempt.to_be_bytes()]);
        let n = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        f64::from(n) / (f64::from(u32::MAX) + 1.0)
    }
}

// === impl Fingerprint ===

impl Fingerprint {
    /// Over parts that are each hashed with their length, so that no two lists of parts collide.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(hex::encode(&hash.finalize()[..16]))
    }

    pub fn parse(text: impl Into<String>) -> Result<Self, Invalid> {
        bounded(text.into(), 64, "a fingerprint").map(Self)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for SendId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "snd_{}", hex::encode(self.0))
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "dlv_{}", hex::encode(self.0))
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn bounded(text: String, bytes_max: usize, what: &str) -> Result<String, Invalid> {
    check(&text, bytes_max, what)?;
    Ok(text)
}

fn check(text: &str, bytes_max: usize, what: &str) -> Result<(), Invalid> {
    if text.is_empty() {
        return Err(Invalid(format!("{what} must not be empty")));
    }
    if text.len() > bytes_max {
        return Err(Invalid(format!(
            "{} bytes; {what} may have {bytes_max}",
            text.len()
        )));
    }
    if text.contains(char::is_control) {
        return Err(Invalid(format!("{what} must not hold control characters")));
    }
    Ok(())
}

fn from_hex(text: &str, prefix: &str, what: &str) -> Result<[u8; 16], Invalid> {
    let mut bytes = [0; 16];
    text.strip_prefix(prefix)
        .and_then(|digits| hex::decode_to_slice(digits, &mut bytes).ok())
        .map(|()| bytes)
        .ok_or_else(|| {
            Invalid(format!(
                "not {what}: `{prefix}` and 32 hex digits are expected"
            ))
        })
}

/// Over parts that are each hashed with their length.
pub(super) fn digest(parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    bytes
}
