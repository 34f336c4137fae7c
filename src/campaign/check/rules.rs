//! What Settings say of plans: what one must keep to, or it is not applied.

use std::time::Duration;

use crate::campaign::read::file::RulesFile;
use crate::campaign::read::spans::{duration, percent};
use crate::model::limits;

/// The bounds of an apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// How old a plan may be; as old as whoever applies says without it.
    pub max_age: Option<Duration>,
    /// In percent of what the plan said.
    pub audience_drift: u32,
    /// In percent of the owner's campaigns.
    pub max_deletes: u32,
    /// So many may always be deleted.
    pub few_deletes: u64,
    /// New campaigns of one apply.
    pub max_starts: u64,
}

// === impl Rules ===

impl Rules {
    pub(in crate::campaign) fn read(file: &RulesFile) -> Self {
        let usual = Self::default();
        let drift = file.audience_drift.as_deref().and_then(percent);
        let deletes = file.max_deletes.as_deref().and_then(percent);
        Self {
            max_age: file.max_age.as_deref().and_then(duration),
            audience_drift: drift.unwrap_or(usual.audience_drift),
            max_deletes: deletes.unwrap_or(usual.max_deletes),
            few_deletes: file.few_deletes.unwrap_or(usual.few_deletes),
            max_starts: file.max_starts.unwrap_or(usual.max_starts),
        }
    }

    /// Of two, the stricter of each: a change cannot loosen what it is itself held to.
    #[must_use]
    pub fn strictest(self, other: Self) -> Self {
        let ages = [self.max_age, other.max_age].into_iter().flatten();
        Self {
            max_age: ages.min(),
            audience_drift: self.audience_drift.min(other.audience_drift),
            max_deletes: self.max_deletes.min(other.max_deletes),
            few_deletes: self.few_deletes.min(other.few_deletes),
            max_starts: self.max_starts.min(other.max_starts),
        }
    }

    /// How old a plan may be when whoever applies says `asked`: never older than Settings allow.
    pub fn age(&self, asked: Option<Duration>) -> Duration {
        let said = [asked, self.max_age].into_iter().flatten();
        said.min().unwrap_or(limits::PLAN_AGE_DEFAULT)
    }

    /// Whether `n` of `of` campaigns are more than may be deleted at once.
    pub fn deletes_too_many(&self, n: u64, of: u64) -> bool {
        let share = u128::from(of) * u128::from(self.max_deletes);
        n > self.few_deletes && u128::from(n) * 100 > share
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
            max_deletes: limits::DELETES_PERCENT,
            few_deletes: limits::DELETES_FEW,
            max_starts: limits::STARTS,
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
    fn a_few_may_always_be_deleted_and_of_many_a_share() {
        let rules = Rules::default();
        for (n, of, expected) in [
            (3, 3, false),
            (4, 4, true),
            (4, 13, true),
            (30, 100, false),
            (31, 100, true),
        ] {
            assert_eq!(rules.deletes_too_many(n, of), expected, "{n} of {of}");
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
            audience_drift: 5,
            ..Rules::default()
        });
        assert_eq!((both.max_age, both.audience_drift), (Some(hours(48)), 5));
    }
}
