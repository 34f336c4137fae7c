//! Braze's syntax to plain Liquid, with a map back to the author's text.
//!
//! `${name}` becomes a lookup, inner `{{ }}` in tags are unwrapped, `echo` and `liquid` become outputs and tags,
//! and the tags of Braze become such as Liquid parses (`braze`). On the way every tag, filter, content block and
//! catalog is looked up, so that an unknown one is reported where it stands and with what was probably meant.

mod bare;
mod branches;
mod braze;
mod fetch;
mod fields;
mod names;
mod scanner;
mod secrets;
mod statements;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

pub use bare::Bare;
pub use names::{NAMESPACES, Names, Output, Read};
use scanner::Rewriter;
pub use secrets::{is_secret_header, is_secret_in_url};
pub(super) use statements::close_of;

use super::library::{Library, References};
use super::visits::{Branch, Visits};
use crate::diagnostic::{Code, Diagnostic, codes};

const SYNTAX: Code = codes::LIQUID_SYNTAX;
const UNKNOWN_TAG: Code = codes::LIQUID_UNKNOWN_TAG;
const UNKNOWN_FILTER: Code = codes::LIQUID_UNKNOWN_FILTER;
const UNKNOWN_NAME: Code = codes::LIQUID_UNKNOWN_NAME;

/// A text for the Liquid parser.
#[derive(Debug, Default)]
pub(super) struct Rewritten {
    pub(super) text: String,
    /// Where in the author's text what follows a position comes from: (rewritten, author's).
    map: Vec<(usize, usize)>,
    /// What of the library it uses.
    pub(super) references: References,
    fetches: bool,
    pub(super) bare: Vec<Bare>,
    /// Those that are marked.
    pub(super) branches: Vec<Branch>,
}

/// What of a library a text uses, whatever else is wrong with it.
pub(super) fn references(source: &str) -> References {
    let anything = Library::part();
    let mut rewriter = Rewriter::new(source, &anything);
    rewriter.run();
    rewriter.references
}

/// Rewrites a text; its branches are marked when there are `visits` to count them.
///
/// # Errors
/// Everything that is wrong with its tags and filters.
pub(super) fn rewrite(
    source: &str,
    library: &Library,
    visits: Option<&Visits>,
) -> Result<Rewritten, Vec<Diagnostic>> {
    let mut rewriter = Rewriter::new(source, library);
    rewriter.visits = visits;
    rewriter.run();
    if rewriter.is_shaky {
        rewriter.open.clear();
    }
    for (name, span) in std::mem::take(&mut rewriter.open) {
        let message = format!("`{{% {name} %}}` is never closed");
        let problem = Diagnostic::error(SYNTAX, message).spanning(span);
        rewriter
            .problems
            .push(problem.hint(format!("add `{{% end{name} %}}`")));
    }
    // What was gone through twice, on the way out of a mistake, is told once.
    let mut told = BTreeSet::new();
    rewriter.problems.retain(|problem| {
        let at = problem.span.as_ref().map(|span| span.start);
        told.insert((at, problem.message.clone()))
    });
    if rewriter.problems.is_empty() {
        rewriter.out.references = rewriter.references;
        rewriter.out.fetches = rewriter.fetches;
        rewriter.out.bare = Names::of(source).bare();
        Ok(rewriter.out)
    } else {
        Err(rewriter.problems)
    }
}

// === impl Rewritten ===

impl Rewritten {
    pub(super) fn uses_library(&self) -> bool {
        self.fetches
            || !self.branches.is_empty()
            || !self.references.blocks.is_empty()
            || !self.references.catalogs.is_empty()
    }

    /// The author's position of a position in the rewritten text.
    pub(super) fn origin(&self, at: usize) -> usize {
        let idx = self.map.partition_point(|(out, _)| *out <= at);
        match idx.checked_sub(1).map(|idx| self.map[idx]) {
            Some((out, source)) => source + (at - out),
            None => at,
        }
    }
}
