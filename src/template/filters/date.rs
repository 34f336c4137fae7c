//! `date` and `time_zone` on jiff: the library's own `date` compiles its formats at every call, thirty times slower.

use jiff::civil;
use jiff::fmt::strtime;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};
use liquid_core::model::{Value, ValueView};
use liquid_core::{Error, Result};

use super::own::Call;

/// How a time with a zone prints, and is read again.
const ZONED: &str = "%Y-%m-%d %H:%M:%S %z";

/// Formats an instant by strftime, in the zone that its text names, else in UTC. `now` and `today` are the time of
/// the render; what is no time comes out as it went in, as in Ruby.
pub(super) fn date(input: &dyn ValueView, call: &mut Call<'_>) -> Result<Value> {
    let text = input.to_kstr();
    let format = call.text(0);
    let Some(at) = read(&text, call.now) else {
        return Ok(input.to_value());
    };
    if format.is_empty() {
        return Ok(input.to_value());
    }
    print(&format, &at)
}

/// The same instant in another zone, as a text that `date` reads.
pub(super) fn time_zone(input: &dyn ValueView, call: &mut Call<'_>) -> Result<Value> {
    let name = call.text(0);
    let Some(at) = read(&input.to_kstr(), call.now) else {
        return Ok(input.to_value());
    };
    if name.is_empty() {
        return Ok(input.to_value());
    }
    let zone = zone(&name).ok_or_else(|| {
        Error::with_msg("`time_zone` takes a zone of the IANA database, such as `Europe/Lisbon`")
    })?;
    print(ZONED, &at.with_time_zone(zone))
}

fn print(format: &str, at: &Zoned) -> Result<Value> {
    match strtime::format(format, at) {
        Ok(out) => Ok(Value::scalar(out)),
        Err(_) => Err(Error::with_msg("the date format does not parse")),
    }
}

fn zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name)
        .ok()
        .or_else(|| offset(name).map(TimeZone::fixed))
}

/// `+02:00`, `-0700`.
fn offset(text: &str) -> Option<Offset> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let digits = digits.replace(':', "");
    if digits.len() != 4 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (i32, i32) = (digits[..2].parse().ok()?, digits[2..].parse().ok()?);
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

fn read(text: &str, now: Option<Timestamp>) -> Option<Zoned> {
    let utc = |at: Timestamp| at.to_zoned(TimeZone::UTC);
    let text = text.trim();
    if matches!(text, "now" | "today") {
        return now.map(utc);
    }
    if let Ok(second) = text.parse::<i64>() {
        return Timestamp::from_second(second).ok().map(utc);
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        // In the offset that was written, as Ruby does.
        let tail = text.get(text.len().saturating_sub(6)..).unwrap_or_default();
        let zone = offset(tail).map_or(TimeZone::UTC, TimeZone::fixed);
        return Some(at.to_zoned(zone));
    }
    // What `time_zone` made.
    if let Some((local, written)) = text.rsplit_once(' ')
        && let Some(offset) = offset(written)
    {
        let at: civil::DateTime = local.parse().ok()?;
        return at.to_zoned(TimeZone::fixed(offset)).ok();
    }
    // Without a zone it is UTC, as in Braze.
    let at: civil::DateTime = match text.parse() {
        Ok(at) => at,
        Err(_) => text.parse::<civil::Date>().ok()?.at(0, 0, 0, 0),
    };
    at.to_zoned(TimeZone::UTC).ok()
}
