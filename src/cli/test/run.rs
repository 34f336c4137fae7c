//! Running cases, on all processors where there are many.

use std::path::Path;

use super::coverage::Covered;
use crate::campaign::Set;
use crate::campaign::case::{Case, Mismatch, Tests, compare};
use crate::delivery::rehearse::Rehearsal;
use crate::model::resource::Kind;
use crate::parallel::each;

/// Cases that a processor takes at once.
const CHUNK: usize = 16;

/// All cases with what came of them.
pub(super) struct Report<'a> {
    pub(super) results: Vec<Ran<'a>>,
    /// Where it was asked for.
    pub(super) covered: Option<Covered>,
}

/// One case, and where it is another than expected.
pub(super) struct Ran<'a> {
    pub(super) case: &'a Case,
    /// As the command line leads to it, so that an editor finds it.
    pub(super) file: String,
    pub(super) mismatches: Vec<Mismatch>,
}

// === impl Report ===

impl<'a> Report<'a> {
    pub(super) fn of(set: &'a Set, tests: &'a Tests, folder: &Path) -> Self {
        let rehearsal = Rehearsal { set, tests };
        let one = |case: &'a Case| Ran {
            mismatches: match undecided(set, case) {
                Some(why) => vec![why],
                None => compare(case, &rehearsal.run(case)),
            },
            file: located(folder, &case.file),
            case,
        };
        let chunks: Vec<_> = tests.cases.chunks(CHUNK).collect();
        let results = each(&chunks, |cases| cases.iter().map(one).collect::<Vec<_>>());
        let results = results.into_iter().flatten().collect();
        // The texts have noted their branches by now.
        let covered = tests.coverage.clone().map(|mut coverage| {
            for case in &tests.cases {
                coverage.note(case, set);
            }
            Covered::of(&coverage, folder)
        });
        Self { results, covered }
    }

    pub(super) fn failed(&self) -> usize {
        let failed = self.results.iter().filter(|ran| !ran.passed());
        failed.count()
    }

    /// The results of one document after the other: cases are in the order of files.
    pub(super) fn by_document(&self) -> impl Iterator<Item = &[Ran<'a>]> {
        self.results.chunk_by(|a, b| {
            (a.case.kind, &a.case.resource, &a.file) == (b.case.kind, &b.case.resource, &b.file)
        })
    }
}

/// What a campaign uses and another owner has applied is not here: its case must not pass as if nothing were asked for.
fn undecided(set: &Set, case: &Case) -> Option<Mismatch> {
    if case.kind != Kind::Campaign {
        return None;
    }
    let actual = match set.campaign(&case.resource) {
        None => {
            "something that it uses is not among these files; `--beside DIR` gives another owner's"
                .to_owned()
        }
        Some(campaign) => {
            let segment = campaign.segment.as_ref();
            let segment = segment.filter(|name| !set.segments.contains_key(*name));
            match (set.channel(&campaign.channel), segment) {
                (None, _) => format!(
                    "the channel `{}` is not among these files; `--beside DIR` gives another owner's",
                    campaign.channel
                ),
                (Some(_), Some(name)) => format!(
                    "the segment `{name}` is not among these files; `--beside DIR` gives another owner's"
                ),
                (Some(_), None) => return None,
            }
        }
    };
    Some(Mismatch {
        line: case.line,
        path: String::new(),
        expected: "all that the campaign uses".to_owned(),
        actual,
    })
}

// === impl Ran ===

impl Ran<'_> {
    pub(super) fn passed(&self) -> bool {
        self.mismatches.is_empty()
    }
}

pub(super) fn many(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

pub(super) fn located(folder: &Path, file: &str) -> String {
    if folder == Path::new(".") {
        file.to_owned()
    } else {
        folder.join(file).display().to_string()
    }
}
