//! When a delivery is tried again. Pure, so that every wait can be read off a table.

use std::time::Duration;

use jiff::Timestamp;

use crate::clock;
use crate::model::id::DeliveryId;
use crate::model::limits;

/// How long to wait between attempts, and how many to make.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// The longest wait after the first attempt.
    pub base: Duration,
    /// What each further wait is multiplied by.
    pub factor: u32,
    /// The longest wait of our own choosing.
    pub cap: Duration,
    /// The longest wait that a platform may ask for.
    pub asked_max: Duration,
    /// Attempts before a temporary failure is final.
    pub attempts_max: u32,
    /// Attempts before being throttled is final. Much larger: a throttle says nothing about the message.
    pub throttled_max: u32,
}

/// Whether a failure uses up the attempts of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The call itself failed.
    Call,
    /// The whole channel was told to wait; the lane pauses and probes with one delivery at a time.
    Channel,
}

// === impl Policy ===

impl Default for Policy {
    /// Six attempts over about a quarter of an hour: 5 s, 20 s, 80 s, 320 s, 600 s at most.
    fn default() -> Self {
        Self {
            base: Duration::from_secs(5),
            factor: 4,
            cap: Duration::from_mins(10),
            asked_max: Duration::from_hours(1),
            attempts_max: limits::ATTEMPTS_MAX,
            throttled_max: 10 * limits::ATTEMPTS_MAX,
        }
    }
}

impl Policy {
    /// The instant of the attempt after `attempt`, or `None` when that was the last.
    ///
    /// `asked` is what the platform asked for: it is waited out, within [`Policy::asked_max`], and the
    /// jitter comes on top, so that those who were told the same do not come back together.
    pub fn next(
        &self,
        id: &DeliveryId,
        attempt: u32,
        blame: Blame,
        asked: Option<Duration>,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let attempts_max = match blame {
            Blame::Call => self.attempts_max,
            Blame::Channel => self.throttled_max,
        };
        if attempt >= attempts_max {
            return None;
        }
        let jittered = self
            .backoff(attempt)
            .mul_f64(0.5 + id.fraction(attempt) / 2.0);
        let wait = match asked {
            None => jittered,
            Some(asked) => asked.min(self.asked_max) + jittered.min(self.base),
        };
        Some(clock::after(now, wait))
    }

    fn backoff(&self, attempt: u32) -> Duration {
        let factor = self.factor.saturating_pow(attempt.saturating_sub(1));
        self.base.saturating_mul(factor).min(self.cap)
    }
}

/// Reads a `Retry-After` header: seconds, or an HTTP date.
pub fn retry_after(header: &str, now: Timestamp) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(header).ok()?.timestamp();
    Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> DeliveryId {
        DeliveryId::from_bytes([7; 16])
    }

    fn wait(attempt: u32, blame: Blame, asked: Option<u64>) -> Option<Duration> {
        let now = Timestamp::UNIX_EPOCH;
        let asked = asked.map(Duration::from_secs);
        Policy::default()
            .next(&id(), attempt, blame, asked, now)
            .map(|at| Duration::try_from(at.duration_since(now)).unwrap())
    }

    #[test]
    fn waits_grow_to_the_cap_and_end() {
        let longest = [5, 20, 80, 320, 600];
        for (attempt, longest) in (1..).zip(longest) {
            let waited = wait(attempt, Blame::Call, None).unwrap().as_secs_f64();
            assert!(
                waited >= f64::from(longest) / 2.0 && waited <= f64::from(longest),
                "attempt {attempt} waited {waited}"
            );
        }
        assert_eq!(wait(6, Blame::Call, None), None);
        assert_eq!(wait(u32::MAX, Blame::Channel, None), None);
    }

    #[test]
    fn a_throttle_does_not_use_up_the_attempts() {
        assert!(wait(6, Blame::Channel, None).is_some());
        assert!(wait(59, Blame::Channel, None).is_some());
        assert_eq!(wait(60, Blame::Channel, None), None);
    }

    #[test]
    fn what_was_asked_is_waited_out_within_reason() {
        let waited = |asked| wait(1, Blame::Call, Some(asked)).unwrap();
        assert!(waited(120) >= Duration::from_mins(2));
        assert!(waited(120) <= Duration::from_secs(125));
        assert!(waited(u64::MAX) <= Duration::from_secs(3605));
    }

    #[test]
    fn jitter_repeats_exactly_and_differs_by_delivery() {
        assert_eq!(wait(3, Blame::Call, None), wait(3, Blame::Call, None));
        let other = DeliveryId::from_bytes([8; 16]);
        let now = Timestamp::UNIX_EPOCH;
        let policy = Policy::default();
        assert_ne!(
            policy.next(&id(), 3, Blame::Call, None, now),
            policy.next(&other, 3, Blame::Call, None, now)
        );
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
        let cases = [
            ("120", Some(120)),
            (" 5 ", Some(5)),
            ("Mon, 23 Nov 2026 10:01:00 GMT", Some(60)),
            ("Mon, 23 Nov 2026 09:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
            ("", None),
        ];
        for (header, expected) in cases {
            assert_eq!(
                retry_after(header, now),
                expected.map(Duration::from_secs),
                "{header:?}"
            );
        }
    }
}
