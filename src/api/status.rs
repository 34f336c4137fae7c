//! The only maker of `tonic::Status`: what each refusal is on the wire.

use std::collections::HashMap;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

use super::auth;
use super::pb::ErrorReason;
use super::problem::{marks, place, text};
use super::version;
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
    /// The program that asks is newer than this server.
    Newer {
        caller: version::Release,
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
            Refused::Newer { caller } => Wire::new(
                Code::FailedPrecondition,
                ErrorReason::ServerOlder,
                format!(
                    "this server is version {}, older than the program that asks, {caller}: it might leave out what it does not know",
                    version::OURS
                ),
            )
            .telling("server", version::OURS.to_owned())
            .telling("caller", caller.to_string()),
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
        Error::Stale { .. }
        | Error::Moved(_)
        | Error::Broken(_)
        | Error::AudienceMoved(_)
        | Error::Exceeded(_) => of_plan(error, message),
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
        Error::Unsettled => Wire::new(Code::Unknown, ErrorReason::Unsettled, message),
        Error::Internal(_) => {
            log(error);
            Wire::internal()
        }
    }
}

/// A plan that is not applied, or not any more.
fn of_plan(error: &engine::Error, message: String) -> Wire {
    use engine::Error;
    let refused = |reason, message| Wire::new(Code::FailedPrecondition, reason, message);
    let stale = |message| Wire::new(Code::Aborted, ErrorReason::StalePlan, message);
    match error {
        Error::Stale { expected, actual } => stale(message)
            .telling("expected", expected.clone())
            .telling("actual", actual.clone()),
        Error::Moved(moved) => stale(message)
            .telling("expected", format!("revision {}", moved.planned))
            .telling("actual", format!("revision {}", moved.now)),
        Error::Broken(broken) => of_broken(broken, message),
        Error::AudienceMoved(drifts) => {
            let wire = refused(ErrorReason::AudienceMoved, message);
            let drifts = drifts.iter().take(VIOLATIONS_MAX);
            drifts.fold(wire, |wire, drift| {
                let counts = format!("{} -> {}", drift.planned, drift.now);
                wire.telling(&drift.resource, counts)
            })
        }
        Error::Exceeded(excesses) => {
            let wire = refused(ErrorReason::OverPlanLimit, message);
            let excesses = excesses.iter().take(VIOLATIONS_MAX);
            excesses.fold(wire, |wire, excess| {
                wire.telling(&excess.lifted_by.to_string(), excess.message.clone())
            })
        }
        _ => Wire::internal(),
    }
}

/// A sealed plan that is not applied.
fn of_broken(broken: &engine::Broken, message: String) -> Wire {
    use engine::Broken;
    let wire = |reason| Wire::new(Code::FailedPrecondition, reason, message);
    match broken {
        Broken::Edited => wire(ErrorReason::PlanEdited),
        Broken::Expired { age, max } => wire(ErrorReason::PlanExpired)
            .telling("age_seconds", age.as_secs().to_string())
            .telling("max_age_seconds", max.as_secs().to_string()),
        Broken::Foreign { made_on, here } => wire(ErrorReason::PlanForeign)
            .telling("expected", made_on.clone())
            .telling("actual", here.clone()),
        Broken::SetBack { planned, now } => wire(ErrorReason::PlanForeign)
            .telling("expected", planned.to_string())
            .telling("actual", now.to_string()),
        Broken::Version { made_by } => wire(ErrorReason::PlanVersion)
            .telling("made_by", made_by.clone())
            .telling("version", env!("CARGO_PKG_VERSION").to_owned()),
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
mod tests;
