//! What running a case came to.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::model::delivery::Reason;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// Of a segment; `None` is unknown, and not in.
    pub member: Option<bool>,
    /// The first gate that is closed.
    pub closed: Option<Reason>,
    /// Why there is no message although the gates are open.
    pub unmade: Option<Reason>,
    /// Connected content that the case has no answer for.
    pub unanswered: Option<String>,
    /// The message, where it is JSON.
    pub message: Option<Json>,
    /// The rendered content block.
    pub text: Option<String>,
    pub body: Option<String>,
    pub url: Option<String>,
    pub headers: BTreeMap<String, String>,
    pub misses: Vec<String>,
    pub warnings: Vec<String>,
}

// === impl Outcome ===

impl Outcome {
    /// What people read of it.
    pub(super) fn read(&self) -> Option<&str> {
        let of_message = || self.message.as_ref()?.get("text")?.as_str();
        self.text.as_deref().or_else(of_message)
    }

    pub(super) fn is_made(&self) -> bool {
        self.message.is_some() || self.body.is_some() || self.text.is_some()
    }

    /// Why nothing was made, in a line.
    pub(super) fn why(&self) -> String {
        if let Some(url) = &self.unanswered {
            return format!("connected content from `{url}` has no answer in `contents:`");
        }
        match self.closed.as_ref().or(self.unmade.as_ref()) {
            Some(reason) => format!("{}: {}", reason.code.as_str(), reason.detail),
            None => "nothing".to_owned(),
        }
    }
}
