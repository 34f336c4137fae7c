//! What is worth a look in a message that can be made.

use serde_json::Value as Json;

use super::compose::{Composed, Reader};
use crate::diagnostic::Diagnostic;
use crate::messenger;
use crate::model::delivery::is_name;

/// A line each, for people.
pub fn warnings(composed: &Composed) -> Vec<String> {
    let message = composed.message.as_ref();
    let for_messenger = message.filter(|_| composed.reader == Reader::Messenger);
    of(&composed.notes.gaps, for_messenger)
}

/// As [`warnings`], of a message that is no call yet.
pub(super) fn of<'a>(
    gaps: impl IntoIterator<Item = &'a String>,
    for_messenger: Option<&Json>,
) -> Vec<String> {
    let gaps = gaps.into_iter().map(|miss| gap(miss));
    let doubts = for_messenger.map(doubts).unwrap_or_default();
    gaps.chain(doubts).collect()
}

/// What a miss is told as in whose place nothing stands.
pub fn gap(miss: &str) -> String {
    let what = if is_name(miss) {
        format!("`{miss}` is absent and has no `default`")
    } else {
        format!("missed: {miss}")
    };
    format!("{what}: nothing stands in its place")
}

/// What the platform takes and people should not send.
fn doubts(message: &Json) -> Vec<String> {
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
