//! Writes YAML as people do: bare where nothing can be mistaken, long texts folded, texts of several lines as blocks.

use super::liquid;

/// Longest line, where a text can be broken.
const WIDTH: usize = 100;
/// Words that YAML, old or new, reads as something else.
const WORDS: [&str; 10] = [
    "true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan",
];

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Yaml {
    Text(String),
    /// An id: a text that must look like one.
    Quoted(String),
    /// A number, `true`, `null`, `{api: {}}`: what it is as it stands.
    Bare(String),
    List(Vec<Yaml>),
    Map(Vec<Entry>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) value: Yaml,
    /// Written above it.
    pub(super) remark: Option<String>,
}

/// A document with remarks on top.
pub(super) fn write(remarks: &[String], entries: &[Entry]) -> String {
    let mut out = String::new();
    for remark in remarks {
        write_remark(&mut out, 0, remark);
    }
    write_map(&mut out, 0, entries);
    out
}

// === impl Entry ===

impl Entry {
    pub(super) fn new(key: impl Into<String>, value: Yaml) -> Self {
        Self {
            key: key.into(),
            value,
            remark: None,
        }
    }

    pub(super) fn text(key: &str, text: impl Into<String>) -> Self {
        Self::new(key, Yaml::Text(text.into()))
    }

    pub(super) fn bare(key: &str, text: impl Into<String>) -> Self {
        Self::new(key, Yaml::Bare(text.into()))
    }
}

fn write_remark(out: &mut String, depth: usize, remark: &str) {
    for line in wrapped(&printable(remark), WIDTH - 2 - depth) {
        indent(out, depth);
        out.push_str("# ");
        out.push_str(line);
        out.push('\n');
    }
}

/// A remark is one line of anything.
fn printable(text: &str) -> String {
    let shown = |c: char| {
        if is_printable(c) && c != '\n' && c != '\t' {
            c
        } else {
            ' '
        }
    };
    text.chars().map(shown).collect()
}

fn write_map(out: &mut String, depth: usize, entries: &[Entry]) {
    for (at, entry) in entries.iter().enumerate() {
        if let Some(remark) = &entry.remark {
            write_remark(out, depth, remark);
        }
        // The first entry of a map in a list stands behind its dash.
        if at > 0 || !out.ends_with("- ") {
            indent(out, depth);
        }
        out.push_str(&inline(&entry.key));
        out.push(':');
        write_value(out, depth, &entry.value, false);
    }
}

fn write_value(out: &mut String, depth: usize, value: &Yaml, in_list: bool) {
    // What stands in a list is one level in already.
    let space = if in_list { "" } else { " " };
    match value {
        Yaml::Map(entries) if entries.is_empty() => out.extend([space, "{}\n"]),
        Yaml::List(items) if items.is_empty() => out.extend([space, "[]\n"]),
        Yaml::Map(entries) if in_list => match flow(value, WIDTH - depth) {
            Some(line) if entries.len() > 1 => {
                out.push_str(&line);
                out.push('\n');
            }
            _ => write_map(out, depth + 2, entries),
        },
        Yaml::Map(entries) => {
            out.push('\n');
            write_map(out, depth + 2, entries);
        }
        Yaml::List(items) => {
            // A list in a list needs a line of its own for each dash.
            out.push('\n');
            for item in items {
                indent(out, depth + 2);
                out.push_str("- ");
                write_value(out, depth + 2, item, true);
            }
        }
        Yaml::Bare(text) => out.extend([space, text, "\n"]),
        Yaml::Quoted(text) => out.extend([space, &double(text), "\n"]),
        Yaml::Text(text) => {
            out.push_str(space);
            write_text(out, depth + 2, text);
        }
    }
}

/// A map or list of short things in one line.
fn flow(value: &Yaml, width: usize) -> Option<String> {
    let line = match value {
        Yaml::Bare(text) => text.clone(),
        Yaml::Quoted(text) => double(text),
        Yaml::Text(text) if text.contains('\n') || !text.chars().all(is_printable) => return None,
        Yaml::Text(text) => inline(text),
        Yaml::List(items) => {
            let items: Option<Vec<_>> = items.iter().map(|item| flow(item, width)).collect();
            format!("[{}]", items?.join(", "))
        }
        Yaml::Map(entries) => {
            let entry = |entry: &Entry| {
                let is_flat = !matches!(entry.value, Yaml::Map(_) | Yaml::List(_));
                let value =
                    flow(&entry.value, width).filter(|_| is_flat && entry.remark.is_none())?;
                Some(format!("{}: {value}", inline(&entry.key)))
            };
            let entries: Option<Vec<_>> = entries.iter().map(entry).collect();
            format!("{{{}}}", entries?.join(", "))
        }
    };
    (line.chars().count() <= width).then_some(line)
}

/// A list of short texts in one line, or one a line.
pub(super) fn labels(texts: &[String]) -> Yaml {
    let list = Yaml::List(texts.iter().cloned().map(Yaml::Text).collect());
    match flow(&list, WIDTH - 8) {
        Some(line) => Yaml::Bare(line),
        None => list,
    }
}

fn write_text(out: &mut String, depth: usize, text: &str) {
    let is_block = text.chars().all(|c| is_printable(c) && c != '\r')
        && !text.starts_with([' ', '\t', '\n'])
        && !text.ends_with("\n\n")
        && !text.trim().is_empty();
    if is_block && text.contains('\n') {
        let chomp = if text.ends_with('\n') { "" } else { "-" };
        out.extend(["|", chomp, "\n"]);
        for line in text.trim_end_matches('\n').split('\n') {
            if !line.is_empty() {
                indent(out, depth);
            }
            out.push_str(line);
            out.push('\n');
        }
        return;
    }
    let has_quotes = text.contains(['"', '\\']) && text.contains('\'');
    let is_long = text.chars().count() + depth > WIDTH;
    if is_block && !text.ends_with([' ', '\t']) && (is_long || has_quotes) {
        let lines = wrapped(text, WIDTH.saturating_sub(depth).max(40));
        if lines.len() > 1 || has_quotes {
            out.push_str(">-\n");
            for line in lines {
                indent(out, depth);
                out.push_str(line);
                out.push('\n');
            }
            return;
        }
    }
    out.push_str(&if is_bare(text, false) {
        text.to_owned()
    } else {
        quoted(text)
    });
    out.push('\n');
}

/// In one line, wherever it stands.
fn inline(text: &str) -> String {
    if is_bare(text, true) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

fn quoted(text: &str) -> String {
    let is_plain = text
        .chars()
        .all(|c| is_printable(c) && !matches!(c, '\n' | '\t' | '\r'));
    if is_plain && text.contains(['"', '\\']) {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        double(text)
    }
}

fn double(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if !is_printable(c) => {
                let code = u32::from(c);
                let escape = if code > 0xffff {
                    format!("\\U{code:08x}")
                } else {
                    format!("\\u{code:04x}")
                };
                out.push_str(&escape);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Whether a text reads as itself without quotes.
fn is_bare(text: &str, in_flow: bool) -> bool {
    let begins = text.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let is_word = WORDS.contains(&text.to_ascii_lowercase().as_str());
    let is_mistaken = text.contains(": ") || text.contains(" #") || text.ends_with([':', ' ']);
    let is_in_flow = text.contains([',', '[', ']', '{', '}', ':', '"', '\'']);
    begins
        && !is_word
        && !is_mistaken
        && (!in_flow || !is_in_flow)
        && text
            .chars()
            .all(|c| is_printable(c) && !matches!(c, '\n' | '\t' | '\r'))
}

/// What may stand in YAML as it is; breaks of other kinds would end a line.
fn is_printable(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
        && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

/// Lines that fold back into the text: broken at single blanks, and outside of Liquid where that is possible.
fn wrapped(text: &str, width: usize) -> Vec<&str> {
    let markup: Vec<_> = liquid::pieces(text)
        .into_iter()
        .filter(|piece| piece.kind != liquid::Kind::Text)
        .map(|piece| piece.span)
        .collect();
    let bytes = text.as_bytes();
    let is_blank = |at: usize| bytes.get(at).is_none_or(|c| matches!(c, b' ' | b'\t'));
    let is_markup = |at: usize| {
        let behind = markup.partition_point(|span| span.end <= at);
        markup.get(behind).is_some_and(|span| span.contains(&at))
    };
    let breaks = (1..text.len()).filter(|at| {
        bytes[*at] == b' ' && !is_blank(at - 1) && !is_blank(at + 1) && !is_markup(*at)
    });
    let (mut lines, mut begin, mut last) = (Vec::new(), 0, None);
    for at in breaks.chain([text.len()]) {
        if text[begin..at].chars().count() > width
            && let Some(end) = last.take()
        {
            lines.push(&text[begin..end]);
            begin = end + 1;
        }
        last = Some(at);
    }
    lines.push(&text[begin..]);
    lines
}

fn indent(out: &mut String, depth: usize) {
    out.extend(std::iter::repeat_n(' ', depth));
}
