//! What no case reached, as people and programs read it.

use std::path::Path;

use serde_json::{Value, json};

use super::run::located;
use crate::campaign::case::{Coverage, Reached};
use crate::cli::output;

/// Clauses of filters, and branches of texts.
pub(super) struct Covered {
    filters: Reached,
    texts: Reached,
}

// === impl Covered ===

impl Covered {
    pub(super) fn of(coverage: &Coverage, folder: &Path) -> Self {
        let led = |mut reached: Reached| {
            for lack in &mut reached.lacks {
                lack.spot.file = located(folder, &lack.spot.file);
            }
            reached
        };
        Self {
            filters: led(coverage.of_filters()),
            texts: led(coverage.of_texts()),
        }
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let filters = lines(&self.filters, "clauses of filters were true and false");
        let texts = lines(&self.texts, "branches of texts were reached");
        filters.into_iter().chain(texts).collect()
    }

    pub(super) fn value(&self) -> Value {
        json!({"filters": value(&self.filters), "texts": value(&self.texts)})
    }
}

fn lines(reached: &Reached, what: &str) -> Vec<String> {
    let sum = format!("{} of {} {what}", reached.reached(), reached.total);
    let lacks = reached.lacks.iter().map(|lack| {
        let spot = &lack.spot;
        let text = output::harmless(&spot.text);
        let (file, line, column) = (&spot.file, spot.line, spot.column);
        format!("  {file}:{line}:{column}  {text}  {}", lack.lack)
    });
    std::iter::once(sum).chain(lacks).collect()
}

fn value(reached: &Reached) -> Value {
    let lacks = reached.lacks.iter().map(|lack| {
        json!({
            "file": lack.spot.file,
            "line": lack.spot.line,
            "column": lack.spot.column,
            "text": lack.spot.text,
            "lack": lack.lack,
        })
    });
    json!({
        "reached": reached.reached(),
        "total": reached.total,
        "lacks": lacks.collect::<Vec<_>>(),
    })
}
