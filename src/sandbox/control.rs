//! The same controls as [`Handle`], over `/_sandbox`.

use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::stream;
use serde::Deserialize;
use serde_json::json;

use super::fault::Rule;
use super::handle::Handle;
use super::person::Person;
use super::settings::{Page, UtilityTemplate};

/// Messages in one answer unless asked otherwise; the stream has no bound.
const MESSAGES_MAX: usize = 1_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    after: u64,
    psid: Option<String>,
    max: Option<usize>,
}

pub(super) fn router<S: Clone + Send + Sync + 'static>(handle: Handle) -> Router<S> {
    Router::new()
        .route("/", get(stats).delete(clear))
        .route("/stats", get(stats))
        .route("/messages", get(messages))
        .route("/messages.jsonl", get(lines))
        .route("/people", post(add_people))
        .route("/pages", post(add_pages))
        .route("/templates", post(approve))
        .route("/faults", post(add_faults).delete(clear_faults))
        .route("/release", post(release))
        .with_state(handle)
}

async fn stats(State(handle): State<Handle>) -> Response {
    Json(handle.stats()).into_response()
}

async fn clear(State(handle): State<Handle>) -> StatusCode {
    handle.clear();
    StatusCode::NO_CONTENT
}

async fn messages(State(handle): State<Handle>, Query(wanted): Query<Wanted>) -> Response {
    let max = wanted.max.unwrap_or(MESSAGES_MAX);
    let messages = handle.messages_after(wanted.after, wanted.psid.as_deref(), max);
    let next = messages.last().map_or(wanted.after, |last| last.sequence);
    Json(json!({ "messages": messages, "next_after": next })).into_response()
}

/// One JSON line per message in memory, read piece by piece so that a long log is not built up at once.
async fn lines(State(handle): State<Handle>, Query(wanted): Query<Wanted>) -> Response {
    let left = wanted.max.unwrap_or(usize::MAX);
    let pieces = stream::unfold((wanted.after, left), move |(after, left)| {
        let piece = handle.messages_after(after, wanted.psid.as_deref(), MESSAGES_MAX.min(left));
        async move {
            let last = piece.last()?.sequence;
            let mut text = Vec::new();
            for message in &piece {
                if serde_json::to_writer(&mut text, message).is_ok() {
                    text.push(b'\n');
                }
            }
            let text = Ok::<_, std::convert::Infallible>(Bytes::from(text));
            Some((text, (last, left - piece.len())))
        }
    });
    let body = Body::from_stream(pieces);
    ([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response()
}

async fn add_people(State(handle): State<Handle>, Json(people): Json<Vec<Person>>) -> StatusCode {
    handle.add_people(people);
    StatusCode::NO_CONTENT
}

async fn add_pages(State(handle): State<Handle>, Json(pages): Json<Vec<Page>>) -> StatusCode {
    for page in pages {
        handle.add_page(page);
    }
    StatusCode::NO_CONTENT
}

async fn approve(
    State(handle): State<Handle>,
    Json(templates): Json<Vec<UtilityTemplate>>,
) -> StatusCode {
    for template in templates {
        handle.approve(template);
    }
    StatusCode::NO_CONTENT
}

async fn add_faults(State(handle): State<Handle>, Json(rules): Json<Vec<Rule>>) -> StatusCode {
    for rule in rules {
        handle.add_fault(rule);
    }
    StatusCode::NO_CONTENT
}

async fn clear_faults(State(handle): State<Handle>) -> StatusCode {
    handle.clear_faults();
    StatusCode::NO_CONTENT
}

async fn release(State(handle): State<Handle>) -> StatusCode {
    handle.release();
    StatusCode::NO_CONTENT
}
