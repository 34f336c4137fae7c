//! YAML with places: what a typed parse forgets.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;
use serde_saphyr::Spanned;

use super::place;
use super::source::SourceFile;
use crate::diagnostic::{Diagnostic, Place, codes};
use crate::model::limits;

/// A value with the bytes it stands in.
#[derive(Debug, Clone)]
pub(in crate::campaign) struct Node {
    pub(in crate::campaign) span: Range<usize>,
    pub(in crate::campaign) value: Value,
}

#[derive(Debug, Clone)]
pub(in crate::campaign) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Debug, Clone)]
pub(in crate::campaign) struct Entry {
    pub(in crate::campaign) key: String,
    pub(in crate::campaign) key_span: Range<usize>,
    pub(in crate::campaign) value: Node,
}

/// As the YAML library gives it.
enum Raw {
    Scalar(Value),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

struct RawVisitor;

/// Parses one document, within bounds.
pub(in crate::campaign) fn parse(file: &SourceFile) -> Result<Node, Box<Diagnostic>> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        budget: serde_saphyr::budget! {
            max_documents: 1,
            max_nodes: limits::YAML_NODES_MAX,
            max_depth: limits::YAML_DEPTH_MAX,
        },
    };
    match serde_saphyr::from_str_with_options::<Spanned<Raw>>(&file.text, options) {
        Ok(raw) => Ok(node(raw)),
        Err(error) => Err(Box::new(refused(file, error.without_snippet()))),
    }
}

// === impl Node ===

impl Node {
    pub(in crate::campaign) fn get(&self, key: &str) -> Option<&Entry> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    pub(in crate::campaign) fn text(&self, key: &str) -> Option<&str> {
        match &self.get(key)?.value.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(in crate::campaign) fn to_json(&self) -> Json {
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(b) => Json::Bool(*b),
            Value::Int(n) => Json::from(*n),
            Value::Float(d) => Json::from(*d),
            Value::Text(text) => Json::from(text.as_str()),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(entries) => {
                let entries = entries.iter();
                entries
                    .map(|e| (e.key.clone(), e.value.to_json()))
                    .collect()
            }
        }
    }

    /// The node at a path such as `message.quick_replies[2].title`, or the nearest above it, with what is
    /// to be pointed at: the value, or the key when the path ends above a missing one.
    fn find(&self, path: &str) -> (&Node, Range<usize>) {
        let (mut node, mut span, mut rest) = (self, self.span.clone(), path);
        while let Some((found, at, behind)) = node.step(rest) {
            (node, span, rest) = (found, at, behind);
        }
        (node, span)
    }

    /// One step along a path, and what is left of it. A key may hold dots: the longest that fits is meant.
    fn step<'p>(&self, path: &'p str) -> Option<(&Self, Range<usize>, &'p str)> {
        let path = path.strip_prefix('.').unwrap_or(path);
        match &self.value {
            Value::Map(entries) => {
                let behind = |entry: &Entry| {
                    let behind = path.strip_prefix(entry.key.as_str())?;
                    (behind.is_empty() || behind.starts_with(['.', '['])).then_some(behind)
                };
                let fits = entries.iter().filter(|entry| behind(entry).is_some());
                let entry = fits.max_by_key(|entry| entry.key.len())?;
                Some((&entry.value, entry.span(), behind(entry)?))
            }
            Value::List(items) => {
                let (at, behind) = path.strip_prefix('[')?.split_once(']')?;
                let item = items.get(at.parse::<usize>().ok()?)?;
                Some((item, item.span.clone(), behind))
            }
            _ => None,
        }
    }

    /// Puts a problem where its path, and its span within a filter or template, are in the file.
    pub(in crate::campaign) fn placed(
        &self,
        file: &SourceFile,
        mut problem: Diagnostic,
    ) -> Diagnostic {
        problem.place = Some(self.place(file, &problem.path, problem.span.as_ref()));
        problem
    }

    /// Where a path, and a span within the filter or template that stands there, are in the file.
    pub(in crate::campaign) fn place(
        &self,
        file: &SourceFile,
        path: &str,
        span: Option<&Range<usize>>,
    ) -> Place {
        let (node, whole) = self.find(path);
        let inner = match (&node.value, span) {
            (Value::Text(text), Some(inner)) => {
                place::within(&file.text, node.span.clone(), text, inner.clone())
            }
            _ => None,
        };
        let span = inner.unwrap_or(whole);
        // A block scalar or a map spans lines; its first line is where to look.
        let lines = file.text.get(span.clone()).unwrap_or_default();
        let end = lines.find('\n').map_or(span.end, |at| span.start + at);
        Place::of(&file.path, &file.text, span.start..end)
    }
}

// === impl Entry ===

impl Entry {
    /// What to point at: a scalar itself, a map or list by its key.
    pub(in crate::campaign) fn span(&self) -> Range<usize> {
        match self.value.value {
            Value::Map(_) | Value::List(_) | Value::Null => self.key_span.clone(),
            _ => self.value.span.clone(),
        }
    }
}

fn refused(file: &SourceFile, error: &serde_saphyr::Error) -> Diagnostic {
    let text = error.to_string();
    // The library repeats the place at the end of its message.
    let message = text.split(" at line ").next().unwrap_or(&text);
    let (code, message, hint) = if message.starts_with("duplicate mapping key") {
        let key = message.split([':', ',']).nth(1).unwrap_or_default().trim();
        (
            codes::DUPLICATE_KEY,
            format!("the key `{key}` stands here twice"),
            Some("remove one of them"),
        )
    } else if message.contains("Documents") {
        (
            codes::SEVERAL_DOCUMENTS,
            "a second document begins here".to_owned(),
            Some("put each resource into a file of its own"),
        )
    } else if message.contains("budget breached") && message.contains("Nodes") {
        let message = format!(
            "the document has more than {} keys and values, its aliases written out",
            limits::YAML_NODES_MAX
        );
        // Mostly they are many, and seldom an attack.
        let hint = if file.text.contains("kind: Catalog") {
            "write the items as CSV, which may have more: `file: items.csv`"
        } else {
            "make several resources of it, and write it without aliases"
        };
        (codes::FILE_LIMIT, message, Some(hint))
    } else if message.contains("budget breached") || message.contains("recursion limit") {
        (
            codes::FILE_LIMIT,
            "the document is too deep, or its aliases make it too large".to_owned(),
            Some("nest it less, and write it without aliases"),
        )
    } else if message
        .split(' ')
        .any(|word| word.starts_with("tab") && !word.starts_with("table"))
    {
        (
            codes::YAML_SYNTAX,
            message.to_owned(),
            Some("indent with spaces"),
        )
    } else {
        (codes::YAML_SYNTAX, message.to_owned(), None)
    };
    let mut problem = Diagnostic::error(code, message);
    problem.hint = hint.map(str::to_owned);
    let at = error.location().map_or(0, |location| {
        offset(&file.text, location.line(), location.column())
    });
    problem.place = Some(Place::of(&file.path, &file.text, at..at));
    problem
}

/// Of a line and a column in characters, both from 1.
fn offset(text: &str, line: u64, column: u64) -> usize {
    let usize = |n: u64| usize::try_from(n.saturating_sub(1)).unwrap_or(usize::MAX);
    let start: usize = text
        .split_inclusive('\n')
        .take(usize(line))
        .map(str::len)
        .sum();
    let rest = &text[start..];
    start
        + rest
            .char_indices()
            .nth(usize(column))
            .map_or(rest.len(), |(at, _)| at)
}

fn node(raw: Spanned<Raw>) -> Node {
    let span = raw.defined.span();
    let int = |n: Option<u64>| n.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let (start, len) = (int(span.byte_offset()), int(span.byte_len()));
    let value = match raw.value {
        Raw::Scalar(value) => value,
        Raw::List(items) => Value::List(items.into_iter().map(node).collect()),
        Raw::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| {
                    let span = key.defined.span();
                    let start = int(span.byte_offset());
                    let len = int(span.byte_len());
                    Entry {
                        key: key.value,
                        key_span: start..start + len,
                        value: node(value),
                    }
                })
                .collect(),
        ),
    };
    Node {
        span: start..start + len,
        value,
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Null))
    }

    fn visit_bool<E>(self, b: bool) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Bool(b)))
    }

    fn visit_i64<E>(self, n: i64) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Int(n)))
    }

    fn visit_u64<E>(self, n: u64) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Int(
            i64::try_from(n).unwrap_or(i64::MAX),
        )))
    }

    fn visit_f64<E>(self, d: f64) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Float(d)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Text(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}
