//! Holds a document against its shape: unknown keys, wrong types, missing keys, all of them.

use super::forms::{ATTRIBUTE, COMMON, FORMS};
use super::node::{Entry, Node, Value};
use super::shape::{Field, Form, Shape, Span};
use super::source::SourceFile;
use super::spans::{duration, percent, written};
use crate::campaign::case;
use crate::diagnostic::codes::{LITERAL_SECRET, MISSING_KEY, UNKNOWN_KEY, WRONG_TYPE, WRONG_VALUE};
use crate::diagnostic::{Code, Diagnostic, did_you_mean};
use crate::model::limits;
use crate::model::resource::Kind;

struct Verifier<'a> {
    file: &'a SourceFile,
    root: &'a Node,
    problems: Vec<Diagnostic>,
}

/// The document's kind and name.
///
/// # Errors
/// Everything that does not fit.
pub(in crate::campaign) fn verify(
    file: &SourceFile,
    root: &Node,
) -> Result<(Kind, String), Vec<Diagnostic>> {
    let mut verifier = Verifier {
        file,
        root,
        problems: Vec::new(),
    };
    let form = verifier.form();
    if let Some(form) = form {
        verifier.fields(root, &[COMMON, form.fields], "");
    }
    let name = match root.get("name").map(|entry| &entry.value.value) {
        Some(Value::Text(name)) => Some(name.clone()),
        _ => None,
    };
    match (form, name) {
        (Some(form), Some(name)) if verifier.problems.is_empty() => Ok((form.kind, name)),
        _ => Err(verifier.problems),
    }
}

// === impl Verifier ===

impl Verifier<'_> {
    fn push(&mut self, code: Code, path: &str, message: impl Into<String>, hint: Option<String>) {
        let mut problem = Diagnostic::error(code, message).at(path);
        problem.hint = hint;
        self.problems.push(self.root.placed(self.file, problem));
    }

    /// The form that `kind`, and `type` for channels, ask for.
    fn form(&mut self) -> Option<&'static Form> {
        let Value::Map(_) = &self.root.value else {
            let hint = "a document begins with `kind:` and `name:`";
            self.push(
                WRONG_TYPE,
                "",
                "the document is not a map",
                Some(hint.into()),
            );
            return None;
        };
        let kinds = Kind::ALL.into_iter().filter(|kind| kind.is_written());
        let kinds: Vec<&str> = kinds.map(Kind::as_str).collect();
        let kind = self.word("kind", &kinds)?;
        let kind = Kind::parse(&kind)?;
        let mut forms = FORMS.iter().filter(|form| form.kind == kind);
        if kind != Kind::Channel {
            return forms.next();
        }
        let variant = self.word("type", &["messenger", "webhook"])?;
        forms.find(|form| form.variant == Some(variant.as_str()))
    }

    fn word(&mut self, key: &str, words: &[&str]) -> Option<String> {
        match self.root.get(key).map(|entry| &entry.value.value) {
            Some(Value::Text(text)) if words.contains(&text.as_str()) => Some(text.clone()),
            Some(Value::Text(text)) => {
                let text = text.clone();
                self.wrong_word(&text, words, key);
                None
            }
            Some(_) => {
                self.push(WRONG_TYPE, key, format!("`{key}` takes a text"), None);
                None
            }
            None => {
                let hint = format!("`{key}:` is one of: {}", words.join(", "));
                self.push(MISSING_KEY, "", format!("`{key}` is missing"), Some(hint));
                None
            }
        }
    }

    fn wrong_word(&mut self, text: &str, words: &[&str], path: &str) {
        let hint = match did_you_mean(text, words.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("one of: {}", words.join(", ")),
        };
        let message = format!("`{}` is not known here", shown(text));
        self.push(WRONG_VALUE, path, message, Some(hint));
    }

    fn fields(&mut self, map: &Node, groups: &[&'static [Field]], path: &str) {
        let Value::Map(entries) = &map.value else {
            return;
        };
        let known = || groups.iter().copied().flatten();
        for entry in entries {
            let at = join(path, &entry.key);
            match known().find(|field| field.name == entry.key) {
                Some(field) => self.value(&entry.value, field.shape, &at),
                None => self.unknown_key(
                    entry,
                    &at,
                    &known().map(|field| field.name).collect::<Vec<_>>(),
                ),
            }
        }
        for field in known().filter(|field| field.is_required && map.get(field.name).is_none()) {
            // A misspelt one is told once.
            let is_misspelt = |entry: &Entry| {
                let names = known().map(|field| field.name);
                !names.clone().any(|name| name == entry.key)
                    && did_you_mean(&entry.key, names) == Some(field.name)
            };
            if entries.iter().any(is_misspelt) {
                continue;
            }
            let hint = format!("add `{}:`. {}", field.name, field.doc.trim_end_matches('.'));
            self.push(
                MISSING_KEY,
                path,
                format!("`{}` is missing", field.name),
                Some(hint),
            );
        }
    }

    fn unknown_key(&mut self, entry: &Entry, path: &str, known: &[&str]) {
        let hint = match did_you_mean(&entry.key, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("there are: {}", known.join(", ")),
        };
        let mut problem = Diagnostic::error(UNKNOWN_KEY, format!("unknown key `{}`", entry.key))
            .at(path)
            .hint(hint);
        let place =
            crate::diagnostic::Place::of(&self.file.path, &self.file.text, entry.key_span.clone());
        problem.place = Some(place);
        self.problems.push(problem);
    }

    fn value(&mut self, node: &Node, shape: &Shape, path: &str) {
        match (shape, &node.value) {
            (Shape::Tree, _) | (Shape::Bool, Value::Bool(_)) => {}
            (Shape::Varied(_), _) if case::reference(node).is_some() => {}
            (Shape::Varied(shape), _) => self.value(node, shape, path),
            (_, Value::Null) => {
                let hint = "write one, or remove the key";
                let message = format!("`{}` has no value", last(path));
                self.push(WRONG_TYPE, path, message, Some(hint.into()));
            }
            (Shape::Secret | Shape::TextOrSecret, Value::Map(_)) => self.secret(node, path),
            (Shape::Secret, _) => self.literal_secret(path),
            (Shape::List(item), Value::List(items)) => {
                for (at, node) in items.iter().enumerate() {
                    self.value(node, item, &format!("{path}[{at}]"));
                }
            }
            (Shape::Map(fields), Value::Map(_)) => self.fields(node, &[fields], path),
            (Shape::Each(shape), Value::Map(entries)) => {
                for entry in entries {
                    self.value(&entry.value, shape, &join(path, &entry.key));
                }
            }
            (Shape::Attributes, Value::Map(entries)) => {
                for entry in entries {
                    self.attribute(&entry.value, &join(path, &entry.key));
                }
            }
            (shape, Value::Text(text)) => self.text(text, shape, path),
            (Shape::Count(most), Value::Int(n)) => {
                if *n < 1 || n > most {
                    self.push(
                        WRONG_VALUE,
                        path,
                        format!("{n} is not between 1 and {most}"),
                        None,
                    );
                }
            }
            (Shape::Id, Value::Int(n)) => {
                let hint = format!("put it in quotes: \"{n}\"");
                self.push(
                    WRONG_TYPE,
                    path,
                    "an id is a text, not a number",
                    Some(hint),
                );
            }
            (shape, _) => self.mistyped(shape, path),
        }
    }

    fn attribute(&mut self, node: &Node, path: &str) {
        match &node.value {
            Value::Text(kind) => {
                let hint = format!("write `{{type: {}}}`", shown(kind));
                let message = format!("`{}` takes a map", last(path));
                self.push(WRONG_TYPE, path, message, Some(hint));
            }
            _ => self.value(node, &Shape::Map(ATTRIBUTE), path),
        }
    }

    fn text(&mut self, text: &str, shape: &Shape, path: &str) {
        match shape {
            Shape::Text if text.trim().is_empty() => {
                let hint = "write a text, or remove the key";
                let message = format!("`{}` is empty", last(path));
                self.push(WRONG_VALUE, path, message, Some(hint.into()));
            }
            Shape::Name => self.name(text, path),
            Shape::Duration(span) => self.span_of_time(text, span, path),
            Shape::Percent(most) => self.percent(text, *most, path),
            Shape::Words(words) if !words.contains(&text) => self.wrong_word(text, words, path),
            Shape::Text | Shape::AnyText | Shape::TextOrSecret | Shape::Id | Shape::Words(_) => {}
            shape => self.mistyped(shape, path),
        }
    }

    fn mistyped(&mut self, shape: &Shape, path: &str) {
        let expected = match shape {
            Shape::Bool => "`true` or `false`",
            Shape::Count(_) => "a whole number",
            Shape::Duration(_) => "a span of time such as `10m`",
            Shape::Percent(_) => "a share such as `20%`",
            Shape::List(_) => "a list",
            Shape::Map(_) | Shape::Each(_) | Shape::Attributes => "a map",
            Shape::TextOrSecret => "a text or a secret reference",
            Shape::Tree
            | Shape::Secret
            | Shape::Text
            | Shape::AnyText
            | Shape::Varied(_)
            | Shape::Name
            | Shape::Id
            | Shape::Words(_) => "a text",
        };
        let hint =
            (expected == "a text").then(|| "put it in quotes if it is meant as a text".to_owned());
        let message = format!("`{}` takes {expected}", last(path));
        self.push(WRONG_TYPE, path, message, hint);
    }

    fn name(&mut self, text: &str, path: &str) {
        let has_capitals = self
            .root
            .text("kind")
            .and_then(Kind::parse)
            .is_some_and(Kind::has_capitals);
        let is_letter = |c: u8| {
            c.is_ascii_lowercase() || c.is_ascii_digit() || (has_capitals && c.is_ascii_uppercase())
        };
        let is_good = text.len() <= limits::NAME_BYTES_MAX
            && text.bytes().next().is_some_and(is_letter)
            && text
                .bytes()
                .all(|c| is_letter(c) || matches!(c, b'-' | b'_'));
        if !is_good {
            let letters = if has_capitals {
                "letters"
            } else {
                "lower-case letters"
            };
            let hint = format!(
                "{letters}, digits, `-` and `_`, beginning with a letter or digit, at most {} bytes",
                limits::NAME_BYTES_MAX
            );
            let message = format!("`{}` is not a name", shown(text));
            self.push(WRONG_VALUE, path, message, Some(hint));
        }
    }

    fn secret(&mut self, node: &Node, path: &str) {
        let Value::Map(entries) = &node.value else {
            return;
        };
        let is_reference = match entries.as_slice() {
            [Entry { key, value, .. }] => match (key.as_str(), &value.value) {
                ("env", Value::Text(name)) => is_variable(name),
                ("file", Value::Text(path)) => !path.trim().is_empty(),
                _ => false,
            },
            _ => false,
        };
        if !is_reference {
            let hint = "write `{env: NAME}` or `{file: path}`";
            self.push(
                WRONG_VALUE,
                path,
                format!("`{}` is not a secret reference", last(path)),
                Some(hint.into()),
            );
        }
    }

    fn literal_secret(&mut self, path: &str) {
        let hint = "put it into an environment variable and write `{env: NAME}`, or into a file and write `{file: path}`; \
                    then renew it, since it stood in a file";
        self.push(
            LITERAL_SECRET,
            path,
            "a secret must not stand in a file",
            Some(hint.into()),
        );
    }

    fn percent(&mut self, text: &str, most: u32, path: &str) {
        if percent(text).is_none_or(|n| n > most) {
            let message = format!("`{}` is not a share from 0% to {most}%", shown(text));
            let hint = "write a whole number and `%`, such as `20%`";
            self.push(WRONG_VALUE, path, message, Some(hint.to_owned()));
        }
    }

    fn span_of_time(&mut self, text: &str, bounds: &Span, path: &str) {
        let (message, hint) = match duration(text) {
            None => (
                format!("`{}` is not a span of time", shown(text)),
                "write a number and a unit: `500ms`, `30s`, `10m`, `6h`, `90d`",
            ),
            Some(span) if !(bounds.least..=bounds.most).contains(&span) => (
                format!(
                    "`{text}` is not between {} and {}",
                    written(bounds.least),
                    written(bounds.most)
                ),
                bounds.otherwise,
            ),
            Some(_) => return,
        };
        self.push(WRONG_VALUE, path, message, Some(hint.to_owned()));
    }
}

/// The name of an environment variable, and no token that somebody took for one.
fn is_variable(name: &str) -> bool {
    let is_name = name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_');
    is_name
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && !name.starts_with("EAA")
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// The key at the end of a path.
fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// What was written, as far as a message has room for it.
fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}
