//! What documents mean: filters and templates compile, messages pass, references lead somewhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::file::{CampaignFile, MessengerFile, OnUnknown, Resource, SecretRef, WebhookFile};
use super::set::{Campaign, Channel, HeaderValue, Kind, Message, Page, Segment, Set, Webhook};
use super::source::Parsed;
use super::verify::duration;
use crate::diagnostic::{Code, Diagnostic, did_you_mean};
use crate::messenger;
use crate::model::limits;
use crate::model::resource::Document;
use crate::model::value::Type;
use crate::segment::{self, Declared, Filter};
use crate::template::{Text, Tree};

const MISSING_REFERENCE: Code = Code("missing-reference");
const WRONG_VALUE: Code = Code("wrong-value");

const GRAPH_URL: &str = "https://graph.facebook.com";
const GRAPH_VERSION: &str = "v25.0";
const PSID_ATTRIBUTE: &str = "messenger_id";

struct Checker<'a> {
    /// Some files do not parse: what is missing may stand there.
    is_partial: bool,
    declared: Declared,
    set: Set,
    problems: &'a mut Vec<Diagnostic>,
    /// Filters, so that a segment used by many campaigns is compiled once.
    filters: BTreeMap<String, Filter>,
    /// `on_unknown` of channels.
    resends: BTreeMap<String, bool>,
}

/// Checks all documents against each other and compiles them.
pub(super) fn check(
    parsed: &[Parsed<'_>],
    is_partial: bool,
    problems: &mut Vec<Diagnostic>,
) -> Set {
    let mut checker = Checker {
        is_partial,
        declared: psids(parsed),
        set: Set::empty(),
        problems,
        filters: BTreeMap::new(),
        resends: BTreeMap::new(),
    };
    for one in parsed {
        match &one.resource {
            Resource::Messenger(file) => checker.messenger(one, file),
            Resource::Webhook(file) => checker.webhook(one, file),
            Resource::Segment(file) => {
                if let Some(filter) = checker.filter(one, "filter", &file.filter) {
                    checker.filters.insert(file.name.clone(), filter.clone());
                    let description = file.description.clone().unwrap_or_default();
                    let segment = Segment {
                        name: file.name.clone(),
                        description,
                        filter,
                    };
                    checker
                        .set
                        .segments
                        .insert(file.name.clone(), Arc::new(segment));
                }
            }
            Resource::Campaign(_) => {}
        }
    }
    // After what they refer to.
    for one in parsed {
        if let Resource::Campaign(file) = &one.resource {
            checker.campaign(one, file, parsed);
        }
    }
    let mut set = checker.set;
    set.documents = parsed.iter().map(document).collect();
    set.documents
        .sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    set
}

/// PSIDs are texts, whatever users hold so far.
fn psids(parsed: &[Parsed<'_>]) -> Declared {
    let attributes = parsed.iter().filter_map(|one| match &one.resource {
        Resource::Messenger(file) => Some(file.psid_attribute.as_deref().unwrap_or(PSID_ATTRIBUTE)),
        _ => None,
    });
    attributes
        .map(|name| (vec![name.to_owned()], Type::String))
        .collect()
}

fn document(one: &Parsed<'_>) -> Document {
    Document {
        kind: one.kind,
        name: one.name.clone(),
        path: one.file.path.clone(),
        source: one.file.text.clone(),
    }
}

// === impl Checker ===

impl Checker<'_> {
    fn report(&mut self, one: &Parsed<'_>, problem: Diagnostic) {
        self.problems.push(one.root.placed(one.file, problem));
    }

    fn report_all(&mut self, one: &Parsed<'_>, at: &str, problems: Vec<Diagnostic>) {
        for mut problem in problems {
            problem.path = match (at.is_empty(), problem.path.is_empty()) {
                (_, true) => at.to_owned(),
                (true, false) => problem.path,
                (false, false) if problem.path.starts_with('[') => format!("{at}{}", problem.path),
                (false, false) => format!("{at}.{}", problem.path),
            };
            self.report(one, problem);
        }
    }

    fn filter(&mut self, one: &Parsed<'_>, at: &str, text: &str) -> Option<Filter> {
        match segment::compile(text, &self.declared) {
            Ok(filter) => {
                self.report_all(one, at, filter.warnings().to_vec());
                Some(filter)
            }
            Err(problems) => {
                self.report_all(one, at, problems);
                None
            }
        }
    }

    fn text(&mut self, one: &Parsed<'_>, at: &str, text: &str) -> Option<Text> {
        match Text::compile(text) {
            Ok(text) => Some(text),
            Err(problems) => {
                self.report_all(one, at, problems);
                None
            }
        }
    }

    fn url(&mut self, one: &Parsed<'_>, at: &str, text: &str) {
        if !text.starts_with("https://") && !text.starts_with("http://") && !text.starts_with("{{")
        {
            let problem = Diagnostic::error(WRONG_VALUE, "is not a URL").at(at);
            self.report(one, problem.hint("begin it with `https://`"));
        }
    }

    fn messenger(&mut self, one: &Parsed<'_>, file: &MessengerFile) {
        let graph_url = file
            .graph_url
            .clone()
            .unwrap_or_else(|| GRAPH_URL.to_owned());
        if file.graph_url.is_some() {
            self.url(one, "graph_url", &graph_url);
        }
        self.resends.insert(
            file.name.clone(),
            file.on_unknown == Some(OnUnknown::Resend),
        );
        let page = Page {
            page_id: file.page_id.clone(),
            token: file.token.clone(),
            app_secret: file.app_secret.clone(),
            psid_attribute: file
                .psid_attribute
                .clone()
                .unwrap_or_else(|| PSID_ATTRIBUTE.to_owned()),
            graph_url,
            graph_version: file
                .graph_version
                .clone()
                .unwrap_or_else(|| GRAPH_VERSION.to_owned()),
        };
        let pace = Some(file.pace.unwrap_or(limits::PAGE_PACE_PER_SECOND));
        let timeout = file.timeout.as_deref().and_then(duration);
        let channel = Channel {
            name: file.name.clone(),
            pace,
            timeout,
            kind: Kind::Messenger(page),
        };
        self.set
            .channels
            .insert(file.name.clone(), Arc::new(channel));
    }

    fn webhook(&mut self, one: &Parsed<'_>, file: &WebhookFile) {
        self.url(one, "url", &file.url);
        self.resends
            .insert(file.name.clone(), file.on_unknown != Some(OnUnknown::Leave));
        let url = self.text(one, "url", &file.url);
        let mut headers = Vec::new();
        for (name, value) in &file.headers {
            let at = format!("headers.{name}");
            let value = match value {
                serde_yaml::Value::String(text) => self.text(one, &at, text).map(HeaderValue::Text),
                value => secret(value).map(HeaderValue::Secret),
            };
            headers.extend(value.map(|value| (name.clone(), value)));
        }
        let Some(url) = url else { return };
        let webhook = Webhook {
            url,
            method: file.method.clone().unwrap_or_else(|| "POST".to_owned()),
            headers,
            allow_private_network: file.allow_private_network,
        };
        let timeout = file.timeout.as_deref().and_then(duration);
        let channel = Channel {
            name: file.name.clone(),
            pace: file.pace,
            timeout,
            kind: Kind::Webhook(webhook),
        };
        self.set
            .channels
            .insert(file.name.clone(), Arc::new(channel));
    }

    fn campaign(&mut self, one: &Parsed<'_>, file: &CampaignFile, parsed: &[Parsed<'_>]) {
        self.trigger(one, file);
        let names = |kind| {
            parsed
                .iter()
                .filter(move |other| other.kind == kind)
                .map(|other| other.name.as_str())
        };
        self.refers(
            one,
            "channel",
            Some(&file.channel),
            names(crate::model::resource::Kind::Channel),
        );
        self.refers(
            one,
            "segment",
            file.segment.as_deref(),
            names(crate::model::resource::Kind::Segment),
        );
        let own = file
            .filter
            .as_deref()
            .and_then(|text| self.filter(one, "filter", text));
        let segment = file
            .segment
            .as_ref()
            .and_then(|name| self.filters.get(name))
            .cloned();
        let audience = match (segment, own) {
            (Some(segment), Some(own)) => Some(segment.and(&own)),
            (segment, own) => segment.or(own),
        };
        let Some(message) = self.message(one, file) else {
            return;
        };
        let resend = self.resends.get(&file.channel).copied().unwrap_or(false);
        let campaign = Campaign {
            name: file.name.clone(),
            description: file.description.clone().unwrap_or_default(),
            team: file.team.clone().unwrap_or_default(),
            tags: file.tags.clone(),
            channel: file.channel.clone(),
            segment: file.segment.clone(),
            filter: file.filter.clone(),
            audience,
            message,
            resend_unknown: file
                .delivery
                .on_unknown
                .map_or(resend, |choice| choice == OnUnknown::Resend),
        };
        self.set
            .campaigns
            .insert(file.name.clone(), Arc::new(campaign));
    }

    fn trigger(&mut self, one: &Parsed<'_>, file: &CampaignFile) {
        let not_supported = |what: &str| {
            Diagnostic::error(
                Code("not-supported"),
                format!("a `{what}` trigger is not supported"),
            )
            .at(format!("trigger.{what}"))
            .hint("write `trigger: {api: {}}` and start it with SendCampaign or `recado send`")
        };
        if file.trigger.event.is_some() {
            self.report(one, not_supported("event"));
        } else if file.trigger.schedule.is_some() {
            self.report(one, not_supported("schedule"));
        } else if file.trigger.api.is_none() {
            let problem =
                Diagnostic::error(Code("missing-key"), "a trigger is missing").at("trigger");
            self.report(one, problem.hint("write `trigger: {api: {}}`"));
        }
    }

    fn refers<'n>(
        &mut self,
        one: &Parsed<'_>,
        key: &str,
        name: Option<&str>,
        names: impl Iterator<Item = &'n str> + Clone,
    ) {
        let Some(name) = name else { return };
        if self.is_partial || names.clone().any(|known| known == name) {
            return;
        }
        let mut problem =
            Diagnostic::error(MISSING_REFERENCE, format!("there is no {key} `{name}`")).at(key);
        if let Some(meant) = did_you_mean(name, names) {
            problem = problem.hint(format!("did you mean `{meant}`?"));
        }
        self.report(one, problem);
    }

    fn message(&mut self, one: &Parsed<'_>, file: &CampaignFile) -> Option<Message> {
        let channel = self.set.channels.get(&file.channel).cloned();
        let is_messenger =
            channel.is_some_and(|channel| matches!(channel.kind, Kind::Messenger(_)));
        match (&file.message, &file.raw) {
            (Some(_), Some(_)) => {
                let problem =
                    Diagnostic::error(WRONG_VALUE, "`message` and `raw` exclude each other")
                        .at("raw");
                self.report(one, problem.hint("keep one of them"));
                None
            }
            (None, None) => {
                let problem = Diagnostic::error(Code("missing-key"), "`message` is missing");
                self.report(
                    one,
                    problem.hint("add `message:`, such as `message: {text: Hello}`"),
                );
                None
            }
            (None, Some(_)) if is_messenger => {
                let problem =
                    Diagnostic::error(WRONG_VALUE, "a Messenger channel takes no `raw` body")
                        .at("raw");
                self.report(one, problem.hint("write `message:`"));
                None
            }
            (None, Some(raw)) => {
                let body = self.text(one, "raw.body", &raw.body)?;
                Some(Message::Raw {
                    content_type: raw.content_type.clone(),
                    body,
                })
            }
            (Some(json), None) => {
                let tree = match Tree::compile(json) {
                    Ok(tree) => tree,
                    Err(problems) => {
                        self.report_all(one, "message", problems);
                        return None;
                    }
                };
                if is_messenger {
                    let problems = messenger::check(json, &|path| tree.is_dynamic(path));
                    self.report_all(one, "message", problems);
                }
                Some(Message::Tree(tree))
            }
        }
    }
}

/// `{env: NAME}` or `{file: path}`, which `verify` has seen to.
fn secret(value: &serde_yaml::Value) -> Option<SecretRef> {
    let text = |key: &str| value.get(key)?.as_str().map(str::to_owned);
    text("env")
        .map(SecretRef::Env)
        .or_else(|| text("file").map(SecretRef::File))
}
