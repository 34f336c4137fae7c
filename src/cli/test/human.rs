//! Results as people read them: a line a file, failures with their differences.

use similar::{ChangeTag, TextDiff};

use super::run::{Ran, Report, many};
use crate::campaign::case::Mismatch;
use crate::cli::output;

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
    let diff = TextDiff::from_lines(&mismatch.expected, &mismatch.actual);
    let changes = diff.iter_all_changes();
    changes
        .map(|change| {
            let tag = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            (tag, change.value().trim_end_matches('\n').to_owned())
        })
        .collect()
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
