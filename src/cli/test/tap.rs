//! Results as TAP version 14.

use serde_json::Value;

use super::run::{Ran, Report};

pub(super) fn text(report: &Report<'_>) -> String {
    let mut lines = vec![
        "TAP version 14".to_owned(),
        format!("1..{}", report.results.len()),
    ];
    for (n, ran) in report.results.iter().enumerate() {
        let ok = if ran.passed() { "ok" } else { "not ok" };
        lines.push(format!("{ok} {} - {}", n + 1, escaped(&ran.case.title())));
        if !ran.passed() {
            lines.extend(block(ran));
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

/// What is wrong, in YAML: a text in JSON is one.
fn block(ran: &Ran<'_>) -> Vec<String> {
    let quoted = |text: &str| Value::from(text).to_string();
    let mut lines = vec![
        "  ---".to_owned(),
        "  at:".to_owned(),
        format!("    file: {}", quoted(&ran.file)),
        format!("    line: {}", ran.case.line),
        "  mismatches:".to_owned(),
    ];
    for mismatch in &ran.mismatches {
        lines.extend([
            format!("    - path: {}", quoted(&mismatch.path)),
            format!("      line: {}", mismatch.line),
            format!("      expected: {}", quoted(&mismatch.expected)),
            format!("      actual: {}", quoted(&mismatch.actual)),
        ]);
    }
    lines.push("  ...".to_owned());
    lines
}

/// A `#` would begin a directive, and a break another line.
fn escaped(title: &str) -> String {
    let mut out = String::with_capacity(title.len());
    for c in title.chars() {
        match c {
            '#' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
