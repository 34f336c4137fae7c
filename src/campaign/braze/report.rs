//! What became of what was read, for people.

use crate::diagnostic::{Code, Diagnostic, codes};
use crate::model::limits;

/// What the converter itself finds.
pub(super) const BY_HAND: Code = codes::BRAZE_BY_HAND;

/// What was carried over, what was changed on the way, what was not carried over, and what is left to do.
#[derive(Debug, Clone, Default)]
pub struct Report {
    pub carried: Vec<String>,
    pub changed: Vec<String>,
    pub left: Vec<String>,
    pub next: Vec<String>,
    /// What must be rewritten by hand: errors, with their places in the files that were made.
    pub problems: Vec<Diagnostic>,
    /// Lines under way, in order.
    lines: Vec<Line>,
    /// The campaign that is converted, where there are several.
    about: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum List {
    Carried,
    Changed,
    Left,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    list: List,
    about: String,
    text: String,
}

// === impl Report ===

impl Report {
    /// Whether something needs a hand before the files can be applied.
    pub fn is_partial(&self) -> bool {
        self.problems.iter().any(Diagnostic::is_error)
    }

    pub(super) fn about(&mut self, name: &str) {
        name.clone_into(&mut self.about);
    }

    pub(super) fn carried(&mut self, line: impl AsRef<str>) {
        self.add(List::Carried, line.as_ref());
    }

    pub(super) fn changed(&mut self, line: impl AsRef<str>) {
        self.add(List::Changed, line.as_ref());
    }

    pub(super) fn left(&mut self, line: impl AsRef<str>) {
        self.add(List::Left, line.as_ref());
    }

    /// Something to do, once for all.
    pub(super) fn next(&mut self, line: impl AsRef<str>) {
        let line = harmless(line.as_ref());
        if self.next.len() < limits::IMPORT_LINES_MAX && !self.next.contains(&line) {
            self.next.push(line);
        }
    }

    fn add(&mut self, list: List, text: &str) {
        let line = Line {
            list,
            about: self.about.clone(),
            text: harmless(text),
        };
        if self.lines.len() < limits::IMPORT_LINES_MAX && !self.lines.contains(&line) {
            self.lines.push(line);
        }
    }

    /// Sorts the lines into their lists: what holds for all of `n` campaigns is told once.
    pub(super) fn close(&mut self, n: usize) {
        let lines = std::mem::take(&mut self.lines);
        for line in &lines {
            let is_same = |other: &&Line| other.list == line.list && other.text == line.text;
            let is_for_all = line.about.is_empty() || lines.iter().filter(is_same).count() == n;
            let text = if is_for_all {
                line.text.clone()
            } else {
                format!("{}: {}", line.about, line.text)
            };
            let list = match line.list {
                List::Carried => &mut self.carried,
                List::Changed => &mut self.changed,
                List::Left => &mut self.left,
            };
            if !list.contains(&text) {
                list.push(text);
            }
        }
    }

    /// Every line, to be changed.
    pub(super) fn each(&mut self, change: &mut impl FnMut(&mut String)) {
        let lists = [
            &mut self.carried,
            &mut self.changed,
            &mut self.left,
            &mut self.next,
        ];
        lists.into_iter().flatten().for_each(&mut *change);
        for problem in &mut self.problems {
            change(&mut problem.message);
            problem.hint.iter_mut().for_each(&mut *change);
            if let Some(place) = &mut problem.place {
                change(&mut place.snippet);
            }
        }
    }
}

/// Names of Braze's may hold anything: each line stays one.
fn harmless(line: &str) -> String {
    line.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
