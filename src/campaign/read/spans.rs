//! Spans of time and shares, as people write them in files.

/// A span of time as people write it.
pub fn duration(text: &str) -> Option<std::time::Duration> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit_at);
    let number: u64 = number.parse().ok()?;
    let second = std::time::Duration::from_secs;
    Some(match unit {
        "ms" => std::time::Duration::from_millis(number),
        "s" => second(number),
        "m" => second(number.checked_mul(60)?),
        "h" => second(number.checked_mul(3_600)?),
        "d" => second(number.checked_mul(86_400)?),
        _ => return None,
    })
}

/// A share as people write it: `20%`.
pub(in crate::campaign) fn percent(text: &str) -> Option<u32> {
    let number = text.strip_suffix('%')?;
    let is_whole = !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit());
    number.parse().ok().filter(|_| is_whole)
}

/// A span as [`duration`] reads it, in its largest unit.
pub(in crate::campaign) fn written(span: std::time::Duration) -> String {
    let millis = span.as_millis();
    let units = [
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1_000),
    ];
    let unit = units.into_iter().find(|(_, of)| millis.is_multiple_of(*of));
    let (unit, of) = unit.unwrap_or(("ms", 1));
    format!("{}{unit}", millis / of)
}
