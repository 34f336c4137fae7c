//! Bounds a text before it is parsed: the parser and what it builds recurse.

use std::ops::Range;

use crate::diagnostic::{Diagnostic, codes};
use crate::model::limits;

/// The brackets of a text, outside of its strings.
pub(super) struct Brackets(Vec<Range<usize>>);

// === impl Brackets ===

impl Brackets {
    /// Widens a span until it cuts no pair of brackets.
    pub(super) fn close(&self, mut span: Range<usize>) -> Range<usize> {
        for pair in &self.0 {
            let (opens, closes) = (span.contains(&pair.start), span.contains(&(pair.end - 1)));
            if opens != closes {
                span = span.start.min(pair.start)..span.end.max(pair.end);
            }
        }
        span
    }
}

/// Checks length, depth and size of a text by its characters alone.
///
/// Depth is counted so that it is never less than the parsed tree's: brackets, and operators in a row
/// that nest to one side (`a.b.c`, `a - b - c`). Chains of `&&` and `||` become balanced trees.
pub(super) fn check(text: &str) -> Result<Brackets, Box<Diagnostic>> {
    if text.len() > limits::FILTER_BYTES_MAX {
        let n = text.len();
        let message = format!("{n} bytes; a filter may have {}", limits::FILTER_BYTES_MAX);
        return Err(Box::new(Diagnostic::error(codes::FILTER_TOO_LONG, message)));
    }
    let bytes = text.as_bytes();
    let (mut open, mut pairs) = (Vec::new(), Vec::new());
    // Operators in a row, per open bracket.
    let mut rows = vec![0_usize];
    let (mut at, mut n_nodes, mut n_patterns, mut depth) = (0, 1, 0, 0);
    while at < bytes.len() {
        let from = at;
        at += 1;
        match bytes[from] {
            b'"' | b'\'' => {
                at = string_end(bytes, from);
                n_nodes += 1;
            }
            b'/' if bytes.get(at) == Some(&b'/') => {
                at = text[from..].find('\n').map_or(bytes.len(), |n| from + n);
            }
            b'(' | b'[' | b'{' => {
                step(&mut rows, &mut depth);
                open.push((from, depth));
                rows.push(0);
                n_nodes += 1;
            }
            b')' | b']' | b'}' => {
                if let Some((start, _)) = open.pop() {
                    pairs.push(start..at);
                    depth -= rows.pop().unwrap_or(0);
                }
            }
            b'&' | b'|' | b',' if bytes[from] == b',' || bytes.get(at) == Some(&bytes[from]) => {
                at += usize::from(bytes[from] != b',');
                depth -= rows.last_mut().map_or(0, std::mem::take);
                n_nodes += 1;
            }
            b'0'..=b'9' => at = word_end(bytes, from, true),
            byte if byte.is_ascii_alphabetic() || byte == b'_' => {
                at = word_end(bytes, from, false);
                n_nodes += 1;
                match &text[from..at] {
                    "in" => step(&mut rows, &mut depth),
                    "matches" => n_patterns += 1,
                    _ => {}
                }
            }
            byte if byte.is_ascii_whitespace() => {}
            _ => {
                at += usize::from(bytes.get(at) == Some(&b'='));
                step(&mut rows, &mut depth);
                n_nodes += 1;
            }
        }
        if let Some(message) = over(depth, n_nodes, n_patterns) {
            return Err(Box::new(too_deep(message, text, from)));
        }
    }
    // Inner pairs first, so that a span grows outwards in one walk.
    Ok(Brackets(pairs))
}

fn step(rows: &mut [usize], depth: &mut usize) {
    if let Some(row) = rows.last_mut() {
        *row += 1;
        *depth += 1;
    }
}

/// The bound that is passed.
fn over(depth: usize, n_nodes: usize, n_patterns: usize) -> Option<String> {
    if depth > limits::FILTER_DEPTH_MAX {
        Some(format!("nested deeper than {}", limits::FILTER_DEPTH_MAX))
    } else if n_nodes > limits::FILTER_NODES_MAX {
        Some(format!("more than {} parts", limits::FILTER_NODES_MAX))
    } else if n_patterns > limits::FILTER_PATTERNS_MAX {
        let max = limits::FILTER_PATTERNS_MAX;
        Some(format!("`matches` more than {max} times"))
    } else {
        None
    }
}

fn too_deep(message: String, text: &str, at: usize) -> Diagnostic {
    // The walk goes by bytes: it may have stopped within a character.
    let at = text.floor_char_boundary(at);
    let end = text[at..].chars().next().map_or(at, |c| at + c.len_utf8());
    Diagnostic::error(codes::FILTER_TOO_DEEP, message)
        .spanning(at..end)
        .hint("keep a long list of values in one `in [..]`, patterns in one `a|b`, or split the filter")
}

fn word_end(bytes: &[u8], from: usize, is_number: bool) -> usize {
    let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_' || is_number && *b == b'.';
    from + bytes[from..].iter().take_while(|b| word(b)).count()
}

/// Just behind the string that begins at `from`; the text's end when it does not end.
fn string_end(bytes: &[u8], from: usize) -> usize {
    let quote = bytes[from];
    let is_raw = from > 0 && matches!(bytes[from - 1], b'r' | b'R');
    let is_triple = bytes[from..].starts_with(&[quote; 3]);
    let (mut at, n_quotes) = if is_triple {
        (from + 3, 3)
    } else {
        (from + 1, 1)
    };
    while at < bytes.len() {
        if bytes[at] == b'\\' && !is_raw {
            at += 2;
        } else if bytes[at] == quote && (!is_triple || bytes[at..].starts_with(&[quote; 3])) {
            return at + n_quotes;
        } else {
            at += 1;
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_that_is_met_within_a_character_is_told_of_the_whole_one() {
        for before in ["", "+", "++"] {
            let text = format!("{before}{}", "é".repeat(limits::FILTER_DEPTH_MAX));
            let Err(problem) = check(&text) else {
                panic!("`{text}` passed");
            };
            let span = problem.span.clone().unwrap_or_default();
            assert_eq!(text.get(span), Some("é"), "behind `{before}`");
        }
    }

    #[test]
    fn patterns_are_bounded_and_words_in_strings_are_none() {
        let of = |n, clause| vec![clause; n].join(" || ");
        let max = limits::FILTER_PATTERNS_MAX;
        for (text, is_fine) in [
            (of(max, "user.a.matches('x')"), true),
            (of(max + 1, "user.a.matches('x')"), false),
            (of(max + 1, "user.a == 'matches'"), true),
        ] {
            assert_eq!(check(&text).is_ok(), is_fine, "{text}");
        }
    }
}
