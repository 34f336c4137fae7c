//! Tags of Braze, which are written in ways that plain Liquid does not parse.

use std::ops::Range;

use super::scanner::{End, Rewriter, Stop};
use super::{SYNTAX, UNKNOWN_NAME};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::model::limits;

// === impl Rewriter ===

impl Rewriter<'_> {
    /// `abort_message('why')`, `("why")`, `()`, and without parentheses.
    pub(super) fn abort_message(&mut self, end: End, start: usize) -> Result<(), Diagnostic> {
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
    pub(super) fn message_extras(&mut self, end: End, start: usize) -> Result<(), Diagnostic> {
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
        let to = from + value.len();
        self.outputs(to, start)?;
        self.put("{% endmessage_extras ");
        self.at = to;
        let dash = self.source[to..close].trim();
        self.put(dash);
        self.at = close;
        self.inner(end, start)
    }

    /// A text of its own within a tag: outputs in it are rewritten, tags are not allowed.
    pub(super) fn outputs(&mut self, to: usize, start: usize) -> Result<(), Diagnostic> {
        while let Some(open) = self.source[self.at..to].find("{{") {
            let open = self.at + open;
            self.copy(open + 2);
            self.inner(End::OUTPUT, start)?;
            // Its braces are closed, but beyond the tag that they are in.
            if self.at > to {
                return Err(self.unclosed(open));
            }
        }
        self.copy(to);
        Ok(())
    }

    /// `catalog_items games 1234 {{ id }}`: a bare word is a text, inner braces hold a variable.
    pub(super) fn catalog_items(&mut self, end: End, start: usize) -> Result<(), Diagnostic> {
        let close = self.end_of(end, start)?;
        let body = self.source[self.at..close].trim_end_matches('-');
        let (from, to) = (self.at + "catalog_items".len(), self.at + body.len());
        let words = words(self.source, from..to);
        let problem = |span: Range<usize>, message: String| {
            let hint = "write `{% catalog_items catalog id %}`, with one to three ids";
            Diagnostic::error(SYNTAX, message).spanning(span).hint(hint)
        };
        let Some((catalog, ids)) = words.split_first() else {
            return Err(problem(
                start..close,
                "`catalog_items` needs a catalog".into(),
            ));
        };
        if ids.is_empty() || ids.len() > limits::CATALOG_IDS_MAX {
            return Err(problem(start..close, format!("{} ids", ids.len())));
        }
        if let Some(rerender) = ids
            .iter()
            .find(|id| self.source[(*id).clone()].starts_with(':'))
        {
            let message = format!("`{}` is not supported", &self.source[rerender.clone()]);
            return Err(problem(rerender.clone(), message));
        }
        let name = self.source[catalog.clone()].trim_matches(['"', '\'']);
        self.refers_to_catalog(name, catalog.clone());
        self.put(&format!("catalog_items \"{name}\""));
        for id in ids {
            self.at = id.start;
            self.put(" ");
            let word = &self.source[id.clone()];
            if word.starts_with("{{") && !word.ends_with("}}") {
                return Err(self.unclosed(id.start));
            }
            if word.starts_with("{{") || word.starts_with(['"', '\'']) {
                let inside = End {
                    stop: Stop::At(id.end),
                    out: "",
                };
                self.inner(inside, start)?;
            } else {
                self.put(&format!("\"{}\"", word.replace('"', "")));
            }
        }
        self.at = to;
        self.put(" ");
        self.inner(end, start)
    }

    fn refers_to_catalog(&mut self, name: &str, span: Range<usize>) {
        self.references.catalogs.insert(name.to_owned());
        let known = self.library.catalog(name).is_some() || self.library.is_part();
        if !known {
            let meant = did_you_mean(name, self.library.catalog_names());
            let problem = unknown("catalog", name, meant).spanning(span);
            self.problems.push(problem);
        }
    }

    /// `{{content_blocks.${name}}}` by itself, from its braces on: blocks are texts, not values.
    pub(super) fn content_block(&mut self) -> Result<bool, Diagnostic> {
        let rest = self.rest();
        let opening = if rest.starts_with("{{-") { 3 } else { 2 };
        let inner = rest[opening..].trim_start();
        let Some(name) = inner.strip_prefix("content_blocks") else {
            return Ok(false);
        };
        let start = self.at;
        let lead = rest.len() - inner.len();
        let alone = || -> Option<(&str, usize, bool)> {
            let named = name
                .trim_start()
                .strip_prefix('.')?
                .trim_start()
                .strip_prefix("${")?;
            let (name, behind) = named.split_once('}')?;
            let close = behind.find("}}")?;
            let id = behind[..close].trim_end_matches('-').trim();
            // Newer dashboards write the block's own id behind it.
            let is_alone =
                id.is_empty() || (id.starts_with('|') && id[1..].trim_start().starts_with("id:"));
            let dash = behind[..close].ends_with('-');
            let end = rest.len() - behind.len() + close + 2;
            is_alone.then_some((name.trim(), end, dash))
        };
        let Some((name, len, is_trimmed)) = alone() else {
            let problem =
                Diagnostic::error(SYNTAX, "a content block stands by itself in its braces");
            let span = start + lead..start + lead + "content_blocks".len();
            return Err(problem.spanning(span).hint(
                "write `{{content_blocks.${name}}}`, within `{% capture x %}` where its text is worked on",
            ));
        };
        self.references.blocks.insert(name.to_owned());
        if self.library.block(name).is_none() && !self.library.is_part() {
            let meant = did_you_mean(name, self.library.block_names());
            let problem = unknown("content block", name, meant);
            self.problems.push(problem.spanning(start..start + len));
        }
        let (open, close) = (
            if opening == 3 { "{%-" } else { "{%" },
            if is_trimmed { "-%}" } else { "%}" },
        );
        self.put(&format!(
            "{open} content_block \"{}\" {close}",
            name.replace('"', "")
        ));
        self.at = start + len;
        Ok(true)
    }
}

pub(super) fn unknown(what: &str, name: &str, meant: Option<&str>) -> Diagnostic {
    let problem = Diagnostic::error(UNKNOWN_NAME, format!("there is no {what} `{name}`"));
    match meant {
        Some(meant) => problem.hint(format!("did you mean `{meant}`?")),
        None => problem,
    }
}

/// What stands between blanks, with braces and strings kept whole.
pub(super) fn words(source: &str, span: Range<usize>) -> Vec<Range<usize>> {
    let (mut words, mut begin, mut depth, mut quote) = (Vec::new(), None, 0_usize, None);
    for (at, c) in source[span.clone()].char_indices() {
        let at = span.start + at;
        match c {
            c if quote == Some(c) => quote = None,
            _ if quote.is_some() => {}
            '"' | '\'' => {
                quote = Some(c);
                begin.get_or_insert(at);
            }
            c if c.is_whitespace() && depth == 0 => {
                if let Some(begin) = begin.take() {
                    words.push(begin..at);
                }
            }
            c => {
                depth = match c {
                    '{' => depth + 1,
                    '}' => depth.saturating_sub(1),
                    _ => depth,
                };
                begin.get_or_insert(at);
            }
        }
    }
    words.extend(begin.map(|begin| begin..span.end));
    words
}

pub(super) fn unquoted(source: &str, span: Range<usize>) -> Range<usize> {
    let text = &source[span.clone()];
    let quoted = ['"', '\'']
        .into_iter()
        .any(|quote| text.len() > 1 && text.starts_with(quote) && text.ends_with(quote));
    if quoted {
        span.start + 1..span.end - 1
    } else {
        span
    }
}
