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
            _ => {}
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
            _ => self.known_tag(name, span)?,
        }
        self.copy(name_at + name.len());
        self.inner(end, start)
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
        let close = close_of(&self.source[start..], "%}").ok_or_else(|| self.unclosed(start))?;
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
            self.line(begin + words.len(), name)?;
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
                self.put("{% ");
                self.statement(end, begin)
            }
        }
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
    fn abort_message(&mut self, end: End, start: usize) -> Result<(), Diagnostic> {
        self.copy(self.at + "abort_message".len());
        let close = self.end_of(end, start)?;
        let body = &self.source[self.at..close];
        let trimmed = body.trim().trim_end_matches('-').trim();
        let argument = trimmed
            .strip_prefix('(')
            .and_then(|rest| rest.strip_suffix(')'))
            .unwrap_or(trimmed)
            .trim();
        if !argument.is_empty() {
            self.at += body.find(argument).unwrap_or(0);
            self.put(" ");
            let to = self.at + argument.len();
            let inside = End {
                stop: Stop::At(to),
                out: " ",
            };
            self.inner(inside, start)?;
        }
        self.at = close;
        self.put(" ");
        self.inner(end, start)
    }

    /// `message_extras :key k :value v` becomes a block with the value for its body, so that both may hold texts and
    /// outputs.
    fn message_extras(&mut self, end: End, start: usize) -> Result<(), Diagnostic> {
        let close = self.end_of(end, start)?;
        let body = self.source[self.at..close].trim_end_matches('-');
        let problem = || {
            let problem = Diagnostic::error(SYNTAX, "`message_extras` needs a key and a value");
            let hint = "write `{% message_extras :key campaign_type :value launch %}`";
            problem.spanning(start..start + 2).hint(hint)
        };
        let (_, key) = body.split_once(":key").ok_or_else(problem)?;
        let (key, value) = key.split_once(":value").ok_or_else(problem)?;
        let key = key.trim();
        if key.is_empty() || key.contains(['{', '"', '%']) {
            return Err(problem());
        }
        self.put(&format!("message_extras \"{key}\" %}}"));
        let from = close - (self.source[self.at..close].len() - body.len()) - value.len();
        self.at = from;
        // The value is a text of its own: outputs in it are rewritten, tags are not allowed.
        let to = from + value.len();
        while let Some(open) = self.source[self.at..to].find("{{") {
            self.copy(self.at + open);
            self.copy(self.at + 2);
            self.inner(End::OUTPUT, start)?;
        }
        self.copy(to);
        self.put("{% endmessage_extras ");
        self.at = to;
        let dash = self.source[to..close].trim();
        self.put(dash);
        self.at = close;
        self.inner(end, start)
    }

    /// Where a tag ends, outside of strings.
    fn end_of(&self, end: End, start: usize) -> Result<usize, Diagnostic> {
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
