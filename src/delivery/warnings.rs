//! What is worth a look in a message that can be made.

use super::compose::{Composed, Reader};
use crate::diagnostic::Diagnostic;
use crate::messenger;
use crate::model::delivery::is_name;

/// A line each, for people.
pub fn warnings(composed: &Composed) -> Vec<String> {
    let gaps = composed.notes.gaps.iter().map(|miss| {
        let what = if is_name(miss) {
            format!("`{miss}` is absent and has no `default`")
        } else {
            format!("missed: {miss}")
        };
        format!("{what}: nothing stands in its place")
    });
    gaps.chain(doubts(composed)).collect()
}

/// What the platform takes and people should not send.
fn doubts(composed: &Composed) -> Vec<String> {
    let (Reader::Messenger, Some(message)) = (composed.reader, &composed.message) else {
        return Vec::new();
    };
    let problems = messenger::check(message, &|_| false).into_iter();
    let doubts = problems.filter(|problem| !problem.is_error());
    doubts.map(|problem| line(&problem)).collect()
}

fn line(problem: &Diagnostic) -> String {
    let place = match problem.path.as_str() {
        "" => String::new(),
        path => format!("`{path}`: "),
    };
    let hint = problem.hint.as_ref();
    let hint = hint.map_or_else(String::new, |hint| format!("; {hint}"));
    format!("{place}{}{hint}", problem.message)
}
