//! Settings' say over warnings: which are silent, and which are errors.

use std::collections::BTreeMap;

use super::checker::Checker;
use crate::campaign::read::file::{Level, SettingsFile};
use crate::campaign::read::source::Read;
use crate::diagnostic::codes::{self, UNKNOWN_KEY, WRONG_VALUE};
use crate::diagnostic::{Code, Diagnostic, Place, Severity, did_you_mean};

/// Levels of warnings, where they are other than usual.
#[derive(Debug, Clone, Default)]
pub struct Lints(BTreeMap<Code, Level>);

// === impl Lints ===

impl Lints {
    /// Takes out what is off, and makes errors of what is to be one.
    #[must_use]
    pub fn sifted(&self, mut problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
        let level =
            |problem: &Diagnostic| self.0.get(&problem.code).filter(|_| !problem.is_error());
        problems.retain(|problem| level(problem) != Some(&Level::Off));
        for problem in &mut problems {
            if level(problem) == Some(&Level::Error) {
                problem.severity = Severity::Error;
            }
        }
        problems
    }

    pub fn is_off(&self, code: Code) -> bool {
        self.0.get(&code) == Some(&Level::Off)
    }

    /// Whether Settings ask for it.
    pub(in crate::campaign) fn is_wanted(&self, code: Code) -> bool {
        matches!(self.0.get(&code), Some(Level::Warn | Level::Error))
    }
}

// === impl Checker ===

impl Checker<'_> {
    pub(in crate::campaign) fn lints(&mut self, read: &Read<'_>, file: &SettingsFile) {
        for (name, level) in &file.lints {
            match codes::find(name) {
                Some(known) if known.severity == Severity::Warning => {
                    self.set.lints.0.insert(known.code, *level);
                }
                Some(_) => {
                    let message = format!("`{name}` is an error, whatever Settings say");
                    let problem = Diagnostic::error(WRONG_VALUE, message);
                    let problem = problem.hint("only warnings have a level: remove it");
                    self.of_lint(read, name, problem);
                }
                None => {
                    let message = format!("there is no code `{name}`");
                    let problem = Diagnostic::error(UNKNOWN_KEY, message);
                    self.of_lint(read, name, problem.hint(meant(name)));
                }
            }
        }
    }

    /// It is the key that is wrong, and not its value.
    fn of_lint(&mut self, read: &Read<'_>, name: &str, problem: Diagnostic) {
        let mut problem = read
            .root
            .placed(read.file, problem.at(format!("lints.{name}")));
        let lints = read.root.get("lints");
        if let Some(entry) = lints.and_then(|lints| lints.value.get(name)) {
            let (path, text) = (&read.file.path, &read.file.text);
            problem.place = Some(Place::of(path, text, entry.key_span.clone()));
        }
        self.problems.push(problem);
    }
}

fn meant(name: &str) -> String {
    let warnings = codes::ALL.iter();
    let warnings = warnings.filter(|known| known.severity == Severity::Warning);
    match did_you_mean(name, warnings.map(|known| known.code.as_str())) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "`recado explain` lists all codes".to_owned(),
    }
}
