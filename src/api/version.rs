//! Programs and servers of other versions: each says in a header which it is.
//!
//! A field that a server does not know is dropped in silence. Of a plan that would be another plan, and of a send one to
//! more people, so that a server refuses to plan, to apply and to send for a program that is newer than itself; the other way
//! round all that is asked is known.

use std::cmp::Ordering;
use std::fmt;

use axum::http::HeaderMap;

use super::status::Refused;

/// In requests and in answers.
pub const HEADER: &str = "recado-version";
pub const OURS: &str = env!("CARGO_PKG_VERSION");
/// Where a field that is left out would make something else of what is asked.
const STRICT: [&str; 4] = [
    "/recado.v1.CampaignService/PlanCampaigns",
    "/recado.v1.CampaignService/ApplyCampaigns",
    "/recado.v1.CampaignService/SendCampaign",
    "/recado.v1.CampaignService/SendTestMessage",
];

/// A version by what is new in it: patches bring no field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release {
    major: u32,
    minor: u32,
}

// === impl Release ===

impl Release {
    /// None of what is no version.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let mut next = || parts.next()?.parse().ok();
        Some(Self {
            major: next()?,
            minor: next()?,
        })
    }

    /// How it compares with this program's.
    pub fn against_ours(self) -> Ordering {
        Self::parse(OURS).map_or(Ordering::Equal, |ours| self.cmp(&ours))
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// Refuses a newer program where that matters. Who says nothing of itself is asked nothing.
pub(super) fn check(path: &str, headers: &HeaderMap) -> Result<(), Refused> {
    let said = headers.get(HEADER).and_then(|said| said.to_str().ok());
    match said.and_then(Release::parse) {
        Some(caller) if caller.against_ours().is_gt() && STRICT.contains(&path) => {
            Err(Refused::Newer { caller })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number_and_without_patches() {
        let of = |text: &str| Release::parse(text).unwrap();
        assert!(of("0.10.0") > of("0.9.7"));
        assert!(of("1.0.0") > of("0.99.0"));
        assert_eq!(of("0.1.0"), of("0.1.9"));
        assert_eq!(of(OURS).against_ours(), Ordering::Equal);
        for text in ["", "1", "one.two", "-1.0"] {
            assert_eq!(Release::parse(text), None, "{text}");
        }
    }
}
