//! One text with Liquid in it.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use liquid_core::{Renderable, Template};

use super::budget::Limited;
use super::language::LANGUAGE;
use super::rewrite::{Rewritten, rewrite};
use super::scope::{Context, Scope};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::limits;

/// A compiled text. Cheap to clone, rendered from many threads.
#[derive(Clone)]
pub struct Text(Kind);

#[derive(Clone)]
enum Kind {
    /// Without Liquid.
    Plain(Arc<str>),
    Liquid(Arc<Template>),
}

/// A rendered text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rendered {
    pub text: String,
    /// Names that the template read and that are absent, each once, in order.
    pub misses: Vec<String>,
    /// What `message_extras` adds to the record of the delivery.
    pub extras: BTreeMap<String, String>,
}

/// Why there is no message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The template called `abort_message`.
    Aborted { reason: String },
    /// `path` is the leaf, empty for a text alone. The message holds no attribute value.
    Failed { path: String, message: String },
}

// === impl Text ===

impl Text {
    /// Compiles a text.
    ///
    /// # Errors
    /// Everything that is wrong, with places in the author's text.
    pub fn compile(source: &str) -> Result<Self, Vec<Diagnostic>> {
        if source.len() > limits::TEMPLATE_BYTES_MAX {
            let message = format!(
                "{} bytes; a text may have {}",
                source.len(),
                limits::TEMPLATE_BYTES_MAX
            );
            return Err(vec![Diagnostic::error(Code("template-too-long"), message)]);
        }
        if !source.contains("{{") && !source.contains("{%") {
            return Ok(Self(Kind::Plain(source.into())));
        }
        let rewritten = rewrite(source)?;
        // The library has panics of its own; a template must not end the server.
        let parsed = catch_unwind(|| liquid_core::parser::parse(&rewritten.text, &LANGUAGE));
        match parsed {
            Ok(Ok(elements)) => Ok(Self(Kind::Liquid(Arc::new(Template::new(elements))))),
            Ok(Err(error)) => Err(vec![diagnose(source, &rewritten, &error.to_string())]),
            Err(_) => Err(vec![syntax("the template does not parse", 0..source.len())]),
        }
    }

    /// Whether the text depends on what it is rendered for.
    pub fn is_dynamic(&self) -> bool {
        matches!(self.0, Kind::Liquid(_))
    }

    pub fn render(&self, context: &Context<'_>) -> Result<Rendered, Failure> {
        let template = match &self.0 {
            Kind::Plain(text) => {
                return Ok(Rendered {
                    text: text.to_string(),
                    ..Rendered::default()
                });
            }
            Kind::Liquid(template) => template,
        };
        let scope = Scope::new(*context);
        let mut bytes = Vec::with_capacity(256);
        let done = catch_unwind(AssertUnwindSafe(|| {
            template
                .render_to(&mut Limited::new(&mut bytes), &scope)
                .map_err(|error| error.to_string())
        }));
        if let Some(reason) = scope.aborted() {
            return Err(Failure::Aborted { reason });
        }
        match done {
            Ok(Ok(())) => Ok(Rendered {
                text: String::from_utf8(bytes)
                    .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
                misses: scope.misses(),
                extras: scope.extras(),
            }),
            Ok(Err(error)) => Err(Failure::Failed {
                path: String::new(),
                message: first_line(&error),
            }),
            Err(_) => {
                let message = "the template did something that is not supported".to_owned();
                Err(Failure::Failed {
                    path: String::new(),
                    message,
                })
            }
        }
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Plain(text) => write!(f, "Text({text:?})"),
            Kind::Liquid(_) => f.write_str("Text(liquid)"),
        }
    }
}

/// The parser's error in our words, where the author wrote it.
fn diagnose(source: &str, rewritten: &Rewritten, error: &str) -> Diagnostic {
    let at = position(&rewritten.text, error)
        .map_or(0, |at| rewritten.origin(at))
        .min(source.len());
    let end = source[floor(source, at)..]
        .chars()
        .next()
        .map_or(at, |c| floor(source, at) + c.len_utf8());
    let expected = error
        .lines()
        .find_map(|line| line.trim().strip_prefix("= "));
    let message = match expected {
        Some(expected) if expected.starts_with("expected") => {
            format!("the template does not parse: {expected}")
        }
        _ => format!("the template does not parse: {}", first_line(error)),
    };
    syntax(&message, floor(source, at)..end)
}

fn syntax(message: &str, span: std::ops::Range<usize>) -> Diagnostic {
    Diagnostic::error(Code("liquid-syntax"), message.trim_end_matches([':', ' '])).spanning(span)
}

/// The parser writes ` --> line:column`, both from 1, the column in characters.
fn position(text: &str, error: &str) -> Option<usize> {
    let (_, rest) = error.split_once("--> ")?;
    let (line, column) = rest.lines().next()?.trim().split_once(':')?;
    let (line, column): (usize, usize) = (line.parse().ok()?, column.parse().ok()?);
    let start: usize = text
        .split_inclusive('\n')
        .take(line.checked_sub(1)?)
        .map(str::len)
        .sum();
    let offset = text[start..]
        .char_indices()
        .nth(column.checked_sub(1)?)
        .map(|(at, _)| at);
    Some(start + offset.unwrap_or(text.len() - start))
}

/// The library adds the input to its errors, line by line below the first: values do not belong there.
fn first_line(error: &str) -> String {
    let line = error
        .lines()
        .find(|line| !line.trim().is_empty() && !line.contains("-->"))
        .unwrap_or(error);
    line.trim().trim_start_matches("liquid:").trim().to_owned()
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
