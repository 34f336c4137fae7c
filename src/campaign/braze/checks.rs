//! Where problems are in the files that were made, and what the checks of campaign files say of them.

use std::collections::BTreeSet;

use super::report::Report;
use super::yaml::Entry;
use super::{fetches, reads};
use crate::campaign::read::node;
use crate::campaign::read::redact;
use crate::campaign::read::source::{SourceFile, load_part};
use crate::diagnostic::{Diagnostic, codes};

/// Gives problems their places in the file that was made of these entries, with what its texts show.
pub(super) fn place(
    file: &SourceFile,
    problems: Vec<Diagnostic>,
    entries: &[Entry],
    report: &mut Report,
) {
    let Ok(root) = node::parse(file) else {
        return;
    };
    let shown = reads::unknown(entries).into_iter();
    let problems = problems.into_iter().chain(fetches::problems(entries));
    let problems = problems.chain(shown);
    let mut placed: Vec<_> = problems.map(|problem| root.placed(file, problem)).collect();
    redact::redact(&mut placed, std::slice::from_ref(file));
    report.problems.append(&mut placed);
}

/// What `recado validate` would say of our files among those around them.
pub(super) fn check(ours: Vec<SourceFile>, around: Vec<SourceFile>, report: &mut Report) {
    // Those were there before, and their problems with them.
    let theirs: BTreeSet<String> = around.iter().map(|file| file.path.clone()).collect();
    let files: Vec<_> = ours.into_iter().chain(around).collect();
    let found = match load_part(&files, false) {
        Ok(loaded) => loaded.warnings,
        Err(problems) => problems,
    };
    let file = |problem: &Diagnostic| problem.place.as_ref().map(|place| place.file.clone());
    for problem in found {
        if file(&problem).is_some_and(|file| theirs.contains(&file)) {
            continue;
        }
        // Told better already: what is written by hand stands in `raw` until then.
        let is_same = |told: &&Diagnostic| file(told) == file(&problem);
        let is_told = report.problems.iter().filter(is_same).any(|told| {
            let is_raw = told.path.starts_with("raw") && problem.path == "raw";
            is_raw || (told.path == problem.path && problem.code == codes::LITERAL_SECRET)
        });
        if !is_told {
            report.problems.push(problem);
        }
    }
}
