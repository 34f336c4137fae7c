//! `/healthz`, `/readyz` and `/metrics`.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::config::{Scope, Tokens};
use crate::engine::Engine;
use crate::lifecycle::Tasks;
use crate::model::delivery::Pause;
use crate::model::resource::RevisionInfo;
use crate::telemetry;

/// What operators are told from.
#[derive(Debug, Clone)]
pub struct Ops {
    pub engine: Arc<Engine>,
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
    let text = [
        telemetry::recorder().render(),
        applied(ops.engine.newest().as_ref()),
        paused(&ops.engine.pauses()),
    ]
    .concat();
    (kind, text).into_response()
}

/// What is applied, as it is now: an info series of a recorder would stay for every revision there was.
fn applied(newest: Option<&RevisionInfo>) -> String {
    let (revision, seconds) = newest.map_or((0, 0), |info| {
        (info.revision.0, info.applied_at.as_second())
    });
    let mut lines = gauge(
        "recado_applied_revision",
        "The newest applied revision; 0 before the first.",
    );
    lines.push(format!("recado_applied_revision {revision}"));
    lines.extend(gauge(
        "recado_applied_time_seconds",
        "When the newest revision was applied, in seconds since 1970.",
    ));
    lines.push(format!("recado_applied_time_seconds {seconds}"));
    if let Some(info) = newest {
        lines.extend(gauge(
            "recado_applied_info",
            "1; the labels say which revision is applied, of whose files, and of which git commit.",
        ));
        lines.push(format!(
            "recado_applied_info{{revision=\"{revision}\",owner=\"{}\",commit=\"{}\"}} 1",
            label(&info.record.owner),
            label(&info.origin.commit),
        ));
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

/// Why channels wait, as it is now: one series for each that does.
fn paused(pauses: &[Pause]) -> String {
    let mut lines = gauge(
        "recado_channel_paused_info",
        "1 for each channel that is paused; the labels say why, and name what is to be mended.",
    );
    lines.extend(pauses.iter().map(|pause| {
        format!(
            "recado_channel_paused_info{{channel=\"{}\",reason=\"{}\",why=\"{}\"}} 1",
            label(&pause.channel),
            pause.reason,
            label(&pause.why),
        )
    }));
    lines.into_iter().map(|line| line + "\n").collect()
}

fn gauge(name: &str, help: &str) -> Vec<String> {
    vec![
        format!("# HELP {name} {help}"),
        format!("# TYPE {name} gauge"),
    ]
}

/// A label's value: whoever applies says what the commit is.
fn label(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    escaped.replace('\n', "\\n")
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
