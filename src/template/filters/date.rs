//! `date` and `time_zone` on jiff: the library's own `date` compiles its formats at every call, thirty times slower.

use std::borrow::Cow;

use jiff::civil;
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};
use liquid_core::model::{Value, ValueView};
use liquid_core::{Error, Result};

use super::own::Call;

/// How a time with a zone prints, and is read again.
const ZONED: &str = "%Y-%m-%d %H:%M:%S %z";

/// Days as people write them. Numbers with slashes have the year first: else nobody knows which is the month.
const DAYS: [&str; 5] = ["%B %d, %Y", "%b %d, %Y", "%d %B %Y", "%d %b %Y", "%Y/%m/%d"];
/// Longest text that such a day and a time may have.
const WRITTEN_MAX: usize = 40;

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

/// A directive that nobody knows prints as it is written, as in Ruby.
fn print(format: &str, at: &Zoned) -> Result<Value> {
    let config = strtime::Config::new().lenient(true);
    let broken_down = BrokenDownTime::from(at);
    let mut out = String::with_capacity(format.len() + 16);
    match broken_down.format_with_config(&config, &*spelled(format), &mut out) {
        Ok(()) => Ok(Value::scalar(out)),
        Err(_) => Err(Error::with_msg("the date format does not parse")),
    }
}

/// Ruby's directives that jiff lacks, or means otherwise.
fn spelled(format: &str) -> Cow<'_, str> {
    let bytes = format.as_bytes();
    let is_other = |pair: &[u8]| pair[0] == b'%' && b"LNQXcrvx".contains(&pair[1]);
    if !bytes.windows(2).any(is_other) && !format.contains("%3N") {
        return Cow::Borrowed(format);
    }
    let mut out = String::with_capacity(format.len() + 16);
    let mut rest = format;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let directive = after.chars().next();
        let (meant, len) = match directive {
            Some('L') => ("%3f", 1),
            Some('N') => ("%9f", 1),
            Some('Q') => ("%%Q", 1),
            Some('X') => ("%H:%M:%S", 1),
            Some('c') => ("%a %b %e %H:%M:%S %Y", 1),
            Some('r') => ("%I:%M:%S %p", 1),
            Some('v') => ("%e-%^b-%Y", 1),
            Some('x') => ("%m/%d/%y", 1),
            Some('%') => ("%%", 1),
            _ if after.starts_with("3N") => ("%3f", 2),
            _ => ("%", 0),
        };
        out.push_str(meant);
        rest = &after[len..];
    }
    out.push_str(rest);
    Cow::Owned(out)
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
    if let Some(text) = text.strip_suffix(" UTC") {
        return civil_time(text);
    }
    // What `time_zone` made.
    if let Some((local, written)) = text.rsplit_once(' ')
        && let Some(offset) = offset(written)
    {
        let at: civil::DateTime = local.parse().ok()?;
        return at.to_zoned(TimeZone::fixed(offset)).ok();
    }
    civil_time(text)
}

/// Without a zone it is UTC, as in Braze.
fn civil_time(text: &str) -> Option<Zoned> {
    let at = match text.parse::<civil::DateTime>() {
        Ok(at) => at,
        Err(_) => match text.parse::<civil::Date>() {
            Ok(date) => date.to_datetime(civil::Time::midnight()),
            Err(_) => written(text)?,
        },
    };
    at.to_zoned(TimeZone::UTC).ok()
}

/// `November 23, 2026`, `23 Nov 2026 10:00`.
fn written(text: &str) -> Option<civil::DateTime> {
    let has_year = text.bytes().any(|byte| byte.is_ascii_digit());
    if !has_year || text.len() > WRITTEN_MAX {
        return None;
    }
    let (day, time) = match text.rsplit_once(' ') {
        Some((day, time)) if time.contains(':') => (day, time.parse().ok()?),
        _ => (text, civil::Time::midnight()),
    };
    let read = |form: &str| strtime::parse(form, day).ok()?.to_date().ok();
    Some(DAYS.into_iter().find_map(read)?.to_datetime(time))
}
