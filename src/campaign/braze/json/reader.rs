//! The way through a text: lists, maps, and the Liquid between them.

use std::collections::HashMap;
use std::ops::Range;

use super::{Broken, Mode, Outside, Read, Value, What, push_item, push_step};
use crate::campaign::braze::liquid::{self, Close};
use crate::model::limits;

/// Longest path that is told.
const PATH_CHARS_MAX: usize = 200;
/// Tags that something closes.
pub(in crate::campaign::braze) const BLOCKS: [&str; 9] = [
    "capture",
    "case",
    "comment",
    "for",
    "if",
    "ifchanged",
    "raw",
    "tablerow",
    "unless",
];

pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    pub(super) mode: Mode,
    path: String,
    depth: usize,
    outside: Vec<Outside>,
    pub(super) has_raw_breaks: bool,
    n_values: usize,
    n_unclosed: usize,
}

/// Reads a text to its end.
pub(in crate::campaign::braze) fn read(text: &str, mode: Mode) -> Read {
    let mut reader = Reader {
        text,
        at: 0,
        mode,
        path: String::new(),
        depth: 0,
        outside: Vec::new(),
        has_raw_breaks: false,
        n_values: 0,
        n_unclosed: 0,
    };
    let prelude = reader.prelude();
    let value = reader.value().and_then(|value| {
        reader.blanks();
        if reader.at < text.len() {
            return Err(reader.broken("the JSON ends here, and more follows", None));
        }
        Ok(value)
    });
    Read {
        value,
        outside: reader.outside,
        prelude,
        has_raw_breaks: reader.has_raw_breaks,
    }
}

// === impl Reader ===

impl<'a> Reader<'a> {
    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn broken(&self, message: impl Into<String>, hint: Option<&'static str>) -> Broken {
        Broken {
            at: self.at,
            message: message.into(),
            hint,
        }
    }

    pub(super) fn outside(&mut self, span: Range<usize>, what: What) {
        // One of them is enough to know that there is no tree.
        if self.outside.len() < limits::DIAGNOSTICS_MAX {
            let path = self.path.chars().take(PATH_CHARS_MAX).collect();
            self.outside.push(Outside { span, what, path });
        }
    }

    /// Tags before the body that need nothing behind them.
    fn prelude(&mut self) -> Option<String> {
        if self.mode == Mode::Strict {
            return None;
        }
        let pieces = liquid::pieces(self.text);
        let begins = |piece: &liquid::Piece| {
            let part = &self.text[piece.span.clone()];
            let at = (piece.kind == liquid::Kind::Text).then(|| part.find(['{', '[']))??;
            Some(piece.span.start + at)
        };
        let begin = pieces.iter().find_map(begins)?;
        let before = &self.text[..begin];
        let prelude = liquid::prelude(before).filter(|prelude| !prelude.is_empty())?;
        // Tags that close behind the body are no prelude. What is unknown in them is told elsewhere.
        if is_closed(before) {
            self.at = begin;
            Some(prelude)
        } else {
            None
        }
    }

    /// Where the markup ends that is here, if there is any that is closed.
    pub(super) fn markup(&mut self) -> Option<Close> {
        let is_here = self.mode == Mode::Liquid && liquid::is_markup(self.rest());
        if !is_here || self.n_unclosed >= limits::IMPORT_UNCLOSED_MAX {
            return None;
        }
        let close = liquid::close(self.text, self.at);
        self.n_unclosed += usize::from(close.is_none());
        close
    }

    /// Blanks, and what of Liquid stands between them.
    fn blanks(&mut self) {
        loop {
            let rest = self.rest();
            self.at += rest.len()
                - rest
                    .trim_start_matches([' ', '\t', '\n', '\r', '\u{feff}'])
                    .len();
            if self.mode == Mode::Strict || !self.rest().starts_with("{%") {
                return;
            }
            let Some(Close { end, .. }) = self.markup() else {
                return;
            };
            let name = liquid::tag(self.rest()).to_owned();
            self.outside(self.at..end, What::Tag(name));
            self.at = end;
        }
    }

    fn value(&mut self) -> Result<Value, Broken> {
        self.blanks();
        self.n_values += 1;
        if self.n_values > limits::YAML_NODES_MAX {
            let message = format!("more than {} values", limits::YAML_NODES_MAX);
            return Err(self.broken(message, None));
        }
        let rest = self.rest();
        if rest.starts_with("{{")
            && let Some(Close { end, .. }) = self.markup()
        {
            let text = self.text[self.at..end].to_owned();
            self.outside(self.at..end, What::Output);
            self.at = end;
            return Ok(Value::Output(text));
        }
        match rest.chars().next() {
            Some('{') => self.nested(Self::map),
            Some('[') => self.nested(Self::list),
            Some('"') => self.string().map(Value::Text),
            Some(c) if c == '-' || c.is_ascii_digit() => self.number(),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<Value, Broken> {
        let words = [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
        ];
        let rest = self.rest();
        for (word, value) in words {
            if rest.starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.unexpected("a value"))
    }

    fn unexpected(&self, expected: &str) -> Broken {
        match self.rest().chars().next() {
            None => self.broken(format!("the text ends where {expected} is expected"), None),
            Some('“' | '”' | '„' | '‘' | '’' | '«' | '»') => self.broken(
                "this is not a quote that JSON knows",
                Some("use straight quotes"),
            ),
            Some('\'') => self.broken(
                "this is not a quote that JSON knows",
                Some("use double quotes"),
            ),
            Some('/') => self.broken("JSON has no remarks", Some("remove it")),
            Some(c @ (',' | ':' | '}' | ']')) => {
                self.broken(format!("`{c}` stands where {expected} is expected"), None)
            }
            Some(_) => self.broken(format!("{expected} is expected here"), None),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value, Broken>) -> Result<Value, Broken> {
        self.depth += 1;
        if self.depth > limits::YAML_DEPTH_MAX {
            let message = format!("nested deeper than {}", limits::YAML_DEPTH_MAX);
            return Err(self.broken(message, None));
        }
        self.at += 1;
        let len = self.path.len();
        let value = read(self);
        self.path.truncate(len);
        self.depth -= 1;
        value
    }

    fn list(&mut self) -> Result<Value, Broken> {
        let (mut items, len) = (Vec::new(), self.path.len());
        loop {
            self.blanks();
            if self.ends(']') {
                return Ok(Value::List(items));
            }
            push_item(&mut self.path, items.len());
            items.push(self.value()?);
            self.path.truncate(len);
            self.comma(']')?;
        }
    }

    fn map(&mut self) -> Result<Value, Broken> {
        let (mut map, len): (Vec<(String, Value)>, _) = (Vec::new(), self.path.len());
        let mut known = HashMap::new();
        loop {
            self.blanks();
            if self.ends('}') {
                return Ok(Value::Map(map));
            }
            let begin = self.at;
            if !self.rest().starts_with('"') {
                return Err(self.unexpected("a key in quotes"));
            }
            let key = self.string()?;
            let span = begin..self.at;
            if key.len() > limits::IMPORT_KEY_BYTES_MAX {
                self.at = begin;
                return Err(self.broken(
                    format!("a key of more than {} bytes", limits::IMPORT_KEY_BYTES_MAX),
                    None,
                ));
            }
            push_step(&mut self.path, &key);
            if self.mode == Mode::Liquid && (key.contains("{{") || key.contains("{%")) {
                self.outside(span.clone(), What::Key);
            }
            self.blanks();
            if !self.rest().starts_with(':') {
                return Err(self.unexpected("`:`"));
            }
            self.at += 1;
            let value = self.value()?;
            let known = known.entry(key.clone()).or_insert(map.len());
            match map.get_mut(*known) {
                // Readers of JSON take the last one.
                Some((_, old)) => {
                    *old = value;
                    self.outside(span, What::Twice(key));
                }
                None => map.push((key, value)),
            }
            self.path.truncate(len);
            self.comma('}')?;
        }
    }

    /// The end of a list or map, if it is here.
    fn ends(&mut self, end: char) -> bool {
        let is_here = self.rest().starts_with(end);
        if is_here {
            self.at += 1;
        }
        is_here
    }

    /// The comma before the next item; before the end of the list there is none.
    fn comma(&mut self, end: char) -> Result<(), Broken> {
        self.blanks();
        while self.rest().starts_with("{{")
            && let Some(Close { end, .. }) = self.markup()
        {
            self.outside(self.at..end, What::Stray);
            self.at = end;
            self.blanks();
        }
        let rest = self.rest();
        if rest.starts_with(',') {
            self.at += 1;
            self.blanks();
            if self.rest().starts_with(end) && self.outside.is_empty() {
                let hint = "remove the comma before it";
                return Err(self.broken(format!("`{end}` stands behind a comma"), Some(hint)));
            }
            return Ok(());
        }
        // A comma that a tag holds back stands in what was skipped.
        if rest.starts_with(end) || (!self.outside.is_empty() && !rest.is_empty()) {
            return Ok(());
        }
        Err(self.unexpected(&format!("`,` or `{end}`")))
    }
}

/// Whether every block that a text opens is closed in it.
fn is_closed(text: &str) -> bool {
    let mut open = 0_usize;
    for piece in liquid::pieces(text) {
        if piece.kind != liquid::Kind::Tag {
            continue;
        }
        let name = liquid::tag(&text[piece.span]);
        if name.starts_with("end") {
            let Some(fewer) = open.checked_sub(1) else {
                return false;
            };
            open = fewer;
        } else if BLOCKS.contains(&name) {
            open += 1;
        }
    }
    open == 0
}
