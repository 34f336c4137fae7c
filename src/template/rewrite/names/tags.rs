//! The way through a text: what each tag gives, and which of its parts are expressions.

use std::ops::Range;

use super::{Names, Output};
use crate::template::rewrite::bare::Bare;
use crate::template::rewrite::scanner::identifier;
use crate::template::rewrite::statements::close_of;

/// Tags that test what they read.
const CONDITIONS: [&str; 4] = ["if", "elsif", "unless", "case"];
/// Where an answer goes that has no name, and where items of a catalog go.
const CONNECTED: &str = "connected";
const ITEMS: &str = "items";
const BLOCKS: &str = "content_blocks";

// === impl Names ===

impl Names {
    pub(super) fn text(&mut self, source: &str) {
        let mut at = 0;
        // Once something is never closed, the end of others is looked for up to where the next begins.
        let mut is_open = false;
        while let Some(found) = next(&source[at..]) {
            let open = at + found;
            let is_output = source[open..].starts_with("{{");
            let mark = if is_output { "}}" } else { "%}" };
            let inside = open + 2;
            // One that is never closed ends where the next begins: what is behind it is told all the same.
            let until = || next(&source[inside..]).map_or(source.len(), |next| inside + next);
            let bound = if is_open { until() } else { source.len() };
            let (to, end) = if let Some(close) = closing(&source[inside..bound], mark) {
                (inside + close, inside + close + 2)
            } else {
                is_open = true;
                let to = until();
                (to, to)
            };
            let span = trimmed(source, inside..to);
            at = if is_output {
                self.output(source, open..end, span);
                end
            } else {
                self.tag(source, open..end, span)
            };
        }
    }

    /// A tag; answers where the text goes on.
    fn tag(&mut self, source: &str, whole: Range<usize>, span: Range<usize>) -> usize {
        let name = identifier(&source[span.clone()]);
        match name {
            "raw" | "comment" => return behind(source, whole.end, name),
            "liquid" => {
                let mut begin = span.start + name.len();
                let mut in_comment = false;
                for line in source[begin..span.end].split_inclusive('\n') {
                    let of_line = trimmed(source, begin..begin + line.len());
                    begin += line.len();
                    let name = identifier(&source[of_line.clone()]);
                    in_comment = (in_comment || name == "comment") && name != "endcomment";
                    if !in_comment {
                        self.statement(source, of_line.clone(), of_line);
                    }
                }
            }
            _ => self.statement(source, whole.clone(), span),
        }
        whole.end
    }

    fn statement(&mut self, source: &str, whole: Range<usize>, span: Range<usize>) {
        if source[span.clone()].starts_with('#') {
            return;
        }
        let name = identifier(&source[span.clone()]);
        let rest = trimmed(source, span.start + name.len()..span.end);
        match name {
            "assign" => {
                let given = word(&source[rest.clone()]);
                self.expression(source, rest.start + given.len()..rest.end);
                self.give(given, whole.end);
            }
            "capture" | "increment" | "decrement" => {
                self.give(word(unquoted(&source[rest])), whole.start);
            }
            "for" | "tablerow" => self.head(source, rest),
            "echo" => self.output(source, whole, rest),
            "connected_content" => {
                self.inner(source, rest.clone());
                let saved = source[rest].split_once(":save");
                let saved = saved.map(|(_, name)| name.split_whitespace().next().unwrap_or(""));
                self.give(unquoted(saved.unwrap_or(CONNECTED)), whole.end);
            }
            "catalog_items" => {
                self.inner(source, rest);
                self.give(ITEMS, whole.end);
            }
            "message_extras" => self.inner(source, rest),
            name => {
                let first = self.reads.len();
                self.expression(source, rest);
                if CONDITIONS.contains(&name) {
                    let reads = self.reads[first..].iter();
                    let tested = reads.filter_map(|read| Some(read.attribute()?.first()?.clone()));
                    let tested: Vec<String> = tested.collect();
                    self.tested.extend(tested);
                }
            }
        }
    }

    /// `item in list limit:3`
    pub(super) fn head(&mut self, source: &str, span: Range<usize>) {
        let span = trimmed(source, span);
        let item = word(&source[span.clone()]);
        let rest = trimmed(source, span.start + item.len()..span.end);
        // Without it, it is no loop, and what its words are is not known.
        if word(&source[rest.clone()]) == "in" {
            self.expression(source, rest);
        }
        self.give(item, span.start);
    }

    fn output(&mut self, source: &str, whole: Range<usize>, span: Range<usize>) {
        let reads = self.reads.len();
        let base = self.expression(source, span);
        let has_default = base.filters.iter().any(|name| name == "default");
        self.outputs.push(Output {
            span: whole.clone(),
            filters: base.filters,
            root: self.reads.get(reads).map(|read| read.root.clone()),
        });
        let Some(read) = base.read else { return };
        if read.root == BLOCKS {
            self.blocks
                .extend(read.steps.first().map(|name| (name.clone(), whole.start)));
        } else if base.is_whole && !has_default {
            self.shown.extend(read.steps.first().map(|attribute| Bare {
                attribute: attribute.clone(),
                span: whole,
            }));
        }
    }

    /// A text of its own within a tag: only what stands in inner braces is read.
    fn inner(&mut self, source: &str, span: Range<usize>) {
        let mut at = span.start;
        while let Some(open) = source[at..span.end].find("{{") {
            let from = at + open + 2;
            let close = closing(&source[from..span.end], "}}");
            let to = close.map_or(span.end, |close| from + close);
            self.expression(source, from..to);
            at = (to + 2).min(span.end);
        }
    }
}

/// Where the next tag or output begins.
fn next(text: &str) -> Option<usize> {
    // In one pass: to look for each by itself would go to the end for the one that there is not.
    let mut from = 0;
    while let Some(brace) = text[from..].find('{') {
        let at = from + brace;
        if text[at + 1..].starts_with(['{', '%']) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

/// Where an output or a tag ends, with the braces that are within it.
fn closing(text: &str, mark: &str) -> Option<usize> {
    if mark != "}}" {
        return close_of(text, mark);
    }
    let (mut at, mut depth, mut quote) = (0, 0_usize, None);
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            // Its brace is none of theirs.
            None if rest.starts_with("${") => at += rest.find('}')?,
            None if rest.starts_with("{{") => {
                depth += 1;
                at += 1;
            }
            None if rest.starts_with("}}") && depth == 0 => return Some(at),
            None if rest.starts_with("}}") => {
                depth -= 1;
                at += 1;
            }
            None => quote = matches!(c, '"' | '\'').then_some(c),
        }
        at += text[at..].chars().next().map_or(1, char::len_utf8);
    }
    None
}

/// Behind the end of a block in which nothing is markup.
fn behind(source: &str, from: usize, name: &str) -> usize {
    let end = format!("end{name}");
    let mut at = from;
    while let Some(found) = source[at..].find("{%") {
        let open = at + found;
        let body = source[open + 2..].trim_start_matches('-').trim_start();
        if body.starts_with(&end) {
            let close = source[open..].find("%}");
            return close.map_or(source.len(), |close| open + close + 2);
        }
        at = open + 2;
    }
    source.len()
}

/// Without the blanks and dashes at both ends.
fn trimmed(source: &str, span: Range<usize>) -> Range<usize> {
    let text = &source[span.clone()];
    let is_edge = |c: char| c.is_whitespace() || c == '-';
    let inner = text.trim_start_matches(is_edge);
    let start = span.start + (text.len() - inner.len());
    start..start + inner.trim_end_matches(is_edge).len()
}

/// The name that stands first.
fn word(text: &str) -> &str {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    &text[..end]
}

fn unquoted(text: &str) -> &str {
    text.trim_matches(['"', '\''])
}
