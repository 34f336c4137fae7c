//! `/healthz`, `/readyz` and `/metrics`.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::config::{Scope, Tokens};
use crate::lifecycle::Tasks;
use crate::telemetry;

/// What operators are told from.
#[derive(Debug, Clone)]
pub struct Ops {
    pub tasks: Tasks,
    /// With tokens, metrics need the scope `read`.
    pub tokens: Option<Arc<Tokens>>,
}

pub fn router(ops: Ops) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(ops)
}

/// The process runs.
async fn healthz() -> &'static str {
    "ok\n"
}

/// It takes calls: not while it stops.
async fn readyz(State(ops): State<Ops>) -> Response {
    if ops.tasks.is_stopping() {
        (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response()
    } else {
        "ready\n".into_response()
    }
}

async fn metrics(State(ops): State<Ops>, headers: HeaderMap) -> Response {
    if let Some(tokens) = &ops.tokens {
        let caller = bearer(&headers).and_then(|token| tokens.find(token));
        let Some(caller) = caller else {
            return (StatusCode::UNAUTHORIZED, "a token is needed\n").into_response();
        };
        if !caller.scopes.contains(&Scope::Read) {
            return (StatusCode::FORBIDDEN, "the scope `read` is needed\n").into_response();
        }
    }
    let kind = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    (kind, telemetry::recorder().render()).into_response()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
