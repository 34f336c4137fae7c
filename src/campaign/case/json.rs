//! Where a message is another than expected, path by path.

use serde_json::{Map, Value as Json};

/// One place that differs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// Such as `message.quick_replies[1].title`.
    pub(super) path: String,
    pub(super) expected: String,
    pub(super) actual: String,
}

const ABSENT: &str = "(absent)";

/// Compares; keys that `expected` does not name may be there unless it is exact.
pub(super) fn differences(
    expected: &Json,
    actual: &Json,
    is_exact: bool,
    path: &str,
) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(expected, actual, is_exact, path, &mut found);
    found
}

fn compare(
    expected: &Json,
    actual: &Json,
    is_exact: bool,
    path: &str,
    found: &mut Vec<Difference>,
) {
    match (expected, actual) {
        (Json::Object(wanted), Json::Object(there)) => {
            maps(wanted, there, is_exact, path, found);
        }
        (Json::Array(wanted), Json::Array(there)) => {
            for at in 0..wanted.len().max(there.len()) {
                let path = format!("{path}[{at}]");
                sides(wanted.get(at), there.get(at), is_exact, &path, found);
            }
        }
        (Json::Number(a), Json::Number(b)) if a.as_f64() == b.as_f64() => {}
        (a, b) if a == b => {}
        (a, b) => found.push(Difference {
            path: path.to_owned(),
            expected: text(a),
            actual: text(b),
        }),
    }
}

fn maps(
    wanted: &Map<String, Json>,
    there: &Map<String, Json>,
    is_exact: bool,
    path: &str,
    found: &mut Vec<Difference>,
) {
    for (key, value) in wanted {
        let path = format!("{path}.{key}");
        sides(Some(value), there.get(key), is_exact, &path, found);
    }
    let strangers = there.iter().filter(|(key, _)| !wanted.contains_key(*key));
    for (key, value) in strangers.filter(|_| is_exact) {
        sides(None, Some(value), is_exact, &format!("{path}.{key}"), found);
    }
}

fn sides(
    expected: Option<&Json>,
    actual: Option<&Json>,
    is_exact: bool,
    path: &str,
    found: &mut Vec<Difference>,
) {
    if let (Some(expected), Some(actual)) = (expected, actual) {
        return compare(expected, actual, is_exact, path, found);
    }
    let shown = |side: Option<&Json>| side.map_or_else(|| ABSENT.to_owned(), text);
    found.push(Difference {
        path: path.to_owned(),
        expected: shown(expected),
        actual: shown(actual),
    });
}

/// A text as it is, or in quotes where it would look like another type.
fn text(json: &Json) -> String {
    match json {
        Json::String(text) if text.is_empty() || serde_json::from_str::<Json>(text).is_ok() => {
            json.to_string()
        }
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}
