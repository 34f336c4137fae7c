//! One call for connected content: whether it may be made, with what, and what came of it.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use secrecy::ExposeSecret;

use super::cache::{Cache, Key};
use super::settled;
use crate::campaign::{ConnectedContent, masked_url};
use crate::clock;
use crate::config::secret::Secrets;
use crate::delivery::http::{Call, Http};
use crate::model::delivery::{Reason, ReasonCode};
use crate::model::limits;
use crate::template::{Request, Response, Wanted};

/// What the connection itself sets: who could write one would choose another host, or where a body ends.
const OWN_HEADERS: [&str; 6] = [
    "connection",
    "content-length",
    "host",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Whose Settings say what may be called.
#[derive(Debug, Clone, Copy)]
pub(in crate::delivery) struct Rules<'a> {
    pub(in crate::delivery) settings: &'a ConnectedContent,
    /// The message is a draft's, and these are not its own.
    pub(in crate::delivery) is_draft: bool,
}

/// What calls for content are made with.
pub(super) struct Fetcher<'a> {
    pub(super) http: &'a Http,
    pub(super) cache: &'a Cache,
    pub(super) rules: Rules<'a>,
    pub(super) secrets: &'a dyn Secrets,
    pub(super) now: Timestamp,
    /// A preview: nobody is asked to do anything.
    pub(super) is_shown_only: bool,
}

/// A call for connected content, for people to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub method: String,
    /// Secrets are masked.
    pub url: String,
    pub how: How,
    pub end: End,
    /// `status 200`, or why there is no good answer.
    pub result: String,
    /// Why there is none, without the host; empty where there is one.
    pub problem: String,
}

/// What came of a call for the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Answered,
    /// The message goes on without, and notes the result as a miss.
    Missed,
    /// There is no message, and the result is why.
    Refused,
}

/// Where an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    Called,
    /// From an earlier call.
    Kept,
    /// It may not be made, or not for a preview.
    NotCalled,
}

type Settled = Result<Arc<Response>, Reason>;

// === impl Asked ===

impl Asked {
    pub(super) fn of(request: &Request, how: How, answer: &Settled) -> Self {
        let (end, result, problem) = match answer.as_deref() {
            Ok(Response::Good { status, .. }) => {
                (End::Answered, format!("status {status}"), String::new())
            }
            Ok(Response::Bad { host, why }) => {
                (End::Missed, Response::absent(host, why), why.clone())
            }
            Err(reason) => (End::Refused, reason.detail.clone(), reason.detail.clone()),
        };
        Self {
            method: request.method.clone(),
            url: masked_url(&request.url),
            how,
            end,
            result,
            problem,
        }
    }
}

// === impl Fetcher ===

impl Fetcher<'_> {
    /// # Errors
    /// The call may not be made, or there is no good answer and the template asks to try again.
    pub(super) async fn fetch(&self, wanted: &Wanted) -> (How, Settled) {
        let (call, allowed) = match self.call(&wanted.request) {
            Ok(both) => both,
            Err(reason) => return (How::NotCalled, Err(reason)),
        };
        let key = self.key(&wanted.request);
        if let Some(response) = self.cache.get(&key, self.now) {
            return (How::Kept, Ok(response));
        }
        if self.is_shown_only && call.method != Method::GET {
            let bad = Response::Bad {
                host: allowed.to_owned(),
                why: "it is a POST, which a preview does not make".to_owned(),
            };
            return (How::NotCalled, Ok(Arc::new(bad)));
        }
        let answer = self.http.fetch(call, limits::CONTENT_BYTES_MAX).await;
        let settled = settled(wanted, allowed, answer);
        let is_failure = match &settled {
            Ok(response) => matches!(**response, Response::Bad { .. }),
            Err(reason) => reason.code == ReasonCode::ContentUnavailable,
        };
        if is_failure {
            metrics::counter!("recado_connected_content_failures_total").increment(1);
        } else if let (Ok(response), Some(age)) = (&settled, wanted.cached_for) {
            let until = clock::after(self.now, age);
            self.cache.keep(key, response, until, self.now);
        }
        (How::Called, settled)
    }

    fn key(&self, request: &Request) -> Key {
        let name = request.basic_auth.as_ref();
        let credential = name.and_then(|name| self.rules.settings.credentials.get(name));
        Key {
            request: request.clone(),
            credential: credential.map(|of| (of.username.clone(), of.password.clone())),
            is_private_allowed: self.rules.settings.allow_private_network,
        }
    }

    /// The call, and what of the hosts in Settings allows it.
    fn call(&self, request: &Request) -> Result<(Call, &str), Reason> {
        let url: Url = request
            .url
            .parse()
            .map_err(|e| failed(format!("the URL of connected content: {e}")))?;
        // Templates look at it too; a draft's, by settings that may not be those in force, and by the URL as a text.
        let Rules { settings, is_draft } = self.rules;
        let allowed = settings
            .access
            .check(url.as_str(), request.basic_auth.as_deref());
        let allowed = allowed.map_err(|denied| {
            failed(if is_draft {
                denied.by_applied()
            } else {
                denied.to_string()
            })
        })?;
        let is_post = request.method == "POST";
        let mut headers = headers(request, is_post)?;
        if let Some(name) = &request.basic_auth {
            headers.insert(AUTHORIZATION, self.basic_auth(name)?);
        }
        let call = Call {
            method: if is_post { Method::POST } else { Method::GET },
            url,
            headers,
            body: request.body.clone().map_or_else(Bytes::new, Bytes::from),
            timeout: Some(limits::CONTENT_TIMEOUT),
            is_private_allowed: settings.allow_private_network,
        };
        Ok((call, allowed))
    }

    /// One that cannot be made keeps this message back, and not those of its channel that need none.
    fn basic_auth(&self, name: &str) -> Result<HeaderValue, Reason> {
        let unavailable = |detail: &dyn std::fmt::Display| {
            let detail = format!("the credential `{name}` of connected content: {detail}");
            Reason::new(ReasonCode::ContentUnavailable, detail)
        };
        let credential = self.rules.settings.credentials.get(name);
        let credential = credential.ok_or_else(|| unavailable(&"Settings do not know it"))?;
        let password = self.secrets.get(&credential.password);
        let password = password.map_err(|error| unavailable(&error))?;
        let both = format!("{}:{}", credential.username, password.expose_secret());
        let text = format!("Basic {}", STANDARD.encode(both));
        let mut value = HeaderValue::from_str(&text).map_err(|_| unavailable(&"it is not text"))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

fn headers(request: &Request, is_post: bool) -> Result<HeaderMap, Reason> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    let default = if is_post {
        "application/x-www-form-urlencoded"
    } else {
        "application/json"
    };
    let content_type = request.content_type.as_deref().unwrap_or(default);
    let given = request.headers.iter();
    let given = given.map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in std::iter::once((CONTENT_TYPE.as_str(), content_type)).chain(given) {
        // A template's headers may hold what a user's name put there.
        let lower = name.to_ascii_lowercase();
        if OWN_HEADERS.contains(&lower.as_str()) {
            let detail = format!("connected content may not set the header `{lower}`");
            return Err(failed(detail));
        }
        let name = HeaderName::from_bytes(name.as_bytes());
        let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) else {
            return Err(failed("a header of connected content is none".to_owned()));
        };
        headers.insert(name, value);
    }
    Ok(headers)
}

fn failed(detail: String) -> Reason {
    Reason::new(ReasonCode::RenderFailed, detail)
}
