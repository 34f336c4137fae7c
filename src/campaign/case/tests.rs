//! Comparing, at its edges.

use serde_json::{Value as Json, json};

use super::json::differences;

/// Expected, there, whether exactly, and the paths that differ.
type Row = (Json, Json, bool, &'static [&'static str]);

#[test]
fn messages_are_compared_as_far_as_they_are_named() {
    let rows: &[Row] = &[
        (json!({}), json!({"a": 1}), false, &[]),
        (json!({}), json!({"a": 1}), true, &["m.a"]),
        (json!({"a": 1}), json!({"a": 1.0}), true, &[]),
        (json!({"a": 1}), json!({"a": "1"}), false, &["m.a"]),
        (json!({"a": null}), json!({}), false, &["m.a"]),
        (
            json!({"a": {"b": 1}}),
            json!({"a": {"b": 1, "c": 2}}),
            false,
            &[],
        ),
        (
            json!({"a": {"b": 1}}),
            json!({"a": {"b": 1, "c": 2}}),
            true,
            &["m.a.c"],
        ),
        (json!({"a": {"b": 1}}), json!({"a": [1]}), false, &["m.a"]),
        // All elements of a list are named, also those of which nothing is.
        (json!([{}, {}]), json!([{"a": 1}, {"b": 1}]), false, &[]),
        (json!([{}]), json!([{"a": 1}, {"b": 1}]), false, &["m[1]"]),
        (json!([1, 2, 3]), json!([1, 3]), false, &["m[1]", "m[2]"]),
        (json!([]), json!([]), true, &[]),
    ];
    for (expected, actual, is_exact, paths) in rows {
        let found = differences(expected, actual, *is_exact, "m");
        let found: Vec<&str> = found.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(found, *paths, "{expected} {actual} {is_exact}");
    }
}

#[test]
fn a_difference_tells_both_sides() {
    let found = differences(&json!({"a": "1"}), &json!({"a": 1}), false, "m");
    let sides = (found[0].expected.as_str(), found[0].actual.as_str());
    assert_eq!(sides, ("\"1\"", "1"));
    let found = differences(&json!({"a": "x"}), &json!({}), false, "m");
    let sides = (found[0].expected.as_str(), found[0].actual.as_str());
    assert_eq!(sides, ("x", "(absent)"));
}
