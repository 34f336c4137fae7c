//! Results as JUnit XML.

use super::human::plain;
use super::run::Report;
use crate::api::pb::Diagnostic;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

pub(super) fn text(report: &Report<'_>) -> String {
    let (n, failed) = (report.results.len(), report.failed());
    let mut xml = format!(
        "{HEAD}<testsuites name=\"recado\" tests=\"{n}\" failures=\"{failed}\" errors=\"0\">\n"
    );
    for document in report.by_document() {
        let Some(first) = document.first() else {
            continue;
        };
        let failed = document.iter().filter(|ran| !ran.passed()).count();
        let name = escaped(&format!("{} {}", first.case.kind, first.case.resource));
        let n = document.len();
        put(
            &mut xml,
            format_args!(
                "  <testsuite name=\"{name}\" tests=\"{n}\" failures=\"{failed}\" errors=\"0\" skipped=\"0\">\n"
            ),
        );
        for ran in document {
            put(
                &mut xml,
                format_args!(
                    "    <testcase name=\"{}\" classname=\"{}.{}\" file=\"{}\" line=\"{}\"",
                    escaped(&ran.case.name),
                    ran.case.kind,
                    escaped(&ran.case.resource),
                    escaped(&ran.file),
                    ran.case.line
                ),
            );
            if ran.passed() {
                xml.push_str("/>\n");
                continue;
            }
            let paths: Vec<&str> = ran.mismatches.iter().map(|m| m.path.as_str()).collect();
            let paths = match paths.join(", ") {
                paths if paths.is_empty() => "not expected".to_owned(),
                paths => paths,
            };
            put(
                &mut xml,
                format_args!(
                    ">\n      <failure message=\"{}\" type=\"mismatch\">{}</failure>\n    </testcase>\n",
                    escaped(&paths),
                    escaped(&plain(ran))
                ),
            );
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

/// Files with errors are a suite of their own, so that a pipeline shows them where it shows failures.
pub(super) fn refused(errors: &[Diagnostic]) -> String {
    let n = errors.len();
    let mut xml = format!(
        "{HEAD}<testsuites name=\"recado\" tests=\"{n}\" failures=\"0\" errors=\"{n}\">\n  \
         <testsuite name=\"files\" tests=\"{n}\" failures=\"0\" errors=\"{n}\" skipped=\"0\">\n"
    );
    for error in errors {
        put(
            &mut xml,
            format_args!(
                "    <testcase name=\"{}:{}\" classname=\"files\" file=\"{}\" line=\"{}\">\n      \
                 <error message=\"{}\" type=\"{}\"/>\n    </testcase>\n",
                escaped(&error.file),
                error.line,
                escaped(&error.file),
                error.line,
                escaped(&error.message),
                escaped(&error.code)
            ),
        );
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}

fn put(xml: &mut String, text: std::fmt::Arguments<'_>) {
    xml.push_str(&text.to_string());
}

/// XML has no way to write most control characters.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
