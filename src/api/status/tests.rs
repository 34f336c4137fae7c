//! Each error on the wire.

use std::time::Duration;

use super::*;
use crate::diagnostic;
use crate::engine::{Broken, Error, Kind, Moved};
use crate::model::id::Revision;
use crate::store;

const FULL: Code = Code::ResourceExhausted;

#[expect(clippy::too_many_lines, reason = "a table")]
fn errors() -> Vec<(Status, Code, &'static str)> {
    let problem = || diagnostic::Diagnostic::error(diagnostic::codes::WRONG_VALUE, "wrong");
    let closed = || store::Error::Closed;
    let damaged = store::Error::Damaged("page 3".into());
    let retry_after = Duration::from_millis(5);
    let moved = Moved {
        was_applied: false,
        planned: Revision(1),
        now: Revision(2),
        since: Vec::new(),
        changed: Vec::new(),
    };
    vec![
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
            Error::Moved(Box::new(moved)).into(),
            Code::Aborted,
            "STALE_PLAN",
        ),
        (
            Error::Broken(Broken::Edited).into(),
            Code::FailedPrecondition,
            "PLAN_EDITED",
        ),
        (
            Error::Broken(Broken::Expired {
                age: retry_after,
                max: retry_after,
            })
            .into(),
            Code::FailedPrecondition,
            "PLAN_EXPIRED",
        ),
        (
            Error::Broken(Broken::Foreign {
                made_on: "a".into(),
                here: "b".into(),
            })
            .into(),
            Code::FailedPrecondition,
            "PLAN_FOREIGN",
        ),
        (
            Error::Broken(Broken::Version {
                made_by: "0".into(),
            })
            .into(),
            Code::FailedPrecondition,
            "PLAN_VERSION",
        ),
        (
            Error::AudienceMoved(Vec::new()).into(),
            Code::FailedPrecondition,
            "AUDIENCE_MOVED",
        ),
        (
            Error::Exceeded(Vec::new()).into(),
            Code::FailedPrecondition,
            "OVER_PLAN_LIMIT",
        ),
        (Error::Unsettled.into(), Code::Unknown, "UNSETTLED"),
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
        (
            Refused::Newer {
                caller: version::Release::parse("9.9.0").unwrap(),
            }
            .into(),
            Code::FailedPrecondition,
            "SERVER_OLDER",
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
            !reason.contains("FILES") && code == Code::InvalidArgument || reason == "INVALID_FILES"
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
