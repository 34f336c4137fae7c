//! Problems in what people wrote, as data: a renderer prints them, a door sends them.
//!
//! **Invariant:** a diagnostic never holds a secret or a user's attribute value.

pub mod codes;

use std::ops::Range;

/// Longest snippet; a problem beyond it has none.
const SNIPPET_BYTES_MAX: usize = 4_096;
/// Longest part of a line that is shown.
const SHOWN_CHARS_MAX: usize = 120;

/// A stable name for one kind of problem, such as `unknown-key`; `codes` lists them all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(&'static str);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Error,
    Warning,
}

/// Where in a file a problem is. Lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub file: String,
    pub line: u32,
    pub column: u32,
    /// Bytes of the file's text.
    pub span: Range<usize>,
    /// The line's text, without its end.
    pub snippet: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub code: Code,
    pub severity: Severity,
    /// One terse line, literals in backticks, no full stop.
    pub message: String,
    /// The field it is about, such as `message.quick_replies[2].title`; empty for a whole document.
    pub path: String,
    /// Bytes within the checked text (a filter, a template) that `path` holds; the campaign room
    /// turns it into a place in the file.
    pub span: Option<Range<usize>>,
    pub place: Option<Place>,
    /// What to type instead.
    pub hint: Option<String>,
}

/// As much of a line as a terminal has room for, and the mark to put under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    pub line: String,
    pub mark: String,
}

// === impl Code ===

impl Code {
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

// === impl Diagnostic ===

impl Diagnostic {
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            path: String::new(),
            span: None,
            place: None,
            hint: None,
        }
    }

    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message)
        }
    }

    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    #[must_use]
    pub fn spanning(mut self, span: Range<usize>) -> Self {
        self.span = Some(span);
        self
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With its place in `text`, the one text that was checked, which stands in no file.
    #[must_use]
    pub fn within(mut self, text: &str) -> Self {
        let span = self.span.clone();
        self.place = span.map(|span| Place::of("", text, span));
        self
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

// === impl Place ===

impl Place {
    /// The place of `span` in `text`.
    pub fn of(file: &str, text: &str, span: Range<usize>) -> Self {
        let start = floor_char_boundary(text, span.start.min(text.len()));
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        // A reader has no use for a line of a megabyte, and many problems may stand in it.
        let line_end = floor_char_boundary(text, line_end.min(line_start + SNIPPET_BYTES_MAX));
        let snippet = if start <= line_end {
            &text[line_start..line_end]
        } else {
            ""
        };
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            file: file.to_owned(),
            line: count(text[..start].matches('\n').count() + 1),
            column: count(text[line_start..start].chars().count() + 1),
            span,
            snippet: snippet.trim_end_matches('\r').to_owned(),
        }
    }

    /// Characters of the snippet within the span; a span that goes on below ends with the line.
    pub fn marked(&self) -> u32 {
        let before = self.column.saturating_sub(1) as usize;
        let rest = self.snippet.char_indices().skip(before);
        let begin = rest.clone().next().map_or(0, |(at, _)| at);
        let within = rest.take_while(|(at, _)| at - begin < self.span.len());
        u32::try_from(within.count()).unwrap_or(u32::MAX)
    }

    pub fn window(&self) -> Window {
        Window::of(&self.snippet, self.column, self.marked())
    }
}

// === impl Window ===

impl Window {
    /// `column` counts from 1, `length` is that of the mark; both in characters.
    pub fn of(snippet: &str, column: u32, length: u32) -> Self {
        let column = column.saturating_sub(1) as usize;
        // A tab is as wide as the terminal likes: a blank keeps the mark in its place.
        let chars: Vec<char> = snippet.replace('\t', " ").chars().map(harmless).collect();
        let from = if chars.len() <= SHOWN_CHARS_MAX {
            0
        } else {
            column.saturating_sub(SHOWN_CHARS_MAX / 2)
        };
        let to = chars.len().min(from + SHOWN_CHARS_MAX);
        let shown = chars.get(from..to).unwrap_or_default();
        let [left, right] =
            [from > 0, to < chars.len()].map(|is_cut| if is_cut { "…" } else { "" });
        let begin = column - from.min(column) + left.chars().count();
        let room = (shown.len() + left.chars().count()).saturating_sub(begin);
        let length = (length as usize).min(room).max(1);
        Self {
            line: format!("{left}{}{right}", shown.iter().collect::<String>()),
            mark: format!("{}{}", " ".repeat(begin), "^".repeat(length)),
        }
    }
}

/// Texts may hold what would move a terminal's cursor or change its title.
pub fn harmless(c: char) -> char {
    if c.is_control() { '\u{fffd}' } else { c }
}

/// The name in `known` that was probably meant, if one is near enough to say so.
pub fn did_you_mean<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (typed.chars().count() / 3).clamp(1, 3);
    known
        .into_iter()
        .map(|name| (distance(typed, name), name))
        .filter(|(d, _)| *d <= allowed)
        .min_by_key(|(d, _)| *d)
        .map(|(_, name)| name)
}

/// Levenshtein distance over characters, with a swap of neighbours counted once.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (
        a.to_lowercase().chars().collect(),
        b.to_lowercase().chars().collect(),
    );
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1)
                .min(row[j - 1] + 1)
                .min(rows[i - 1][j - 1] + changed);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

fn floor_char_boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_as_long_as_what_it_marks() {
        let text = "name: x\nfiltr: ção && true\n";
        for (marked_text, length) in [("filtr", 5), ("ção", 3), ("ção && true\n", 11)] {
            let begin = text.find(marked_text).unwrap();
            let place = Place::of("a.yaml", text, begin..begin + marked_text.len());
            assert_eq!(place.marked(), length, "{marked_text}");
        }
    }

    #[test]
    fn a_long_line_is_cut_around_its_mark() {
        let text = format!("{} == wrong && {}", "é".repeat(300), "x".repeat(300));
        let at = text.find("wrong").unwrap();
        let Window { line, mark } = Place::of("", &text, at..at + 5).window();
        assert_eq!(line.chars().count(), SHOWN_CHARS_MAX + 2);
        let begin = mark.find('^').unwrap();
        let marked: String = line.chars().skip(begin).take(5).collect();
        assert_eq!((marked.as_str(), mark.trim_start()), ("wrong", "^^^^^"));
    }
}
