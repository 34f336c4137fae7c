//! The parts of documents that are languages of their own: filters, templates, messages, addresses.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value as Json;

use super::checker::Checker;
use crate::campaign::read::file::{CampaignFile, RawFile, Resource};
use crate::campaign::read::node::Value;
use crate::campaign::read::source::{Parsed, Read};
use crate::campaign::set::Message;
use crate::diagnostic::codes::WRONG_VALUE;
use crate::diagnostic::{Diagnostic, codes};
use crate::messenger;
use crate::model::resource::Kind;
use crate::segment::{self, Filter};
use crate::template::{self, Text, Tree};

/// Headers that every call gets from us, or that the connection sets.
pub(in crate::campaign) const OWN_HEADERS: [&str; 8] = [
    "connection",
    "content-length",
    "host",
    "idempotency-key",
    "recado-test",
    "te",
    "transfer-encoding",
    "upgrade",
];
/// What a campaign or a template says of its message.
struct Parts<'a> {
    user: (Kind, &'a str),
    message: Option<&'a Json>,
    raw: Option<&'a RawFile>,
    is_messenger: bool,
}

// === impl Checker ===

impl Checker<'_> {
    pub(in crate::campaign) fn report(&mut self, read: &Read<'_>, problem: Diagnostic) {
        self.problems.push(read.root.placed(read.file, problem));
    }

    pub(in crate::campaign) fn report_all(
        &mut self,
        read: &Read<'_>,
        at: &str,
        problems: Vec<Diagnostic>,
    ) {
        for mut problem in problems {
            problem.path = match (at.is_empty(), problem.path.is_empty()) {
                (_, true) => at.to_owned(),
                (true, false) => problem.path,
                (false, false) if problem.path.starts_with('[') => format!("{at}{}", problem.path),
                (false, false) => format!("{at}.{}", problem.path),
            };
            self.report(read, problem);
        }
    }

    pub(in crate::campaign) fn filter(
        &mut self,
        read: &Read<'_>,
        at: &str,
        text: &str,
    ) -> Option<Filter> {
        match segment::compile(text, &self.declared) {
            Ok(filter) => {
                self.report_all(read, at, filter.warnings().to_vec());
                Some(filter)
            }
            Err(problems) => {
                self.report_all(read, at, problems);
                None
            }
        }
    }

    pub(in crate::campaign) fn text(
        &mut self,
        read: &Read<'_>,
        at: &str,
        text: &str,
        user: (Kind, &str),
    ) -> Option<Text> {
        match Text::compile_with(text, &self.library) {
            Ok(text) => {
                let branches = text.branches().iter().map(|branch| ("", branch));
                self.note_branches(read, at, branches);
                if let Some(used) = text.references() {
                    self.set.uses.add_references(user, used);
                }
                Some(text)
            }
            Err(problems) => {
                self.report_all(read, at, problems);
                None
            }
        }
    }

    /// A header's name, and that its value is no secret in the clear.
    pub(in crate::campaign) fn header(
        &mut self,
        read: &Read<'_>,
        name: &str,
        value: &serde_yaml::Value,
    ) {
        let at = format!("headers.{name}");
        let is_token = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c);
        let lower = name.to_ascii_lowercase();
        if name.is_empty() || !name.bytes().all(is_token) {
            let problem =
                Diagnostic::error(WRONG_VALUE, format!("`{name}` is not a header's name")).at(at);
            self.report(read, problem.hint("letters, digits and `-`"));
        } else if OWN_HEADERS.contains(&lower.as_str()) {
            let message = format!("the header `{name}` is set by Recado");
            self.report(
                read,
                Diagnostic::error(WRONG_VALUE, message)
                    .at(at)
                    .hint("remove it"),
            );
        } else if template::is_secret_header(name) && value.is_string() {
            let message = "a secret must not stand in a file";
            let hint = "write `{env: NAME}` or `{file: path}`; the whole value goes there, `Bearer` included";
            let problem = Diagnostic::error(codes::LITERAL_SECRET, message).at(at);
            self.report(read, problem.hint(hint));
        }
    }

    pub(in crate::campaign) fn url(&mut self, read: &Read<'_>, at: &str, text: &str) {
        if !text.starts_with("https://") && !text.starts_with("http://") && !text.starts_with("{{")
        {
            let problem = Diagnostic::error(WRONG_VALUE, format!("`{at}` is not a URL")).at(at);
            self.report(read, problem.hint("begin it with `https://`"));
        }
        if template::is_secret_in_url(text) {
            let message = "a secret must not stand in a URL";
            let hint = "send it as a header: `headers: {NAME: {env: VARIABLE}}`; then renew it, since it stood in a file";
            let problem = Diagnostic::error(codes::LITERAL_SECRET, message).at(at);
            self.report(read, problem.hint(hint));
        }
    }

    /// The message of a campaign, its own or that of its template.
    pub(in crate::campaign) fn message(
        &mut self,
        read: &Read<'_>,
        file: &CampaignFile,
    ) -> Option<Arc<Message>> {
        let is_messenger = self.messengers.get(&file.channel) == Some(&true);
        let Some(name) = &file.template else {
            let parts = Parts {
                user: (Kind::Campaign, &file.name),
                message: file.message.as_ref(),
                raw: file.raw.as_ref(),
                is_messenger,
            };
            return self.parts(read, &parts).map(Arc::new);
        };
        for (key, is_there) in [
            ("message", file.message.is_some()),
            ("raw", file.raw.is_some()),
        ] {
            if is_there {
                let message = format!("`template` and `{key}` exclude each other");
                let problem = Diagnostic::error(WRONG_VALUE, message).at(key);
                self.report(read, problem.hint("keep one of them"));
            }
        }
        // One that is missing or broken was reported.
        let message = self.templates.get(name).cloned().flatten()?;
        if is_messenger && matches!(*message, Message::Raw { .. }) {
            let text = "a Messenger channel takes no `raw` body, and the template is one";
            let problem = Diagnostic::error(WRONG_VALUE, text).at("template");
            self.report(read, problem.hint("write `message:` in the template"));
            return None;
        }
        Some(message)
    }

    /// Templates: each is held against the Send API when a campaign of a Messenger page uses it.
    pub(in crate::campaign) fn message_templates(&mut self, parsed: &[Parsed<'_>]) {
        let campaigns = parsed.iter().filter_map(|one| match &one.resource {
            Resource::Campaign(file) => Some((file.template.as_deref()?, file.channel.as_str())),
            _ => None,
        });
        let on_messenger: BTreeSet<&str> = campaigns
            .filter(|(_, channel)| self.messengers.get(*channel) == Some(&true))
            .map(|(template, _)| template)
            .collect();
        let named = on_messenger.iter().map(|name| (*name).to_owned());
        self.tests.on_messenger = named.collect();
        for one in parsed {
            let Resource::Template(file) = &one.resource else {
                continue;
            };
            let parts = Parts {
                user: (Kind::Template, &file.name),
                message: file.message.as_ref(),
                raw: file.raw.as_ref(),
                // A raw body is refused where it is used.
                is_messenger: file.raw.is_none() && on_messenger.contains(file.name.as_str()),
            };
            let message = self.parts(&one.read, &parts).map(Arc::new);
            self.templates.insert(file.name.clone(), message);
        }
    }

    fn parts(&mut self, read: &Read<'_>, parts: &Parts<'_>) -> Option<Message> {
        match (parts.message, parts.raw) {
            (Some(_), Some(_)) => {
                let problem =
                    Diagnostic::error(WRONG_VALUE, "`message` and `raw` exclude each other")
                        .at("raw");
                self.report(read, problem.hint("keep one of them"));
                None
            }
            (None, None) => {
                let problem = Diagnostic::error(codes::MISSING_KEY, "`message` is missing");
                let hint = "add `message:`, such as `message: {text: Hello}`";
                self.report(read, problem.hint(hint));
                None
            }
            (None, Some(_)) if parts.is_messenger => {
                let problem =
                    Diagnostic::error(WRONG_VALUE, "a Messenger channel takes no `raw` body")
                        .at("raw");
                self.report(read, problem.hint("write `message:`"));
                None
            }
            (None, Some(raw)) => {
                self.unescaped(read, raw);
                let body = self.text(read, "raw.body", &raw.body, parts.user)?;
                Some(Message::Raw {
                    content_type: raw.content_type.clone(),
                    body,
                })
            }
            (Some(json), None) => {
                let tree = self.tree(read, json, parts.is_messenger)?;
                self.set.uses.add_references(parts.user, tree.references());
                Some(Message::Tree(tree))
            }
        }
    }

    /// A message, with every problem of its templates or of its shape.
    fn tree(&mut self, read: &Read<'_>, json: &Json, is_messenger: bool) -> Option<Tree> {
        let tree = match Tree::compile_with(json, &self.library) {
            Ok(tree) => tree,
            Err(problems) => {
                self.report_all(read, "message", problems);
                // The shape, and texts that hold no template, can be checked all the same.
                if is_messenger {
                    let problems = messenger::check(json, &|path| is_template(json, path));
                    self.report_all(read, "message", problems);
                }
                return None;
            }
        };
        let branches = tree.branches().iter();
        self.note_branches(
            read,
            "message",
            branches.map(|(path, branch)| (path.as_str(), branch)),
        );
        if is_messenger {
            let problems = messenger::check(json, &|path| tree.is_dynamic(path));
            self.report_all(read, "message", problems);
            self.marketing(read, json);
        }
        Some(tree)
    }

    /// What can be checked in a document that has the wrong shape elsewhere.
    pub(in crate::campaign) fn misshapen(&mut self, read: &Read<'_>) {
        if let Some(text) = read.root.text("filter") {
            self.filter(read, "filter", text);
        }
        if read.root.text("kind") == Some("Campaign") {
            self.refers(read, "channel", read.root.text("channel"));
            self.refers(read, "segment", read.root.text("segment"));
            self.refers(read, "template", read.root.text("template"));
        }
        let name = read.root.text("name").unwrap_or_default();
        let raw = read.root.get("raw").map(|entry| &entry.value);
        if let Some(body) = raw.and_then(|raw| raw.text("body")) {
            self.text(read, "raw.body", body, (Kind::Campaign, name));
        }
        let Some(message) = read.root.get("message") else {
            return;
        };
        if matches!(message.value.value, Value::Map(_)) {
            let channel = read.root.text("channel").unwrap_or_default();
            let is_messenger = self.messengers.get(channel) == Some(&true);
            self.tree(read, &message.value.to_json(), is_messenger);
        }
    }
}

fn is_template(message: &Json, path: &str) -> bool {
    let pointer = path.replace(['.', '['], "/").replace(']', "");
    let leaf = message
        .pointer(&format!("/{pointer}"))
        .and_then(Json::as_str);
    let is_head = path.rsplit('.').next() == Some("each");
    leaf.is_some_and(|text| is_head || text.contains("{{") || text.contains("{%"))
}
