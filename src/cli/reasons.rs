//! Why a plan was refused or a message did not go: a page for each reason.

use crate::api::pb;

/// What a reason is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// A plan or an apply that was refused.
    Plans,
    /// What `--allow` lifts.
    Limits,
    Deliveries,
}

/// A reason and its page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) subject: Subject,
    pub(super) page: &'static str,
}

macro_rules! reasons {
    ($($subject:ident { $($name:literal,)+ })+) => {
        pub(super) const ALL: &[Known] = &[$($(
            Known {
                name: $name,
                subject: Subject::$subject,
                page: include_str!(concat!("../../docs/reasons/", $name, ".md")),
            },
        )+)+];
    };
}

reasons! {
    Plans {
        "audience_moved",
        "over_plan_limit",
        "plan_edited",
        "plan_expired",
        "plan_foreign",
        "plan_version",
        "server_older",
        "stale_plan",
        "unsettled",
    }
    Limits {
        "deletes",
        "drift",
        "growth",
        "starts",
        "takeover",
    }
    Deliveries {
        "aborted",
        "channel_misconfigured",
        "content_refused",
        "content_unavailable",
        "endpoint_refused",
        "interrupted",
        "invalid_message",
        "no_answer",
        "no_psid",
        "not_connected",
        "not_in_audience",
        "page_restricted",
        "render_failed",
        "send_cancelled",
        "temporary_error",
        "thread_held",
        "throttled",
        "token_rejected",
        "user_not_found",
        "user_unreachable",
        "window_closed",
    }
}

// === impl Known ===

impl Known {
    /// The page's first sentence.
    pub(super) fn summary(&self) -> &'static str {
        self.page.lines().nth(2).unwrap_or_default()
    }
}

// === impl Subject ===

impl Subject {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Plans => "plans",
            Self::Limits => "limits",
            Self::Deliveries => "deliveries",
        }
    }
}

/// The reason of that name, as deliveries have it, as errors have it (`STALE_PLAN`), or as `--allow` takes it
/// (`growth=order-shipped`).
pub(super) fn find(name: &str) -> Option<&'static Known> {
    let name = name.split('=').next().unwrap_or(name);
    let name = name.to_ascii_lowercase().replace('-', "_");
    ALL.iter().find(|known| known.name == name)
}

/// What to type for the page of what a server refused; only plans have such pages.
pub(super) fn hint(reason: &str) -> Option<String> {
    let known = find(reason).filter(|known| known.subject == Subject::Plans)?;
    Some(format!("`recado explain {}`", known.name))
}

/// What to type for the pages of these deliveries' reasons.
pub(super) fn hint_of(deliveries: &[pb::Delivery]) -> Option<String> {
    let reasons = deliveries.iter().filter_map(|it| it.reason.as_ref());
    let mut names = reasons.filter_map(|reason| Some(find(&reason.code)?.name));
    let first = names.next()?;
    Some(if names.all(|name| name == first) {
        format!("`recado explain {first}` says what that is, and what to do")
    } else {
        format!("`recado explain {first}`, or another reason, says what that is, and what to do")
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::api::pb::ErrorReason;
    use crate::diagnostic::codes;
    use crate::engine::Exception;
    use crate::model::delivery::ReasonCode;

    /// Whether a refusal is about a plan or its apply, and so has a page.
    fn is_of_plans(reason: ErrorReason) -> bool {
        use ErrorReason as Is;
        match reason {
            Is::StalePlan
            | Is::PlanEdited
            | Is::PlanExpired
            | Is::PlanForeign
            | Is::PlanVersion
            | Is::AudienceMoved
            | Is::OverPlanLimit
            | Is::ServerOlder
            | Is::Unsettled => true,
            Is::Unspecified
            | Is::InvalidField
            | Is::InvalidFilter
            | Is::OverLimit
            | Is::InvalidPageToken
            | Is::NotFound
            | Is::InvalidFiles
            | Is::Unauthenticated
            | Is::ScopeMissing
            | Is::Busy
            | Is::DiskFull
            | Is::Unavailable
            | Is::Internal
            | Is::DataLoss
            | Is::StaleCursor
            | Is::EmptyAudience => false,
        }
    }

    fn names(subject: Subject) -> BTreeSet<String> {
        let of = ALL.iter().filter(|known| known.subject == subject);
        of.map(|known| known.name.to_owned()).collect()
    }

    #[test]
    fn every_reason_of_deliveries_has_a_page() {
        let all = ReasonCode::ALL.iter().map(|code| code.as_str().to_owned());
        assert_eq!(all.collect::<BTreeSet<_>>(), names(Subject::Deliveries));
    }

    #[test]
    fn every_refusal_of_a_plan_has_a_page() {
        let all = (0..100).filter_map(|n| ErrorReason::try_from(n).ok());
        let all = all.filter(|reason| is_of_plans(*reason));
        let name = |reason: ErrorReason| reason.as_str_name().to_ascii_lowercase();
        let all = all.map(|reason| name(reason).replace("error_reason_", ""));
        assert_eq!(all.collect::<BTreeSet<_>>(), names(Subject::Plans));
    }

    #[test]
    fn everything_that_can_be_allowed_has_a_page() {
        // A new exception does not compile until it stands in both.
        let name = |exception: &Exception| match exception {
            Exception::Deletes => "deletes",
            Exception::Starts => "starts",
            Exception::Drift => "drift",
            Exception::Growth(_) => "growth",
            Exception::Takeover(_) => "takeover",
        };
        let all = ["deletes", "starts", "drift", "growth=a", "takeover=a"];
        let all = all.map(|text| name(&Exception::parse(text).unwrap()).to_owned());
        assert_eq!(BTreeSet::from(all), names(Subject::Limits));
    }

    #[test]
    fn pages_say_what_happened_what_it_is_for_people_and_what_to_do() {
        for known in ALL {
            let Known { name, page, .. } = known;
            assert!(page.starts_with(&format!("# {name}\n\n")), "{name}");
            assert!(known.summary().ends_with('.'), "{name}");
            let heads = page.lines().filter(|line| line.starts_with("## "));
            let heads: Vec<_> = heads.collect();
            assert_eq!(heads, ["## People's messages", "## What to do"], "{name}");
            assert!(page.lines().count() <= 30, "{name} is no page of a reason");
            let as_code = name.replace('_', "-");
            assert!(codes::find(&as_code).is_none(), "{name} is a code too");
        }
    }

    #[test]
    fn a_reason_is_found_as_it_is_told() {
        for told in ["stale_plan", "STALE_PLAN", "stale-plan"] {
            assert_eq!(find(told).unwrap().name, "stale_plan");
        }
        assert_eq!(find("growth=order-shipped").unwrap().name, "growth");
        assert_eq!(hint("PLAN_EDITED").unwrap(), "`recado explain plan_edited`");
        assert_eq!(hint("NOT_FOUND"), None);
    }

    #[test]
    fn a_list_of_deliveries_names_the_page_of_its_reason() {
        let of = |code: &str| pb::Delivery {
            reason: Some(pb::DeliveryReason {
                code: code.to_owned(),
                ..pb::DeliveryReason::default()
            }),
            ..pb::Delivery::default()
        };
        assert_eq!(hint_of(&[pb::Delivery::default(), of("")]), None);
        let one = hint_of(&[of("no_psid"), of("no_psid")]).unwrap();
        assert!(one.starts_with("`recado explain no_psid` says"), "{one}");
        let two = hint_of(&[of("no_psid"), of("throttled")]).unwrap();
        assert!(two.contains("or another reason"), "{two}");
    }
}
