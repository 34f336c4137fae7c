//! `connected_content`: an answer from elsewhere as part of a message.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use liquid_core::model::{KString, Value, ValueView};
use liquid_core::parser::BlockElement;
use liquid_core::{Error, Language, Renderable, Result, Runtime, TagBlock, TagTokenIter};
use serde_json::Value as Json;

use super::block::Block;
use crate::model::limits;
use crate::template::access::Access;
use crate::template::budget::Limited;
use crate::template::content::{Request, Response, Wanted};
use crate::template::filters::from_json;
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
}

/// A part of the tag, a text with outputs in it.
#[derive(Debug, Default)]
struct Section(Vec<Box<dyn Renderable>>);

fn connected_content(
    mut arguments: TagTokenIter<'_>,
    mut tokens: TagBlock<'_, '_>,
    language: &Language,
) -> Result<Box<dyn Renderable>> {
    arguments.expect_nothing()?;
    let mut content = Content::default();
    let mut option: Option<String> = None;
    while let Some(element) = tokens.next()? {
        match element {
            BlockElement::Tag(mut tag) if tag.name() == OPTION => {
                let name = tag.tokens().expect_next("a name is expected")?;
                let name = name.expect_literal().into_result()?.to_kstr().into_string();
                content.options.entry(name.clone()).or_default();
                option = Some(name);
            }
            element => {
                let section = match &option {
                    None => &mut content.url,
                    Some(name) => content.options.entry(name.clone()).or_default(),
                };
                section.0.push(element.parse(&mut tokens, language)?);
            }
        }
    }
    tokens.assert_empty();
    Ok(Box::new(content))
}

// === impl Section ===

impl Section {
    fn text(&self, runtime: &dyn Runtime) -> Result<String> {
        let mut bytes = Vec::new();
        for part in &self.0 {
            part.render_to(&mut Limited::new(&mut bytes), runtime)?;
        }
        runtime
            .registers()
            .get_mut::<State>()
            .budget
            .build(bytes.len())?;
        Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    }
}

// === impl Content ===

impl Content {
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
        let body = self.option("body", runtime)?;
        let content_type = self.option("content_type", runtime)?;
        let is_json = content_type.as_deref() == Some("application/json");
        let headers = match self.option("headers", runtime)? {
            None => BTreeMap::new(),
            Some(text) => serde_json::from_str(&text).map_err(|_| {
                Error::with_msg("`:headers` is no JSON object of texts once it is rendered")
            })?,
        };
        Ok(Wanted {
            cached_for: self.cached_for(method, runtime)?,
            is_retried: self.options.contains_key("retry"),
            request: Request {
                method: method.to_owned(),
                url,
                headers,
                body: body.map(|body| if is_json { json_of_form(&body) } else { body }),
                content_type,
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

    fn use_of(
        &self,
        response: &Response,
        out: &mut dyn Write,
        runtime: &dyn Runtime,
    ) -> Result<()> {
        let (status, body) = match response {
            Response::Good { status, body } => (*status, body),
            Response::Bad { why } => {
                note_miss(runtime.registers(), why.clone());
                return Ok(());
            }
        };
        let save = self.option("save", runtime)?;
        let name = KString::from_string(save.unwrap_or_else(|| UNNAMED.to_owned()));
        match serde_json::from_str::<Json>(body) {
            Ok(Json::Object(mut map)) => {
                map.insert("__http_status_code__".to_owned(), status.into());
                runtime.set_global(name, from_json(&Json::Object(map)));
                Ok(())
            }
            Ok(list @ Json::Array(_)) => {
                runtime.set_global(name, from_json(&list));
                Ok(())
            }
            _ if self.options.contains_key("save") => {
                runtime.set_global(name, Value::scalar(body.clone()));
                Ok(())
            }
            _ => out
                .write_all(body.as_bytes())
                .map_err(|_| Error::with_msg("the text grows too large")),
        }
    }
}

impl Renderable for Content {
    fn render_to(&self, out: &mut dyn Write, runtime: &dyn Runtime) -> Result<()> {
        let wanted = self.wanted(runtime)?;
        check(&wanted.request, runtime)?;
        let given: Option<Arc<Response>> = {
            let state = runtime.registers().get_mut::<State>();
            state.contents.get(&wanted.request).cloned()
        };
        if let Some(response) = given {
            return self.use_of(&response, out, runtime);
        }
        runtime.registers().get_mut::<State>().missing = Some(Box::new(wanted));
        Err(Error::with_msg("connected content is to be fetched"))
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

/// `a=1&b=2` as a JSON object of texts, as Braze makes of a form when the content type is JSON; JSON stays.
fn json_of_form(body: &str) -> String {
    if serde_json::from_str::<Json>(body).is_ok() {
        return body.to_owned();
    }
    let pairs = body.split('&').filter(|pair| !pair.is_empty());
    let map = pairs.map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key.to_owned(), Json::from(value))
    });
    Json::Object(map.collect()).to_string()
}
