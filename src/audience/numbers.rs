//! Integers and times in as few bits as their range needs.

use jiff::Timestamp;

use super::Row;
use super::packed::Packed;

/// `base + packed`, in steps of nothing smaller than one.
#[derive(Debug, Clone)]
pub(super) struct Ints {
    base: i64,
    pub(super) packed: Packed,
}

/// Times as whole `unit`s since 1970.
#[derive(Debug, Clone)]
pub(super) struct Times {
    /// Nanoseconds; the coarsest of [`UNITS`] that loses nothing.
    unit: i64,
    pub(super) ticks: Ints,
}

const UNITS: [i64; 4] = [1_000_000_000, 1_000_000, 1_000, 1];

// === impl Ints ===

impl Ints {
    pub(super) fn new(first: i64) -> Self {
        Self {
            base: first,
            packed: Packed::of_width(1),
        }
    }

    pub(super) fn get(&self, row: Row) -> i64 {
        self.at(self.packed.get(row))
    }

    /// The number that `packed` stands for.
    pub(super) fn at(&self, packed: u64) -> i64 {
        self.base.wrapping_add(packed.cast_signed())
    }

    /// What stands for `number`, if it is in range.
    pub(super) fn place(&self, number: i64) -> Option<u64> {
        let place = number.wrapping_sub(self.base).cast_unsigned();
        (number >= self.base && place <= self.packed.max()).then_some(place)
    }

    pub(super) fn first(&self) -> i64 {
        self.base
    }

    /// The largest number in range; the range may be wider than what is stored.
    pub(super) fn last(&self) -> i64 {
        let last = i128::from(self.base) + i128::from(self.packed.max());
        i64::try_from(last).unwrap_or(i64::MAX)
    }

    pub(super) fn set(&mut self, row: Row, number: i64, present: impl Iterator<Item = Row>) {
        if number < self.base {
            // Some room below, so that falling numbers do not move the base each time.
            let span = self.last().abs_diff(number) / 4;
            let base = number.saturating_sub(i64::try_from(span).unwrap_or(i64::MAX));
            let mut moved = Self::new(base);
            for row in present {
                moved.push(row, self.get(row));
            }
            *self = moved;
        }
        self.push(row, number);
    }

    fn push(&mut self, row: Row, number: i64) {
        let place = number.wrapping_sub(self.base).cast_unsigned();
        self.packed.widen(place);
        self.packed.set(row, place);
    }
}

// === impl Times ===

impl Times {
    pub(super) fn new(first: Timestamp) -> Option<Self> {
        let nanos = first.as_nanosecond();
        let unit = UNITS
            .into_iter()
            .find(|unit| nanos % i128::from(*unit) == 0)?;
        let tick = i64::try_from(nanos / i128::from(unit)).ok()?;
        Some(Self {
            unit,
            ticks: Ints::new(tick),
        })
    }

    pub(super) fn has_unit(&self, nanoseconds: i64) -> bool {
        self.unit == nanoseconds
    }

    pub(super) fn get(&self, row: Row) -> Timestamp {
        self.time(self.ticks.get(row))
    }

    /// Ticks out of the calendar are cut to its ends: nothing stored is.
    pub(super) fn time(&self, tick: i64) -> Timestamp {
        let nanos = i128::from(tick) * i128::from(self.unit);
        let end = if tick < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        };
        Timestamp::from_nanosecond(nanos).unwrap_or(end)
    }

    /// The tick of exactly this instant, if there is one.
    pub(super) fn tick(&self, at: Timestamp) -> Option<i64> {
        let (nanos, unit) = (at.as_nanosecond(), i128::from(self.unit));
        if nanos % unit != 0 {
            return None;
        }
        i64::try_from(nanos / unit).ok()
    }

    /// False when the instant does not fit even in nanoseconds together with those that are here.
    pub(super) fn set(&mut self, row: Row, at: Timestamp, present: &[Row]) -> bool {
        while self.tick(at).is_none() {
            if !self.refine(present) {
                return false;
            }
        }
        let Some(tick) = self.tick(at) else {
            return false;
        };
        self.ticks.set(row, tick, present.iter().copied());
        true
    }

    /// Goes to the next finer unit.
    fn refine(&mut self, present: &[Row]) -> bool {
        let unit = UNITS.into_iter().find(|unit| *unit < self.unit);
        let Some(unit) = unit else { return false };
        let finer = |tick: i64| tick.checked_mul(self.unit / unit);
        let first = present.iter().map(|row| self.ticks.get(*row)).min();
        let Some(base) = finer(first.unwrap_or_else(|| self.ticks.first())) else {
            return false;
        };
        let mut ticks = Ints::new(base);
        for row in present {
            let Some(tick) = finer(self.ticks.get(*row)) else {
                return false;
            };
            ticks.push(*row, tick);
        }
        *self = Self { unit, ticks };
        true
    }

    /// Whether storing `at` keeps the unit, so that no present rows are needed.
    pub(super) fn fits(&self, at: Timestamp) -> bool {
        self.tick(at).is_some_and(|tick| tick >= self.ticks.first())
    }
}
