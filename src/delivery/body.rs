//! What a rendered message must be before it is the body of a call.

use serde_json::Value as Json;

use super::compose::{Refusal, Unmade, unrendered};
use crate::diagnostic::{Diagnostic, Place, Window};
use crate::messenger;
use crate::model::delivery::{Notes, Reason, ReasonCode};
use crate::template::{Context, RenderedTree, Tree};

/// Limits that a message breaks and that are told.
const TOLD_MAX: usize = 10;

/// A message as the platform takes it.
pub(super) fn for_messenger(
    tree: &Tree,
    context: &Context<'_>,
    notes: &mut Notes,
) -> Result<RenderedTree, Unmade> {
    let mut rendered = tree.render(context).map_err(unrendered)?;
    notes.add(
        rendered.misses.clone(),
        rendered.gaps.clone(),
        rendered.extras.clone(),
    );
    rendered.json = messenger::settle(rendered.json);
    let problems = messenger::check_rendered(&rendered.json);
    let errors: Vec<_> = problems.into_iter().filter(Diagnostic::is_error).collect();
    if errors.is_empty() {
        return Ok(rendered);
    }
    Err(Reason::new(ReasonCode::InvalidMessage, told(&errors)).into())
}

/// All of them, since one call would not tell the next, and no more than anybody reads.
fn told(errors: &[Diagnostic]) -> String {
    let one = |error: &Diagnostic| {
        let line = format!("{}: {}", error.path, error.message);
        line.trim_start_matches(": ").to_owned()
    };
    let shown: Vec<_> = errors.iter().take(TOLD_MAX).map(one).collect();
    match errors.len() - shown.len() {
        0 => shown.join("; "),
        more => format!("{}; and {more} more", shown.join("; ")),
    }
}

/// A raw body that says that it is JSON has to be: what a name did to it would otherwise be found by the endpoint.
pub(super) fn json_of(content_type: &str, body: &str) -> Result<Option<Json>, Unmade> {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    if essence != "application/json" && !essence.ends_with("+json") {
        return Ok(None);
    }
    serde_json::from_str(body).map(Some).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let detail =
            format!("raw.body: once rendered it is not JSON: line {line}, column {column}");
        let reason = Reason::new(ReasonCode::RenderFailed, detail);
        let what = error.to_string();
        let what = what.split(" at line ").next().unwrap_or_default();
        Unmade::For(Box::new(Refusal {
            seen: Some(format!("{what}\n{}", marked(body, line, column))),
            ..*Box::<Refusal>::from(reason)
        }))
    })
}

/// The line with a mark under the column; both from 1, the column in bytes.
fn marked(body: &str, line: usize, column: usize) -> String {
    let before = body.split_inclusive('\n').take(line.saturating_sub(1));
    let start = before.map(str::len).sum::<usize>();
    let at = body.floor_char_boundary(start + column.saturating_sub(1));
    let Window { line: text, mark } = Place::of("", body, at..at + 1).window();
    let empty = " ".repeat(line.to_string().len());
    format!(" {line} | {text}\n {empty} | {mark}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> Refusal {
        match json_of("application/json; charset=utf-8", body) {
            Err(Unmade::For(refusal)) => *refusal,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_body_that_is_no_json_is_shown_where_it_breaks() {
        let body = "{\n  \"name\": \"Zoë \"the\" B\"\n}\n";
        let refusal = refused(body);
        assert_eq!(
            refusal.reason.detail,
            "raw.body: once rendered it is not JSON: line 2, column 18"
        );
        let seen = refusal.seen.unwrap();
        let lines: Vec<_> = seen.lines().collect();
        assert!(lines[0].contains("expected"), "{seen}");
        assert_eq!(lines[1], " 2 |   \"name\": \"Zoë \"the\" B\"");
        let begin = lines[2].find('^').unwrap();
        let marked: String = lines[1].chars().skip(begin).take(3).collect();
        assert_eq!(marked, "the", "{seen}");
        // Of an end that is missing, too.
        assert!(refused("{").seen.unwrap().contains('^'));
        assert!(refused("").seen.unwrap().contains('^'));
    }

    #[test]
    fn all_limits_that_a_message_breaks_are_told() {
        let long = "x".repeat(30);
        let reply = |title: &str| serde_json::json!({"content_type": "text", "title": title, "payload": "A"});
        let of = |n: usize| {
            let replies: Vec<_> = (0..n).map(|_| reply(&long)).collect();
            let message = serde_json::json!({"text": "Hi", "quick_replies": replies});
            let errors = messenger::check_rendered(&message);
            told(&errors)
        };
        let two = of(2);
        assert!(
            two.contains("quick_replies[0].title: ") && two.contains("; quick_replies[1].title: "),
            "{two}"
        );
        assert!(of(12).ends_with("; and 2 more"), "{}", of(12));
    }
}
