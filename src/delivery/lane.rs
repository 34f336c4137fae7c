//! The pace of one channel: how many calls may begin now, and when the next one may.
//!
//! A lane that is told to wait pauses as a whole, then sends **one** delivery to see whether it may go
//! on. So a dead token or a throttled page costs a few attempts, never everybody's.

use std::time::Duration;

use jiff::Timestamp;

use crate::clock;

/// First and longest pause for each cause; every failed probe doubles the pause.
const THROTTLED: Pauses = Pauses {
    first: Duration::from_secs(30),
    longest: Duration::from_mins(15),
};
const STOPPED: Pauses = Pauses {
    first: Duration::from_secs(30),
    longest: Duration::from_mins(30),
};
const SILENT: Pauses = Pauses {
    first: Duration::from_secs(1),
    longest: Duration::from_mins(5),
};
/// Calls in a row without an answer after which the lane pauses: what goes on calling into silence
/// makes unknown deliveries.
const SILENT_MAX: u32 = 5;
/// The longest pause that a platform may ask for.
const ASKED_MAX: Duration = Duration::from_hours(1);
/// Percent of the platform's quota from which the lane goes at half its pace.
const USAGE_SLOW: u8 = 75;
/// Percent from which it pauses: calls made while throttled lengthen the block.
const USAGE_PAUSE: u8 = 95;

const SECOND: i128 = 1_000_000_000;

/// What a call says about its channel, beyond its own delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// It was answered; `usage` is the percent of the platform's quota in use, where it said so.
    Answered { usage: Option<u8> },
    /// Too much was sent: nobody may call before `asked` is over.
    Throttled { asked: Option<Duration> },
    /// The token or the page is refused, whoever the message is for.
    Stopped,
    /// Nobody answered.
    Silent,
    /// No call was made.
    None,
}

/// The pace of one channel; `now` is an argument.
#[derive(Debug, Clone)]
pub struct Lane {
    /// Calls a second; `None` is no bound.
    pace: Option<u32>,
    is_slow: bool,
    /// Calls in a row without an answer.
    silent: u32,
    /// The bucket as one number: when the next call would begin if all were spaced evenly, in
    /// nanoseconds. Whole numbers, so that no rounding adds up to a call too many.
    next: i128,
    flow: Flow,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Open,
    Paused {
        until: Timestamp,
        strikes: u32,
    },
    /// One call is out to see whether the lane is open again.
    Probing {
        strikes: u32,
    },
}

#[derive(Debug, Clone, Copy)]
struct Pauses {
    first: Duration,
    longest: Duration,
}

// === impl Lane ===

impl Lane {
    pub fn new(pace: Option<u32>, now: Timestamp) -> Self {
        Self {
            pace,
            is_slow: false,
            silent: 0,
            next: now.as_nanosecond(),
            flow: Flow::Open,
        }
    }

    pub fn set_pace(&mut self, pace: Option<u32>, now: Timestamp) {
        let was_open = self.pace.is_none();
        self.pace = pace;
        // What was taken without a pace began just now: the next call comes an interval later.
        if was_open && let Some(interval) = self.interval() {
            self.next = self.next.max(now.as_nanosecond() + interval);
        }
    }

    /// Takes up to `want` calls that may begin now.
    pub fn take(&mut self, want: usize, now: Timestamp) -> usize {
        let allowed = match self.flow {
            Flow::Probing { .. } => 0,
            Flow::Paused { until, .. } if now < until => 0,
            Flow::Paused { .. } => want.min(1),
            Flow::Open => want,
        };
        let taken = self.take_tokens(allowed, now);
        if taken > 0
            && let Flow::Paused { strikes, .. } = self.flow
        {
            self.flow = Flow::Probing { strikes };
        }
        taken
    }

    /// Gives back what was taken and not used for a call.
    pub fn put_back(&mut self, unused: usize, now: Timestamp) {
        if unused == 0 {
            return;
        }
        if let Some(interval) = self.interval() {
            self.next -= interval * i128::try_from(unused).unwrap_or(i128::MAX / interval);
        }
        // The probe was not made: the next delivery is it.
        if let Flow::Probing { strikes } = self.flow {
            self.flow = Flow::Paused {
                until: now,
                strikes,
            };
        }
    }

    /// The earliest instant at which [`Lane::take`] gives something; `None` while a probe is out.
    pub fn ready_at(&self, now: Timestamp) -> Option<Timestamp> {
        let paced = self.interval().map_or(now, |interval| {
            let at = self.next - Self::slack(interval);
            Timestamp::from_nanosecond(at).map_or(now, |at| at.max(now))
        });
        match self.flow {
            Flow::Open => Some(paced),
            Flow::Paused { until, .. } => Some(paced.max(until)),
            Flow::Probing { .. } => None,
        }
    }

    /// Whether it waits, or sees with one call whether it may go on.
    pub fn is_paused(&self) -> bool {
        self.flow != Flow::Open
    }

    /// Learns from a call. Answers the end of a pause that began with it.
    pub fn learn(&mut self, signal: Signal, now: Timestamp) -> Option<Timestamp> {
        match signal {
            Signal::Answered { usage } => self.answered(usage.unwrap_or(0), now),
            Signal::Throttled { asked } => self.strike(THROTTLED, asked, now),
            Signal::Stopped => self.strike(STOPPED, None, now),
            Signal::Silent => self.unanswered(now),
            Signal::None => {
                self.put_back(1, now);
                None
            }
        }
    }

    fn answered(&mut self, usage: u8, now: Timestamp) -> Option<Timestamp> {
        if usage >= USAGE_PAUSE {
            return self.strike(THROTTLED, None, now);
        }
        self.silent = 0;
        self.is_slow = usage >= USAGE_SLOW;
        // An answer to a call from before the pause does not end it.
        if !matches!(self.flow, Flow::Paused { .. }) {
            self.flow = Flow::Open;
        }
        None
    }

    fn strike(
        &mut self,
        pauses: Pauses,
        asked: Option<Duration>,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let strikes = match self.flow {
            Flow::Open => 0,
            Flow::Probing { strikes } => strikes + 1,
            // Calls that were out when the pause began say the same once more; only a longer demand counts.
            Flow::Paused { until, strikes } => {
                let asked = clock::after(now, asked.unwrap_or_default().min(ASKED_MAX));
                let until = until.max(asked);
                self.flow = Flow::Paused { until, strikes };
                return None;
            }
        };
        let own = pauses.nth(strikes);
        let until = clock::after(now, own.max(asked.unwrap_or_default().min(ASKED_MAX)));
        self.flow = Flow::Paused { until, strikes };
        Some(until)
    }

    fn unanswered(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.silent += 1;
        if self.silent >= SILENT_MAX || matches!(self.flow, Flow::Probing { .. }) {
            return self.strike(SILENT, None, now);
        }
        None
    }

    fn take_tokens(&mut self, want: usize, now: Timestamp) -> usize {
        let Some(interval) = self.interval() else {
            return want;
        };
        let now = now.as_nanosecond();
        let next = self.next.max(now);
        let room = now + Self::slack(interval) - next;
        if room < 0 {
            return 0;
        }
        let taken = want.min(usize::try_from(room / interval + 1).unwrap_or(usize::MAX));
        self.next = next + interval * i128::try_from(taken).unwrap_or_default();
        taken
    }

    /// Nanoseconds between two calls, rounded up.
    fn interval(&self) -> Option<i128> {
        let pace = i128::from(self.pace?.max(1));
        let slowed = if self.is_slow { 2 } else { 1 };
        Some((SECOND * slowed + pace - 1) / pace)
    }

    /// How far ahead of even spacing calls may run: a fiftieth of a second, so that a page's 40 a
    /// second never come in a burst, and a fast lane need not wake for each call.
    fn slack(interval: i128) -> i128 {
        (SECOND / 50 - interval).max(0)
    }
}

// === impl Pauses ===

impl Pauses {
    fn nth(self, strikes: u32) -> Duration {
        let doubled = self.first.saturating_mul(2_u32.saturating_pow(strikes));
        doubled.min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_000_000 + millis).unwrap()
    }

    const FINE: Signal = Signal::Answered { usage: None };

    #[test]
    fn no_second_holds_more_than_the_pace_and_none_is_wasted() {
        for pace in [1, 3, 40, 49] {
            let mut lane = Lane::new(Some(pace), at(0));
            let mut taken: Vec<Timestamp> = Vec::new();
            let mut now = at(0);
            while now < at(5_000) {
                let n = lane.take(1_000, now);
                taken.extend(std::iter::repeat_n(now, n));
                now = lane.ready_at(now).unwrap().max(now);
            }
            for start in &taken {
                let end = clock::after(*start, Duration::from_millis(999));
                let within = taken.iter().filter(|t| *t >= start && **t <= end).count();
                assert!(within <= pace as usize, "{within} in a second at {pace}");
            }
            assert_eq!(taken.len(), 5 * pace as usize, "pace {pace}");
        }
    }

    #[test]
    fn the_call_that_told_the_pace_counts() {
        let mut lane = Lane::new(None, at(0));
        assert_eq!(lane.take(1, at(0)), 1);
        lane.set_pace(Some(40), at(0));
        assert_eq!(lane.take(9, at(0)), 0);
        assert_eq!(lane.take(9, at(25)), 1);
    }

    #[test]
    fn a_fast_lane_takes_several_and_an_open_one_all() {
        let mut fast = Lane::new(Some(5_000), at(0));
        assert_eq!(fast.take(1_000, at(1_000)), 100);
        assert_eq!(fast.take(1_000, at(1_000)), 0);
        assert_eq!(fast.take(1_000, at(1_002)), 10);
        assert_eq!(Lane::new(None, at(0)).take(256, at(0)), 256);
    }

    #[test]
    fn a_throttle_pauses_everything_then_probes_with_one() {
        let mut lane = Lane::new(None, at(0));
        assert_eq!(lane.take(256, at(0)), 256);
        let throttled = Signal::Throttled { asked: None };
        assert_eq!(lane.learn(throttled, at(0)), Some(at(30_000)));
        // The other calls of the same burst neither lengthen the pause nor end it.
        assert_eq!(lane.learn(throttled, at(10)), None);
        assert_eq!(lane.learn(FINE, at(20)), None);
        assert_eq!(lane.take(256, at(29_999)), 0);
        assert_eq!(lane.ready_at(at(29_999)), Some(at(30_000)));
        assert_eq!(lane.take(256, at(30_000)), 1);
        assert_eq!(
            (lane.take(256, at(30_001)), lane.ready_at(at(30_001))),
            (0, None)
        );
        assert_eq!(lane.learn(throttled, at(31_000)), Some(at(91_000)));
        assert_eq!(lane.take(256, at(91_000)), 1);
        lane.learn(FINE, at(91_100));
        assert_eq!(lane.take(256, at(91_100)), 256);
    }

    #[test]
    fn what_was_asked_is_kept_within_reason() {
        let cases = [(60, 60), (10, 30), (1_000_000, 3_600)];
        for (asked, expected) in cases {
            let mut lane = Lane::new(None, at(0));
            let asked = Some(Duration::from_secs(asked));
            let until = lane.learn(Signal::Throttled { asked }, at(0));
            assert_eq!(until, Some(at(expected * 1_000)), "{asked:?}");
        }
    }

    #[test]
    fn a_probe_that_was_not_made_is_given_back() {
        let mut lane = Lane::new(None, at(0));
        lane.learn(Signal::Stopped, at(0));
        assert_eq!(lane.take(9, at(30_000)), 1);
        lane.put_back(1, at(30_000));
        assert_eq!(lane.take(9, at(30_000)), 1);
        lane.learn(Signal::None, at(30_001));
        assert_eq!(lane.take(9, at(30_001)), 1);
    }

    #[test]
    fn silence_pauses_when_it_goes_on() {
        let mut lane = Lane::new(None, at(0));
        for _ in 0..4 {
            assert_eq!(lane.learn(Signal::Silent, at(0)), None);
        }
        lane.learn(FINE, at(0));
        for _ in 0..4 {
            assert_eq!(lane.learn(Signal::Silent, at(0)), None);
        }
        assert_eq!(lane.learn(Signal::Silent, at(0)), Some(at(1_000)));
        assert_eq!(lane.take(9, at(1_000)), 1);
        assert_eq!(lane.learn(Signal::Silent, at(1_000)), Some(at(3_000)));
    }

    #[test]
    fn a_silent_probe_does_not_stop_the_lane_for_good() {
        let mut lane = Lane::new(None, at(0));
        lane.learn(Signal::Stopped, at(0));
        assert_eq!(lane.take(9, at(30_000)), 1);
        assert_eq!(lane.learn(Signal::Silent, at(30_000)), Some(at(32_000)));
        assert_eq!(lane.take(9, at(32_000)), 1);
    }

    #[test]
    fn usage_slows_and_pauses() {
        let mut lane = Lane::new(Some(40), at(0));
        let usage = |percent| Signal::Answered {
            usage: Some(percent),
        };
        lane.learn(usage(80), at(0));
        assert_eq!(lane.take(1, at(0)), 1);
        assert_eq!(lane.ready_at(at(0)), Some(at(50)));
        lane.learn(usage(10), at(0));
        assert_eq!(lane.take(1, at(50)), 1);
        assert_eq!(lane.ready_at(at(50)), Some(at(75)));
        assert_eq!(lane.learn(usage(95), at(50)), Some(at(30_050)));
    }

    #[test]
    fn pauses_double_to_their_longest() {
        let mut lane = Lane::new(None, at(0));
        let mut now = at(0);
        let mut waits = Vec::new();
        for _ in 0..8 {
            let until = lane.learn(Signal::Stopped, now).unwrap();
            waits.push(until.duration_since(now).as_secs());
            now = until;
            assert_eq!(lane.take(5, now), 1);
        }
        assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1_800, 1_800]);
    }
}
