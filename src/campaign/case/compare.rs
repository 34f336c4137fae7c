//! Where the outcome of a case is another than expected.

use super::json::differences;
use super::outcome::Outcome;
use super::{Case, Expectation, Expected};
use crate::model::delivery::ReasonCode;

/// One thing that is another than expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// Of the expectation; of the case where none names it.
    pub line: u32,
    /// Such as `expect.message.text`; empty where nothing was expected.
    pub path: String,
    pub expected: String,
    pub actual: String,
}

/// Both sides where they differ, as texts.
type Found = Option<(String, String)>;

/// Holds an outcome against all that the case expects; empty when it passes.
pub fn compare(case: &Case, outcome: &Outcome) -> Vec<Mismatch> {
    let mut found: Vec<Mismatch> = case
        .expectations
        .iter()
        .flat_map(|expectation| of(expectation, outcome))
        .collect();
    if let Some(untold) = untold(case, outcome) {
        found.insert(0, untold);
    }
    found
}

/// What stands in the way of a message and that the case does not speak of: it must not go by unseen.
fn untold(case: &Case, outcome: &Outcome) -> Option<Mismatch> {
    let speaks = |of: fn(&Expected) -> bool| {
        let mut all = case.expectations.iter();
        all.any(|one| of(&one.expected))
    };
    let is_told = if outcome.unanswered.is_some() {
        false
    } else if outcome.closed.is_some() {
        speaks(|e| matches!(e, Expected::Eligible(_) | Expected::Gate(_)))
    } else if outcome.unmade.is_some() {
        speaks(|e| matches!(e, Expected::Aborted(_) | Expected::Error(_)))
    } else {
        true
    };
    (!is_told).then(|| Mismatch {
        line: case.line,
        path: String::new(),
        expected: "a message".to_owned(),
        actual: outcome.why(),
    })
}

fn of(expectation: &Expectation, outcome: &Outcome) -> Vec<Mismatch> {
    let line = expectation.line;
    let path = expectation.path.as_str();
    let at = |path: String, found: Found| {
        found.map(|(expected, actual)| Mismatch {
            line,
            path,
            expected,
            actual,
        })
    };
    let here = |found: Found| Vec::from_iter(at(path.to_owned(), found));
    match &expectation.expected {
        Expected::Message { json, is_exact } => match &outcome.message {
            Some(message) => differences(json, message, *is_exact, path)
                .into_iter()
                .map(|found| Mismatch {
                    line,
                    path: found.path,
                    expected: found.expected,
                    actual: found.actual,
                })
                .collect(),
            None => here(Some((format!("{json:#}"), nothing(outcome)))),
        },
        Expected::Headers(expected) => expected
            .iter()
            .filter_map(|(name, value)| {
                let actual = outcome.headers.get(name).map(String::as_str);
                at(format!("{path}.{name}"), text(value, actual, outcome))
            })
            .collect(),
        Expected::Text(expected) => here(text(expected, outcome.read(), outcome)),
        Expected::Body(expected) => here(text(expected, outcome.body.as_deref(), outcome)),
        Expected::Url(expected) => here(text(expected, outcome.url.as_deref(), outcome)),
        Expected::Misses(expected) => here(misses(expected, outcome)),
        Expected::Warnings(expected) => {
            let fits = is_matched(expected, &outcome.warnings);
            here(sides(fits, list(expected), || list(&outcome.warnings)))
        }
        other => here(ending(other, outcome)),
    }
}

/// Whether there is a message, and why not.
fn ending(expected: &Expected, outcome: &Outcome) -> Found {
    let unmade = outcome.unmade.as_ref();
    match expected {
        Expected::Eligible(expected) => {
            let is_open = outcome.closed.is_none();
            sides(is_open == *expected, expected.to_string(), || {
                if is_open {
                    "true".to_owned()
                } else {
                    format!("false ({})", outcome.why())
                }
            })
        }
        Expected::Gate(expected) => {
            let closed = outcome.closed.as_ref();
            let is_same = closed.is_some_and(|reason| reason.code == *expected);
            let expected = expected.as_str().to_owned();
            sides(is_same, expected, || match closed {
                Some(_) => outcome.why(),
                None => "all gates are open".to_owned(),
            })
        }
        Expected::Member(expected) => {
            let is_member = outcome.member == Some(true);
            let expected_text = expected.to_string();
            sides(is_member == *expected, expected_text, || {
                match outcome.member {
                    Some(member) => member.to_string(),
                    None => "false (unknown: an attribute is absent or of another type)".to_owned(),
                }
            })
        }
        Expected::Aborted(expected) => {
            let aborted = unmade.filter(|reason| reason.code == ReasonCode::Aborted);
            let actual = aborted.map(|reason| reason.detail.as_str());
            sides(actual == Some(expected), expected.clone(), || {
                actual.map_or_else(|| instead(outcome), str::to_owned)
            })
        }
        Expected::Error(expected) => {
            let failed = unmade.filter(|reason| reason.code != ReasonCode::Aborted);
            let is_part = failed.is_some_and(|reason| reason.detail.contains(expected.as_str()));
            sides(is_part, expected.clone(), || instead(outcome))
        }
        _ => None,
    }
}

fn misses(expected: &[String], outcome: &Outcome) -> Found {
    let sorted = |names: &[String]| {
        let mut names = names.to_vec();
        names.sort();
        names.dedup();
        names
    };
    let (wanted, there) = (sorted(expected), sorted(&outcome.misses));
    sides(wanted == there, list(&wanted), || list(&there))
}

fn text(expected: &str, actual: Option<&str>, outcome: &Outcome) -> Found {
    sides(actual == Some(expected), expected.to_owned(), || {
        actual.map_or_else(|| nothing(outcome), str::to_owned)
    })
}

fn sides(is_same: bool, expected: String, actual: impl FnOnce() -> String) -> Found {
    (!is_same).then(|| (expected, actual()))
}

/// Whether each expected part is in a warning of its own, and no warning is left.
fn is_matched(expected: &[String], warnings: &[String]) -> bool {
    let mut left: Vec<&String> = warnings.iter().collect();
    let found = expected.iter().all(|part| {
        let at = left
            .iter()
            .position(|warning| warning.contains(part.as_str()));
        at.map(|at| left.remove(at)).is_some()
    });
    found && left.is_empty()
}

/// What there is where a text was expected.
fn nothing(outcome: &Outcome) -> String {
    if outcome.is_made() {
        "(absent)".to_owned()
    } else {
        instead(outcome)
    }
}

/// What there is where no message was expected, or another reason for there being none.
fn instead(outcome: &Outcome) -> String {
    if outcome.is_made() {
        "a message".to_owned()
    } else {
        format!("no message: {}", outcome.why())
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join("\n")
    }
}
