//! Problems in files as the server reports them, for people and as JSON.

use std::path::Path;

use serde_json::{Value, json};

use super::output;
use crate::api::pb::{Diagnostic, DiagnosticSeverity};
use crate::diagnostic::Place;

/// Longest part of a line that is shown.
const WIDTH_MAX: usize = 120;

pub(super) fn print(diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        output::note(render(diagnostic));
    }
}

pub(super) fn to_json(diagnostics: &[Diagnostic]) -> Value {
    diagnostics
        .iter()
        .map(|d| {
            json!({
                "code": d.code,
                "severity": severity(d),
                "message": d.message,
                "file": d.file,
                "line": d.line,
                "column": d.column,
                "field_path": d.field_path,
                "hint": d.hint,
            })
        })
        .collect()
}

/// With files as the command line leads to them, so that an editor finds them.
pub(super) fn located(mut diagnostics: Vec<Diagnostic>, folder: &Path) -> Vec<Diagnostic> {
    let named = diagnostics.iter_mut().filter(|d| !d.file.is_empty());
    for diagnostic in named.filter(|_| folder != Path::new(".")) {
        diagnostic.file = folder.join(&diagnostic.file).display().to_string();
    }
    diagnostics
}

/// A problem found in this process, in the shape in which a server tells it.
pub(super) fn to_pb(found: &crate::diagnostic::Diagnostic) -> Diagnostic {
    let severity = if found.is_error() {
        DiagnosticSeverity::Error
    } else {
        DiagnosticSeverity::Warning
    };
    let mut told = Diagnostic {
        code: found.code.0.to_owned(),
        severity: severity.into(),
        message: found.message.clone(),
        field_path: found.path.clone(),
        hint: found.hint.clone().unwrap_or_default(),
        ..Diagnostic::default()
    };
    if let Some(place) = &found.place {
        told.file.clone_from(&place.file);
        told.line = place.line;
        told.column = place.column;
        told.snippet.clone_from(&place.snippet);
        told.length = marked(place);
    }
    told
}

/// Characters of the snippet within the span; a span that goes on below ends with the line.
fn marked(place: &Place) -> u32 {
    let before = place.column.saturating_sub(1) as usize;
    let rest = place.snippet.char_indices().skip(before);
    let begin = rest.clone().next().map_or(0, |(at, _)| at);
    let within = rest.take_while(|(at, _)| at - begin < place.span.len());
    u32::try_from(within.count()).unwrap_or(u32::MAX)
}

fn severity(diagnostic: &Diagnostic) -> &'static str {
    match diagnostic.severity() {
        DiagnosticSeverity::Warning => "warning",
        DiagnosticSeverity::Error | DiagnosticSeverity::Unspecified => "error",
    }
}

/// The place and the line with a mark under it, as compilers show them.
fn render(d: &Diagnostic) -> String {
    let severity = match severity(d) {
        "error" => output::bad("error"),
        warning => warning.to_owned(),
    };
    let message: String = d.message.chars().map(harmless).collect();
    let mut text = format!("{severity}[{}]: {message}", d.code);
    if !d.file.is_empty() {
        text.push_str("\n  --> ");
        text.push_str(&place(d));
    }
    if !d.snippet.is_empty() {
        let gutter = d.line.to_string();
        let empty = " ".repeat(gutter.len());
        let (line, begin, length) = window(d);
        let before = " ".repeat(begin);
        let mark = "^".repeat(length);
        for part in [
            format!("\n {empty} |"),
            format!("\n {gutter} | {line}"),
            format!("\n {empty} | {before}{mark}"),
        ] {
            text.push_str(&part);
        }
    }
    if !d.hint.is_empty() {
        text.push_str("\nhint: ");
        text.push_str(&d.hint);
    }
    text
}

/// As much of the line as a terminal has room for, with the mark in it: where it begins, and its length.
fn window(d: &Diagnostic) -> (String, usize, usize) {
    let column = d.column.saturating_sub(1) as usize;
    // A tab is as wide as the terminal likes: a blank keeps the mark in its place.
    let chars: Vec<char> = d.snippet.replace('\t', " ").chars().map(harmless).collect();
    let from = if chars.len() <= WIDTH_MAX {
        0
    } else {
        column.saturating_sub(WIDTH_MAX / 2)
    };
    let to = chars.len().min(from + WIDTH_MAX);
    let shown = chars.get(from..to).unwrap_or_default();
    let [left, right] = [from > 0, to < chars.len()].map(|is_cut| if is_cut { "…" } else { "" });
    let line = format!("{left}{}{right}", shown.iter().collect::<String>());
    let begin = column - from.min(column) + left.chars().count();
    let room = (shown.len() + left.chars().count()).saturating_sub(begin);
    let length = (d.length as usize).min(room).max(1);
    (line, begin, length)
}

/// Files may hold what would move a terminal's cursor or change its title.
fn harmless(c: char) -> char {
    if c.is_control() { '\u{fffd}' } else { c }
}

fn place(d: &Diagnostic) -> String {
    match d.line {
        0 => d.file.clone(),
        line => format!("{}:{line}:{}", d.file, d.column),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_as_long_as_what_it_marks() {
        let text = "name: x\nfiltr: ção && true\n";
        for (marked_text, length) in [("filtr", 5), ("ção", 3), ("ção && true\n", 11)] {
            let begin = text.find(marked_text).unwrap();
            let place = Place::of("a.yaml", text, begin..begin + marked_text.len());
            assert_eq!(marked(&place), length, "{marked_text}");
        }
    }

    #[test]
    fn a_problem_is_shown_with_its_line_and_a_mark() {
        let diagnostic = Diagnostic {
            code: "unknown-key".to_owned(),
            severity: DiagnosticSeverity::Warning.into(),
            message: "unknown key `filtr`".to_owned(),
            file: "segments/a.yaml".to_owned(),
            line: 3,
            column: 1,
            field_path: "filtr".to_owned(),
            snippet: "filtr: true".to_owned(),
            hint: "did you mean `filter`?".to_owned(),
            length: 5,
        };
        assert_eq!(
            render(&diagnostic),
            "warning[unknown-key]: unknown key `filtr`\n  --> segments/a.yaml:3:1\n   |\n 3 | filtr: true\n   \
             | ^^^^^\nhint: did you mean `filter`?"
        );
    }
}
