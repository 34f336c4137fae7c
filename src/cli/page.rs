//! Reference pages on a terminal: Markdown without its marks. Knows what our own pages have, no more.

use anstyle::{AnsiColor, Style};
use comfy_table::{ContentArrangement, Table, presets};
use unicode_width::UnicodeWidthStr;

use super::output;

const CODE: Style = AnsiColor::Cyan.on_default();
/// Stand where code begins and ends in a text that is still to be broken into lines.
const CODE_MARK: char = '\u{1}';
/// Longer lines are hard to read, however wide the terminal is.
const WIDTH_MAX: usize = 110;
const INDENT: &str = "    ";

/// A part of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Heading,
    Row,
    Item,
    Indented,
    Blank,
    Prose,
}

/// A page as lines of at most `width` columns, code apart.
pub(super) fn render(page: &str, width: usize) -> String {
    let width = width.min(WIDTH_MAX);
    let mut lines = page.lines().peekable();
    let mut out = Vec::new();
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            let code = lines.by_ref().take_while(|line| !line.starts_with("```"));
            out.extend(code.map(|line| format!("{INDENT}{line}").trim_end().to_owned()));
            continue;
        }
        match Part::of(line) {
            Part::Blank => out.push(String::new()),
            Part::Indented => out.push(line.to_owned()),
            Part::Heading => {
                let text = bare(line.trim_start_matches(['#', ' ']));
                out.push(output::bold(text));
            }
            Part::Row => {
                let mut rows = vec![cells(line)];
                while let Some(row) = lines.next_if(|line| Part::of(line) == Part::Row) {
                    rows.push(cells(row));
                }
                out.push(table(&rows, width));
            }
            part @ (Part::Item | Part::Prose) => {
                let mut text = line.to_owned();
                while let Some(more) = lines.next_if(|line| goes_on(line)) {
                    text.push(' ');
                    text.push_str(more.trim());
                }
                let hang = if part == Part::Item { 2 } else { 0 };
                out.extend(prose(&text, width, hang));
            }
        }
    }
    out.push(String::new());
    out.join("\n")
}

// === impl Part ===

impl Part {
    fn of(line: &str) -> Self {
        if line.trim().is_empty() {
            Self::Blank
        } else if line.starts_with('#') {
            Self::Heading
        } else if line.starts_with('|') {
            Self::Row
        } else if line.starts_with("- ") {
            Self::Item
        } else if line.starts_with(INDENT) {
            Self::Indented
        } else {
            Self::Prose
        }
    }
}

/// Whether a line belongs to the paragraph or item above it.
fn goes_on(line: &str) -> bool {
    Part::of(line) == Part::Prose && !line.starts_with("```")
}

/// The cells of a row; a bar in one is written `\|`.
fn cells(row: &str) -> Vec<String> {
    let row = row.trim().trim_start_matches('|');
    let mut cells = vec![String::new()];
    let mut is_escaped = false;
    for c in row.chars() {
        match (c, cells.last_mut()) {
            ('|', _) if !is_escaped => cells.push(String::new()),
            (c, Some(cell)) => {
                if c == '|' {
                    cell.pop();
                }
                cell.push(c);
            }
            (_, None) => {}
        }
        is_escaped = c == '\\';
    }
    // Behind the last bar is nothing.
    cells.pop();
    cells.iter().map(|cell| bare(cell.trim())).collect()
}

fn table(rows: &[Vec<String>], width: usize) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(width).unwrap_or(u16::MAX));
    let (head, rows) = rows.split_at(rows.len().min(1));
    let head = head
        .first()
        .filter(|head| head.iter().any(|cell| !cell.is_empty()));
    if let Some(head) = head {
        // What is code there keeps its letters.
        let is_word = |cell: &str| cell.chars().all(|c| c.is_alphabetic() || c == ' ');
        table.set_header(head.iter().map(|cell| {
            if is_word(cell) {
                cell.to_uppercase()
            } else {
                cell.clone()
            }
        }));
    }
    let is_rule = |row: &&Vec<String>| {
        row.iter()
            .all(|cell| cell.chars().all(|c| "-:".contains(c)))
    };
    for row in rows.iter().skip_while(is_rule) {
        table.add_row(row);
    }
    table.trim_fmt()
}

/// A paragraph, broken between words; what goes on is `hang` further in.
fn prose(text: &str, width: usize, hang: usize) -> Vec<String> {
    let text = unmarked(text);
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let is_first = line.trim().is_empty();
        if !is_first && shown(&line) + 1 + shown(word) > width {
            lines.push(std::mem::replace(&mut line, " ".repeat(hang)));
            line.push_str(word);
        } else {
            if !is_first {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.push(line);
    painted(&lines)
}

fn shown(text: &str) -> usize {
    text.replace(CODE_MARK, "").width()
}

/// Code in colour, line by line: it may go on in the next one.
fn painted(lines: &[String]) -> Vec<String> {
    let mut is_code = false;
    let paint = |line: &String| {
        let parts = line.split(CODE_MARK).enumerate().map(|(at, part)| {
            is_code ^= at > 0;
            if is_code && !part.trim().is_empty() {
                format!("{CODE}{part}{CODE:#}")
            } else {
                part.to_owned()
            }
        });
        parts.collect()
    };
    lines.iter().map(paint).collect()
}

/// A text without any mark.
fn bare(text: &str) -> String {
    unmarked(text).replace(CODE_MARK, "")
}

/// A text without emphasis and links, in which code stands between marks of its own.
fn unmarked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut is_code = false;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '`' => {
                is_code = !is_code;
                out.push(CODE_MARK);
            }
            '*' if !is_code => {}
            '[' if !is_code => {
                if let Some((label, target, behind)) = link(rest) {
                    out.push_str(&unmarked(label));
                    if target.starts_with("http") {
                        out.push_str(" (");
                        out.push_str(target);
                        out.push(')');
                    }
                    rest = behind;
                } else {
                    out.push(c);
                }
            }
            _ => out.push(c),
        }
    }
    out
}

/// What a link behind its bracket says, where it leads, and what follows it.
fn link(rest: &str) -> Option<(&str, &str, &str)> {
    let (label, behind) = rest.split_once("](")?;
    if label.contains(['[', ']']) {
        return None;
    }
    let (target, behind) = behind.split_once(')')?;
    Some((label, target, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(page: &str, width: usize) -> String {
        anstream::adapter::strip_str(&render(page, width)).to_string()
    }

    #[test]
    fn a_page_is_shown_without_its_marks() {
        let page = "\
# Filters

A filter is a [CEL](https://cel.dev) *expression*; see [`files`](files.md). It is
`user.age > 3`, or **not**.

| written | `&& true` |
|---|---|
| `a \\|\\| b` | one of them |
| `!a` | neither |

- first `x`
  goes on
- second

```yaml
kind: Segment
```

    as it | `stands`
";
        let shown = "\
Filters

A filter is a CEL (https://cel.dev) expression; see files. It is user.age > 3, or not.

 WRITTEN  && true
 a || b   one of them
 !a       neither

- first x goes on
- second

    kind: Segment

    as it | `stands`
";
        assert_eq!(plain(page, 100), shown);
        let styled = render(page, 100);
        assert!(
            styled.starts_with("\u{1b}[1mFilters\u{1b}[0m\n"),
            "{styled:?}"
        );
        let code = "\u{1b}[36muser.age > 3\u{1b}[0m, or not.";
        assert!(styled.contains(code), "{styled:?}");
    }

    #[test]
    fn lines_fit_the_terminal_and_code_goes_on_in_the_next() {
        let page = "- one `two three` four\n";
        let lines = ["- one", "  two", "  three", "  four", ""];
        assert_eq!(plain(page, 8), lines.join("\n"));
        let styled = render(page, 8);
        assert!(styled.contains("\u{1b}[36m  three\u{1b}[0m"), "{styled:?}");
    }

    #[test]
    fn our_own_pages_leave_no_marks_behind() {
        for page in [
            include_str!("../../docs/filters.md"),
            include_str!("../../docs/liquid.md"),
            include_str!("../../docs/files.md"),
        ] {
            let shown = plain(page, 80);
            for line in shown.lines().filter(|line| !line.starts_with(INDENT)) {
                assert!(!line.starts_with(['|', '#']), "{line}");
                assert!(!line.contains("](") && !line.contains('`'), "{line}");
                assert!(line.width() <= 80 || !line.contains(' '), "{line}");
            }
        }
    }
}
