//! Problems in what people wrote, as statuses tell them.

use std::fmt::Write;

use crate::diagnostic::{Diagnostic, Window};

/// Most problems that are shown in their lines: details travel in a header of bounded size.
const MARKS_MAX: usize = 5;

/// A problem with where it is in its text, and what to type instead.
pub(super) fn text(problem: &Diagnostic) -> String {
    let mut text = problem.message.clone();
    let is_in_file = problem.place.as_ref().is_some_and(|p| !p.file.is_empty());
    if let (Some(span), false) = (&problem.span, is_in_file) {
        let _ = write!(text, " (at byte {})", span.start);
    }
    if let Some(hint) = &problem.hint {
        text.push_str("; ");
        text.push_str(hint);
    }
    text
}

/// The lines of the first problems, each with a mark below what is meant, for people to read.
pub(super) fn marks(problems: &[Diagnostic]) -> impl Iterator<Item = (String, String)> {
    let placed = problems.iter().enumerate().take(MARKS_MAX);
    placed.filter_map(|(n, problem)| {
        let Window { line, mark } = problem.place.as_ref()?.window();
        Some((format!("marked.{n}"), format!("{line}\n{mark}")))
    })
}

pub(super) fn place(problem: &Diagnostic) -> String {
    match &problem.place {
        None => problem.path.clone(),
        Some(place) => format!("{}:{}:{}", place.file, place.line, place.column),
    }
}
