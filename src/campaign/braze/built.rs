//! What one webhook comes to, before it is written.

use super::json::{self, Outside, Value, What};
use super::liquid;
use super::report::{BY_HAND, Report};
use super::yaml::{Entry, Yaml};
use crate::diagnostic::Diagnostic;
use crate::model::limits;

/// A channel and a campaign over it.
#[derive(Debug, Default)]
pub(super) struct Built {
    /// Behind `kind` and `name`.
    pub(super) channel: Vec<Entry>,
    pub(super) channel_problems: Vec<Diagnostic>,
    /// For Messenger: the attribute that must be there.
    pub(super) psid_attribute: Option<String>,
    pub(super) content: Content,
    pub(super) campaign_problems: Vec<Diagnostic>,
}

/// `message` or `raw`.
#[derive(Debug)]
pub(super) enum Content {
    /// With what is to be said above a key of it.
    Message(Value, Option<(String, String)>),
    Raw {
        content_type: String,
        body: String,
    },
}

// === impl Content ===

impl Default for Content {
    fn default() -> Self {
        Self::Message(Value::Map(Vec::new()), None)
    }
}

impl Content {
    /// The campaign's entry.
    pub(super) fn entry(&self) -> Entry {
        match self {
            Self::Message(value, remark) => {
                let mut tree = tree(value);
                if let (Yaml::Map(entries), Some((key, remark))) = (&mut tree, remark) {
                    let entry = entries.iter_mut().find(|entry| entry.key == *key);
                    if let Some(entry) = entry {
                        entry.remark = Some(remark.clone());
                    }
                }
                Entry::new("message", tree)
            }
            Self::Raw { content_type, body } => {
                let raw = vec![
                    Entry::text("content_type", content_type),
                    Entry::text("body", body.trim()),
                ];
                Entry::new("raw", Yaml::Map(raw))
            }
        }
    }

    /// Every text, to be changed.
    pub(super) fn texts_mut(&mut self, each: &mut impl FnMut(&str, &mut String)) {
        match self {
            Self::Message(value, _) => value.leaves_mut("", each),
            Self::Raw { body, .. } => each("body", body),
        }
    }
}

fn tree(value: &Value) -> Yaml {
    match value {
        Value::Null => Yaml::Bare("null".to_owned()),
        Value::Bool(b) => Yaml::Bare(b.to_string()),
        Value::Number(text) => Yaml::Bare(text.clone()),
        Value::Text(text) | Value::Output(text) => Yaml::Text(text.clone()),
        Value::List(items) => Yaml::List(items.iter().map(tree).collect()),
        Value::Map(map) => {
            let entries = map.iter().map(|(key, value)| Entry::new(key, tree(value)));
            Yaml::Map(entries.collect())
        }
    }
}

/// Makes the texts of a message what they must be where each stands alone.
pub(super) fn settle(message: &mut Value, prelude: Option<&str>, report: &mut Report) {
    let (mut n_escapes, mut n_events) = (0, 0);
    message.leaves_mut("", &mut |_, text| {
        let (plain, had_escapes) = liquid::without(liquid::JSON_ESCAPES, text);
        let (plain, had_events) = liquid::without_event_properties(&plain);
        n_escapes += u32::from(had_escapes);
        n_events += u32::from(had_events);
        *text = plain;
    });
    if n_escapes > 0 {
        report.changed(format!(
            "the filter `json_escape` is gone from {}: texts are encoded once they are rendered",
            many(n_escapes, "text")
        ));
    }
    if n_events > 0 {
        report.changed(EVENTS);
    }
    if let Some(prelude) = prelude {
        lead(message, prelude, report);
    }
}

/// What is told where `event_properties` were read.
pub(super) const EVENTS: &str = "`event_properties` is `api_trigger_properties` now: who starts the campaign gives what \
                                 the event held";

/// Puts the tags before a body in front of the texts that need them.
fn lead(message: &mut Value, prelude: &str, report: &mut Report) {
    let (prelude, had_events) = liquid::without_event_properties(prelude);
    if had_events {
        report.changed(EVENTS);
    }
    let names = liquid::given(&prelude);
    let mut n_texts = 0;
    message.leaves_mut("", &mut |_, text| {
        if liquid::mentions(text, &names) {
            text.insert_str(0, &prelude);
            n_texts += 1;
        }
    });
    // One text is enough to abort the message.
    if n_texts == 0 && prelude.contains("abort_message") {
        message.leaves_mut("", &mut |key, text| {
            if n_texts == 0 && matches!(key, "text" | "title" | "subtitle") {
                text.insert_str(0, &prelude);
                n_texts += 1;
            }
        });
    }
    match n_texts {
        0 => report.changed("the Liquid before the body is gone: no text uses what it assigns"),
        n => report.changed(format!(
            "the Liquid before the body stands in {} now: each text is rendered by itself",
            many(n, "text")
        )),
    }
}

/// What stands between the texts and must be rewritten by hand: no tree can hold it.
pub(super) fn by_hand(outside: &[Outside]) -> Vec<Diagnostic> {
    let (mut problems, mut depth) = (Vec::new(), 0_usize);
    for one in outside {
        if let What::Tag(name) = &one.what {
            // What stands within a block goes with it.
            let is_inner = depth > 0 || is_middle(name);
            if name.starts_with("end") {
                depth = depth.saturating_sub(1);
            } else if json::BLOCKS.contains(&name.as_str()) {
                depth += 1;
            }
            if is_inner {
                continue;
            }
        } else if depth > 0 {
            continue;
        }
        problems.push(problem(one));
    }
    problems.truncate(limits::IMPORT_PROBLEMS_MAX);
    problems
}

fn problem(one: &Outside) -> Diagnostic {
    let place = match one.path.as_str() {
        "" => "between the keys".to_owned(),
        path => format!("at `{path}`"),
    };
    let (message, hint) = match &one.what {
        What::Tag(name) => (
            format!("`{{% {name} %}}` {place} stands outside of any text"),
            instead(name),
        ),
        What::Output => (
            format!("the value {place} is whatever its Liquid renders"),
            "a list or map must be written out; a text belongs in quotes",
        ),
        What::Stray => (
            format!("`{{{{ … }}}}` {place} stands outside of any text"),
            "write out what it renders",
        ),
        What::Key => (
            format!("the key {place} holds Liquid"),
            "keys are fixed: write it out",
        ),
        What::Number => (
            format!("the number {place} is too large to stay what it is"),
            "put it in quotes",
        ),
        What::Twice(key) => (
            format!("the key `{key}` stands twice"),
            "remove one of them",
        ),
    };
    let message = format!("{message}: a message has Liquid within its texts only");
    Diagnostic::error(BY_HAND, message)
        .at("raw.body")
        .spanning(one.span.clone())
        .hint(hint)
}

/// Tags that belong to one that was told already.
fn is_middle(name: &str) -> bool {
    name.starts_with("end") || matches!(name, "else" | "elsif" | "when" | "break" | "continue")
}

fn instead(name: &str) -> &'static str {
    match name {
        "for" => {
            "in a list, write `- each: NAME in LIST` and `do:` with what is repeated; or write the items out"
        }
        "tablerow" => "write the items out",
        "assign" | "capture" | "connected_content" | "catalog_items" => {
            "put it into each text that uses what it assigns"
        }
        "abort_message" => "put it into a text, or into the campaign's `filter`",
        _ => {
            "put the condition into the texts, or write one campaign for each case, each with its `filter`"
        }
    }
}

pub(super) fn many(n: u32, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}
