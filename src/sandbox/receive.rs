//! The way of one call: read it, let a fault strike, admit it, answer.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri, header};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::Sha256;

use super::check::{self, Content};
use super::fault::{Fault, Moment};
use super::form;
use super::limit;
use super::refusal::{Refusal, answer};
use super::state::{Shared, Verdict};
use super::wire::Wire;

/// How far `appsecret_time` may be from now, in seconds.
const PROOF_SECS_MAX: i64 = 5 * 60;

/// One call to the messages edge, taken apart.
#[derive(Debug)]
pub(super) struct Call {
    /// The page the path names, or `me`.
    pub(super) page: String,
    pub(super) psid: String,
    pub(super) token: Option<String>,
    pub(super) body: Value,
    /// The body as compact JSON, for the log.
    pub(super) text: Box<str>,
    proof: Option<String>,
    proof_time: Option<String>,
}

/// Whether a fault only delayed the call.
enum Paused {
    Yes,
    No,
}

/// Everything outside of `/_sandbox` comes here.
pub(super) async fn receive(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let Some(page) = page_in(uri.path()).filter(|_| method == Method::POST) else {
        let text = format!("Unknown path components: {}", uri.path());
        return Refusal::new(2500, text).response(0);
    };
    let call = Call::read(page, uri.query(), &headers, &body);
    let content = check::content(&call.body);
    // Read under the same lock as the strike: a release right after the call was seen is not missed.
    let (struck, releases) = {
        let mut state = shared.state.lock();
        (state.strike(&call), state.releases)
    };
    shared.moved.notify_waiters();
    match struck {
        None => shared.admit(&call, content).1,
        Some((fault, Moment::BeforeAccept)) => match pause(&shared, &fault, releases).await {
            Paused::Yes => shared.admit(&call, content).1,
            Paused::No => play(&fault, &wire),
        },
        Some((fault, Moment::AfterAccept)) => {
            let (is_accepted, response) = shared.admit(&call, content);
            if !is_accepted {
                return response;
            }
            match pause(&shared, &fault, releases).await {
                Paused::Yes => response,
                Paused::No => play(&fault, &wire),
            }
        }
    }
}

// === impl Call ===

impl Call {
    fn read(page: &str, query: Option<&str>, headers: &HeaderMap, bytes: &[u8]) -> Self {
        let mut body = read_body(headers, bytes);
        let mut token = bearer(headers);
        let mut proof = None;
        let mut proof_time = None;
        // The header wins over the query, the query over the body.
        for (name, value) in form::pairs(query.unwrap_or_default()) {
            match name.as_str() {
                "access_token" => token = token.or(Some(value)),
                "appsecret_proof" => proof = Some(value),
                "appsecret_time" => proof_time = Some(value),
                _ => {
                    body.entry(name).or_insert_with(|| lenient(value));
                }
            }
        }
        let token_in_body = body.remove("access_token").and_then(into_text);
        let proof_in_body = body.remove("appsecret_proof").and_then(into_text);
        let time_in_body = body.remove("appsecret_time").and_then(into_text);
        let body = Value::Object(body);
        Self {
            page: page.to_owned(),
            psid: check::recipient(&body).unwrap_or_default(),
            token: token.or(token_in_body),
            text: body.to_string().into_boxed_str(),
            body,
            proof: proof.or(proof_in_body),
            proof_time: proof_time.or(time_in_body),
        }
    }

    /// Both documented forms: over the token, or over `token|time` with a time close to now.
    pub(super) fn check_proof(&self, secret: &str, now: Timestamp) -> Result<(), Refusal> {
        let Some(proof) = &self.proof else {
            return Err(proof_refusal(
                "API calls from the server require an appsecret_proof argument",
            ));
        };
        let invalid = || proof_refusal("Invalid appsecret_proof provided in the API argument");
        let mut signed = self.token.clone().unwrap_or_default();
        if let Some(time) = &self.proof_time {
            let at: i64 = time.parse().map_err(|_| invalid())?;
            if at.abs_diff(now.as_second()) > PROOF_SECS_MAX.unsigned_abs() {
                return Err(invalid());
            }
            signed = format!("{signed}|{time}");
        }
        let expected = hex::decode(proof).map_err(|_| invalid())?;
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(|_| invalid())?;
        mac.update(signed.as_bytes());
        mac.verify_slice(&expected).map_err(|_| invalid())
    }
}

// === impl Shared ===

impl Shared {
    /// Whether the message is in the log now, and the answer.
    fn admit(&self, call: &Call, content: Result<Content, Refusal>) -> (bool, Response<Body>) {
        let (verdict, trace) = {
            let mut state = self.state.lock();
            let verdict = state.admit(call, content, self.clock.now());
            (verdict, state.stats.calls)
        };
        self.moved.notify_waiters();
        let is_accepted = matches!(verdict.1, Ok(Some(_)));
        (is_accepted, respond(call, verdict, trace))
    }

    async fn release_after(&self, releases: u64) {
        loop {
            let wake = self.released.notified();
            tokio::pin!(wake);
            wake.as_mut().enable();
            if self.state.lock().releases > releases {
                return;
            }
            wake.await;
        }
    }
}

fn respond(call: &Call, (headers, verdict): Verdict, trace: u64) -> Response<Body> {
    let mut response = match verdict {
        Ok(message_id) => {
            let mut body = Map::new();
            // Only a PSID comes back; other names for a person do not reveal it.
            if call.body["recipient"].get("id").is_some() {
                body.insert("recipient_id".to_owned(), json!(call.psid));
            }
            if let Some(id) = message_id {
                body.insert("message_id".to_owned(), json!(id));
            }
            answer(StatusCode::OK, &Value::Object(body))
        }
        Err(refusal) => refusal.response(trace),
    };
    response.headers_mut().extend(headers);
    response
}

/// Waits out the faults that only delay; `releases` is how often hanging calls had been let go before.
async fn pause(shared: &Shared, fault: &Fault, releases: u64) -> Paused {
    match fault {
        Fault::Slow { millis } => {
            let span = std::time::Duration::from_millis(*millis);
            tokio::select! {
                () = shared.clock.sleep(span) => {}
                () = shared.tasks.stopping() => {}
            }
            Paused::Yes
        }
        Fault::Hang => {
            tokio::select! {
                () = shared.release_after(releases) => {}
                () = shared.tasks.stopping() => {}
            }
            Paused::Yes
        }
        _ => Paused::No,
    }
}

/// The answer of a fault that answers.
fn play(fault: &Fault, wire: &Wire) -> Response<Body> {
    let status_of = |status: u16| StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    match fault {
        Fault::Error {
            code,
            subcode,
            is_transient,
            status,
        } => {
            let mut refusal = scripted(*code);
            refusal.subcode = *subcode;
            refusal.is_transient = *is_transient;
            if let Some(status) = status {
                refusal.status = status_of(*status);
            }
            refusal.response(0)
        }
        Fault::ErrorInOk { code } => answer(StatusCode::OK, &scripted(*code).body(0)),
        Fault::Status { status } => {
            let mut response = Response::new(Body::from("Service trouble\n"));
            *response.status_mut() = status_of(*status);
            response
        }
        Fault::NotJson => Response::new(Body::from(
            "<html><body>Sorry, something went wrong.</body></html>",
        )),
        Fault::Throttle {
            code,
            retry_after_secs,
            status,
        } => {
            let mut refusal = limit::throttled(*code);
            refusal.status = status.map_or(StatusCode::TOO_MANY_REQUESTS, status_of);
            refusal.retry_after_secs = Some(*retry_after_secs);
            refusal.response(0)
        }
        Fault::Reset | Fault::Hang | Fault::Slow { .. } => {
            wire.cut();
            Response::new(Body::empty())
        }
    }
}

fn scripted(code: u32) -> Refusal {
    let mut refusal = match code {
        1 => Refusal::new(1, "An unknown error occurred"),
        2 => Refusal::new(2, "Service temporarily unavailable"),
        1200 => Refusal::new(
            1200,
            "(#1200) Temporary send message failure. Please try again later.",
        ),
        code => Refusal::new(code, format!("(#{code}) Scripted error")),
    };
    if matches!(code, 1 | 2) {
        refusal.status = StatusCode::INTERNAL_SERVER_ERROR;
    }
    refusal
}

fn proof_refusal(text: &str) -> Refusal {
    let mut refusal = Refusal::new(100, text);
    refusal.kind = "GraphMethodException";
    refusal
}

/// The page in `/{page}/messages` or `/v26.0/{page}/messages`.
fn page_in(path: &str) -> Option<&str> {
    let rest = path.trim_start_matches('/').strip_suffix("/messages")?;
    let page = match rest.split_once('/') {
        Some((version, page)) if is_version(version) => page,
        Some(_) => return None,
        None => rest,
    };
    (!page.is_empty() && !page.contains('/')).then_some(page)
}

fn is_version(text: &str) -> bool {
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    text.strip_prefix('v')
        .and_then(|numbers| numbers.split_once('.'))
        .is_some_and(|(major, minor)| is_number(major) && is_number(minor))
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    text.strip_prefix("Bearer ")
        .map(|token| token.trim().to_owned())
}

/// A body that cannot be read counts as empty: the platform then misses the first parameter.
fn read_body(headers: &HeaderMap, bytes: &[u8]) -> Map<String, Value> {
    let is_form = headers.get(header::CONTENT_TYPE).is_some_and(|kind| {
        kind.as_bytes()
            .starts_with(b"application/x-www-form-urlencoded")
    });
    if is_form {
        return form::pairs(&String::from_utf8_lossy(bytes))
            .map(|(name, value)| (name, lenient(value)))
            .collect();
    }
    serde_json::from_slice(bytes).unwrap_or_default()
}

/// Objects and lists arrive as JSON text in forms and queries; anything else is text.
fn lenient(text: String) -> Value {
    let is_nested = text.starts_with(['{', '[']);
    match serde_json::from_str(&text) {
        Ok(value) if is_nested => value,
        _ => Value::String(text),
    }
}

fn into_text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
