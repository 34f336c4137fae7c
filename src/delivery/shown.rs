//! A call as people may see it: secrets masked, whatever they were.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::compose::{Composed, MASK, Reader};
use crate::messenger::PROOF;

/// A call as people may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub method: String,
    pub url: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

// === impl Composed ===

impl Composed {
    /// The call with secrets masked, whatever they were.
    pub fn shown(&self) -> Shown {
        let headers = self.call.headers.iter().map(|(name, value)| {
            let text = match value.to_str() {
                _ if value.is_sensitive() => MASK,
                Ok(text) => text,
                Err(_) => "(not text)",
            };
            (name.to_string(), text.to_owned())
        });
        Shown {
            method: self.call.method.to_string(),
            url: self.call.url.to_string(),
            headers: headers.collect(),
            body: self.shown_body(),
        }
    }

    fn shown_body(&self) -> String {
        let text = String::from_utf8_lossy(&self.call.body);
        match serde_json::from_str::<Json>(&text) {
            Ok(Json::Object(mut body))
                if body.contains_key(PROOF) && self.reader == Reader::Messenger =>
            {
                body.insert(PROOF.to_owned(), MASK.into());
                Json::Object(body).to_string()
            }
            _ => text.into_owned(),
        }
    }
}
