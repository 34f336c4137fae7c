//! Why a command did not do what it was asked, as the text and the exit code it ends with.

use std::cmp::Ordering;
use std::fmt;
use std::io;
use std::path::PathBuf;

use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::exit::Exit;
use super::reasons;
use crate::api::client;
use crate::api::version::{self, Release};

/// Lines of field violations shown; a batch may break a rule a thousand times.
const VIOLATIONS_MAX: usize = 20;
/// What to do with a saved plan that was changed.
pub(super) const MAKE_ANEW: &str =
    "make it anew with `recado plan DIR --out FILE`, and change the files, not the plan";

#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The command line is wrong in a way that the parser cannot see.
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Connect(#[from] client::Error),
    #[error("{0}")]
    Call(#[from] Refusal),
    #[error("`{}`: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("`{}` holds no campaign file (`.yaml` or `.yml`)", folder.display())]
    NoFiles { folder: PathBuf },
    /// The send is under way; only looking at it failed.
    #[error("the send goes on, but it cannot be watched: {source}")]
    Unwatched { id: String, source: Box<Self> },
    /// Nobody agreed to what cannot be taken back.
    #[error("{0}")]
    Unconfirmed(String),
    /// A file is no plan that can be applied.
    #[error("{what}")]
    Plan { what: String, hint: &'static str },
    /// The answer was lost: it may have been done or not.
    #[error("whether it was applied is not known: {source}")]
    Unsettled { again: String, source: Box<Self> },
    /// What was read is not what it should be.
    #[error("{0}")]
    Input(String),
    /// The server's answer lacks what the protocol promises.
    #[error("the server's answer has no {0}; is it another version?")]
    Answer(&'static str),
    /// A part that runs in this process failed to start or ended early.
    #[error("{0:#}")]
    Local(#[from] anyhow::Error),
}

/// A gRPC status as people read it.
#[derive(Debug)]
pub(super) struct Refusal {
    code: Code,
    message: String,
    reason: String,
    violations: Vec<(String, String)>,
    /// The line of each problem with a mark under what is meant, for some.
    marks: Vec<Option<String>>,
    /// The connection broke before the answer was whole.
    is_cut_off: bool,
    hint: Option<String>,
}

// === impl Error ===

impl Error {
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Connect(client::Error::Connect { .. }) => Exit::UNREACHABLE,
            Self::Usage(_) | Self::Connect(client::Error::Address(_)) => Exit::USAGE,
            Self::Connect(client::Error::Token) => Exit::REFUSED,
            Self::Call(refusal) => refusal.exit(),
            Self::Unwatched { source, .. } => source.exit(),
            Self::Unconfirmed(_) => Exit::UNCONFIRMED,
            Self::Plan { .. } => Exit::BROKEN_PLAN,
            Self::Unsettled { .. } => Exit::UNSETTLED,
            Self::NoFiles { .. }
            | Self::File { .. }
            | Self::Input(_)
            | Self::Answer(_)
            | Self::Local(_) => Exit::FAILED,
        }
    }

    /// What to type or to look at next.
    pub(super) fn hint(&self) -> Option<String> {
        match self {
            Self::Connect(client::Error::Connect { .. }) => Some(
                "start one with `recado serve` or `recado dev`, or name it with `--server`"
                    .to_owned(),
            ),
            Self::Call(refusal) => refusal.hint.clone(),
            Self::Unwatched { id, .. } => Some(format!(
                "follow it with `recado sends watch {id}`, which needs a token with the scope `read` where there are tokens"
            )),
            Self::Plan { hint, .. } => Some((*hint).to_owned()),
            Self::Answer(_) => Some(
                "compare `recado --version` with the server's, and replace whichever is older"
                    .to_owned(),
            ),
            Self::Unsettled { again, .. } => {
                Some(format!("{again}; see `recado explain unsettled`"))
            }
            Self::NoFiles { .. } => {
                Some("is it the right folder? `--allow-empty` says that it is".to_owned())
            }
            _ => None,
        }
    }

    /// Whether the server may have done what it was asked, though its answer did not come.
    pub(super) fn is_unsettled(&self) -> bool {
        match self {
            Self::Call(refusal) => {
                let is_ours = !refusal.reason.is_empty();
                refusal.reason == "UNSETTLED"
                    || refusal.is_cut_off
                    || (refusal.code == Code::Unavailable && !is_ours)
            }
            _ => false,
        }
    }

    pub(super) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |source| Self::File { path, source }
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        Self::Call(Refusal::from(&status))
    }
}

// === impl Refusal ===

impl Refusal {
    fn exit(&self) -> Exit {
        match (self.code, self.reason.as_str()) {
            (_, "STALE_PLAN") => Exit::STALE,
            (_, "OVER_PLAN_LIMIT") => Exit::LIMITED,
            (
                _,
                "PLAN_EDITED" | "PLAN_EXPIRED" | "PLAN_FOREIGN" | "PLAN_VERSION" | "AUDIENCE_MOVED",
            ) => Exit::BROKEN_PLAN,
            (Code::Unauthenticated | Code::PermissionDenied, _) => Exit::REFUSED,
            (Code::Unavailable, _) => Exit::UNREACHABLE,
            _ if self.is_cut_off => Exit::UNREACHABLE,
            _ => Exit::FAILED,
        }
    }
}

impl From<&Status> for Refusal {
    fn from(status: &Status) -> Self {
        let details = status.get_error_details();
        let reason = details
            .error_info()
            .map(|info| info.reason.clone())
            .unwrap_or_default();
        let marked = |n: usize| details.error_info()?.metadata.get(&format!("marked.{n}"));
        let violations: Vec<_> = details.bad_request().map_or_else(Vec::new, |bad| {
            bad.field_violations
                .iter()
                .map(|found| (found.field.clone(), found.description.clone()))
                .collect()
        });
        let wait = details
            .retry_info()
            .and_then(|info| info.retry_delay)
            .map(|delay| format!("ask again in {delay:?}"));
        // Our own refusals carry a reason; what the connection says of itself has a source.
        let is_cut_off = reason.is_empty() && std::error::Error::source(status).is_some();
        Self {
            code: status.code(),
            message: if is_cut_off {
                format!("the connection to the server broke: {}", status.message())
            } else {
                status.message().to_owned()
            },
            is_cut_off,
            hint: wait.or_else(|| explained(&reason)).or_else(|| {
                (reason.is_empty() && is_stranger(status.code())).then(|| stranger(status))
            }),
            marks: (0..violations.len()).map(|n| marked(n).cloned()).collect(),
            reason,
            violations,
        }
    }
}

impl std::error::Error for Refusal {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message.as_str() {
            "" => f.write_str(self.code.description())?,
            message => f.write_str(message)?,
        }
        if !self.reason.is_empty() {
            write!(f, " ({})", self.reason)?;
        }
        for (n, (field, description)) in self.violations.iter().take(VIOLATIONS_MAX).enumerate() {
            // A single problem is the message already.
            if self.message != format!("{field}: {description}") {
                match field.as_str() {
                    "" => write!(f, "\n  {description}")?,
                    field => write!(f, "\n  {field}: {description}")?,
                }
            }
            let mark = self.marks.get(n).and_then(Option::as_deref);
            for line in mark.unwrap_or_default().lines() {
                write!(f, "\n    {line}")?;
            }
        }
        match self.violations.len().saturating_sub(VIOLATIONS_MAX) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

/// Our server gives a reason with everything that it refuses.
fn is_stranger(code: Code) -> bool {
    matches!(code, Code::Unimplemented | Code::Unknown | Code::Internal)
}

/// Who it may be that does not know what is asked.
fn stranger(status: &Status) -> String {
    let said = status.metadata().get(version::HEADER);
    let said = said.and_then(|said| Release::parse(said.to_str().ok()?));
    let ours = version::OURS;
    match said.map(|said| (said, said.against_ours())) {
        Some((said, Ordering::Less)) => format!(
            "the server is version {said}, older than this program ({ours}): replace it, or use `recado` {said}"
        ),
        Some((said, Ordering::Greater)) => format!(
            "the server is version {said}, newer than this program ({ours}): replace this program"
        ),
        _ if status.code() == Code::Unimplemented && status.message().is_empty() => format!(
            "a server older than this program ({ours}) does not know the call: replace it; or is this no recado server?"
        ),
        _ => "is this the gRPC address of a recado server? Its HTTP door is another one".to_owned(),
    }
}

/// What to do, and what to type to read more.
fn explained(reason: &str) -> Option<String> {
    let advice = advice(reason)?;
    Some(match reasons::hint(reason) {
        Some(page) => format!("{advice}; see {page}"),
        None => advice.to_owned(),
    })
}

fn advice(reason: &str) -> Option<&'static str> {
    match reason {
        "UNAUTHENTICATED" => Some("give a token with `--token-file FILE` or in RECADO_TOKEN"),
        "SCOPE_MISSING" => {
            Some("this token may not do that: its `scopes` stand in the server's `--tokens` file")
        }
        "STALE_PLAN" => Some("somebody applied in between: look at `recado plan` again"),
        "PLAN_EDITED" => Some(MAKE_ANEW),
        "PLAN_EXPIRED" => Some(
            "plan again; `--max-age`, or `plan.max_age` in Settings, says how old a plan may be",
        ),
        "PLAN_FOREIGN" => {
            Some("is it the right `--server`? A plan is applied on the store it was made on")
        }
        "PLAN_VERSION" => {
            Some("the server was replaced since: plan again, and look at the new plan")
        }
        "SERVER_OLDER" => {
            Some("replace the server first, or use the `recado` of the server's version")
        }
        "AUDIENCE_MOVED" => {
            Some("plan again, and look at whom it reaches now; `--allow drift` applies it as it is")
        }
        "OVER_PLAN_LIMIT" => Some("change less at once, or lift each by its name"),
        "EMPTY_AUDIENCE" => {
            Some("`--user ID` takes anybody, `--attributes JSON` a user made by hand")
        }
        "STALE_CURSOR" => Some("without `--cursor` it begins again with all members"),
        "INVALID_FILES" => Some("`recado validate DIR` shows where"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use tonic_types::{ErrorDetails, StatusExt};

    use super::*;

    #[test]
    fn a_status_is_told_with_its_fields_and_reason() {
        let mut details = ErrorDetails::with_bad_request_violation(
            "users[3].attributes.age",
            "a number must be finite",
        );
        details.set_error_info("INVALID_FIELD", "recado", []);
        let status =
            Status::with_error_details(Code::InvalidArgument, "1 problem in the request", details);
        let error = Error::from(status);
        assert_eq!(
            error.to_string(),
            "1 problem in the request (INVALID_FIELD)\n  users[3].attributes.age: a number must be finite"
        );
        assert_eq!(error.exit(), Exit::FAILED);
    }

    #[test]
    fn each_kind_of_refusal_has_its_exit_code() {
        for (code, reason, exit) in [
            (Code::Aborted, "STALE_PLAN", Exit::STALE),
            (Code::Unauthenticated, "UNAUTHENTICATED", Exit::REFUSED),
            (Code::PermissionDenied, "SCOPE_MISSING", Exit::REFUSED),
            (Code::Unavailable, "UNAVAILABLE", Exit::UNREACHABLE),
            (Code::FailedPrecondition, "PLAN_EDITED", Exit::BROKEN_PLAN),
            (
                Code::FailedPrecondition,
                "AUDIENCE_MOVED",
                Exit::BROKEN_PLAN,
            ),
            (Code::FailedPrecondition, "OVER_PLAN_LIMIT", Exit::LIMITED),
            (Code::NotFound, "NOT_FOUND", Exit::FAILED),
            (Code::FailedPrecondition, "SERVER_OLDER", Exit::FAILED),
        ] {
            let details = ErrorDetails::with_error_info(reason, "recado", []);
            let status = Status::with_error_details(code, "no", details);
            assert_eq!(Error::from(status).exit(), exit, "{reason}");
        }
    }
}
