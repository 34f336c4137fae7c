//! The names of an expression.

use std::ops::Range;

use super::{Names, Read, USER};

/// Words that are no names.
const WORDS: [&str; 11] = [
    "and", "or", "contains", "in", "reversed", "continue", "true", "false", "nil", "null", "blank",
];
const EMPTY: &str = "empty";
/// How long and how deep brackets are gone into: whoever opens them without end must not cost more.
const BRACKET_BYTES_MAX: usize = 256;
const BRACKET_DEPTH_MAX: usize = 8;

/// What an expression comes to, as far as it is one read.
pub(super) struct Base {
    pub(super) read: Option<Read>,
    /// Something of the user's is read whole: no element or field of it.
    pub(super) is_whole: bool,
    /// Filters by name, in their order.
    pub(super) filters: Vec<String>,
}

// === impl Names ===

impl Names {
    /// Notes every name in a part of the text.
    pub(super) fn expression(&mut self, source: &str, span: Range<usize>) -> Base {
        let first_new = self.reads.len();
        let (mut at, mut is_filter, mut named) = (span.start, false, Vec::new());
        // Where the first filter begins: what is read before it is what is shown.
        let mut filters = span.end;
        while at < span.end {
            let rest = &source[at..span.end];
            let Some(next) = rest.chars().next() else {
                break;
            };
            if matches!(next, '“' | '‘') {
                // No quotes of Liquid's; what is within them is meant as a text all the same.
                let close = rest
                    .find(['”', '’'])
                    .unwrap_or(rest.len() - next.len_utf8());
                at += close + next.len_utf8();
            } else if next == '"' || next == '\'' {
                at += rest[1..].find(next).map_or(rest.len(), |close| close + 2);
            } else if rest.starts_with("${") || is_begin(next) {
                let end = word(rest);
                if is_filter && is_begin(next) {
                    named.push(rest[..end].to_owned());
                    at += end;
                } else if is_begin(next) && is_no_name(rest, end) {
                    at += end;
                } else {
                    at = self.read(source, at, span.end);
                }
                is_filter = false;
            } else if next.is_ascii_digit() {
                // `1.5`, and the beginning of `(1..n)`.
                at += rest
                    .find(|c: char| !c.is_ascii_digit())
                    .unwrap_or(rest.len());
            } else {
                if next == '|' {
                    filters = filters.min(at);
                    is_filter = true;
                }
                at += next.len_utf8();
            }
        }
        let read = self.reads.get(first_new).cloned();
        let base = source[span.start..filters].trim();
        let is_alone = |read: &Read| source[read.span.clone()] == *base;
        let read = read.filter(is_alone);
        Base {
            is_whole: read.as_ref().is_some_and(is_whole),
            read,
            filters: named,
        }
    }

    /// A name with its path, from `at` on; answers where it ends.
    fn read(&mut self, source: &str, at: usize, to: usize) -> usize {
        let rest = &source[at..to];
        let mut read = Read {
            root: USER.to_owned(),
            steps: Vec::new(),
            is_braced: rest.starts_with("${"),
            is_cut: false,
            span: at..at,
        };
        let mut end = at;
        if read.is_braced {
            end += braced(rest, &mut read.steps);
        } else {
            let len = word(rest);
            let root = &rest[..len];
            if root != "custom_attribute" {
                root.clone_into(&mut read.root);
            }
            end += len;
        }
        let here = self.reads.len();
        while end < to {
            let rest = &source[end..to];
            let mut steps = Vec::new();
            if rest.starts_with(".${") {
                read.is_braced |= read.steps.is_empty();
                end += 1 + braced(&rest[1..], &mut steps);
            } else if rest.starts_with('.') && rest[1..].starts_with(is_begin) {
                let len = word(&rest[1..]);
                steps.push(rest[1..=len].to_owned());
                end += 1 + len;
            } else if let Some(len) = bracket(rest) {
                if let Some(step) = literal(&rest[1..len - 1]) {
                    steps.push(step.to_owned());
                } else {
                    self.expression(source, end + 1..end + len - 1);
                    read.is_cut = true;
                }
                end += len;
            } else {
                break;
            }
            if !read.is_cut {
                read.steps.extend(steps);
            }
        }
        read.span.end = end;
        // Before those within its brackets: it begins first.
        self.reads.insert(here, read);
        end
    }
}

fn is_whole(read: &Read) -> bool {
    read.root == USER && read.steps.len() == 1 && !read.is_cut
}

fn is_begin(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn word(text: &str) -> usize {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    text.find(|c| !is_part(c)).unwrap_or(text.len())
}

/// A keyword, or what names an argument: `limit:`.
fn is_no_name(rest: &str, end: usize) -> bool {
    let (name, behind) = rest.split_at(end);
    let is_word = WORDS.contains(&name) || name == EMPTY;
    let is_root = behind.starts_with(['.', '[']) && !behind.starts_with("..");
    behind.trim_start().starts_with(':') || (is_word && !is_root)
}

/// `${name}`; answers how long it is.
fn braced(rest: &str, steps: &mut Vec<String>) -> usize {
    let Some(close) = rest.find('}') else {
        return rest.len();
    };
    steps.push(rest[2..close].trim().to_owned());
    close + 1
}

/// How long the `[…]` is that stands here, whatever is in it.
fn bracket(rest: &str) -> Option<usize> {
    if !rest.starts_with('[') {
        return None;
    }
    let (mut depth, mut quote) = (0_usize, None);
    let bounded = rest.char_indices();
    for (at, c) in bounded.take_while(|(at, _)| *at < BRACKET_BYTES_MAX) {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => quote = Some(c),
            ('[', None) if depth >= BRACKET_DEPTH_MAX => return None,
            ('[', None) => depth += 1,
            (']', None) if depth == 1 => return Some(at + 1),
            (']', None) => depth -= 1,
            _ => {}
        }
    }
    None
}

/// A key that is written out; an element's number is none.
fn literal(inside: &str) -> Option<&str> {
    let inside = inside.trim();
    let quote = inside.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let key = inside.strip_prefix(quote)?.strip_suffix(quote)?;
    (!key.contains(quote)).then_some(key)
}
