//! Errors as the platform words them.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

/// One `error` object and the status it comes with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) code: u32,
    pub(super) subcode: Option<u32>,
    pub(super) message: String,
    pub(super) kind: &'static str,
    pub(super) is_transient: Option<bool>,
    pub(super) retry_after_secs: Option<u64>,
}

// === impl Refusal ===

impl Refusal {
    pub(super) fn new(code: u32, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code,
            subcode: None,
            message: message.into(),
            kind: "OAuthException",
            is_transient: None,
            retry_after_secs: None,
        }
    }

    pub(super) fn sub(code: u32, subcode: u32, message: impl Into<String>) -> Self {
        Self {
            subcode: Some(subcode),
            ..Self::new(code, message)
        }
    }

    /// A wrong parameter: code 100 without a subcode, the text behind `(#100)`.
    pub(super) fn param(text: &str) -> Self {
        Self::new(100, format!("(#100) {text}"))
    }

    pub(super) fn required(path: &str) -> Self {
        Self::param(&format!("The parameter {path} is required"))
    }

    pub(super) fn too_many(path: &str) -> Self {
        Self::new(105, format!("(#105) param {path} has too many elements."))
    }

    pub(super) fn too_few(path: &str) -> Self {
        Self::new(194, format!("(#194) param {path} has too few elements."))
    }

    pub(super) fn too_long(path: &str, max: usize) -> Self {
        Self::param(&format!(
            "Length of param {path} must be less than or equal to {max}"
        ))
    }

    pub(super) fn body(&self, trace: u64) -> Value {
        let mut error = json!({
            "message": self.message,
            "type": self.kind,
            "code": self.code,
            "fbtrace_id": format!("A{trace:022x}"),
        });
        if let Some(subcode) = self.subcode {
            error["error_subcode"] = subcode.into();
        }
        if let Some(is_transient) = self.is_transient {
            error["is_transient"] = is_transient.into();
        }
        json!({ "error": error })
    }

    pub(super) fn response(&self, trace: u64) -> Response<Body> {
        let mut response = answer(self.status, &self.body(trace));
        if let Some(secs) = self.retry_after_secs {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        response
    }
}

/// A JSON answer as the platform labels it.
pub(super) fn answer(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=UTF-8"),
    );
    response
}
