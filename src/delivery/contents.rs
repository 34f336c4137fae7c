//! Connected content: fetched for templates, and kept as long as they allow.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use parking_lot::Mutex;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use secrecy::ExposeSecret;

use crate::campaign::{Campaign, Channel, ConnectedContent};
use crate::clock;
use crate::config::secret::{self, Secrets};
use crate::model::delivery::{Reason, ReasonCode};
use crate::model::limits;
use crate::template::{Contents, Request, Response, Wanted};

use super::attempt::Attempts;
use super::compose::{self, Composed, Means, Refusal, Subject, Unmade};
use super::http::{Answer, Call, Http, Silence};

/// What the connection itself sets: who could write one would choose another host, or where a body ends.
const OWN_HEADERS: [&str; 6] = [
    "connection",
    "content-length",
    "host",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Answers that were given lately.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    answers: BTreeMap<Request, (Timestamp, Arc<Response>)>,
    bytes: usize,
}

/// What calls for content are made with.
struct Fetcher<'a> {
    http: &'a Http,
    cache: &'a Cache,
    settings: &'a ConnectedContent,
    secrets: &'a dyn Secrets,
    now: Timestamp,
    /// A preview: nobody is asked to do anything.
    is_shown_only: bool,
}

/// A call that came to nothing good.
struct Bad {
    why: String,
    /// In fewer words, where `why` may hold the host's name.
    in_short: Option<&'static str>,
    /// It may be better later.
    is_temporary: bool,
}

// === impl Attempts ===

impl Attempts {
    /// Makes the message of `campaign`, with what its templates ask for on the way added to `contents`.
    pub(super) async fn compose(
        &self,
        (campaign, channel, settings): (&Campaign, &Channel, &ConnectedContent),
        subject: &Subject<'_>,
        secrets: &dyn Secrets,
        contents: &mut Contents,
    ) -> Result<Composed, Box<Refusal>> {
        let fetcher = Fetcher {
            http: &self.http,
            cache: &self.contents,
            settings,
            secrets: self.secrets(),
            now: subject.now,
            is_shown_only: subject.is_shown_only,
        };
        let means = Means {
            secrets,
            graph_url: self.graph_url.as_deref(),
        };
        loop {
            let wanted = match compose::compose(campaign, channel, subject, contents, means) {
                Ok(composed) => return Ok(composed),
                Err(Unmade::For(refusal)) => return Err(refusal),
                Err(Unmade::Wants(wanted)) => wanted,
            };
            check_calls(contents)?;
            let response = fetcher.fetch(&wanted).await?;
            contents.add(wanted.request, response);
        }
    }

    /// Credentials of `set` whose passwords this server does not have.
    pub fn missing_passwords(&self, set: &crate::campaign::Set) -> Vec<(String, secret::Error)> {
        let credentials = set.connected_content.credentials.iter();
        let missing = credentials.filter_map(|(name, credential)| {
            let error = self.secrets.get(&credential.password).err()?;
            Some((name.clone(), error))
        });
        missing.collect()
    }
}

// === impl Fetcher ===

impl Fetcher<'_> {
    /// # Errors
    /// The call may not be made, or there is no good answer and the template asks to try again.
    async fn fetch(&self, wanted: &Wanted) -> Result<Arc<Response>, Reason> {
        if let Some(response) = self.cache.get(&wanted.request, self.now) {
            return Ok(response);
        }
        let call = self.call(&wanted.request)?;
        let is_get = call.method == Method::GET;
        let host = call.url.host_str().unwrap_or_default().to_owned();
        // Templates look at it too; a draft's, by settings that may not be those in force.
        let Some(allowed) = self.settings.access.allowing(&host) else {
            let detail =
                format!("connected content from `{host}` is not allowed by applied Settings");
            return Err(Reason::new(ReasonCode::RenderFailed, detail));
        };
        let about = |why: &str| format!("connected content from `{host}`: {why}");
        if self.is_shown_only && !is_get {
            let why = about("it is a POST, which a preview does not make");
            return Ok(Arc::new(Response::Bad { why }));
        }
        let answer = self.http.fetch(call, limits::CONTENT_BYTES_MAX).await;
        let settled = settled(wanted, (&host, allowed), answer);
        let is_failure = match &settled {
            Ok(response) => matches!(**response, Response::Bad { .. }),
            Err(reason) => reason.code == ReasonCode::ContentUnavailable,
        };
        if is_failure {
            metrics::counter!("recado_connected_content_failures_total").increment(1);
        } else if let (Ok(response), Some(age)) = (&settled, wanted.cached_for) {
            let until = clock::after(self.now, age);
            self.cache.keep(&wanted.request, response, until, self.now);
        }
        settled
    }

    fn call(&self, request: &Request) -> Result<Call, Reason> {
        let failed = |detail: String| Reason::new(ReasonCode::RenderFailed, detail);
        let url: Url = request
            .url
            .parse()
            .map_err(|e| failed(format!("the URL of connected content: {e}")))?;
        let is_post = request.method == "POST";
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        let default = if is_post {
            "application/x-www-form-urlencoded"
        } else {
            "application/json"
        };
        let content_type = request.content_type.as_deref().unwrap_or(default);
        let given = request
            .headers
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()));
        for (name, value) in std::iter::once((CONTENT_TYPE.as_str(), content_type)).chain(given) {
            // A template's headers may hold what a user's name put there.
            if OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
                return Err(failed(format!(
                    "connected content may not set the header `{name}`"
                )));
            }
            let name = HeaderName::from_bytes(name.as_bytes());
            let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) else {
                return Err(failed("a header of connected content is none".to_owned()));
            };
            headers.insert(name, value);
        }
        if let Some(name) = &request.basic_auth {
            headers.insert(AUTHORIZATION, self.basic_auth(name)?);
        }
        Ok(Call {
            method: if is_post { Method::POST } else { Method::GET },
            url,
            headers,
            body: request.body.clone().map_or_else(Bytes::new, Bytes::from),
            timeout: Some(limits::CONTENT_TIMEOUT),
            is_private_allowed: self.settings.allow_private_network,
        })
    }

    fn basic_auth(&self, name: &str) -> Result<HeaderValue, Reason> {
        let misconfigured = |detail: String| Reason::new(ReasonCode::ChannelMisconfigured, detail);
        let credential = self.settings.credentials.get(name);
        let credential = credential
            .ok_or_else(|| misconfigured(format!("Settings know no credential `{name}`")))?;
        let password = self.secrets.get(&credential.password);
        let password = password.map_err(|error| misconfigured(error.to_string()))?;
        let both = format!("{}:{}", credential.username, password.expose_secret());
        let text = format!("Basic {}", STANDARD.encode(both));
        let mut value = HeaderValue::from_str(&text)
            .map_err(|_| misconfigured(format!("the credential `{name}` is not text")))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

// === impl Cache ===

impl Cache {
    fn get(&self, request: &Request, now: Timestamp) -> Option<Arc<Response>> {
        let held = self.0.lock();
        let (until, response) = held.answers.get(request)?;
        (now < *until).then(|| Arc::clone(response))
    }

    fn keep(&self, request: &Request, response: &Arc<Response>, until: Timestamp, now: Timestamp) {
        let mut held = self.0.lock();
        let size = size(request, response);
        if held.bytes + size > limits::CONTENT_CACHE_BYTES_MAX
            || held.answers.len() >= limits::CONTENT_CACHE_ENTRIES_MAX
        {
            held.make_room(size, now);
        }
        let entry = (until, Arc::clone(response));
        held.bytes += size;
        if let Some((_, old)) = held.answers.insert(request.clone(), entry) {
            held.bytes -= self::size(request, &old);
        }
    }
}

// === impl Held ===

impl Held {
    /// Drops what is over; when that is not enough, everything: each is one call away.
    fn make_room(&mut self, bytes: usize, now: Timestamp) {
        self.answers.retain(|_, (until, _)| now < *until);
        let sizes = self.answers.iter();
        self.bytes = sizes.map(|(key, (_, response))| size(key, response)).sum();
        if self.bytes + bytes > limits::CONTENT_CACHE_BYTES_MAX
            || self.answers.len() >= limits::CONTENT_CACHE_ENTRIES_MAX
        {
            *self = Self::default();
        }
    }
}

fn size(request: &Request, response: &Response) -> usize {
    let body = match response {
        Response::Good { body, .. } => body.len(),
        Response::Bad { why } => why.len(),
    };
    request.url.len() + request.body.as_ref().map_or(0, String::len) + body
}

/// Refuses one more call for a message that has needed too many.
pub(super) fn check_calls(contents: &Contents) -> Result<(), Reason> {
    let max = limits::CONTENT_CALLS_MAX;
    if contents.len() < max {
        return Ok(());
    }
    let detail = format!("the message asks for connected content more than {max} times");
    Err(Reason::new(ReasonCode::RenderFailed, detail))
}

/// What an answer, or the lack of one, is to the template; `allowed` is what of the hosts in Settings allows it.
///
/// # Errors
/// The call may not be made, or there is no good answer and the template asks to try again.
pub(super) fn settled(
    wanted: &Wanted,
    (host, allowed): (&str, &str),
    answer: Result<Answer, Silence>,
) -> Result<Arc<Response>, Reason> {
    let about = |why: &str| format!("connected content from `{host}`: {why}");
    let bad = match answer {
        // Policy, not weather: the same call will never be made.
        Err(Silence::Refused(refused)) => {
            let detail = about(&refused.to_string());
            return Err(Reason::new(ReasonCode::RenderFailed, detail));
        }
        Err(silence) => Bad {
            why: silence.to_string(),
            in_short: Some(match silence {
                Silence::NotConnected(_) => "no connection",
                _ => "no answer",
            }),
            is_temporary: true,
        },
        Ok(answer) => match good(&answer) {
            Ok(response) => return Ok(Arc::new(response)),
            Err(bad) => bad,
        },
    };
    if wanted.is_retried && bad.is_temporary {
        return Err(Reason::new(ReasonCode::ContentUnavailable, about(&bad.why)));
    }
    // A miss outlives the person whose data may have named the host.
    let why = bad.in_short.unwrap_or(&bad.why);
    let why = format!("connected content from `{allowed}`: {why}");
    Ok(Arc::new(Response::Bad { why }))
}

fn good(answer: &Answer) -> Result<Response, Bad> {
    let bad = |why: String, is_temporary: bool| {
        Err(Bad {
            why,
            in_short: None,
            is_temporary,
        })
    };
    match answer.status {
        200..=299 => {}
        300..=399 => {
            return bad(
                format!("status {}, redirects are not followed", answer.status),
                false,
            );
        }
        status @ (408 | 429 | 500..) => return bad(format!("status {status}"), true),
        status => return bad(format!("status {status}"), false),
    }
    if !answer.is_whole {
        let max = limits::CONTENT_BYTES_MAX;
        return bad(
            format!("the answer broke off, or is longer than {max} bytes"),
            false,
        );
    }
    match String::from_utf8(answer.body.to_vec()) {
        Ok(body) => Ok(Response::Good {
            status: answer.status,
            body,
        }),
        Err(_) => bad("the answer is not UTF-8".to_owned(), false),
    }
}
