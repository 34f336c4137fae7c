//! Connected content: what a template asks for while it is rendered, and what it was given.
//!
//! A render cannot wait. Where it needs what it was not given, it ends with the request; who renders makes
//! the call and renders again with the answer among [`Contents`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

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
    /// Anything else; why, naming neither values nor the path. The template goes on without.
    Bad { why: String },
}

/// Answers by request.
#[derive(Debug, Default, Clone)]
pub struct Contents(BTreeMap<Request, Arc<Response>>);

// === impl Contents ===

impl Contents {
    pub const fn none() -> Self {
        Self(BTreeMap::new())
    }

    pub fn add(&mut self, request: Request, response: Arc<Response>) {
        self.0.insert(request, response);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn get(&self, request: &Request) -> Option<&Arc<Response>> {
        self.0.get(request)
    }
}
