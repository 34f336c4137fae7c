//! Texts within Markdown: none of them is read as markup, or calls anybody's name.

use crate::api::pb;
use crate::cli::output;
use crate::cli::plan::words;

pub(super) fn field(field: &pb::FieldChange) -> String {
    let marked = |mark: char, text: &str| {
        let lines = text.lines().map(|line| format!("{mark} {line}\n"));
        lines.collect::<Vec<_>>().concat()
    };
    let lines = if field.diff.is_empty() {
        marked('-', &field.before) + &marked('+', &field.after)
    } else {
        field.diff.clone()
    };
    format!("  {}\n{lines}", field.path)
}

/// Behind a fence that is longer than any in the text.
pub(super) fn fenced(text: &str) -> Option<String> {
    let text = output::harmless(text.trim_end_matches('\n'));
    let (mut longest, mut run) = (2, 0);
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    (!text.is_empty()).then(|| format!("{fence}diff\n{text}\n{fence}"))
}

/// What stands in a fence, with lines left out in the middle where it is too long.
pub(super) fn shortened(text: String, max: usize) -> String {
    if text.chars().count() <= max || !text.starts_with('`') {
        return text;
    }
    let lines: Vec<&str> = text.lines().collect();
    let [first, inner @ .., last] = lines.as_slice() else {
        return text;
    };
    let mut room = max.saturating_sub(200);
    let fitting = inner.iter().take_while(|line| {
        let chars = line.chars().count() + 1;
        let fits = chars <= room;
        room = room.saturating_sub(chars);
        fits
    });
    let kept: Vec<&str> = fitting.copied().collect();
    let n = inner.len() - kept.len();
    let kept = kept.join("\n");
    format!("{first}\n{kept}\n… {n} more lines; `recado plan` shows them\n{last}")
}

/// Items of one list stand together, everything else apart.
pub(super) fn separated(lines: &[String]) -> String {
    let mut text = String::new();
    for (at, line) in lines.iter().enumerate() {
        let is_item = |line: &str| line.starts_with("- ");
        let is_list = at > 0 && is_item(line) && is_item(&lines[at - 1]);
        if at > 0 && !is_list {
            text.push('\n');
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// The first of so many names.
pub(super) fn names(first: &[String], total: u32) -> String {
    let shown = first.iter().map(|name| plain(name));
    let text = shown.collect::<Vec<_>>().join(", ");
    match (total as usize).saturating_sub(first.len()) {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

pub(super) fn code(text: &str) -> String {
    format!("`{}`", words::one_line(text).replace('`', "'"))
}

/// A code span is none within `<summary>`.
pub(super) fn summary(title: &str) -> String {
    let mut text = escaped(title);
    for tag in ["<code>", "</code>"] {
        text = text.replacen('`', tag, 1);
    }
    text
}

/// Text that is not to be read as markup, and calls nobody's name; what stands in backticks stays so.
pub(super) fn plain(text: &str) -> String {
    let text = words::one_line(text);
    if text.matches('`').count() % 2 == 1 {
        return plain(&text.replace('`', "'"));
    }
    let mut out = String::with_capacity(text.len());
    for (at, part) in text.split('`').enumerate() {
        if at % 2 == 1 {
            out.push_str(&code(part));
            continue;
        }
        for c in escaped(part).chars() {
            match c {
                '@' => out.push_str("@\u{200b}"),
                '*' | '_' | '[' | ']' | '|' | '#' | '\\' => {
                    out.push('\\');
                    out.push(c);
                }
                _ => out.push(c),
            }
        }
    }
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

pub(super) fn capital(text: &str) -> String {
    let mut rest = text.chars();
    match rest.next() {
        Some(first) => first.to_uppercase().chain(rest).collect(),
        None => String::new(),
    }
}
