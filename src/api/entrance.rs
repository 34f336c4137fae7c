//! What every call passes on its way in: a request id, the token, a span, and a net for panics.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt;
use tonic::Status;
use tracing::Instrument;

use super::auth;
use super::status::{self, Refused};
use super::version;
use crate::clock::Clock;
use crate::config::Tokens;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest request id that is taken over from a caller, in bytes.
const REQUEST_ID_BYTES_MAX: usize = 128;

#[derive(Debug)]
pub(super) struct Entrance {
    pub(super) tokens: Option<Arc<Tokens>>,
    pub(super) clock: Arc<dyn Clock>,
    /// Numbers calls that bring no id; begins at the start of the server, so that restarts differ.
    pub(super) next_id: AtomicU64,
}

pub(super) async fn pass(
    State(entrance): State<Arc<Entrance>>,
    request: Request,
    next: Next,
) -> Response {
    let id = entrance.request_id(request.headers());
    let method = auth::known_method(request.uri().path()).unwrap_or("other");
    let span = tracing::info_span!("call", method, request_id = id.to_str().unwrap_or_default());
    let began_at = entrance.clock.now();
    let mut response = entrance.answer(request, next).instrument(span).await;
    let took = entrance.clock.now().duration_since(began_at);
    // Absent where a call went well so far: its status comes behind the body.
    let status = response.headers().get("grpc-status");
    let code = status
        .and_then(|code| code.to_str().ok())
        .unwrap_or("0")
        .to_owned();
    metrics::counter!("recado_calls_total", "method" => method, "code" => code).increment(1);
    metrics::histogram!("recado_call_seconds", "method" => method).record(took.as_secs_f64());
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    headers.insert(version::HEADER, HeaderValue::from_static(version::OURS));
    response
}

// === impl Entrance ===

impl Entrance {
    async fn answer(&self, request: Request, next: Next) -> Response {
        if let Some(tokens) = &self.tokens {
            let checked = auth::check(tokens, request.uri().path(), request.headers());
            if let Err(refused) = checked {
                return Status::from(refused).into_http();
            }
        }
        if let Err(refused) = version::check(request.uri().path(), request.headers()) {
            return Status::from(refused).into_http();
        }
        if let Ok(response) = AssertUnwindSafe(next.run(request)).catch_unwind().await {
            let status = Status::from_header_map(response.headers());
            return match status.as_ref().and_then(status::of_undecodable) {
                Some(status) => status.into_http(),
                None => response,
            };
        }
        tracing::error!("a call panicked");
        Status::from(Refused::Panicked).into_http()
    }

    /// The caller's, if it is fit to print; else one of ours.
    fn request_id(&self, headers: &HeaderMap) -> HeaderValue {
        let is_fit = |id: &&HeaderValue| {
            let bytes = id.as_bytes();
            (1..=REQUEST_ID_BYTES_MAX).contains(&bytes.len())
                && bytes.iter().all(u8::is_ascii_graphic)
        };
        if let Some(id) = headers.get(REQUEST_ID).filter(is_fit) {
            return id.clone();
        }
        let n = self.next_id.fetch_add(1, Ordering::Relaxed);
        HeaderValue::from_str(&format!("{n:x}")).unwrap_or(HeaderValue::from_static("0"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    #[test]
    fn request_ids_are_the_callers_where_they_are_fit() {
        let entrance = Entrance {
            tokens: None,
            clock: SystemClock::shared(),
            next_id: AtomicU64::new(26),
        };
        let cases = [
            (Some("abc-1".to_owned()), "abc-1"),
            (None, "1a"),
            (Some("two words".into()), "1b"),
            (Some("x".repeat(129)), "1c"),
        ];
        for (given, expected) in cases {
            let mut headers = HeaderMap::new();
            if let Some(given) = given {
                headers.insert(REQUEST_ID, given.parse().unwrap());
            }
            assert_eq!(entrance.request_id(&headers), expected);
        }
    }
}
