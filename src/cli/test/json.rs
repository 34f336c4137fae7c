//! Results as one JSON object.

use serde_json::{Value, json};

use super::run::{Ran, Report};
use crate::api::pb::Diagnostic;
use crate::cli::diagnostics;

pub(super) fn value(report: &Report<'_>) -> Value {
    let failed = report.failed();
    json!({
        "passed": failed == 0,
        "cases": report.results.len(),
        "failed": failed,
        "results": report.results.iter().map(ran).collect::<Vec<_>>(),
        "diagnostics": [],
    })
}

/// Files with errors: nothing was run.
pub(super) fn refused(errors: &[Diagnostic]) -> Value {
    json!({
        "passed": false,
        "cases": 0,
        "failed": 0,
        "results": [],
        "diagnostics": diagnostics::to_json(errors),
    })
}

fn ran(ran: &Ran<'_>) -> Value {
    let mismatches = ran.mismatches.iter().map(|mismatch| {
        json!({
            "path": mismatch.path,
            "line": mismatch.line,
            "expected": mismatch.expected,
            "actual": mismatch.actual,
        })
    });
    json!({
        "kind": ran.case.kind.as_str(),
        "name": ran.case.resource,
        "case": ran.case.name,
        "file": ran.file,
        "line": ran.case.line,
        "passed": ran.passed(),
        "mismatches": mismatches.collect::<Vec<_>>(),
    })
}
