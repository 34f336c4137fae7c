//! Where problems are in the files that were made, and what the checks of campaign files say of them.

use super::convert::Draft;
use super::documents::path;
use super::reads;
use super::report::Report;
use crate::campaign::source::{SourceFile, load_part};
use crate::campaign::{node, redact};
use crate::diagnostic::{Diagnostic, codes};

/// Gives the problems of a draft their places in its files.
pub(super) fn place(draft: &Draft, files: &[SourceFile], report: &mut Report) {
    let built = &draft.built;
    let sides = [
        (
            path("channels", &draft.channel),
            &built.channel_problems,
            &built.channel,
        ),
        (
            path("campaigns", &draft.campaign),
            &built.campaign_problems,
            &vec![built.content.entry()],
        ),
    ];
    for (path, problems, entries) in sides {
        let Some(file) = files.iter().find(|file| file.path == path) else {
            continue;
        };
        let unknown = reads::unknown(entries);
        let Ok(root) = node::parse(file) else {
            continue;
        };
        let problems = problems.iter().cloned().chain(unknown);
        let mut placed: Vec<_> = problems.map(|problem| root.placed(file, problem)).collect();
        redact::redact(&mut placed, std::slice::from_ref(file));
        report.problems.append(&mut placed);
    }
}

/// What `recado validate` would say.
pub(super) fn check(files: &[SourceFile], report: &mut Report) {
    let found = match load_part(files, false) {
        Ok(loaded) => loaded.warnings,
        Err(problems) => problems,
    };
    for problem in found {
        // Told better already: what is written by hand stands in `raw` until then.
        let file = |problem: &Diagnostic| problem.place.as_ref().map(|place| place.file.clone());
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
