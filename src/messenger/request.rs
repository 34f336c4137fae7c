//! The body of a call.

use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::{Map, Value as Json};
use sha2::Sha256;

use super::shapes::ENVELOPE;

/// A rendered message in the Send API's envelope; what it is made of is only borrowed.
///
/// `messaging_type`, `tag` and the like stand beside the message's own keys in a campaign and beside the
/// message in the body.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub message: &'a Json,
    pub psid: &'a str,
    /// Comes back in the platform's echo and settles what became of a call that nobody answered.
    pub metadata: &'a str,
    /// See [`appsecret_proof`].
    pub proof: Option<&'a str>,
}

/// The message within, without what stands beside it.
struct Inner<'a> {
    fields: &'a Map<String, Json>,
    metadata: &'a str,
}

#[derive(Serialize)]
struct Recipient<'a> {
    id: &'a str,
}

// === impl Request ===

impl Request<'_> {
    pub fn to_bytes(&self) -> Vec<u8> {
        // Only a map with keys that are no strings, or a writer that fails, could fail.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl Serialize for Request<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let nothing = Map::new();
        let fields = self.message.as_object().unwrap_or(&nothing);
        let mut body = serializer.serialize_map(None)?;
        if let Some(proof) = self.proof {
            body.serialize_entry(PROOF, proof)?;
        }
        let metadata = self.metadata;
        body.serialize_entry("message", &Inner { fields, metadata })?;
        if !fields.contains_key("messaging_type") {
            body.serialize_entry("messaging_type", "UPDATE")?;
        }
        for (key, value) in fields.iter().filter(|(key, _)| is_beside(key)) {
            body.serialize_entry(key, value)?;
        }
        body.serialize_entry("recipient", &Recipient { id: self.psid })?;
        body.end()
    }
}

impl Serialize for Inner<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut inner = serializer.serialize_map(None)?;
        for (key, value) in self.fields {
            if is_beside(key) || key == METADATA {
                continue;
            }
            inner.serialize_entry(key, value)?;
        }
        inner.serialize_entry(METADATA, self.metadata)?;
        inner.end()
    }
}

const METADATA: &str = "metadata";

/// The field of the body that proves who holds the app's secret.
pub const PROOF: &str = "appsecret_proof";

fn is_beside(key: &str) -> bool {
    ENVELOPE.iter().any(|field| field.name == key)
}
/// Proves to the platform that the caller holds the app's secret: hex HMAC-SHA256 of the token.
pub fn appsecret_proof(app_secret: &str, token: &str) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(app_secret.as_bytes()) else {
        return String::new();
    };
    mac.update(token.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}
