//! Recording how large tracked segments are, every full hour.

use std::time::Duration;

use jiff::{Timestamp, TimestampRound, Unit};

use crate::clock;
use crate::engine::{Engine, Result};

const HOUR: Duration = Duration::from_hours(1);
/// How long a store that cannot be written is left alone.
const RETRY: Duration = Duration::from_mins(1);

// === impl Engine ===

impl Engine {
    /// Records tracked segments until the server stops: every full hour, and at once those whose last full
    /// hour was missed, because the server did not run or the segment was not tracked yet.
    pub async fn track_sizes(&self) {
        let mut revised = self.revised.subscribe();
        let mut has_failed = false;
        loop {
            // Before the look, so that no apply in between is missed.
            revised.mark_unchanged();
            let now = self.parts.clock.now();
            let recorded = self.record_due(now).await;
            let next = match &recorded {
                Ok(()) => clock::after(full_hour(now), HOUR),
                Err(_) => clock::after(now, RETRY),
            };
            if let (Err(error), false) = (&recorded, has_failed) {
                tracing::warn!(%error, "sizes of segments were not recorded; tried again every minute");
            }
            has_failed = recorded.is_err();
            tokio::select! {
                () = self.parts.clock.sleep_until(next) => {}
                Ok(()) = revised.changed() => {}
                () = self.parts.tasks.stopping() => return,
            }
        }
    }

    /// Records each tracked segment that has no size since the last full hour.
    async fn record_due(&self, now: Timestamp) -> Result<()> {
        let applied = self.applied.load_full();
        let tracked = applied.set.segments.values().filter(|one| one.tracking);
        let store = &self.parts.store;
        let since = full_hour(now)..Timestamp::MAX;
        let mut sizes = Vec::new();
        for segment in tracked {
            let known = store.sizes(&segment.name, since.clone(), 1).await?;
            if known.is_empty() {
                let members = store.count(&segment.filter, now).await?;
                sizes.push((segment.name.clone(), members));
            }
        }
        if !sizes.is_empty() {
            store.record_sizes(now, sizes).await?;
        }
        Ok(())
    }
}

/// The full hour that `now` is in.
fn full_hour(now: Timestamp) -> Timestamp {
    let down = TimestampRound::new()
        .smallest(Unit::Hour)
        .mode(jiff::RoundMode::Floor);
    now.round(down).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_begins_at_its_first_microsecond() {
        for (now, hour) in [
            ("2026-11-23T10:00:00Z", "2026-11-23T10:00:00Z"),
            ("2026-11-23T10:59:59.999999Z", "2026-11-23T10:00:00Z"),
            ("1969-12-31T23:30:00Z", "1969-12-31T23:00:00Z"),
        ] {
            let expected: Timestamp = hour.parse().unwrap();
            assert_eq!(full_hour(now.parse().unwrap()), expected);
        }
    }
}
