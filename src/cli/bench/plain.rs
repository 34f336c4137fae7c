//! The same texts by the library as it comes: its own tags, filters and runtime, without our bounds, misses and checks.

use std::collections::BTreeMap;

use anyhow::{Context as _, anyhow};
use liquid_core::model::{DateTime, KString, Object, Value as Liquid};
use liquid_core::runtime::RuntimeBuilder;
use liquid_core::{Language, Renderable, Template, ValueView as _};
use liquid_lib::stdlib;
use serde_json::{Value as Json, json};

use super::texts::{Ours, Work, delivery};
use crate::cli::error::Error;
use crate::model::Value;

/// What the library prints of a time, and reads.
const TIME: &str = "%Y-%m-%d %H:%M:%S %z";
const TIME_LEN: usize = "2026-11-23 10:00:00 +0000".len();

/// The texts compiled, and one user as the library wants it.
pub(super) struct Plain {
    texts: Vec<Template>,
    requested: usize,
    globals: Object,
}

// === impl Plain ===

impl Plain {
    pub(super) fn new(work: &Work) -> Result<Self, Error> {
        let mut language = Language::empty();
        language
            .blocks
            .register("if".into(), stdlib::IfBlock.into());
        let filters = &mut language.filters;
        filters.register("default".into(), stdlib::Default.into());
        filters.register("date".into(), stdlib::Date.into());
        let texts = work.texts.iter().map(|case| {
            let elements = liquid_core::parser::parse(&case.plain, &language);
            elements.map(Template::new)
        });
        let mut globals = to_object(&work.attributes()?);
        globals.extend(to_object(&work.trigger_properties()?));
        for value in globals.values_mut() {
            // A time is one already, so that the library need not parse it at each render.
            let time = DateTime::from_str(&value.to_kstr());
            if let Some(time) = time.filter(|_| value.to_kstr().len() == TIME_LEN) {
                *value = Liquid::scalar(time);
            }
        }
        Ok(Self {
            texts: texts
                .collect::<Result<_, _>>()
                .map_err(|error| anyhow!("{error}"))?,
            requested: work.requested()?,
            globals,
        })
    }

    pub(super) fn text(&self, at: usize) -> Result<String, Error> {
        self.render(at, &self.globals)
    }

    fn render(&self, at: usize, globals: &Object) -> Result<String, Error> {
        let runtime = RuntimeBuilder::new().set_globals(globals).build();
        let mut bytes = Vec::with_capacity(256);
        self.texts[at]
            .render_to(&mut bytes, &runtime)
            .map_err(|error| anyhow!("{error}"))?;
        Ok(String::from_utf8(bytes).context("not text")?)
    }

    /// From the same row to the same bytes, without the checks on the way.
    pub(super) fn request(&self, work: &Work, ours: &Ours, n: u64) -> Result<String, Error> {
        let profile = ours.profile(n)?;
        let mut globals = to_object(&profile.attributes);
        globals.extend(to_object(ours.trigger_properties()));
        let text = self.render(self.requested, &globals)?;
        let mut message = work.request.clone();
        message.insert("text".to_owned(), text.into());
        message.insert("metadata".to_owned(), delivery(n).to_string().into());
        let psid = profile.attributes.get("messenger_id").map(Value::to_json);
        let body = json!({
            "messaging_type": "UPDATE",
            "recipient": {"id": psid.unwrap_or(Json::Null)},
            "message": message,
        });
        Ok(body.to_string())
    }
}

fn to_object(map: &BTreeMap<String, Value>) -> Object {
    let fields = map.iter();
    fields
        .map(|(name, value)| (KString::from_ref(name), to_liquid(value)))
        .collect()
}

fn to_liquid(value: &Value) -> Liquid {
    match value {
        Value::Bool(b) => Liquid::scalar(*b),
        Value::Int(n) => Liquid::scalar(*n),
        Value::Double(n) => Liquid::scalar(*n),
        Value::String(text) => Liquid::scalar(text.clone()),
        Value::Timestamp(at) => Liquid::scalar(at.strftime(TIME).to_string()),
        Value::List(items) => Liquid::Array(items.iter().map(to_liquid).collect()),
        Value::Object(map) => Liquid::Object(to_object(map)),
    }
}
