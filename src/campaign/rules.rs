//! What Settings say of plans: what one must keep to, or it is not applied.

use std::time::Duration;

use super::file::RulesFile;
use super::spans::{duration, percent};
use crate::model::limits;

/// The bounds of an apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// How old a plan may be; as old as whoever applies says without it.
    pub max_age: Option<Duration>,
    /// In percent of what the plan said.
    pub audience_drift: u32,
}

// === impl Rules ===

impl Rules {
    pub(super) fn read(file: &RulesFile) -> Self {
        let usual = Self::default();
        let drift = file.audience_drift.as_deref().and_then(percent);
        Self {
            max_age: file.max_age.as_deref().and_then(duration),
            audience_drift: drift.unwrap_or(usual.audience_drift),
        }
    }

    /// Of two, the stricter of each: a change cannot loosen what it is itself held to.
    #[must_use]
    pub fn strictest(self, other: Self) -> Self {
        let ages = [self.max_age, other.max_age].into_iter().flatten();
        Self {
            max_age: ages.min(),
            audience_drift: self.audience_drift.min(other.audience_drift),
        }
    }

    /// How old a plan may be when whoever applies says `asked`: never older than Settings allow.
    pub fn age(&self, asked: Option<Duration>) -> Duration {
        let said = [asked, self.max_age].into_iter().flatten();
        said.min().unwrap_or(limits::PLAN_AGE_DEFAULT)
    }

    /// Whether an audience is another one than the plan said.
    pub fn has_drifted(&self, planned: u64, now: u64) -> bool {
        let moved = planned.abs_diff(now);
        let share = u128::from(planned) * u128::from(self.audience_drift);
        moved > limits::AUDIENCE_DRIFT_PEOPLE && u128::from(moved) * 100 > share
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            max_age: None,
            audience_drift: limits::AUDIENCE_DRIFT_PERCENT,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_of_what_was_planned_and_a_few_are_no_drift() {
        let rules = Rules::default();
        for (planned, now, expected) in [
            (1_000, 1_200, false),
            (1_000, 1_201, true),
            (1_000, 799, true),
            (1, 11, false),
            (1, 12, true),
            (0, 10, false),
            (0, 11, true),
            (u64::MAX, 0, true),
        ] {
            assert_eq!(rules.has_drifted(planned, now), expected, "{planned} {now}");
        }
    }

    #[test]
    fn whoever_applies_may_be_stricter_than_settings_and_not_laxer() {
        let hours = |n| Duration::from_hours(n);
        let said = Rules {
            max_age: Some(hours(48)),
            ..Rules::default()
        };
        for (rules, asked, expected) in [
            (Rules::default(), None, 24),
            (Rules::default(), Some(72), 72),
            (said, None, 48),
            (said, Some(1), 1),
            (said, Some(72), 48),
        ] {
            assert_eq!(rules.age(asked.map(hours)), hours(expected));
        }
        let both = said.strictest(Rules {
            max_age: None,
            audience_drift: 5,
        });
        assert_eq!((both.max_age, both.audience_drift), (Some(hours(48)), 5));
    }
}
