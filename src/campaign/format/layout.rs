//! The way through a file, and what is laid out on it.

use std::fmt;

use crate::campaign::read::node::{self, Entry, Node, Value};
use crate::campaign::read::source::SourceFile;
use crate::diagnostic::Diagnostic;

/// Keys that come first in a file, in this order; the others follow as they were written.
const FIRST: [&str; 6] = ["kind", "name", "description", "owner", "team", "tags"];
/// What comes after everything else.
const LAST: &str = "tests";
/// What tells editors the schema of a file; they look for it in the first line.
const MODELINE: &str = "# yaml-language-server:";

/// What cannot be laid out.
pub(super) struct Unclear {
    at: usize,
    what: &'static str,
}

pub(super) type Result<T> = std::result::Result<T, Unclear>;

/// A way through a file: what stands before `at` is laid out.
pub(super) struct Layout<'a> {
    pub(super) source: &'a str,
    pub(super) at: usize,
    pub(super) out: String,
}

/// Why a file stays as it is.
#[derive(Debug)]
pub enum Unformatted {
    /// It is not what a file may be.
    Invalid(Box<Diagnostic>),
    /// It holds something of YAML that is not laid out, at a line from 1.
    Unclear { line: usize, what: &'static str },
}

/// Lays a file out.
///
/// # Errors
/// It is not YAML, or holds something of YAML that is not laid out, an anchor for example.
pub fn format(file: &SourceFile) -> std::result::Result<String, Unformatted> {
    // A file as Windows writes it has the same values without its carriage returns.
    let file = SourceFile {
        path: file.path.clone(),
        text: file.text.replace("\r\n", "\n"),
    };
    let root = node::parse(&file).map_err(Unformatted::Invalid)?;
    let unclear = |unclear: Unclear| Unformatted::Unclear {
        line: 1 + file.text[..unclear.at].matches('\n').count(),
        what: unclear.what,
    };
    let after = SourceFile {
        path: file.path.clone(),
        text: lay_out(&file.text, &root).map_err(unclear)?,
    };
    // Whatever is overlooked here must not cost anybody a value or a comment.
    let is_same = node::parse(&after).is_ok_and(|other| other.to_json() == root.to_json());
    if is_same && hashes(&after.text) == hashes(&file.text) {
        Ok(after.text)
    } else {
        Err(unclear(Unclear {
            at: 0,
            what: "it would not mean the same",
        }))
    }
}

/// Signs of comments, of which none may be lost.
fn hashes(text: &str) -> usize {
    text.matches('#').count()
}

fn lay_out(source: &str, root: &Node) -> Result<String> {
    let mut layout = Layout {
        source,
        at: 0,
        out: String::new(),
    };
    let Value::Map(entries) = &root.value else {
        return Err(layout.unclear("the file is no map"));
    };
    layout.header(entries)?;
    let mut parts = Vec::with_capacity(entries.len());
    let header = std::mem::take(&mut layout.out);
    for entry in entries {
        layout.entry(entry, 0, false)?;
        parts.push((rank(&entry.key), std::mem::take(&mut layout.out)));
    }
    layout.trivia(source.len(), 0)?;
    // A stable sort: what has no rank of its own stays in its order.
    parts.sort_by_key(|(rank, _)| *rank);
    let body: String = parts.into_iter().map(|(_, text)| text).collect();
    let text = header + body.trim_start_matches('\n') + &layout.out;
    Ok(text.trim_matches('\n').to_owned() + "\n")
}

fn rank(key: &str) -> usize {
    match FIRST.iter().position(|first| *first == key) {
        Some(at) => at,
        None if key == LAST => FIRST.len() + 1,
        None => FIRST.len(),
    }
}

// === impl Unformatted ===

impl fmt::Display for Unformatted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(problem) => f.write_str(&problem.message),
            Self::Unclear { line, what } => write!(f, "line {line}: {what}"),
        }
    }
}

// === impl Layout ===

impl Layout<'_> {
    pub(super) fn unclear(&self, what: &'static str) -> Unclear {
        Unclear { at: self.at, what }
    }

    /// Comments above the first key with a blank line below them are the file's, not the key's; so is the line that
    /// names a schema for editors.
    fn header(&mut self, entries: &[Entry]) -> Result<()> {
        let first = entries
            .first()
            .map_or(self.source.len(), |entry| entry.key_span.start);
        let (mut end, mut at, mut is_apart) = (0, 0, false);
        for (n, line) in self.source[..first].split_inclusive('\n').enumerate() {
            let is_blank = line.trim().is_empty() && line.ends_with('\n');
            if n == 0 && line.starts_with(MODELINE) {
                end = line.len();
            } else if is_blank {
                (end, is_apart) = (at, true);
            }
            at += line.len();
        }
        if end > 0 {
            self.trivia(end, 0)?;
            self.out.truncate(self.out.trim_end().len());
            self.out.push_str(if is_apart { "\n\n" } else { "\n" });
        }
        Ok(())
    }

    /// Comments below a block that stand as deep as what is in it, where the next key stands less deep: somebody put a
    /// part of the block aside. `column` is that of its first key or dash.
    fn tail(&mut self, column: usize, indent: usize) {
        let (mut at, mut is_apart) = (self.at, false);
        for (n, line) in self.source[self.at..].split_inclusive('\n').enumerate() {
            at += line.len();
            let text = line.trim();
            let depth = line.len() - line.trim_start().len();
            match text.chars().next() {
                None if n > 0 => is_apart = true,
                None => {}
                Some('#') if n > 0 && column > 0 && depth >= column => {
                    self.line(indent, is_apart);
                    self.out.push_str(text);
                    is_apart = false;
                    // The break behind it begins what follows.
                    self.at = at - usize::from(line.ends_with('\n'));
                }
                Some(_) => return,
            }
        }
    }

    fn column(&self, at: usize) -> usize {
        at - self.source[..at].rfind('\n').map_or(0, |line| line + 1)
    }

    /// A comment behind what was just laid out.
    pub(super) fn behind(&mut self) {
        let rest = &self.source[self.at..];
        let line = rest.split('\n').next().unwrap_or_default();
        if line.trim_start().starts_with('#') {
            let spaces = (line.len() - line.trim_start().len()).max(1);
            self.out.push_str(&" ".repeat(spaces));
            self.out.push_str(line.trim());
            self.at += line.len();
        }
    }

    /// Lays out what stands up to `to`: blanks, and comments with lines of their own.
    pub(super) fn trivia(&mut self, to: usize, indent: usize) -> Result<()> {
        let source = self.source;
        let mut blanks = 0;
        for (n, line) in source[self.at..to].split('\n').enumerate() {
            let text = line.trim();
            if text.is_empty() {
                blanks += usize::from(n > 0);
            } else if text == "---" && self.out.is_empty() {
                // A file has one document, and needs no mark for it.
            } else if !text.starts_with('#') {
                // Markers of documents, anchors, tags.
                self.at += source[self.at..].find(text).unwrap_or(0);
                return Err(self.unclear("this is not laid out"));
            } else {
                self.line(indent, blanks > 0);
                self.out.push_str(text);
                blanks = 0;
            }
        }
        self.at = to;
        // The last of the breaks begins the line of what follows.
        if blanks > 1 {
            self.out.push('\n');
        }
        Ok(())
    }

    pub(super) fn line(&mut self, indent: usize, is_apart: bool) {
        self.out.push_str(if is_apart { "\n\n" } else { "\n" });
        self.out.push_str(&" ".repeat(indent));
    }

    /// A key with its value; `is_inline` is the first of a map behind the dash of a list.
    fn entry(&mut self, entry: &Entry, indent: usize, is_inline: bool) -> Result<()> {
        if entry.key_span.start < self.at {
            return Err(self.unclear("an alias is not laid out"));
        }
        self.trivia(entry.key_span.start, indent)?;
        if !is_inline {
            self.line(indent, false);
        }
        self.out.push_str(&self.source[entry.key_span.clone()]);
        self.at = entry.key_span.end;
        self.skip(':')?;
        self.out.push(':');
        self.value(&entry.value, indent)
    }

    /// Behind the sign that comes next.
    fn skip(&mut self, sign: char) -> Result<()> {
        let rest = &self.source[self.at..];
        let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        if !rest[blank..].starts_with(sign) {
            return Err(self.unclear("this is not laid out"));
        }
        self.at += blank + sign.len_utf8();
        Ok(())
    }

    /// What stands behind a key or a dash.
    fn value(&mut self, node: &Node, indent: usize) -> Result<()> {
        match &node.value {
            _ if self.is_flow(node) => self.flow(node, indent)?,
            Value::Map(entries) => {
                self.behind();
                let indent = indent + 2;
                for entry in entries {
                    self.entry(entry, indent, false)?;
                }
                if let Some(first) = entries.first() {
                    self.tail(self.column(first.key_span.start), indent);
                }
            }
            Value::List(items) => {
                self.behind();
                let dash = self.dash()?;
                for item in items {
                    self.item(item, indent + 2)?;
                }
                self.tail(self.column(dash), indent + 2);
            }
            // Nothing is written there.
            Value::Null if node.span.is_empty() => {}
            _ => self.scalar(node, indent)?,
        }
        self.behind();
        Ok(())
    }

    fn is_flow(&self, node: &Node) -> bool {
        let is_collection = matches!(node.value, Value::Map(_) | Value::List(_));
        is_collection && node.span.start >= self.at && !node.span.is_empty()
    }

    /// One of a list, with its dash.
    fn item(&mut self, node: &Node, indent: usize) -> Result<()> {
        let dash = self.dash()?;
        self.trivia(dash, indent)?;
        self.line(indent, false);
        self.out.push('-');
        self.at = dash + 1;
        match &node.value {
            Value::Map(entries) if !self.is_flow(node) && self.is_beside(entries) => {
                self.out.push(' ');
                let (first, others) = entries.split_first().unwrap_or((&entries[0], &[]));
                self.entry(first, indent + 2, true)?;
                let (column, indent) = (self.column(first.key_span.start), indent + 2);
                for entry in others {
                    self.entry(entry, indent, false)?;
                }
                self.tail(column, indent);
                Ok(())
            }
            Value::List(_) if !self.is_flow(node) => {
                Err(self.unclear("a list in a list is not laid out"))
            }
            _ => self.value(node, indent),
        }
    }

    /// Whether the first key stands behind the dash that was just read.
    fn is_beside(&self, entries: &[Entry]) -> bool {
        let between = entries
            .first()
            .and_then(|first| self.source.get(self.at..first.key_span.start));
        between.is_some_and(|between| !between.contains('#'))
    }

    /// Where the next dash is that begins a line.
    fn dash(&self) -> Result<usize> {
        let mut at = self.at;
        for (n, line) in self.source[self.at..].split('\n').enumerate() {
            let text = line.trim_start();
            if text.starts_with('-') && n > 0 {
                return Ok(at + line.len() - text.len());
            }
            if !text.is_empty() && !text.starts_with('#') {
                break;
            }
            at += line.len() + 1;
        }
        Err(self.unclear("this is not laid out"))
    }
}
