//! Why a use case was not done, by what the caller does next.

use std::fmt;
use std::time::Duration;

use crate::delivery;
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::engine::planning::held::Excess;
use crate::engine::planning::seal::Broken;
use crate::model::id::Revision;
use crate::model::resource::{Origin, RevisionInfo};
use crate::store;
use crate::store::revisions;

/// The one error doors see.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller must change the request.
    #[error("{} problem(s) in the request", .0.len())]
    Invalid(Vec<Violation>),
    /// The caller must change the filter in `field`.
    #[error("{} problem(s) in `{field}`", problems.len())]
    Filter {
        field: &'static str,
        problems: Vec<Diagnostic>,
    },
    /// The caller must ask for less at once.
    #[error("`{field}` has {actual} {unit}; {max} are allowed")]
    OverLimit {
        field: &'static str,
        unit: &'static str,
        actual: usize,
        max: usize,
    },
    /// The caller must choose a user, or wait until there is one.
    #[error("nobody is in the audience of campaign `{0}` now: there is no member to take")]
    EmptyAudience(String),
    #[error("{kind} `{id}` does not exist{}", .near.as_ref().map_or_else(String::new, |near| format!("; did you mean `{near}`?")))]
    NotFound {
        kind: Kind,
        id: String,
        /// What was probably meant.
        near: Option<String>,
    },
    /// The caller must plan again.
    #[error("the plan is `{actual}` now, not `{expected}`: plan again")]
    Stale { expected: String, actual: String },
    /// The caller must plan again: the state is not the one that was planned against.
    #[error("{0}")]
    Moved(Box<Moved>),
    /// The caller must plan again: this is not a plan that can be applied here and now.
    #[error("{0}")]
    Broken(Broken),
    /// The caller must plan again, and look at whom it reaches now.
    #[error("{}", drifted(.0))]
    AudienceMoved(Vec<Drift>),
    /// The caller must allow it by name, or change less at once.
    #[error("{}", exceeded(.0))]
    Exceeded(Vec<Excess>),
    /// The caller must repair the files.
    #[error("{} problem(s) in the files", .0.len())]
    Files(Vec<Diagnostic>),
    /// The caller must begin again without a cursor.
    #[error("the cursor leads nowhere any more: {0}; begin again without a cursor")]
    StaleCursor(&'static str),
    /// The same call will succeed later.
    #[error("too much is under way; try again in {retry_after:?}")]
    Busy { retry_after: Duration },
    #[error("the disk is full, or `--store-bytes-max` is reached; nothing was written")]
    DiskFull(#[source] store::Error),
    /// The store cannot be reached now.
    #[error("the store is unavailable")]
    Unavailable(#[source] store::Error),
    /// What is stored cannot be read any more: nothing the caller can do, and something for the operator.
    #[error("stored data is damaged: {0}")]
    DataLoss(#[source] store::Error),
    /// The server ends what is under way; another one may take it on.
    #[error("the server is stopping")]
    Stopping,
    /// The caller must look whether it was done.
    #[error("the server ended in the middle of it: whether it was done is not known")]
    Unsettled,
    /// Nothing the caller can do.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// One field that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// As in `recipients[3].external_id`.
    pub field: String,
    pub message: String,
}

/// What can be absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    User,
    Segment,
    Campaign,
    Send,
    Revision,
}

pub type Result<T> = std::result::Result<T, Error>;

/// What was applied since a plan was made.
#[derive(Debug)]
pub struct Moved {
    pub planned: Revision,
    pub now: Revision,
    /// Newest first, and not all of many.
    pub since: Vec<RevisionInfo>,
    /// What differs, such as `Segment vip`; not all of many.
    pub changed: Vec<String>,
    /// The plan itself made revision `planned`, and what it changed was changed again.
    pub was_applied: bool,
}

/// An audience that is another one than a plan said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// Such as `Campaign order-shipped`.
    pub resource: String,
    pub planned: u64,
    pub now: u64,
}

// === impl Moved ===

impl fmt::Display for Moved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { planned, now, .. } = self;
        let did = if self.was_applied {
            "was applied as"
        } else {
            "was made against"
        };
        write!(
            f,
            "the plan {did} revision {planned}, and the state is revision {now}"
        )?;
        for info in &self.since {
            write!(f, "; revision {} of {:.0}", info.revision, info.applied_at)?;
            let Origin {
                author,
                commit,
                message,
            } = &info.origin;
            for (word, text) in [("by", author), ("from", commit), ("for", message)] {
                if !text.is_empty() {
                    write!(f, " {word} {}", text.lines().next().unwrap_or_default())?;
                }
            }
        }
        if !self.changed.is_empty() {
            write!(f, "; changed since: {}", self.changed.join(", "))?;
        }
        Ok(())
    }
}

fn exceeded(excesses: &[Excess]) -> String {
    let told = excesses.iter().map(|excess| {
        let Excess { lifted_by, message } = excess;
        format!("{message}: `--allow {lifted_by}` lifts it")
    });
    let told: Vec<_> = told.collect();
    told.join("; ")
}

fn drifted(moved: &[Drift]) -> String {
    let moved = moved.iter().map(|drift| {
        let Drift {
            resource,
            planned,
            now,
        } = drift;
        format!("{resource}: {planned} people when it was planned, {now} now")
    });
    let moved: Vec<_> = moved.collect();
    format!(
        "the audience moved further than `plan.audience_drift` in Settings allows: {}",
        moved.join("; ")
    )
}

// === impl Error ===

impl Error {
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![Violation {
            field: field.into(),
            message: message.into(),
        }])
    }

    pub fn not_found(kind: Kind, id: impl std::fmt::Display) -> Self {
        Self::NotFound {
            kind,
            id: id.to_string(),
            near: None,
        }
    }

    /// As [`Self::not_found`], with the one of `known` that was probably meant.
    pub fn not_among<'a>(
        kind: Kind,
        id: &str,
        known: impl IntoIterator<Item = &'a String>,
    ) -> Self {
        let known = known.into_iter().map(String::as_str);
        Self::NotFound {
            kind,
            id: id.to_owned(),
            near: did_you_mean(id, known).map(str::to_owned),
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Busy { retry_after } => Self::Busy { retry_after },
            store::Error::DiskFull(_) => Self::DiskFull(error),
            store::Error::Unavailable(_) | store::Error::InUse { .. } => Self::Unavailable(error),
            store::Error::Closed => Self::Stopping,
            store::Error::Stale { expected, actual } => Self::Stale {
                expected: format!("revision {expected}"),
                actual: format!("revision {actual}"),
            },
            store::Error::Corrupt { .. } | store::Error::Damaged(_) => Self::DataLoss(error),
            store::Error::TooNew { .. } => Self::Internal(Box::new(error)),
        }
    }
}

impl From<revisions::Error> for Error {
    fn from(error: revisions::Error) -> Self {
        match error {
            revisions::Error::Store(error) => error.into(),
            broken @ revisions::Error::Broken { .. } => Self::Internal(Box::new(broken)),
        }
    }
}

impl From<delivery::preview::Error> for Error {
    fn from(error: delivery::preview::Error) -> Self {
        match error {
            delivery::preview::Error::Store(error) => error.into(),
            delivery::preview::Error::NoCampaign(campaign) => {
                Self::not_found(Kind::Campaign, campaign)
            }
        }
    }
}

// === impl Kind ===

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Segment => "segment",
            Self::Campaign => "campaign",
            Self::Send => "send",
            Self::Revision => "revision",
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
