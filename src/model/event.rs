//! Events: what users did, and when.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::Value;
use super::id::{EventId, ExternalId};
use super::limits;
use super::user::{Rejected, weight};
use super::value::check_name;

/// A timestamped fact about a user.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub external_id: ExternalId,
    pub name: String,
    /// To the millisecond: see [`millis`].
    pub at: Timestamp,
    pub properties: BTreeMap<String, Value>,
    /// Makes a repeat harmless.
    pub id: Option<EventId>,
}

/// What became of one event of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tracked {
    Recorded,
    /// Its id was tracked before.
    Repeated,
}

/// How long events are kept, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Retention(BTreeMap<String, Duration>);

/// A name under which events are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventName {
    pub name: String,
    pub events: u64,
    /// Properties that can be summed.
    pub numbers: Vec<String>,
}

// === impl Event ===

impl Event {
    /// Checks everything that does not depend on the time or on other events.
    ///
    /// # Errors
    /// The first name or value that breaks a rule, with its path.
    pub fn check(&self) -> Result<(), Rejected> {
        let refuse = |path: String, message: String| Err(Rejected { path, message });
        if let Err(refused) = check_name(&self.name) {
            return refuse("name".into(), refused.message);
        }
        let mut bytes = 0;
        for (name, value) in &self.properties {
            if let Err(refused) = check_name(name).and_then(|()| value.check()) {
                let path = format!("properties.{name}{}", refused.path);
                return refuse(path, refused.message);
            }
            bytes += weight(name, value);
        }
        if bytes > limits::EVENT_PROPERTIES_BYTES_MAX {
            let max = limits::EVENT_PROPERTIES_BYTES_MAX;
            let message = format!("{bytes} bytes; the properties of an event may have {max}");
            return refuse("properties".into(), message);
        }
        Ok(())
    }

    /// Checks that it is neither of the future nor past its retention.
    ///
    /// # Errors
    /// It is, and by how much.
    pub fn check_time(&self, retention: &Retention, now: Timestamp) -> Result<(), Rejected> {
        let refuse = |message: String| {
            Err(Rejected {
                path: "time".into(),
                message,
            })
        };
        let skew = limits::EVENT_FUTURE_MAX;
        if self.at.duration_since(now).as_nanos() > skew.as_nanos().cast_signed() {
            return refuse(format!(
                "`{}` is in the future; clocks may differ by {skew:?}",
                self.at
            ));
        }
        let kept = retention.of(&self.name);
        if now.duration_since(self.at).as_nanos() > kept.as_nanos().cast_signed() {
            return refuse(format!(
                "`{}` is older than the {} days for which `{}` events are kept",
                self.at,
                kept.as_secs() / 86_400,
                self.name
            ));
        }
        Ok(())
    }

    /// The properties that can be summed.
    #[expect(
        clippy::cast_precision_loss,
        reason = "integers of properties are within 2^53"
    )]
    pub fn numbers(&self) -> impl Iterator<Item = (&str, f64)> {
        self.properties.iter().filter_map(|(name, value)| {
            let number = match value {
                Value::Int(n) => *n as f64,
                Value::Double(d) => *d,
                _ => return None,
            };
            Some((name.as_str(), number))
        })
    }
}

// === impl Retention ===

impl Retention {
    pub fn of(&self, name: &str) -> Duration {
        let declared = self.0.get(name).copied();
        declared.unwrap_or(limits::EVENT_RETENTION_DEFAULT)
    }

    /// Events at or before this time are past their retention.
    pub fn cutoff(&self, name: &str, now: Timestamp) -> i64 {
        let kept = i64::try_from(self.of(name).as_millis()).unwrap_or(i64::MAX);
        millis(now).saturating_sub(kept)
    }
}

impl FromIterator<(String, Duration)> for Retention {
    fn from_iter<I: IntoIterator<Item = (String, Duration)>>(names: I) -> Self {
        Self(names.into_iter().collect())
    }
}

/// Milliseconds since 1970, rounded down: the precision of events.
pub fn millis(at: Timestamp) -> i64 {
    // The calendar's ends are far within 64 bits of milliseconds.
    i64::try_from(at.as_nanosecond().div_euclid(1_000_000)).unwrap_or(i64::MAX)
}

/// The time of so many milliseconds since 1970.
pub fn from_millis(millis: i64) -> Timestamp {
    let end = if millis < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    Timestamp::from_millisecond(millis).unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, at: &str) -> Event {
        Event {
            external_id: ExternalId::parse("ana").unwrap(),
            name: name.into(),
            at: at.parse().unwrap(),
            properties: BTreeMap::new(),
            id: None,
        }
    }

    #[test]
    fn times_out_of_bounds_are_refused() {
        let now = "2026-11-23T10:00:00Z".parse().unwrap();
        let retention: Retention = [("seen".to_owned(), Duration::from_hours(48))]
            .into_iter()
            .collect();
        for (name, at, is_fine) in [
            ("seen", "2026-11-23T10:05:00Z", true),
            ("seen", "2026-11-23T10:05:00.001Z", false),
            ("seen", "2026-11-21T10:00:00Z", true),
            ("seen", "2026-11-21T09:59:59.999Z", false),
            ("order", "2026-01-01T00:00:00Z", true),
            ("order", "2025-01-01T00:00:00Z", false),
        ] {
            let checked = event(name, at).check_time(&retention, now);
            assert_eq!(checked.is_ok(), is_fine, "{name} {at}");
        }
    }

    #[test]
    fn bad_names_and_properties_are_refused_by_path() {
        let mut bad = event("$own", "2026-11-23T10:00:00Z");
        assert_eq!(bad.check().unwrap_err().path, "name");
        bad.name = "order".into();
        let nested = Value::List(vec![Value::Double(f64::NAN)]);
        bad.properties.insert("items".into(), nested);
        assert_eq!(bad.check().unwrap_err().path, "properties.items[0]");
        let text = Value::String("x".repeat(limits::STRING_BYTES_MAX));
        bad.properties = (0..5).map(|n| (format!("p{n}"), text.clone())).collect();
        assert_eq!(bad.check().unwrap_err().path, "properties");
    }

    #[test]
    fn times_before_1970_round_down() {
        let at = "1969-12-31T23:59:59.9999Z".parse().unwrap();
        assert_eq!(millis(at), -1);
        assert_eq!(from_millis(-1).to_string(), "1969-12-31T23:59:59.999Z");
    }
}
