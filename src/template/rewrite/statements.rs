//! Tags: which there are, how blocks close, and those that are written otherwise in plain Liquid.

use std::ops::Range;

use super::scanner::{End, Rewriter, Stop, identifier};
use super::{SYNTAX, UNKNOWN_TAG};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::model::limits;
use crate::template::language::{BLOCKS, TAGS, WITHIN_BLOCKS};

// === impl Rewriter ===

impl<'a> Rewriter<'a> {
    /// A tag from its `{%` on.
    pub(super) fn tag(&mut self) -> Result<(), Diagnostic> {
        let start = self.at;
        let opening = if self.rest().starts_with("{%-") { 3 } else { 2 };
        let body = self.rest()[opening..].trim_start();
        match identifier(body) {
            "" if body.starts_with('#') => return self.remark(start, opening),
            "echo" => {
                self.put(if opening == 3 { "{{-" } else { "{{" });
                self.at += opening;
                self.blanks();
                self.at += "echo".len();
                let end = End {
                    out: "}}",
                    ..End::TAG
                };
                return self.inner(end, start);
            }
            "liquid" => return self.lines(start, opening),
            name => self.otherwise(name, opening == 3),
        }
        self.copy(start + opening);
        self.blanks();
        self.statement(End::TAG, start)
    }

    /// A tag from its name on.
    fn statement(&mut self, end: End, start: usize) -> Result<(), Diagnostic> {
        let name_at = self.at;
        let name = identifier(self.rest());
        let span = name_at..name_at + name.len().max(1);
        match name {
            "" => {
                let span = start..start + 2;
                return Err(Diagnostic::error(SYNTAX, "a tag needs a name").spanning(span));
            }
            "raw" | "comment" => return self.verbatim(name, start),
            "abort_message" => return self.abort_message(end, start),
            "message_extras" => return self.message_extras(end, start),
            "catalog_items" => return self.catalog_items(end, start),
            "connected_content" => return self.connected_content(end, start),
            _ => self.known_tag(name, span),
        }
        self.copy(name_at + name.len());
        self.inner(end, start)?;
        self.branch(name, start);
        Ok(())
    }

    /// `{% # nothing of it %}`
    fn remark(&mut self, start: usize, opening: usize) -> Result<(), Diagnostic> {
        let close = self.source[start..]
            .find("%}")
            .ok_or_else(|| self.unclosed(start))?;
        let trims = self.source[..start + close].ends_with('-');
        self.put(if opening == 3 {
            "{%- comment %}"
        } else {
            "{% comment %}"
        });
        self.put(if trims {
            "{% endcomment -%}"
        } else {
            "{% endcomment %}"
        });
        self.at = start + close + 2;
        Ok(())
    }

    /// `{% liquid %}`: a tag a line, without its braces.
    fn lines(&mut self, start: usize, opening: usize) -> Result<(), Diagnostic> {
        let rest = &self.source[start..];
        // With a string that is never closed, all lines are read up to where the tag seems to end.
        let close = close_of(rest, "%}").or_else(|| rest.find("%}"));
        let close = close.ok_or_else(|| self.unclosed(start))?;
        let close = start + close;
        let body = self.source[start + opening..close].trim_start();
        let from = close - body.len() + "liquid".len();
        let to = if body.ends_with('-') {
            close - 1
        } else {
            close
        };
        // What the braces of the whole trim is trimmed by an empty one of the same kind.
        if opening == 3 {
            self.put("{%- comment %}{% endcomment %}");
        }
        let (mut at, mut in_comment) = (from, false);
        for line in self.source[from..to].split_inclusive('\n') {
            let words = line.trim();
            let begin = at + (line.len() - line.trim_start().len());
            at += line.len();
            let name = identifier(words);
            in_comment = (in_comment || name == "comment") && name != "endcomment";
            if in_comment || words.is_empty() || words.starts_with('#') || name == "endcomment" {
                continue;
            }
            self.at = begin;
            if let Err(problem) = self.line(begin + words.len(), name) {
                self.fail(problem);
            }
        }
        if to < close {
            self.put("{% comment %}{% endcomment -%}");
        }
        self.at = close + 2;
        Ok(())
    }

    fn line(&mut self, to: usize, name: &str) -> Result<(), Diagnostic> {
        let begin = self.at;
        let out = if name == "echo" { " }}" } else { " %}" };
        let end = End {
            stop: Stop::At(to),
            out,
        };
        match name {
            "raw" | "liquid" => {
                let problem =
                    Diagnostic::error(SYNTAX, format!("`{name}` cannot stand in `liquid`"));
                Err(problem.spanning(begin..begin + name.len()))
            }
            "echo" => {
                self.put("{{");
                self.at += name.len();
                self.inner(end, begin)
            }
            _ => {
                self.otherwise(name, false);
                self.put("{% ");
                self.statement(end, begin)
            }
        }
    }

    fn known_tag(&mut self, name: &'a str, span: Range<usize>) {
        let max = limits::TEMPLATE_DEPTH_MAX;
        if BLOCKS.contains(&name) {
            self.open.push((name, span.clone()));
            // Told of the first that is too deep.
            if self.open.len() == max + 1 {
                let message = format!("blocks are nested deeper than {max}");
                self.problems
                    .push(Diagnostic::error(SYNTAX, message).spanning(span));
            }
        } else if let Some(block) = name
            .strip_prefix("end")
            .filter(|block| BLOCKS.contains(block))
        {
            self.closes(name, block, span);
        } else if !TAGS.contains(&name) && !WITHIN_BLOCKS.contains(&name) {
            let known = TAGS.iter().chain(&BLOCKS).chain(&WITHIN_BLOCKS).copied();
            let mut problem =
                Diagnostic::error(UNKNOWN_TAG, format!("unknown tag `{name}`")).spanning(span);
            if let Some(meant) = did_you_mean(name, known) {
                problem = problem.hint(format!("did you mean `{meant}`?"));
            } else if matches!(name, "include" | "render" | "layout") {
                problem = problem.hint("use a content block: `{{content_blocks.${name}}}`");
            } else if matches!(name, "promotion" | "catalog_selection_items") {
                problem = problem.hint(format!("`{name}` is not supported"));
            }
            self.problems.push(problem);
        }
    }

    /// The end of a block; those that are open within it are told, and taken for closed.
    fn closes(&mut self, name: &str, block: &str, span: Range<usize>) {
        let opened = self.open.iter().rposition(|(open, _)| *open == block);
        let is_last = opened.is_some_and(|at| at + 1 == self.open.len());
        if !is_last && !self.is_shaky {
            let problem = match self.open.last() {
                Some((open, _)) => {
                    let message = format!("`{{% {name} %}}` closes nothing here");
                    let problem = Diagnostic::error(SYNTAX, message);
                    problem.hint(format!("`{{% {open} %}}` is still open"))
                }
                None => Diagnostic::error(SYNTAX, format!("`{{% {name} %}}` closes nothing")),
            };
            self.problems.push(problem.spanning(span));
        }
        if let Some(at) = opened {
            self.open.truncate(at);
        }
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
        let problem = problem.spanning(start..self.at + name.len());
        self.fail(problem.hint(format!("add `{{% {end} %}}`")));
        // How much of the rest was meant to be markup is not known.
        self.copy(self.source.len());
        Ok(())
    }

    /// Where a tag ends, outside of strings.
    pub(super) fn end_of(&self, end: End, start: usize) -> Result<usize, Diagnostic> {
        match end.stop {
            Stop::At(at) => Ok(at),
            Stop::Mark(mark) => {
                let close = close_of(self.rest(), mark).ok_or_else(|| self.unclosed(start))?;
                Ok(self.at + close)
            }
        }
    }
}

/// Where `end` is, outside of strings.
pub(in crate::template) fn close_of(text: &str, end: &str) -> Option<usize> {
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
