//! The only maker of `tonic::Status`: what each refusal is on the wire.

use std::collections::HashMap;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

use super::auth;
use super::pb::ErrorReason;
use super::problem::{marks, place, text};
use crate::config::Scope;
use crate::engine;

const DOMAIN: &str = "recado";
/// How the library begins to say that a message cannot be read.
const UNDECODABLE: &str = "failed to decode Protobuf message: ";
/// Most field violations and characters of each: details travel in a header of bounded size.
const VIOLATIONS_MAX: usize = 20;
const VIOLATION_CHARS_MAX: usize = 200;

/// What the door itself refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    PageToken,
    Unauthenticated,
    /// One of the scopes would do.
    Scope {
        method: &'static str,
        scopes: &'static [Scope],
    },
    Panicked,
}

impl From<engine::Error> for Status {
    fn from(error: engine::Error) -> Self {
        of(&error).into()
    }
}

impl From<Refused> for Status {
    fn from(refused: Refused) -> Self {
        let wire = match refused {
            Refused::PageToken => Wire::new(
                Code::InvalidArgument,
                ErrorReason::InvalidPageToken,
                "the page token does not parse, or belongs to another query",
            )
            .details(ErrorDetails::with_bad_request_violation(
                "page_token",
                "begin again without a page token",
            )),
            Refused::Unauthenticated => Wire::new(
                Code::Unauthenticated,
                ErrorReason::Unauthenticated,
                "a known token is needed: `authorization: Bearer TOKEN`",
            ),
            Refused::Scope { method, scopes } => {
                let name = method.rsplit('/').next().unwrap_or(method);
                let scope = auth::any_of(scopes);
                Wire::new(
                    Code::PermissionDenied,
                    ErrorReason::ScopeMissing,
                    format!("`{name}` needs a token with the scope {scope}"),
                )
                .telling("scope", scope)
                .telling("method", method.to_owned())
            }
            Refused::Panicked => Wire::internal(),
        };
        wire.into()
    }
}

/// What a message that cannot be read is answered with, given what the library answers: it takes the caller's
/// mistake for one of its own.
pub(super) fn of_undecodable(status: &Status) -> Option<Status> {
    let what = status.message().strip_prefix(UNDECODABLE)?;
    // Everything of ours has details.
    if status.code() != Code::Internal || !status.details().is_empty() {
        return None;
    }
    let (field, what) = what.split_once(": ").unwrap_or(("", what));
    let fields = [(field.to_owned(), what.to_owned())];
    Some(Wire::fields(Code::InvalidArgument, ErrorReason::InvalidField, &fields).into())
}

/// A status in the making.
struct Wire {
    code: Code,
    reason: ErrorReason,
    message: String,
    details: ErrorDetails,
    metadata: HashMap<String, String>,
}

// === impl Wire ===

impl Wire {
    fn new(code: Code, reason: ErrorReason, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            details: ErrorDetails::new(),
            metadata: HashMap::new(),
        }
    }

    fn internal() -> Self {
        Self::new(Code::Internal, ErrorReason::Internal, "internal error")
    }

    /// Something is wrong with fields of the request, or places in files.
    fn fields(code: Code, reason: ErrorReason, fields: &[(String, String)]) -> Self {
        Self::new(code, reason, first(fields)).details(bad_request(fields))
    }

    fn details(mut self, details: ErrorDetails) -> Self {
        self.details = details;
        self
    }

    fn telling(mut self, key: &str, value: String) -> Self {
        self.metadata.insert(key.to_owned(), value);
        self
    }
}

impl From<Wire> for Status {
    fn from(mut wire: Wire) -> Self {
        let name = wire.reason.as_str_name();
        let name = name.strip_prefix("ERROR_REASON_").unwrap_or(name);
        wire.details.set_error_info(name, DOMAIN, wire.metadata);
        Self::with_error_details(wire.code, wire.message, wire.details)
    }
}

/// One row for each error; the log keeps what the caller does not read.
fn of(error: &engine::Error) -> Wire {
    use engine::Error;
    let message = error.to_string();
    match error {
        Error::Invalid(violations) => {
            let fields = violations
                .iter()
                .map(|v| (v.field.clone(), v.message.clone()));
            let fields: Vec<_> = fields.collect();
            Wire::fields(Code::InvalidArgument, ErrorReason::InvalidField, &fields)
        }
        Error::Filter { field, problems } => {
            let fields: Vec<_> = problems
                .iter()
                .map(|p| ((*field).to_owned(), text(p)))
                .collect();
            let wire = Wire::fields(Code::InvalidArgument, ErrorReason::InvalidFilter, &fields);
            marks(problems).fold(wire, |wire, (key, mark)| wire.telling(&key, mark))
        }
        Error::Files(problems) => {
            let fields: Vec<_> = problems.iter().map(|p| (place(p), text(p))).collect();
            Wire::fields(Code::FailedPrecondition, ErrorReason::InvalidFiles, &fields)
        }
        Error::OverLimit { field, max, .. } => {
            let details = bad_request(&[((*field).to_owned(), message.clone())]);
            Wire::new(Code::InvalidArgument, ErrorReason::OverLimit, message)
                .details(details)
                .telling("limit", max.to_string())
        }
        Error::NotFound { kind, id, .. } => {
            let details = ErrorDetails::with_resource_info(kind.as_str(), id, "", &message);
            Wire::new(Code::NotFound, ErrorReason::NotFound, message).details(details)
        }
        Error::EmptyAudience(_) => Wire::new(
            Code::FailedPrecondition,
            ErrorReason::EmptyAudience,
            message,
        ),
        Error::Stale { expected, actual } => {
            Wire::new(Code::Aborted, ErrorReason::StalePlan, message)
                .telling("expected", expected.clone())
                .telling("actual", actual.clone())
        }
        Error::StaleCursor(_) => Wire::new(Code::OutOfRange, ErrorReason::StaleCursor, message),
        Error::Busy { retry_after } => {
            Wire::new(Code::ResourceExhausted, ErrorReason::Busy, message)
                .details(ErrorDetails::with_retry_info(Some(*retry_after)))
        }
        Error::DiskFull(_) => {
            log(error);
            Wire::new(Code::ResourceExhausted, ErrorReason::DiskFull, message)
        }
        Error::Unavailable(_) => {
            log(error);
            Wire::new(Code::Unavailable, ErrorReason::Unavailable, message)
        }
        Error::DataLoss(_) => {
            log(error);
            Wire::new(Code::DataLoss, ErrorReason::DataLoss, message)
        }
        Error::Stopping => Wire::new(Code::Unavailable, ErrorReason::Unavailable, message),
        Error::Internal(_) => {
            log(error);
            Wire::internal()
        }
    }
}

fn log(error: &engine::Error) {
    let source = std::error::Error::source(error).map(ToString::to_string);
    tracing::error!(%error, source, "a call failed");
}

fn bad_request(fields: &[(String, String)]) -> ErrorDetails {
    let violations = fields.iter().take(VIOLATIONS_MAX).map(|(field, message)| {
        let message: String = message.chars().take(VIOLATION_CHARS_MAX).collect();
        FieldViolation::new(field, message)
    });
    ErrorDetails::with_bad_request(violations.collect::<Vec<_>>())
}

/// The first problem, and how many there are besides.
fn first(problems: &[(String, String)]) -> String {
    let Some((field, message)) = problems.first() else {
        return "the request is refused".to_owned();
    };
    let message: String = message.chars().take(VIOLATION_CHARS_MAX).collect();
    match problems.len() {
        1 => format!("{field}: {message}"),
        n => format!("{field}: {message} (and {} more)", n - 1),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::diagnostic;
    use crate::engine::{Error, Kind};
    use crate::store;

    const FULL: Code = Code::ResourceExhausted;

    #[expect(clippy::too_many_lines, reason = "a table")]
    fn errors() -> [(Status, Code, &'static str); 14] {
        let problem = || diagnostic::Diagnostic::error(diagnostic::codes::WRONG_VALUE, "wrong");
        let closed = || store::Error::Closed;
        let damaged = store::Error::Damaged("page 3".into());
        let retry_after = Duration::from_millis(5);
        [
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
                Error::EmptyAudience("a".into()).into(),
                Code::FailedPrecondition,
                "EMPTY_AUDIENCE",
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
                Error::StaleCursor("too much has happened").into(),
                Code::OutOfRange,
                "STALE_CURSOR",
            ),
            (
                Error::Files(vec![problem()]).into(),
                Code::FailedPrecondition,
                "INVALID_FILES",
            ),
            (
                Error::Busy { retry_after }.into(),
                Code::ResourceExhausted,
                "BUSY",
            ),
            (Error::DiskFull(closed()).into(), FULL, "DISK_FULL"),
            (
                Error::Unavailable(closed()).into(),
                Code::Unavailable,
                "UNAVAILABLE",
            ),
            (Error::from(damaged).into(), Code::DataLoss, "DATA_LOSS"),
            (Error::Stopping.into(), Code::Unavailable, "UNAVAILABLE"),
            (
                Error::Internal(Box::new(closed())).into(),
                Code::Internal,
                "INTERNAL",
            ),
        ]
    }

    #[test]
    fn every_error_has_its_code_and_reason() {
        let refusals = [
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
                Refused::Scope {
                    method: "/recado.v1.CampaignService/SendCampaign",
                    scopes: &[Scope::Send],
                }
                .into(),
                Code::PermissionDenied,
                "SCOPE_MISSING",
            ),
            (Refused::Panicked.into(), Code::Internal, "INTERNAL"),
        ];
        for (status, code, reason) in errors().into_iter().chain(refusals) {
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
    fn what_is_damaged_is_named() {
        let status = Status::from(Error::from(store::Error::Corrupt {
            table: "user_log",
            column: "changes",
            key: "7".into(),
        }));
        assert_eq!(
            status.message(),
            "stored data is damaged: table `user_log`, column `changes`, key `7`: the stored value does not parse"
        );
    }

    #[test]
    fn an_internal_error_says_nothing() {
        let secret: Box<dyn std::error::Error + Send + Sync> = "row 17 of ana".into();
        let status = Status::from(Error::Internal(secret));
        assert_eq!(status.message(), "internal error");
    }
}
