//! The only maker of `tonic::Status`: what each refusal is on the wire.

use std::collections::HashMap;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

use super::pb::ErrorReason;
use crate::config::Scope;
use crate::diagnostic::Diagnostic;
use crate::engine;

const DOMAIN: &str = "recado";
/// Most field violations and characters of each: details travel in a header of bounded size.
const VIOLATIONS_MAX: usize = 20;
const VIOLATION_CHARS_MAX: usize = 200;

/// What the door itself refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    PageToken,
    Unauthenticated,
    Scope(Scope),
    Panicked,
}

impl From<engine::Error> for Status {
    fn from(error: engine::Error) -> Self {
        of(&error)
    }
}

impl From<Refused> for Status {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::PageToken => status(
                Code::InvalidArgument,
                ErrorReason::InvalidPageToken,
                "the page token does not parse, or belongs to another query",
                ErrorDetails::with_bad_request_violation(
                    "page_token",
                    "begin again without a page token",
                ),
                [],
            ),
            Refused::Unauthenticated => status(
                Code::Unauthenticated,
                ErrorReason::Unauthenticated,
                "a known token is needed: `authorization: Bearer TOKEN`",
                ErrorDetails::new(),
                [],
            ),
            Refused::Scope(scope) => status(
                Code::PermissionDenied,
                ErrorReason::ScopeMissing,
                format!("the token lacks the scope `{scope}`"),
                ErrorDetails::new(),
                [("scope", scope.to_string())],
            ),
            Refused::Panicked => internal(),
        }
    }
}

/// One row for each error; the log keeps what the caller does not read.
fn of(error: &engine::Error) -> Status {
    use engine::Error;
    match error {
        Error::Invalid(violations) => {
            let fields = violations
                .iter()
                .map(|v| (v.field.as_str(), v.message.as_str()));
            let message = first(violations.len(), fields.clone().next());
            status(
                Code::InvalidArgument,
                ErrorReason::InvalidField,
                message,
                bad_request(fields),
                [],
            )
        }
        Error::Filter { field, problems } => {
            let texts: Vec<String> = problems.iter().map(text).collect();
            let fields = texts.iter().map(|text| (*field, text.as_str()));
            let message = first(problems.len(), fields.clone().next());
            let details = bad_request(fields);
            status(
                Code::InvalidArgument,
                ErrorReason::InvalidFilter,
                message,
                details,
                [],
            )
        }
        Error::OverLimit { field, max, .. } => {
            let message = error.to_string();
            let details = bad_request([(*field, message.as_str())]);
            let limit = [("limit", max.to_string())];
            status(
                Code::InvalidArgument,
                ErrorReason::OverLimit,
                &message,
                details,
                limit,
            )
        }
        Error::NotFound { kind, id } => {
            let message = error.to_string();
            let details = ErrorDetails::with_resource_info(kind.as_str(), id, "", &message);
            status(Code::NotFound, ErrorReason::NotFound, &message, details, [])
        }
        Error::Stale { expected, actual } => status(
            Code::Aborted,
            ErrorReason::StalePlan,
            error.to_string(),
            ErrorDetails::new(),
            [("expected", expected.clone()), ("actual", actual.clone())],
        ),
        Error::Files(problems) => {
            let texts: Vec<_> = problems.iter().map(|p| (place(p), text(p))).collect();
            let fields = texts
                .iter()
                .map(|(place, text)| (place.as_str(), text.as_str()));
            let message = first(problems.len(), fields.clone().next());
            let details = bad_request(fields);
            status(
                Code::FailedPrecondition,
                ErrorReason::InvalidFiles,
                message,
                details,
                [],
            )
        }
        Error::Busy { retry_after } => status(
            Code::ResourceExhausted,
            ErrorReason::Busy,
            error.to_string(),
            ErrorDetails::with_retry_info(Some(*retry_after)),
            [],
        ),
        Error::DiskFull(_) => {
            log(error);
            let details = ErrorDetails::new();
            let message = error.to_string();
            status(
                Code::ResourceExhausted,
                ErrorReason::DiskFull,
                message,
                details,
                [],
            )
        }
        Error::Unavailable(_) => {
            log(error);
            let details = ErrorDetails::new();
            let message = error.to_string();
            status(
                Code::Unavailable,
                ErrorReason::Unavailable,
                message,
                details,
                [],
            )
        }
        Error::Stopping => {
            let details = ErrorDetails::new();
            let message = error.to_string();
            status(
                Code::Unavailable,
                ErrorReason::Unavailable,
                message,
                details,
                [],
            )
        }
        Error::Internal(_) => {
            log(error);
            internal()
        }
    }
}

fn internal() -> Status {
    let details = ErrorDetails::new();
    status(
        Code::Internal,
        ErrorReason::Internal,
        "internal error",
        details,
        [],
    )
}

fn log(error: &engine::Error) {
    let source = std::error::Error::source(error).map(ToString::to_string);
    tracing::error!(%error, source, "a call failed");
}

fn status<const N: usize>(
    code: Code,
    reason: ErrorReason,
    message: impl Into<String>,
    mut details: ErrorDetails,
    metadata: [(&str, String); N],
) -> Status {
    let name = reason.as_str_name();
    let name = name.strip_prefix("ERROR_REASON_").unwrap_or(name);
    let metadata: HashMap<String, String> = metadata
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
    details.set_error_info(name, DOMAIN, metadata);
    Status::with_error_details(code, message, details)
}

fn bad_request<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> ErrorDetails {
    let violations = fields
        .into_iter()
        .take(VIOLATIONS_MAX)
        .map(|(field, message)| {
            let message: String = message.chars().take(VIOLATION_CHARS_MAX).collect();
            FieldViolation::new(field, message)
        });
    ErrorDetails::with_bad_request(violations.collect::<Vec<_>>())
}

/// The first problem, and how many there are besides.
fn first(n: usize, problem: Option<(&str, &str)>) -> String {
    let (field, message) = problem.unwrap_or(("request", "is refused"));
    let message: String = message.chars().take(VIOLATION_CHARS_MAX).collect();
    match n {
        0 | 1 => format!("{field}: {message}"),
        _ => format!("{field}: {message} (and {} more)", n - 1),
    }
}

/// A problem with where it is in its text, and what to type instead.
fn text(problem: &Diagnostic) -> String {
    let mut text = problem.message.clone();
    if let (Some(span), None) = (&problem.span, &problem.place) {
        text.push_str(&format!(" (at byte {})", span.start));
    }
    if let Some(hint) = &problem.hint {
        text.push_str("; ");
        text.push_str(hint);
    }
    text
}

fn place(problem: &Diagnostic) -> String {
    match &problem.place {
        None => problem.path.clone(),
        Some(place) => format!("{}:{}:{}", place.file, place.line, place.column),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::diagnostic;
    use crate::engine::{Error, Kind};
    use crate::store;

    #[test]
    fn every_error_has_its_code_and_reason() {
        let problem = || Diagnostic::error(diagnostic::Code("x"), "wrong");
        let closed = || store::Error::Closed;
        let rows: [(Status, Code, &str); 15] = [
            (
                Error::invalid("users", "empty").into(),
                Code::InvalidArgument,
                "INVALID_FIELD",
            ),
            (
                Error::Filter {
                    field: "filter",
                    problems: vec![problem()],
                }
                .into(),
                Code::InvalidArgument,
                "INVALID_FILTER",
            ),
            (
                Error::OverLimit {
                    field: "users",
                    unit: "items",
                    actual: 2,
                    max: 1,
                }
                .into(),
                Code::InvalidArgument,
                "OVER_LIMIT",
            ),
            (
                Error::not_found(Kind::User, "ana").into(),
                Code::NotFound,
                "NOT_FOUND",
            ),
            (
                Error::Stale {
                    expected: "a".into(),
                    actual: "b".into(),
                }
                .into(),
                Code::Aborted,
                "STALE_PLAN",
            ),
            (
                Error::Files(vec![problem()]).into(),
                Code::FailedPrecondition,
                "INVALID_FILES",
            ),
            (
                Error::Busy {
                    retry_after: Duration::from_millis(5),
                }
                .into(),
                Code::ResourceExhausted,
                "BUSY",
            ),
            (
                Error::DiskFull(closed()).into(),
                Code::ResourceExhausted,
                "DISK_FULL",
            ),
            (
                Error::Unavailable(closed()).into(),
                Code::Unavailable,
                "UNAVAILABLE",
            ),
            (Error::Stopping.into(), Code::Unavailable, "UNAVAILABLE"),
            (
                Error::Internal(Box::new(closed())).into(),
                Code::Internal,
                "INTERNAL",
            ),
            (
                Refused::PageToken.into(),
                Code::InvalidArgument,
                "INVALID_PAGE_TOKEN",
            ),
            (
                Refused::Unauthenticated.into(),
                Code::Unauthenticated,
                "UNAUTHENTICATED",
            ),
            (
                Refused::Scope(Scope::Send).into(),
                Code::PermissionDenied,
                "SCOPE_MISSING",
            ),
            (Refused::Panicked.into(), Code::Internal, "INTERNAL"),
        ];
        for (status, code, reason) in rows {
            let details = status.get_error_details();
            let info = details.error_info().unwrap();
            assert_eq!((status.code(), info.reason.as_str()), (code, reason));
            assert_eq!(info.domain, "recado");
            assert_eq!(
                details.bad_request().is_some(),
                !reason.contains("FILES") && code == Code::InvalidArgument
                    || reason == "INVALID_FILES"
            );
            assert_eq!(details.retry_info().is_some(), reason == "BUSY");
            assert_eq!(details.resource_info().is_some(), reason == "NOT_FOUND");
        }
    }

    #[test]
    fn an_internal_error_says_nothing() {
        let secret: Box<dyn std::error::Error + Send + Sync> = "row 17 of ana".into();
        let status = Status::from(Error::Internal(secret));
        assert_eq!(status.message(), "internal error");
    }
}
