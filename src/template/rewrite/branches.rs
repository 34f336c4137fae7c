//! Marks at the beginning of branches, where it is asked which of them are gone through.

use std::ops::Range;

use super::scanner::Rewriter;

/// Never gone through, though it stands there.
const NOT_REACHED: &str = "never reached";

/// An open block that may have an `else`.
#[derive(Debug)]
pub(super) struct Forked {
    tag: Range<usize>,
    /// What is to be said of an `else` that is not written and never gone through.
    lack: &'static str,
    has_else: bool,
}

// === impl Rewriter ===

impl Rewriter<'_> {
    /// Before a tag: gives a block that ends here without an `else` one.
    pub(super) fn otherwise(&mut self, name: &str, is_trimmed: bool) {
        let Some(visits) = self.visits else { return };
        if !matches!(name, "endif" | "endunless" | "endcase" | "endfor") {
            return;
        }
        let Some(forked) = self.forked.pop().filter(|forked| !forked.has_else) else {
            return;
        };
        let branch = visits.branch(forked.tag, forked.lack);
        // What stands before the end is trimmed by whatever tag comes first.
        let open = if is_trimmed { "{%-" } else { "{%" };
        self.put(&format!("{open} else %}}{{% visit {} %}}", branch.id));
        self.out.branches.push(branch);
    }

    /// Behind a tag that begins a branch: marks it. `start` is where the tag begins.
    pub(super) fn branch(&mut self, name: &str, start: usize) {
        let Some(visits) = self.visits else { return };
        let tag = start..self.at;
        let lack = match name {
            "if" => "never false",
            "unless" => "never true",
            "case" => "never none of its values",
            "for" => "never over an empty list",
            _ => "",
        };
        if !lack.is_empty() {
            self.forked.push(Forked {
                tag: tag.clone(),
                lack,
                has_else: false,
            });
        }
        if name == "else"
            && let Some(forked) = self.forked.last_mut()
        {
            forked.has_else = true;
        }
        if !matches!(
            name,
            "if" | "unless" | "elsif" | "else" | "when" | "for" | "tablerow"
        ) {
            return;
        }
        let branch = visits.branch(tag.clone(), NOT_REACHED);
        // What follows is trimmed by whatever tag comes last.
        let is_trimmed = self.source[tag].ends_with("-%}");
        let close = if is_trimmed { "-%}" } else { "%}" };
        self.put(&format!("{{% visit {} {close}", branch.id));
        self.out.branches.push(branch);
    }
}
