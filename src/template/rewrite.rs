//! Braze's syntax to plain Liquid, with a map back to the author's text.
//!
//! `${name}` becomes a lookup, inner `{{ }}` in tags are unwrapped, `abort_message('why')` loses its
//! parentheses. On the way every tag and filter is looked up, so that an unknown one is reported where
//! it stands and with what was probably meant.

use std::ops::Range;

use super::language::{BLOCKS, FILTERS, TAGS, WITHIN_BLOCKS};
use crate::diagnostic::{Code, Diagnostic, did_you_mean};
use crate::model::limits;

const SYNTAX: Code = Code("liquid-syntax");
const UNKNOWN_TAG: Code = Code("liquid-unknown-tag");
const UNKNOWN_FILTER: Code = Code("liquid-unknown-filter");

/// A text for the Liquid parser.
#[derive(Debug, Default)]
pub(super) struct Rewritten {
    pub(super) text: String,
    /// Where in the author's text what follows a position comes from: (rewritten, author's).
    map: Vec<(usize, usize)>,
}

/// What kind of markup is being read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Markup {
    Output,
    Tag,
}

struct Rewriter<'a> {
    source: &'a str,
    at: usize,
    out: Rewritten,
    /// Open blocks, with where they were opened.
    open: Vec<(&'a str, Range<usize>)>,
    problems: Vec<Diagnostic>,
}

/// Rewrites a text.
///
/// # Errors
/// Everything that is wrong with its tags and filters.
pub(super) fn rewrite(source: &str) -> Result<Rewritten, Vec<Diagnostic>> {
    let mut rewriter = Rewriter {
        source,
        at: 0,
        out: Rewritten::default(),
        open: Vec::new(),
        problems: Vec::new(),
    };
    if let Err(problem) = rewriter.run() {
        rewriter.problems.push(problem);
    }
    for (name, span) in std::mem::take(&mut rewriter.open) {
        let message = format!("`{{% {name} %}}` is never closed");
        let problem = Diagnostic::error(SYNTAX, message).spanning(span);
        rewriter
            .problems
            .push(problem.hint(format!("add `{{% end{name} %}}`")));
    }
    if rewriter.problems.is_empty() {
        Ok(rewriter.out)
    } else {
        Err(rewriter.problems)
    }
}

// === impl Rewritten ===

impl Rewritten {
    /// The author's position of a position in the rewritten text.
    pub(super) fn origin(&self, at: usize) -> usize {
        let idx = self.map.partition_point(|(out, _)| *out <= at);
        match idx.checked_sub(1).map(|idx| self.map[idx]) {
            Some((out, source)) => source + (at - out),
            None => at,
        }
    }
}

// === impl Rewriter ===

impl<'a> Rewriter<'a> {
    fn run(&mut self) -> Result<(), Diagnostic> {
        while let Some(found) = self.next_markup() {
            self.copy(found);
            if self.rest().starts_with("{{") {
                self.output()?;
            } else {
                self.tag()?;
            }
        }
        self.copy(self.source.len());
        Ok(())
    }

    fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }

    /// Where the next `{{` or `{%` is.
    fn next_markup(&self) -> Option<usize> {
        let rest = self.rest();
        let mut from = 0;
        while let Some(brace) = rest[from..].find('{') {
            let at = from + brace;
            if rest[at..].starts_with("{{") || rest[at..].starts_with("{%") {
                return Some(self.at + at);
            }
            from = at + 1;
        }
        None
    }

    /// Copies the author's text up to a position.
    fn copy(&mut self, to: usize) {
        if to > self.at {
            self.mark();
            self.out.text.push_str(&self.source[self.at..to]);
            self.at = to;
        }
    }

    fn mark(&mut self) {
        self.out.map.push((self.out.text.len(), self.at));
    }

    fn put(&mut self, text: &str) {
        self.mark();
        self.out.text.push_str(text);
    }

    fn output(&mut self) -> Result<(), Diagnostic> {
        let start = self.at;
        self.copy(start + 2);
        self.inner(Markup::Output, start)
    }

    fn tag(&mut self) -> Result<(), Diagnostic> {
        let start = self.at;
        self.copy(start + if self.rest().starts_with("{%-") { 3 } else { 2 });
        self.blanks();
        let name_at = self.at;
        let name = identifier(self.rest());
        let span = name_at..name_at + name.len().max(1);
        match name {
            "" => {
                return Err(
                    Diagnostic::error(SYNTAX, "a tag needs a name").spanning(start..self.at + 1)
                );
            }
            "raw" | "comment" => return self.verbatim(name, start),
            "abort_message" => return self.abort_message(start),
            _ => self.known_tag(name, span)?,
        }
        self.copy(name_at + name.len());
        self.inner(Markup::Tag, start)
    }

    fn known_tag(&mut self, name: &'a str, span: Range<usize>) -> Result<(), Diagnostic> {
        if BLOCKS.contains(&name) {
            self.open.push((name, span.clone()));
            if self.open.len() > limits::TEMPLATE_DEPTH_MAX {
                let message = format!(
                    "blocks are nested deeper than {}",
                    limits::TEMPLATE_DEPTH_MAX
                );
                return Err(Diagnostic::error(SYNTAX, message).spanning(span));
            }
        } else if let Some(block) = name
            .strip_prefix("end")
            .filter(|block| BLOCKS.contains(block))
        {
            match self.open.pop() {
                Some((open, _)) if open == block => {}
                Some((open, _)) => {
                    let message = format!("`{{% {name} %}}` closes nothing here");
                    let problem = Diagnostic::error(SYNTAX, message).spanning(span);
                    return Err(problem.hint(format!("`{{% {open} %}}` is still open")));
                }
                None => {
                    let message = format!("`{{% {name} %}}` closes nothing");
                    return Err(Diagnostic::error(SYNTAX, message).spanning(span));
                }
            }
        } else if !TAGS.contains(&name) && !WITHIN_BLOCKS.contains(&name) {
            let known = TAGS.iter().chain(&BLOCKS).chain(&WITHIN_BLOCKS).copied();
            let mut problem =
                Diagnostic::error(UNKNOWN_TAG, format!("unknown tag `{name}`")).spanning(span);
            if let Some(meant) = did_you_mean(name, known) {
                problem = problem.hint(format!("did you mean `{meant}`?"));
            } else if matches!(
                name,
                "connected_content" | "catalog_items" | "include" | "render" | "promotion"
            ) {
                problem = problem.hint(format!("`{name}` is not supported"));
            }
            self.problems.push(problem);
        }
        Ok(())
    }

    /// `{% raw %}` and `{% comment %}`: nothing in them is markup.
    fn verbatim(&mut self, name: &str, start: usize) -> Result<(), Diagnostic> {
        let end = format!("end{name}");
        let mut from = self.at;
        while let Some(found) = self.source[from..].find("{%") {
            let open = from + found;
            let inner = self.source[open + 2..].trim_start_matches('-').trim_start();
            if inner.starts_with(&end)
                && let Some(close) = self.source[open..].find("%}")
            {
                self.copy(open + close + 2);
                return Ok(());
            }
            from = open + 2;
        }
        let problem = Diagnostic::error(SYNTAX, format!("`{{% {name} %}}` is never closed"));
        Err(problem
            .spanning(start..self.at + name.len())
            .hint(format!("add `{{% {end} %}}`")))
    }

    /// `abort_message('why')`, `("why")`, `()`, and without parentheses.
    fn abort_message(&mut self, start: usize) -> Result<(), Diagnostic> {
        self.copy(self.at + "abort_message".len());
        let close = close_of(self.rest(), "%}")
            .map(|at| self.at + at)
            .ok_or_else(|| self.unclosed(start))?;
        let body = &self.source[self.at..close];
        let trimmed = body.trim().trim_end_matches('-').trim();
        let argument = trimmed
            .strip_prefix('(')
            .and_then(|rest| rest.strip_suffix(')'))
            .unwrap_or(trimmed)
            .trim();
        if !argument.is_empty() {
            let offset = body.find(argument).unwrap_or(0);
            self.at += offset;
            self.put(" ");
            self.copy(self.at + argument.len());
        }
        self.at = close;
        self.put(" ");
        self.copy(close + 2);
        Ok(())
    }

    /// The inside of a tag or output up to and with its end.
    fn inner(&mut self, markup: Markup, start: usize) -> Result<(), Diagnostic> {
        let end = if markup == Markup::Output { "}}" } else { "%}" };
        let mut nested = 0_usize;
        loop {
            let rest = self.rest();
            let Some(next) = rest.chars().next() else {
                return Err(self.unclosed(start));
            };
            if rest.starts_with("{{") {
                // Braze allows `{{x}}` where a tag or filter takes a variable; Liquid wants `x`.
                nested += 1;
                self.at += 2;
            } else if nested > 0 && rest.starts_with("}}") {
                nested -= 1;
                self.at += 2;
            } else if nested == 0 && rest.starts_with(end) {
                self.copy(self.at + 2);
                return Ok(());
            } else if rest.starts_with("${") {
                self.variable()?;
            } else if next == '"' || next == '\'' {
                let Some(close) = rest[1..].find(next) else {
                    let problem = Diagnostic::error(SYNTAX, "a string is never closed");
                    return Err(problem.spanning(self.at..self.at + 1));
                };
                self.copy(self.at + close + 2);
            } else if matches!(next, '“' | '”' | '‘' | '’') {
                let problem =
                    Diagnostic::error(SYNTAX, format!("`{next}` is not a quote that Liquid knows"));
                return Err(problem
                    .spanning(self.at..self.at + next.len_utf8())
                    .hint("use straight quotes"));
            } else if rest.starts_with("&&") || rest.starts_with("||") {
                let word = if next == '&' { "and" } else { "or" };
                let problem = Diagnostic::error(SYNTAX, format!("`{next}{next}` is not Liquid"));
                return Err(problem
                    .spanning(self.at..self.at + 2)
                    .hint(format!("write `{word}`")));
            } else if next == '|' {
                self.copy(self.at + 1);
                self.filter_name();
            } else if next == '\t' {
                self.at += 1;
                self.put(" ");
            } else {
                self.copy(self.at + next.len_utf8());
            }
        }
    }

    fn filter_name(&mut self) {
        self.blanks();
        let name = identifier(self.rest());
        if !name.is_empty() && !FILTERS.contains(&name) {
            let span = self.at..self.at + name.len();
            let mut problem = Diagnostic::error(UNKNOWN_FILTER, format!("unknown filter `{name}`"))
                .spanning(span);
            if let Some(meant) = did_you_mean(name, FILTERS.iter().copied()) {
                problem = problem.hint(format!("did you mean `{meant}`?"));
            }
            self.problems.push(problem);
        }
        self.copy(self.at + name.len());
    }

    /// `${name}`: a lookup in what stands before the dot, or in the user.
    fn variable(&mut self) -> Result<(), Diagnostic> {
        let rest = self.rest();
        let Some(close) = rest.find('}') else {
            let problem = Diagnostic::error(SYNTAX, "`${` is never closed");
            return Err(problem.spanning(self.at..self.at + 2).hint("add `}`"));
        };
        let name = rest[2..close].trim();
        let span = self.at..self.at + close + 1;
        if name.is_empty()
            || name.contains(['{', '|', '\n'])
            || (name.contains('"') && name.contains('\''))
        {
            let problem = Diagnostic::error(SYNTAX, format!("`{}` names nothing", &rest[..=close]));
            return Err(problem.spanning(span).hint("write `${attribute_name}`"));
        }
        let quote = if name.contains('"') { '\'' } else { '"' };
        let lookup = format!("[{quote}{name}{quote}]");
        if let Some(root) = self.out.text.strip_suffix('.') {
            if root.ends_with("content_blocks") {
                let problem = Diagnostic::error(UNKNOWN_TAG, "content blocks are not supported");
                return Err(problem.spanning(span));
            }
            let len = root.len();
            self.out.text.truncate(len);
            self.put(&lookup);
        } else {
            self.put(&format!("user{lookup}"));
        }
        self.at += close + 1;
        Ok(())
    }

    fn blanks(&mut self) {
        let blank = self.rest().len() - self.rest().trim_start().len();
        if blank > 0 {
            self.put(" ");
            self.at += blank;
        }
    }

    fn unclosed(&self, start: usize) -> Diagnostic {
        let open = &self.source[start..start + 2];
        let close = if open == "{{" { "}}" } else { "%}" };
        Diagnostic::error(SYNTAX, format!("`{open}` is never closed"))
            .spanning(start..start + 2)
            .hint(format!("add `{close}`"))
    }
}

/// Where `end` is, outside of strings.
fn close_of(text: &str, end: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            None if text[at..].starts_with(end) => return Some(at),
            None if c == '"' || c == '\'' => quote = Some(c),
            Some(_) | None => {}
        }
    }
    None
}

fn identifier(text: &str) -> &str {
    let len = text
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    &text[..len]
}
