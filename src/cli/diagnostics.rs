//! Problems in files as the server reports them, for people and as JSON.

use std::path::{Component, Path, PathBuf};

use serde_json::{Value, json};

use super::output;
use crate::api::pb::{Diagnostic, DiagnosticSeverity};
use crate::diagnostic::{Window, harmless};

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

/// With files as the command line leads to them, so that an editor finds them; by place, wherever each was found.
pub(super) fn located(mut diagnostics: Vec<Diagnostic>, folder: &Path) -> Vec<Diagnostic> {
    let by = |d: &Diagnostic| (d.file.clone(), d.line, d.column);
    diagnostics.sort_by_cached_key(by);
    let named = diagnostics.iter_mut().filter(|d| !d.file.is_empty());
    for diagnostic in named.filter(|_| folder != Path::new(".")) {
        diagnostic.file = folder.join(&diagnostic.file).display().to_string();
    }
    diagnostics
}

/// With files as tools look for them: from the folder where the program runs, where they stand below it.
pub(super) fn from_here(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let here = std::env::current_dir().unwrap_or_default();
    for diagnostic in &mut diagnostics {
        let path = Path::new(&diagnostic.file);
        let path = path.strip_prefix(&here).unwrap_or(path);
        let steps = path.components().filter(|step| *step != Component::CurDir);
        let path: PathBuf = steps.collect();
        diagnostic.file = path.to_string_lossy().into_owned();
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
        code: found.code.as_str().to_owned(),
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
        told.length = place.marked();
    }
    told
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
        let Window { line, mark } = Window::of(&d.snippet, d.column, d.length);
        for part in [
            format!("\n {empty} |"),
            format!("\n {gutter} | {line}"),
            format!("\n {empty} | {mark}"),
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
    fn problems_are_told_by_place() {
        let of = |file: &str, line, column| Diagnostic {
            file: file.to_owned(),
            line,
            column,
            ..Diagnostic::default()
        };
        let found = vec![
            of("b", 1, 1),
            of("a", 10, 1),
            of("a", 2, 9),
            of("a", 2, 1),
            of("", 0, 0),
        ];
        let told = located(found, Path::new("x"));
        let told: Vec<_> = told
            .iter()
            .map(|d| (d.file.as_str(), d.line, d.column))
            .collect();
        let expected = [
            ("", 0, 0),
            ("x/a", 2, 1),
            ("x/a", 2, 9),
            ("x/a", 10, 1),
            ("x/b", 1, 1),
        ];
        assert_eq!(told, expected);
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
