//! The body of a call.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value as Json};
use sha2::Sha256;

use super::shapes::ENVELOPE;

/// Puts a rendered message into the Send API's envelope.
///
/// `messaging_type`, `tag` and the like stand beside the message's own keys in a campaign and beside the
/// message in the body. `metadata` comes back in the platform's echo and settles what became of a call
/// that nobody answered.
pub fn request(message: &Json, psid: &str, metadata: &str) -> Json {
    let mut body = Map::new();
    let mut inner = Map::new();
    for (key, value) in message.as_object().into_iter().flatten() {
        let side = if ENVELOPE.iter().any(|field| field.name == key) {
            &mut body
        } else {
            &mut inner
        };
        side.insert(key.clone(), value.clone());
    }
    inner.insert("metadata".into(), metadata.into());
    body.entry("messaging_type")
        .or_insert_with(|| "UPDATE".into());
    body.insert("recipient".into(), serde_json::json!({ "id": psid }));
    body.insert("message".into(), Json::Object(inner));
    Json::Object(body)
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
