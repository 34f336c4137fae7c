//! Faults on order: what goes wrong, for whom, how often, and whether the message was taken before.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What goes wrong with a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// An error object. Codes 1 and 2 come with HTTP 500, all others with 400, unless `status` says so.
    Error {
        code: u32,
        #[serde(default)]
        subcode: Option<u32>,
        #[serde(default)]
        is_transient: Option<bool>,
        #[serde(default)]
        status: Option<u16>,
    },
    /// An error object inside HTTP 200.
    ErrorInOk { code: u32 },
    /// A bare HTTP status with a short text that is not JSON.
    Status { status: u16 },
    /// HTTP 200 with a body that is not JSON.
    NotJson,
    /// No answer until [`super::Handle::release`], the client gives up or the sandbox stops.
    Hang,
    /// The TCP connection is reset without an answer.
    Reset,
    /// The answer comes late by the sandbox's clock.
    Slow { millis: u64 },
    /// A throttling error with `Retry-After`. HTTP 429 unless the code is told to come with 400.
    Throttle {
        code: u32,
        retry_after_secs: u64,
        #[serde(default)]
        status: Option<u16>,
    },
}

/// On which side of taking the message the fault strikes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// The message is not taken ([`Fault::Slow`] and a released [`Fault::Hang`] take it afterwards).
    #[default]
    BeforeAccept,
    /// The message is in the log; a message that would be refused anyway is refused instead.
    AfterAccept,
}

/// Whom a rule strikes; empty means every call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Target {
    pub page: Option<String>,
    pub psid: Option<String>,
    /// The share of people struck, in percent, by a hash of the PSID: always the same people.
    pub percent: Option<u8>,
}

/// One fault on order. The oldest rule that fits a call strikes it; one call, one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub fault: Fault,
    #[serde(default)]
    pub moment: Moment,
    #[serde(default)]
    pub target: Target,
    /// How many calls it strikes; `None` means until it is cleared.
    #[serde(default)]
    pub times: Option<u64>,
}

// === impl Fault ===

impl Fault {
    pub fn error(code: u32) -> Self {
        Self::Error {
            code,
            subcode: None,
            is_transient: None,
            status: None,
        }
    }

    pub fn slow(span: Duration) -> Self {
        Self::Slow {
            millis: u64::try_from(span.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

// === impl Rule ===

impl Rule {
    /// Strikes every call until cleared.
    pub fn always(fault: Fault) -> Self {
        Self {
            fault,
            moment: Moment::BeforeAccept,
            target: Target::default(),
            times: None,
        }
    }

    /// Strikes the next call.
    pub fn once(fault: Fault) -> Self {
        Self::always(fault).times(1)
    }

    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    #[must_use]
    pub fn psid(mut self, psid: impl Into<String>) -> Self {
        self.target.psid = Some(psid.into());
        self
    }

    #[must_use]
    pub fn page(mut self, page: impl Into<String>) -> Self {
        self.target.page = Some(page.into());
        self
    }

    #[must_use]
    pub fn percent(mut self, percent: u8) -> Self {
        self.target.percent = Some(percent);
        self
    }

    #[must_use]
    pub fn after_accept(mut self) -> Self {
        self.moment = Moment::AfterAccept;
        self
    }
}

// === impl Target ===

impl Target {
    fn fits(&self, page: &str, psid: &str) -> bool {
        self.page.as_deref().is_none_or(|p| p == page)
            && self.psid.as_deref().is_none_or(|p| p == psid)
            && self
                .percent
                .is_none_or(|percent| hash(psid) % 100 < u64::from(percent))
    }
}

/// Takes the rule that strikes this call, using one of its times up.
pub(super) fn strike(rules: &mut Vec<Rule>, page: &str, psid: &str) -> Option<(Fault, Moment)> {
    let at = rules
        .iter()
        .position(|rule| rule.times != Some(0) && rule.target.fits(page, psid))?;
    let rule = &mut rules[at];
    let struck = (rule.fault.clone(), rule.moment);
    if let Some(times) = &mut rule.times {
        *times -= 1;
        if *times == 0 {
            rules.remove(at);
        }
    }
    Some(struck)
}

/// FNV-1a with a final mix: the same on every machine and in every run.
fn hash(text: &str) -> u64 {
    let folded = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (folded ^ (folded >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_strikes_about_that_many_and_always_the_same() {
        let target = Target {
            percent: Some(20),
            ..Target::default()
        };
        let struck = |n: u32| target.fits("me", &format!("100{n}"));
        let first: Vec<bool> = (0..10_000).map(struck).collect();
        let count = first.iter().filter(|hit| **hit).count();
        assert!((1_800..2_200).contains(&count), "{count}");
        assert_eq!(first, (0..10_000).map(struck).collect::<Vec<_>>());
    }

    #[test]
    fn rules_are_used_up_oldest_first() {
        let mut rules = vec![
            Rule::once(Fault::Reset).psid("7"),
            Rule::once(Fault::NotJson).times(2),
        ];
        let mut take = |psid| strike(&mut rules, "me", psid).map(|(fault, _)| fault);
        assert_eq!(take("1"), Some(Fault::NotJson));
        assert_eq!(take("7"), Some(Fault::Reset));
        assert_eq!(take("7"), Some(Fault::NotJson));
        assert_eq!(take("7"), None);
    }
}
