//! The call limit of a page: calls in a span, the headers that show its use, and the error over it.

use axum::http::{HeaderMap, HeaderValue, StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::refusal::Refusal;

/// So many calls in so many seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    pub calls: u64,
    #[serde(default = "one_second")]
    pub per_secs: u32,
    /// The error over the limit: 4, 17, 32, 613, 80001 or 80006; 429 means HTTP 429 with code 613.
    #[serde(default = "custom_limit")]
    pub code: u32,
    /// Minutes named in the headers once throttled; each further call adds one.
    #[serde(default)]
    pub regain_mins: u64,
    #[serde(default)]
    pub retry_after_secs: Option<u64>,
}

/// How much of a limit is used in the span that began at `began_at`.
#[derive(Debug, Default)]
pub(super) struct Usage {
    began_at: Option<Timestamp>,
    calls: u64,
}

fn one_second() -> u32 {
    1
}

fn custom_limit() -> u32 {
    613
}

// === impl Limit ===

impl Limit {
    /// `calls` a second, refused with 613.
    pub fn per_second(calls: u64) -> Self {
        Self {
            calls,
            per_secs: one_second(),
            code: custom_limit(),
            regain_mins: 0,
            retry_after_secs: None,
        }
    }

    fn refusal(&self) -> Refusal {
        let mut refusal = match self.code {
            429 => throttled(613),
            code => throttled(code),
        };
        if self.code == 429 {
            refusal.status = StatusCode::TOO_MANY_REQUESTS;
        }
        refusal.retry_after_secs = self.retry_after_secs;
        refusal
    }
}

// === impl Usage ===

impl Usage {
    /// Counts one call; the headers belong on whatever answer it gets.
    pub(super) fn take(
        &mut self,
        limit: &Limit,
        page: &str,
        now: Timestamp,
    ) -> (HeaderMap, Result<(), Refusal>) {
        let span_ends = self.began_at.map(|at| {
            crate::clock::after(at, std::time::Duration::from_secs(limit.per_secs.into()))
        });
        if span_ends.is_none_or(|end| now >= end) {
            self.began_at = Some(now);
            self.calls = 0;
        }
        self.calls += 1;
        let over = self.calls.saturating_sub(limit.calls);
        let percent = (self.calls * 100).checked_div(limit.calls).unwrap_or(100);
        let regain = if over == 0 {
            0
        } else {
            limit.regain_mins + over - 1
        };
        let headers = headers(page, percent, regain);
        let verdict = if over == 0 {
            Ok(())
        } else {
            Err(limit.refusal())
        };
        (headers, verdict)
    }
}

/// A throttling error as the platform words it.
pub(super) fn throttled(code: u32) -> Refusal {
    let text = match code {
        4 => "Application request limit reached",
        17 => "User request limit reached",
        32 => "Page request limit reached",
        80_001 | 80_006 => {
            "There have been too many calls to this Page account. Wait a bit and try again."
        }
        _ => "Calls to this api have exceeded the rate limit.",
    };
    Refusal::new(code, format!("(#{code}) {text}"))
}

fn headers(page: &str, percent: u64, regain_mins: u64) -> HeaderMap {
    let app = serde_json::json!({ "call_count": percent, "total_time": 0, "total_cputime": 0 });
    let page = serde_json::json!({ page: [{
        "type": "messenger", "call_count": percent, "total_cputime": 0, "total_time": 0,
        "estimated_time_to_regain_access": regain_mins,
    }] });
    let mut headers = HeaderMap::new();
    for (name, value) in [("x-app-usage", app), ("x-business-use-case-usage", page)] {
        if let Ok(value) = HeaderValue::from_str(&value.to_string()) {
            headers.insert(name, value);
        }
    }
    headers
}
