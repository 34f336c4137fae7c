//! Connected content: what a template asks for while it is rendered, and what it was given.
//!
//! A render cannot wait. Where it needs what it was not given, it ends with the request; who renders makes
//! the call and renders again with the answer among [`Contents`].

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use liquid_core::model::Value as Liquid;
use serde_json::Value as Json;

use super::filters::from_json;

/// Where an answer that is an object holds its status, as in Braze.
const STATUS: &str = "__http_status_code__";

/// A call as a template writes it: what answers are told apart by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Request {
    /// `GET` or `POST`.
    pub method: String,
    pub url: String,
    pub headers: BTreeMap<String, String>,
    pub content_type: Option<String>,
    pub body: Option<String>,
    /// The name of a credential in Settings.
    pub basic_auth: Option<String>,
}

/// A request that a render could not go on without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub request: Request,
    /// How long an answer may be used again; none for answers that may not.
    pub cached_for: Option<Duration>,
    /// The delivery is tried again later when there is no good answer, and aborted in the end.
    pub is_retried: bool,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response {
    /// A status in 200 to 299 with a body of text.
    Good { status: u16, body: String },
    /// Anything else; why, naming neither values nor the path, and the host as Settings have it. The template goes on
    /// without.
    Bad { host: String, why: String },
}

/// What came of the requests of a message, in the order in which they were made: a few.
#[derive(Debug, Default, Clone)]
pub struct Contents(Vec<Arc<Answer>>);

/// A response, which is parsed when it is used first.
#[derive(Debug)]
struct Answer {
    request: Request,
    response: Arc<Response>,
    value: OnceLock<Liquid>,
}

// === impl Response ===

impl Response {
    /// Why the content of a host is not there.
    pub fn absent(host: &str, why: &str) -> String {
        format!("connected content from `{host}`: {why}")
    }
}

// === impl Contents ===

impl Contents {
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    pub fn add(&mut self, request: Request, response: Arc<Response>) {
        self.0.push(Arc::new(Answer {
            request,
            response,
            value: OnceLock::new(),
        }));
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The response to a request, and its position.
    pub(super) fn find(&self, request: &Request) -> Option<(usize, &Response)> {
        let at = self.0.iter().position(|it| it.request == *request)?;
        Some((at, &self.0[at].response))
    }

    /// Whether the answer at a position is yet to be parsed.
    pub(super) fn is_unread(&self, at: usize) -> bool {
        self.0.get(at).is_some_and(|it| it.value.get().is_none())
    }

    /// The body of the answer at a position: an object with the status, a list, or else a text as it is.
    pub(super) fn value(&self, at: usize) -> Option<&Liquid> {
        let answer = self.0.get(at)?;
        let Response::Good { status, body } = &*answer.response else {
            return None;
        };
        Some(answer.value.get_or_init(|| parsed(*status, body)))
    }
}

fn parsed(status: u16, body: &str) -> Liquid {
    match serde_json::from_str::<Json>(body) {
        Ok(Json::Object(mut map)) => {
            map.insert(STATUS.to_owned(), status.into());
            from_json(&Json::Object(map))
        }
        Ok(list @ Json::Array(_)) => from_json(&list),
        _ => Liquid::scalar(body.to_owned()),
    }
}
