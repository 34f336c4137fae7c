//! Results as people read them: a line a file, failures with their differences.

use similar::{ChangeTag, TextDiff};

use super::run::{Ran, Report, many};
use crate::campaign::case::Mismatch;
use crate::cli::output;

/// Longest part of a line that is shown: a text may be a page in one line.
const WIDTH_MAX: usize = 1_000;

pub(super) fn print(report: &Report<'_>) {
    for document in report.by_document() {
        let failed = document.iter().filter(|ran| !ran.passed()).count();
        let Some(first) = document.first() else {
            continue;
        };
        let cases = many(document.len(), "case");
        if failed == 0 {
            output::line(format_args!(
                "{}      {}  {cases}",
                output::good("ok"),
                first.file
            ));
        } else {
            let bad = output::bad("failed");
            output::line(format_args!("{bad}  {}  {failed} of {cases}", first.file));
        }
    }
    for ran in report.results.iter().filter(|ran| !ran.passed()) {
        output::line(failure(ran));
    }
    if let Some(covered) = &report.covered {
        output::line("");
        covered.lines().iter().for_each(output::line);
        output::line("");
    }
    let (n, failed) = (report.results.len(), report.failed());
    let passed = n - failed;
    output::line(format_args!(
        "{}: {passed} passed, {failed} failed",
        many(n, "case")
    ));
}

fn failure(ran: &Ran<'_>) -> String {
    let mut lines = vec![
        String::new(),
        output::bold(output::harmless(&ran.case.title())),
        format!("  --> {}:{}", ran.file, ran.case.line),
    ];
    for mismatch in &ran.mismatches {
        let at = if mismatch.path.is_empty() {
            "not expected".to_owned()
        } else {
            format!("{} (line {})", mismatch.path, mismatch.line)
        };
        lines.push(format!("  {at}"));
        lines.extend(diff(mismatch).into_iter().map(|(tag, line)| {
            let line = format!("    {tag} {}", output::harmless(&line));
            let line = line.trim_end();
            match tag {
                '-' => output::bad(line),
                '+' => output::good(line),
                _ => line.to_owned(),
            }
        }));
    }
    lines.join("\n")
}

/// What was expected (`-`) and what is there (`+`), line by line.
pub(super) fn diff(mismatch: &Mismatch) -> Vec<(char, String)> {
    let (expected, actual) = (&mismatch.expected, &mismatch.actual);
    let differs_in_end = expected.ends_with('\n') != actual.ends_with('\n');
    let diff = TextDiff::from_lines(expected, actual);
    let changes = diff.iter_all_changes();
    changes
        .map(|change| {
            let tag = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            let is_shown = tag != ' ' && differs_in_end;
            (tag, line(change.value(), is_shown))
        })
        .collect()
}

/// What would not be seen at the end of a line, blanks and where it is asked for the break, is shown.
fn line(text: &str, is_break_shown: bool) -> String {
    let whole = text.trim_end_matches('\n');
    let inked = whole.trim_end_matches(' ');
    let blanks = "·".repeat(whole.len() - inked.len());
    let end = if is_break_shown && text.ends_with('\n') {
        "⏎"
    } else {
        ""
    };
    let is_long = inked.chars().nth(WIDTH_MAX).is_some();
    let shown: String = inked.chars().take(WIDTH_MAX).collect();
    format!("{shown}{}{blanks}{end}", if is_long { "…" } else { "" })
}

/// The same as plain text, for machines' reports.
pub(super) fn plain(ran: &Ran<'_>) -> String {
    let parts = ran.mismatches.iter().map(|mismatch| {
        let lines = diff(mismatch).into_iter();
        let lines = lines.map(|(tag, line)| format!("{tag} {line}").trim_end().to_owned());
        let lines: Vec<String> = lines.collect();
        let at = if mismatch.path.is_empty() {
            "not expected"
        } else {
            &mismatch.path
        };
        format!(
            "{}:{} {at}\n{}\n",
            ran.file,
            mismatch.line,
            lines.join("\n")
        )
    });
    parts.collect()
}
