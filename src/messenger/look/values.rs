//! Reading JSON that may be anything.

use serde_json::Value as Json;

use super::clean;

/// Most of anything that stands beside its like: above every bound of the platform but a receipt's.
pub(super) const ITEMS_MAX: usize = 30;

pub(super) fn items(list: &Json) -> impl Iterator<Item = &Json> {
    list.as_array().into_iter().flatten().take(ITEMS_MAX)
}

pub(super) fn line(map: &Json, key: &str) -> String {
    clean::line(&text(map, key))
}

pub(super) fn text(map: &Json, key: &str) -> String {
    map.get(key).map(of).unwrap_or_default()
}

/// A value as a text: what a template makes of numbers may be either.
pub(super) fn of(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        Json::Number(number) => whole(number),
        other => other.to_string(),
    }
}

/// Numbers came over the wire as doubles.
fn whole(number: &serde_json::Number) -> String {
    let text = number.to_string();
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}
