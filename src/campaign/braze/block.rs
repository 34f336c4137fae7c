//! A content block as a ContentBlock: what Braze's `/content_blocks/info` answers.

use std::collections::BTreeSet;

use super::built::EVENTS;
use super::convert::{Converter, Imported};
use super::documents::document;
use super::json::{self, Mode, Value};
use super::yaml::{self, Entry};
use super::{checks, fetches, liquid, names, reads};
use crate::diagnostic::{Diagnostic, codes};

/// Of such an answer, what says nothing about the text.
const SILENT: [&str; 8] = [
    "content_block_id",
    "created_at",
    "inclusion_count",
    "inclusion_data",
    "last_edited",
    "liquid_tag",
    "message",
    "state",
];

/// The answer, if the input is one.
pub(super) fn read(text: &str) -> Option<Value> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let value = json::read(text, Mode::Strict).value.ok()?;
    let is_call = ["url", "messages", "webhook", "recipient"]
        .iter()
        .any(|key| value.get(key).is_some());
    let is_block = value.text("content").is_some() && value.text("name").is_some();
    (is_block && !is_call).then_some(value)
}

// === impl Converter ===

impl Converter<'_> {
    pub(super) fn block(mut self, value: &Value) -> Result<Imported, Box<Diagnostic>> {
        value.leaves(&mut |text| self.scan_text(text));
        let own = value.text("name").unwrap_or_default().trim();
        let name = self.options.name.clone().unwrap_or_else(|| own.to_owned());
        let (name, _) = self.secrets.scrub(&name);
        let mut n_secrets = 0;
        let mut plain = |text: &str| {
            let mut masked = text.to_owned();
            fetches::mask(&mut masked);
            let (text, is_found) = self.secrets.scrub(&masked);
            n_secrets += usize::from(is_found && fetches::is_masked_elsewhere(&text));
            text
        };
        let content = plain(value.text("content").unwrap_or_default());
        let mut entries = vec![
            Entry::text("kind", "ContentBlock"),
            Entry::text("name", &name),
        ];
        let description = value.text("description").unwrap_or_default().trim();
        if !description.is_empty() {
            entries.push(Entry::text("description", plain(description)));
        }
        let tags: Vec<String> = match value.get("tags") {
            Some(Value::List(items)) => items
                .iter()
                .filter_map(|item| match item {
                    Value::Text(text) => Some(plain(text)),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        };
        if !tags.is_empty() {
            entries.push(Entry::new("tags", yaml::labels(&tags)));
        }
        let (content, had_events) = liquid::without_event_properties(&content);
        if had_events {
            self.report.changed(EVENTS);
        }
        entries.push(Entry::text("content", &content));
        self.tell_block(value, &content, &name);
        // A name that is none is told by the checks; a path can be made of any.
        let stem = if names::is_name(&name) {
            name.clone()
        } else {
            names::resource(&name)
        };
        let stem = if stem.is_empty() {
            "content-block".to_owned()
        } else {
            stem
        };
        let file = document("content_blocks", &stem, &[], &entries);
        self.existing.free("ContentBlock", &name, &file)?;
        self.made.push(("ContentBlock", name));
        let mut problems = Vec::new();
        if n_secrets > 0 {
            let problem = Diagnostic::error(
                codes::BRAZE_BY_HAND,
                "a secret stood in the text: `***` is in its place",
            );
            let hint = "a token belongs to a channel (`token`, `headers`) as a reference, not into a text; renew it";
            problems.push(problem.at("content").hint(hint));
        }
        checks::place(&file, problems, &entries, &mut self.report);
        self.files.push(file);
        reads::tell(BTreeSet::new(), &entries, &mut self.report);
        self.close(&entries, 1)
    }

    fn tell_block(&mut self, value: &Value, content: &str, name: &str) {
        self.report.carried(format!("the content block `{name}`"));
        let Value::Map(entries) = value else {
            return;
        };
        for (key, value) in entries {
            match (key.as_str(), value) {
                ("name" | "content" | "description" | "tags", _) | (_, Value::Null) => {}
                ("content_type", Value::Text(kind)) if kind != "html" => {}
                ("content_type", _) => self
                    .report
                    .left("`content_type: html`: the text is put into messages as it stands"),
                (key, _) if SILENT.contains(&key) => {}
                (key, _) => self.report.left(format!("`{key}`")),
            }
        }
        if liquid::without(liquid::JSON_ESCAPES, content).1 {
            self.report.next(
                "take `json_escape` out of the block where it is used in a `message`: texts are encoded once they are \
                 rendered; in `raw` it stays",
            );
        }
    }
}
