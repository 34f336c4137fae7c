//! The `tests:` of all documents, read once everything that they are about is there.

use std::ops::Range;
use std::sync::Arc;

use super::beside::is_kept;
use super::checker::Checker;
use crate::campaign::case::{Coverage, Reader, Spot};
use crate::campaign::read::file::Resource;
use crate::campaign::read::source::{Parsed, Read};
use crate::diagnostic::Diagnostic;
use crate::model::resource::Kind;
use crate::segment;
use crate::template::{Branch, Text};

// === impl Checker ===

impl Checker<'_> {
    pub(in crate::campaign) fn tests(&mut self, parsed: &[Parsed<'_>]) {
        let registry = Arc::clone(&self.set.registry);
        for one in parsed {
            let Some(tests) = one.read.root.get("tests") else {
                continue;
            };
            let reader = Reader::new((one.kind, &one.name), one.read.file, &registry);
            let (cases, problems) = reader.read(&tests.value);
            self.tests.cases.extend(cases);
            for problem in problems {
                self.report(&one.read, problem);
            }
            if one.kind == Kind::ContentBlock {
                self.tested_block(&one.name);
            }
        }
        let whole = self.templates.iter();
        let whole = whole.filter_map(|(name, message)| Some((name.clone(), message.clone()?)));
        self.tests.templates = whole.collect();
        let cases = &mut self.tests.cases;
        cases.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        if self.library.visits().is_some() {
            self.tests.coverage = Some(self.coverage(parsed));
        }
    }

    /// What there is to reach in all files.
    fn coverage(&mut self, parsed: &[Parsed<'_>]) -> Coverage {
        let branches = std::mem::take(&mut self.branches);
        let mut coverage = Coverage::new(Arc::clone(&self.library), branches);
        for one in parsed.iter().filter(|one| !is_kept(&one.read.file.path)) {
            let filter = match &one.resource {
                Resource::Segment(file) => self.filters.get(&file.name).cloned(),
                Resource::Campaign(file) => {
                    let text = file.filter.as_deref();
                    // Its problems were told when it was read.
                    text.and_then(|text| segment::compile(text, &self.declared).ok())
                }
                _ => None,
            };
            let Some(filter) = filter else { continue };
            let clauses = filter.clauses().into_iter();
            let spots = clauses.map(|clause| {
                let spot = spot(&one.read, "filter", clause.span.as_ref());
                Spot {
                    text: clause.text,
                    ..spot
                }
            });
            let spots = spots.collect();
            coverage.add((one.kind, &one.name), filter, spots);
        }
        coverage
    }

    /// Notes branches of a text, or of the texts of a tree, by their paths below `at`.
    pub(in crate::campaign) fn note_branches<'b>(
        &mut self,
        read: &Read<'_>,
        at: &str,
        branches: impl Iterator<Item = (&'b str, &'b Branch)>,
    ) {
        if is_kept(&read.file.path) {
            return;
        }
        for (path, branch) in branches {
            let path = match path {
                "" => at.to_owned(),
                path if path.starts_with('[') => format!("{at}{path}"),
                path => format!("{at}.{path}"),
            };
            let spot = spot(read, &path, Some(&branch.span));
            self.branches.push((branch.clone(), spot));
        }
    }

    /// A block is a part of a text: the shortest that has it shows it as it is used.
    fn tested_block(&mut self, name: &str) {
        let source = format!("{{{{content_blocks.${{{name}}}}}}}");
        // One that is broken was reported.
        let text: Result<Text, Vec<Diagnostic>> = Text::compile_with(&source, &self.library);
        if let Ok(text) = text {
            self.tests.blocks.insert(name.to_owned(), text);
        }
    }
}

/// Where a part of a text is in the file; diagnostics know the way.
fn spot(read: &Read<'_>, path: &str, span: Option<&Range<usize>>) -> Spot {
    let place = read.root.place(read.file, path, span);
    let text = read.file.text.get(place.span.clone()).unwrap_or_default();
    Spot {
        file: read.file.path.clone(),
        line: place.line,
        column: place.column,
        text: text.split_whitespace().collect::<Vec<_>>().join(" "),
    }
}
