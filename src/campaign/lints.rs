//! Settings' say over warnings: which are silent, and which are errors.

use std::collections::BTreeMap;

use super::check::Checker;
use super::file::{Level, SettingsFile};
use super::source::Read;
use crate::diagnostic::codes::{self, UNKNOWN_KEY, WRONG_VALUE};
use crate::diagnostic::{Code, Diagnostic, Severity, did_you_mean};

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
    pub(super) fn is_wanted(&self, code: Code) -> bool {
        matches!(self.0.get(&code), Some(Level::Warn | Level::Error))
    }
}

// === impl Checker ===

impl Checker<'_> {
    pub(super) fn lints(&mut self, read: &Read<'_>, file: &SettingsFile) {
        for (name, level) in &file.lints {
            match codes::find(name) {
                Some(known) if known.severity == Severity::Warning => {
                    self.set.lints.0.insert(known.code, *level);
                }
                Some(_) => {
                    let message = format!("`{name}` is an error, whatever Settings say");
                    let problem = Diagnostic::error(WRONG_VALUE, message);
                    let problem = problem.at(format!("lints.{name}"));
                    self.report(read, problem.hint("only warnings have a level: remove it"));
                }
                None => {
                    let warnings = codes::ALL.iter();
                    let warnings = warnings.filter(|known| known.severity == Severity::Warning);
                    let names = warnings.map(|known| known.code.as_str());
                    let hint = match did_you_mean(name, names) {
                        Some(meant) => format!("did you mean `{meant}`?"),
                        None => "`recado explain` lists all codes".to_owned(),
                    };
                    let message = format!("there is no code `{name}`");
                    let problem = Diagnostic::error(UNKNOWN_KEY, message);
                    self.report(read, problem.at(format!("lints.{name}")).hint(hint));
                }
            }
        }
    }
}
