//! One text with Liquid in it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use liquid_core::model::{KString, Value as Liquid};

use super::content::Wanted;
use super::library::{Library, References};
use super::parse::{Parsed, parse};
use super::rewrite::Bare;
use super::scope::{Context, Scope};
use super::tags::Body;
use super::visits::Branch;
use super::words::Words;
use crate::diagnostic::Diagnostic;

/// A compiled text. Cheap to clone, rendered from many threads.
#[derive(Clone)]
pub struct Text(Kind);

#[derive(Clone)]
enum Kind {
    /// Without Liquid.
    Plain(Arc<str>),
    Liquid(Arc<Compiled>),
}

/// The head of a loop over nodes of a tree: `item in user.items limit:3`.
#[derive(Clone)]
pub(super) struct Head(Arc<Compiled>);

pub(super) struct Compiled {
    pub(super) template: Body,
    /// Only where the text uses something of it.
    pub(super) library: Option<Arc<Library>>,
    references: References,
    bare: Vec<Bare>,
    branches: Vec<Branch>,
    pub(super) words: Words,
}

/// Names that stand for something in one render, as a loop's item does.
pub(super) type Locals = [(KString, Liquid)];

/// A rendered text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rendered {
    pub text: String,
    /// Names that the template read and that are absent, each once, in order.
    pub misses: Vec<String>,
    /// The misses for which nothing was written instead: no `default` filled them.
    pub gaps: Vec<String>,
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
    /// The template asks for connected content that the context does not have: render again with it.
    Wants(Box<Wanted>),
}

static NOTHING: LazyLock<Arc<Library>> = LazyLock::new(Arc::default);

// === impl Text ===

impl Text {
    /// Compiles a text that uses nothing of a library.
    ///
    /// # Errors
    /// As [`Self::compile_with`].
    pub fn compile(source: &str) -> Result<Self, Vec<Diagnostic>> {
        Self::compile_with(source, &NOTHING)
    }

    /// Compiles a text.
    ///
    /// # Errors
    /// Everything that is wrong, with places in the author's text.
    pub fn compile_with(source: &str, library: &Arc<Library>) -> Result<Self, Vec<Diagnostic>> {
        if !source.contains("{{") && !source.contains("{%") {
            // Bounded like one with Liquid.
            super::parse::check_length(source)?;
            return Ok(Self(Kind::Plain(source.into())));
        }
        let compiled = Compiled::new(parse(source, library)?, library);
        Ok(Self(Kind::Liquid(Arc::new(compiled))))
    }

    /// Whether the text depends on what it is rendered for.
    pub fn is_dynamic(&self) -> bool {
        matches!(self.0, Kind::Liquid(_))
    }

    /// The text where it has no Liquid.
    pub(super) fn plain(&self) -> Option<&str> {
        match &self.0 {
            Kind::Plain(text) => Some(text),
            Kind::Liquid(_) => None,
        }
    }

    /// What it uses of the library.
    pub fn references(&self) -> Option<&References> {
        match &self.0 {
            Kind::Plain(_) => None,
            Kind::Liquid(compiled) => Some(&compiled.references),
        }
    }

    /// Its branches, where they are counted.
    pub fn branches(&self) -> &[Branch] {
        match &self.0 {
            Kind::Plain(_) => &[],
            Kind::Liquid(compiled) => &compiled.branches,
        }
    }

    /// Attributes that it shows without a `default`.
    pub fn bare(&self) -> &[Bare] {
        match &self.0 {
            Kind::Plain(_) => &[],
            Kind::Liquid(compiled) => &compiled.bare,
        }
    }

    pub fn render(&self, context: &Context<'_>) -> Result<Rendered, Failure> {
        self.render_with(context, &[])
    }

    pub(super) fn render_with(
        &self,
        context: &Context<'_>,
        locals: &Locals,
    ) -> Result<Rendered, Failure> {
        let compiled = match &self.0 {
            Kind::Plain(text) => {
                return Ok(Rendered {
                    text: text.to_string(),
                    ..Rendered::default()
                });
            }
            Kind::Liquid(compiled) => compiled,
        };
        let scope = Scope::new(context, compiled, locals);
        let bytes = scope.run(&compiled.template)?;
        Ok(Rendered {
            text: String::from_utf8(bytes)
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
            misses: scope.misses(),
            gaps: scope.gaps(),
            extras: scope.extras(),
        })
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

// === impl Compiled ===

impl Compiled {
    fn new(parsed: Parsed, library: &Arc<Library>) -> Self {
        let is_used = parsed.uses_library;
        Self {
            template: parsed.template,
            library: is_used.then(|| Arc::clone(library)),
            references: parsed.references,
            bare: parsed.bare,
            branches: parsed.branches,
            words: parsed.words,
        }
    }
}

// === impl Head ===

impl Head {
    /// Compiles what stands between `for` and `%}`.
    ///
    /// # Errors
    /// As [`Text::compile_with`].
    pub(super) fn compile(source: &str, library: &Arc<Library>) -> Result<Self, Vec<Diagnostic>> {
        let parsed = super::parse::parse_head(source, library)?;
        Ok(Self(Arc::new(Compiled::new(parsed, library))))
    }

    /// The item's name, the items, and what was missed on the way to them.
    pub(super) fn items(
        &self,
        context: &Context<'_>,
        locals: &Locals,
    ) -> Result<(KString, Vec<Liquid>, Vec<String>), Failure> {
        let scope = Scope::new(context, &self.0, locals);
        scope.run(&self.0.template)?;
        let (name, items) = scope.collected().unwrap_or_default();
        Ok((name, items, scope.misses()))
    }
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Head")
    }
}
