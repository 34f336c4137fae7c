//! `expect:` of a case.

use super::forms::GATES;
use super::read::wrong;
use super::{Expectation, Expected};
use crate::campaign::read::node::{Entry, Node, Value as Yaml};
use crate::diagnostic::{Diagnostic, codes};
use crate::model::delivery::ReasonCode;

/// Where the lines of a file begin: thousands of cases may stand in one.
pub(super) struct Lines(Vec<usize>);

// === impl Lines ===

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        Self(memchr::memchr_iter(b'\n', text.as_bytes()).collect())
    }

    /// The line of a byte, from 1.
    pub(super) fn line(&self, at: usize) -> u32 {
        let before = self.0.partition_point(|end| *end < at);
        u32::try_from(before + 1).unwrap_or(u32::MAX)
    }
}

/// What is expected, key by key.
pub(super) fn read(node: &Node, at: &str, lines: &Lines) -> Result<Vec<Expectation>, Diagnostic> {
    let Yaml::Map(entries) = &node.value else {
        return Ok(Vec::new());
    };
    let is_exact = matches!(
        node.get("exact").map(|entry| &entry.value.value),
        Some(Yaml::Bool(true))
    );
    if let Some(exact) = node.get("exact")
        && node.get("message").is_none()
    {
        let problem = wrong(format!("{at}.{}", exact.key), "`exact` is about `message`");
        return Err(problem.hint("add `message:`, or remove `exact:`"));
    }
    let named = entries.iter().filter(|entry| entry.key != "exact");
    named
        .map(|entry| {
            let path = format!("{at}.{}", entry.key);
            Ok(Expectation {
                line: lines.line(entry.key_span.start),
                expected: expected(entry, &path, is_exact)?,
                path: shown(&path),
            })
        })
        .collect()
}

/// Holds what is expected of one user together.
///
/// # Errors
/// Nothing is expected, or things that cannot be true at once.
pub(super) fn check(expectations: &[Expectation], at: &str) -> Result<(), Diagnostic> {
    if expectations.is_empty() {
        let problem = Diagnostic::error(codes::MISSING_KEY, "the case expects nothing").at(at);
        return Err(problem.hint("add `expect:`, such as `expect: {eligible: true}`"));
    }
    let is_open = |one: &&Expectation| one.expected == Expected::Eligible(true);
    let is_gate = |one: &&Expectation| matches!(one.expected, Expected::Gate(_));
    let all = expectations.iter();
    if let (Some(_), Some(gate)) = (all.clone().find(is_open), all.clone().find(is_gate)) {
        let message = "a user is not eligible when a gate is closed";
        let problem = wrong(format!("{at}.{}", gate.path), message);
        return Err(problem.hint("remove `eligible: true`, or the gate"));
    }
    Ok(())
}

fn expected(entry: &Entry, at: &str, is_exact: bool) -> Result<Expected, Diagnostic> {
    let node = &entry.value;
    Ok(match entry.key.as_str() {
        "eligible" => Expected::Eligible(bool_of(node, at)?),
        "member" => Expected::Member(bool_of(node, at)?),
        "gate" => Expected::Gate(gate(node, at)?),
        "message" => Expected::Message {
            json: node.to_json(),
            is_exact,
        },
        "body" => Expected::Body(text(node, at)?),
        "url" => Expected::Url(text(node, at)?),
        "aborted" => Expected::Aborted(text(node, at)?),
        "error" => Expected::Error(text(node, at)?),
        "misses" => Expected::Misses(texts(node, at)?),
        "warnings" => Expected::Warnings(texts(node, at)?),
        "headers" => {
            let Yaml::Map(headers) = &node.value else {
                return Err(mistyped(at, "a map"));
            };
            let read = headers.iter().map(|header| {
                let value = text(&header.value, &format!("{at}.{}", header.key))?;
                Ok((header.key.to_ascii_lowercase(), value))
            });
            Expected::Headers(read.collect::<Result<_, Diagnostic>>()?)
        }
        // What else there is, the shape has refused.
        _ => Expected::Text(text(node, at)?),
    })
}

fn gate(node: &Node, at: &str) -> Result<ReasonCode, Diagnostic> {
    let name = text(node, at)?;
    let code = ReasonCode::parse(&name).filter(|_| GATES.contains(&name.as_str()));
    code.ok_or_else(|| {
        let hint = format!("one of: {}", GATES.join(", "));
        wrong(at, "this is no gate").hint(hint)
    })
}

fn bool_of(node: &Node, at: &str) -> Result<bool, Diagnostic> {
    match node.value {
        Yaml::Bool(value) => Ok(value),
        _ => Err(mistyped(at, "`true` or `false`")),
    }
}

fn text(node: &Node, at: &str) -> Result<String, Diagnostic> {
    match &node.value {
        Yaml::Text(text) => Ok(text.clone()),
        _ => Err(mistyped(at, "a text")),
    }
}

fn texts(node: &Node, at: &str) -> Result<Vec<String>, Diagnostic> {
    let Yaml::List(items) = &node.value else {
        return Err(mistyped(at, "a list"));
    };
    let items = items.iter().enumerate();
    items
        .map(|(n, item)| text(item, &format!("{at}[{n}]")))
        .collect()
}

fn mistyped(at: &str, what: &str) -> Diagnostic {
    let key = at.rsplit('.').next().unwrap_or(at);
    Diagnostic::error(codes::WRONG_TYPE, format!("`{key}` takes {what}")).at(at)
}

/// Without the case, which a report names anyway.
fn shown(path: &str) -> String {
    path.split_once('.')
        .map_or_else(|| path.to_owned(), |(_, path)| path.to_owned())
}
