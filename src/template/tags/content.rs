//! `connected_content`: an answer from elsewhere as part of a message.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use liquid_core::model::{KString, Value, ValueView};
use liquid_core::parser::{BlockElement, TagToken};
use liquid_core::{Error, Language, Renderable, Result, Runtime, TagBlock, TagTokenIter};
use serde_json::{Map, Value as Json};

use super::block::Block;
use super::body::Body;
use crate::model::limits;
use crate::template::access::Access;
use crate::template::budget::{json_bytes, overgrown};
use crate::template::content::{Request, Response, Wanted};
use crate::template::misses::note_miss;
use crate::template::state::State;

/// Rewritten: the URL is the block's body, and each option begins a section of it.
pub(in crate::template) const CONNECTED_CONTENT: Block = Block {
    name: "connected_content",
    end: "endconnected_content",
    parse: connected_content,
};

/// The tag that begins a section; nobody can write it.
pub(in crate::template) const OPTION: &str = "connected_content_option";

/// Where an answer goes that has no name.
const UNNAMED: &str = "connected";

#[derive(Debug, Default)]
struct Content {
    url: Section,
    options: BTreeMap<String, Section>,
    headers: Vec<(String, Section)>,
    /// Of a form that is posted as a JSON object.
    fields: Vec<(String, Section)>,
}

/// What a section is of.
enum Of {
    Url,
    Option(String),
    Header(String),
    Field(String),
}

/// A part of the tag, a text with outputs in it.
#[derive(Debug, Default)]
struct Section(Body);

fn connected_content(
    mut arguments: TagTokenIter<'_>,
    mut tokens: TagBlock<'_, '_>,
    language: &Language,
) -> Result<Box<dyn Renderable>> {
    arguments.expect_nothing()?;
    let mut content = Content::default();
    let mut section = Section::default();
    let mut of = Of::Url;
    while let Some(element) = tokens.next()? {
        match element {
            BlockElement::Tag(mut tag) if tag.name() == OPTION => {
                content.put(of, std::mem::take(&mut section));
                of = Of::parse(tag.tokens())?;
            }
            element => section.0.push(element.parse(&mut tokens, language)?),
        }
    }
    content.put(of, section);
    tokens.assert_empty();
    Ok(Box::new(content))
}

// === impl Of ===

impl Of {
    fn parse(tokens: &mut TagTokenIter<'_>) -> Result<Self> {
        let text = |token: TagToken<'_>| -> Result<String> {
            let literal = token.expect_literal().into_result()?;
            Ok(literal.to_kstr().into_string())
        };
        let name = text(tokens.expect_next("a name is expected")?)?;
        Ok(match tokens.next() {
            None => Self::Option(name),
            Some(key) if name == "headers" => Self::Header(text(key)?),
            Some(key) => Self::Field(text(key)?),
        })
    }
}

// === impl Section ===

impl Section {
    fn text(&self, runtime: &dyn Runtime) -> Result<String> {
        Ok(self.0.text(runtime)?.trim().to_owned())
    }
}

// === impl Content ===

impl Content {
    fn put(&mut self, of: Of, section: Section) {
        match of {
            Of::Url => self.url = section,
            Of::Option(name) => {
                self.options.insert(name, section);
            }
            Of::Header(name) => self.headers.push((name, section)),
            Of::Field(name) => self.fields.push((name, section)),
        }
    }

    fn body(&self, runtime: &dyn Runtime) -> Result<Option<String>> {
        if self.fields.is_empty() {
            return self.option("body", runtime);
        }
        let fields = self.fields.iter();
        let fields = fields.map(|(key, value)| Ok((key.clone(), Json::from(value.text(runtime)?))));
        let map: Map<String, Json> = fields.collect::<Result<_>>()?;
        Ok(Some(Json::Object(map).to_string()))
    }

    fn option(&self, name: &str, runtime: &dyn Runtime) -> Result<Option<String>> {
        let section = self.options.get(name);
        section.map(|section| section.text(runtime)).transpose()
    }

    fn wanted(&self, runtime: &dyn Runtime) -> Result<Wanted> {
        let url = self.url.text(runtime)?;
        let method = self.option("method", runtime)?.unwrap_or_default();
        let method = match method.to_ascii_uppercase().as_str() {
            "" | "GET" => "GET",
            "POST" => "POST",
            _ => return Err(Error::with_msg("`:method` is `get` or `post`")),
        };
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| Ok((name.clone(), value.text(runtime)?)));
        Ok(Wanted {
            cached_for: self.cached_for(method, runtime)?,
            is_retried: self.options.contains_key("retry"),
            request: Request {
                method: method.to_owned(),
                url,
                headers: headers.collect::<Result<_>>()?,
                body: self.body(runtime)?,
                content_type: self.option("content_type", runtime)?,
                basic_auth: self.option("basic_auth", runtime)?,
            },
        })
    }

    /// Answers to GET may be used again, those to POST where the tag says so.
    fn cached_for(&self, method: &str, runtime: &dyn Runtime) -> Result<Option<Duration>> {
        if self.options.contains_key("no_cache") {
            return Ok(None);
        }
        let asked =
            match self.option("cache_max_age", runtime)? {
                None if method == "GET" => limits::CONTENT_CACHED_MIN,
                None => return Ok(None),
                Some(text) => Duration::from_secs(text.parse().map_err(|_| {
                    Error::with_msg("`:cache_max_age` is a whole number of seconds")
                })?),
            };
        let bounded = asked.clamp(limits::CONTENT_CACHED_MIN, limits::CONTENT_CACHED_MAX);
        Ok(Some(bounded))
    }

    /// The answer at a position among the contents under its name, or a text in its place.
    fn use_of(&self, at: usize, out: &mut dyn Write, runtime: &dyn Runtime) -> Result<()> {
        let save = self.option("save", runtime)?;
        let is_saved = save.is_some();
        let name = KString::from_string(save.unwrap_or_else(|| UNNAMED.to_owned()));
        let mut state = runtime.registers().get_mut::<State>();
        let state = &mut *state;
        let Some(value) = state.contents.value(at) else {
            return Ok(());
        };
        if let (Value::Scalar(text), false) = (value, is_saved) {
            return out
                .write_all(text.to_kstr().as_bytes())
                .map_err(|_| overgrown());
        }
        state.answers.insert(name, at);
        Ok(())
    }
}

/// An answer as it is to be used, with its position.
enum Given {
    Good(usize),
    Bad(String),
}

/// What was fetched before, if it was. Its body is paid for when it is parsed.
fn given(request: &Request, runtime: &dyn Runtime) -> Result<Option<Given>> {
    let mut state = runtime.registers().get_mut::<State>();
    let state = &mut *state;
    let Some((at, response)) = state.contents.find(request) else {
        return Ok(None);
    };
    match response {
        Response::Bad { host, why } => Ok(Some(Given::Bad(Response::absent(host, why)))),
        Response::Good { body, .. } => {
            if state.contents.is_unread(at) {
                state.budget.build(json_bytes(body))?;
            }
            Ok(Some(Given::Good(at)))
        }
    }
}

impl Renderable for Content {
    fn render_to(&self, out: &mut dyn Write, runtime: &dyn Runtime) -> Result<()> {
        let wanted = self.wanted(runtime)?;
        check(&wanted.request, runtime)?;
        match given(&wanted.request, runtime)? {
            Some(Given::Good(at)) => self.use_of(at, out, runtime),
            Some(Given::Bad(why)) => {
                note_miss(runtime.registers(), why);
                Ok(())
            }
            None => {
                runtime.registers().get_mut::<State>().missing = Some(Box::new(wanted));
                Err(Error::with_msg("connected content is to be fetched"))
            }
        }
    }
}

/// Only hosts that Settings allow are asked, whatever a template makes of a user's attributes.
fn check(request: &Request, runtime: &dyn Runtime) -> Result<()> {
    let state = runtime.registers().get_mut::<State>();
    let nothing = Access::default();
    let library = state.library.as_ref();
    let access = library.map_or(&nothing, |library| library.access());
    let allowed = access.check(&request.url, request.basic_auth.as_deref());
    allowed.map_err(|denied| Error::with_msg(denied.to_string()))?;
    Ok(())
}
