//! What documents mean: filters and templates compile, messages pass, references lead somewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use regex::Regex;

use super::names::Blocks;
use crate::campaign::case::{Spot, Tests};
use crate::campaign::read::file::{
    CampaignFile, MessengerFile, OnUnknown, Resource, SecretRef, WebhookFile,
};
use crate::campaign::read::source::{Asked, Parsed, Read, SourceFile};
use crate::campaign::read::spans::duration;
use crate::campaign::set::{
    Campaign, Channel, ChannelKind, HeaderValue, Message, Page, Set, Webhook,
};
use crate::diagnostic::codes::MISSING_REFERENCE;
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::model::limits;
use crate::model::resource::{Document, Kind};
use crate::model::value::Type;
use crate::segment::{Declared, Filter};
use crate::template::{Branch, Library};

const GRAPH_URL: &str = "https://graph.facebook.com";
const GRAPH_VERSION: &str = "v25.0";

pub(in crate::campaign) struct Checker<'a> {
    /// Some files do not parse: what is missing may stand there.
    is_part: bool,
    /// What is missing may be applied by another owner.
    has_others: bool,
    pub(in crate::campaign) declared: Declared,
    pub(in crate::campaign) set: Set,
    pub(in crate::campaign) tests: Tests,
    /// Branches of texts with where they stand, where they are counted.
    pub(in crate::campaign) branches: Vec<(Branch, Spot)>,
    /// Content blocks, catalogs and hosts, while they are read.
    pub(in crate::campaign) shelves: Library,
    /// The same once all are there: texts are compiled with it.
    pub(in crate::campaign) library: Arc<Library>,
    /// Messages of templates by name; none for one that is broken.
    pub(in crate::campaign) templates: BTreeMap<String, Option<Arc<Message>>>,
    pub(in crate::campaign) problems: &'a mut Vec<Diagnostic>,
    /// What content blocks read and give.
    pub(in crate::campaign) blocks: Blocks,
    /// Filters, so that a segment used by many campaigns is compiled once.
    pub(in crate::campaign) filters: BTreeMap<String, Filter>,
    /// `on_unknown` of channels.
    resends: BTreeMap<String, bool>,
    /// What Settings take for marketing.
    pub(in crate::campaign) marketing: Option<Regex>,
    /// Whether each channel is a Messenger page, those among them whose files are misshapen.
    pub(in crate::campaign) messengers: BTreeMap<String, bool>,
    /// Kind and name of every resource, those among them whose files are misshapen.
    names: BTreeSet<(String, String)>,
}

/// Checks all documents against each other and compiles them. With `has_others` what is missing may be applied by another
/// owner.
pub(in crate::campaign) fn check(
    parsed: &[Parsed<'_>],
    misshapen: &[Read<'_>],
    csv_files: &[&SourceFile],
    (asked, has_others): (Asked, bool),
    problems: &mut Vec<Diagnostic>,
) -> (Set, Tests) {
    let Asked {
        is_part,
        is_covered,
        ..
    } = asked;
    let mut checker = Checker {
        is_part,
        has_others,
        declared: known(parsed, misshapen, is_part),
        set: Set::empty(),
        tests: Tests::default(),
        branches: Vec::new(),
        shelves: Library::default(),
        library: Arc::default(),
        templates: BTreeMap::new(),
        blocks: Blocks::of(parsed),
        problems,
        filters: BTreeMap::new(),
        resends: BTreeMap::new(),
        marketing: None,
        messengers: messengers(parsed, misshapen),
        names: names(parsed, misshapen),
    };
    if is_covered {
        checker.shelves.count_visits();
    }
    // Each after what it refers to.
    checker.attributes(parsed);
    checker.share(parsed, misshapen, csv_files);
    for one in parsed {
        match &one.resource {
            Resource::Messenger(file) => checker.messenger(one, file),
            Resource::Webhook(file) => checker.webhook(one, file),
            _ => {}
        }
    }
    checker.segments(parsed);
    checker.message_templates(parsed);
    for one in parsed {
        if let Resource::Campaign(file) = &one.resource {
            checker.campaign(parsed, one, file);
        }
    }
    checker.names(parsed);
    for read in misshapen {
        checker.misshapen(read);
    }
    checker.tests(parsed);
    let (mut set, tests) = (checker.set, checker.tests);
    set.declared = checker.declared;
    set.documents.extend(parsed.iter().map(document));
    set.documents
        .sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    // Catalogs may share a file.
    set.documents
        .dedup_by(|a, b| (a.kind, &a.name) == (b.kind, &b.name));
    (set, tests)
}

/// What filters may name, save what attributes files declare and the segments. PSIDs are texts, whatever users
/// hold so far.
fn known(parsed: &[Parsed<'_>], misshapen: &[Read<'_>], is_part: bool) -> Declared {
    let attributes = parsed.iter().filter_map(|one| match &one.resource {
        Resource::Messenger(file) => Some(file.psid_attribute()),
        _ => None,
    });
    let mut declared: Declared = attributes
        .map(|name| (vec![name.to_owned()], Type::String))
        .collect();
    for (kind, name) in names(parsed, misshapen) {
        if kind == "Campaign" {
            declared.add_campaign(name);
        }
    }
    if is_part {
        declared.mark_part();
    }
    declared
}

fn messengers(parsed: &[Parsed<'_>], misshapen: &[Read<'_>]) -> BTreeMap<String, bool> {
    let all = parsed.iter().map(|one| &one.read).chain(misshapen);
    let channels = all.filter(|read| read.root.text("kind") == Some("Channel"));
    let named =
        channels.filter_map(|read| Some((read.root.text("name")?, read.root.text("type")?)));
    named
        .map(|(name, variant)| (name.to_owned(), variant == "messenger"))
        .collect()
}

fn names(parsed: &[Parsed<'_>], misshapen: &[Read<'_>]) -> BTreeSet<(String, String)> {
    let all = parsed.iter().map(|one| &one.read).chain(misshapen);
    let named = all.filter_map(|read| Some((read.root.text("kind")?, read.root.text("name")?)));
    named
        .map(|(kind, name)| (kind.to_owned(), name.to_owned()))
        .collect()
}

fn document(one: &Parsed<'_>) -> Document {
    Document {
        kind: one.kind,
        name: one.name.clone(),
        path: one.read.file.path.clone(),
        source: one.read.file.text.clone(),
        // Given once all are known.
        owner: String::new(),
    }
}

// === impl Checker ===

impl Checker<'_> {
    /// What messages share, before any of them.
    fn share(&mut self, parsed: &[Parsed<'_>], misshapen: &[Read<'_>], csv_files: &[&SourceFile]) {
        // What a misshapen file holds is not known: what seems missing may stand there.
        let shared = ["ContentBlock", "Catalog", "Settings"];
        let is_shared = |read: &Read<'_>| shared.contains(&read.root.text("kind").unwrap_or(""));
        if self.is_part || misshapen.iter().any(is_shared) {
            self.shelves.mark_part();
        }
        self.settings(parsed);
        self.catalogs(parsed, csv_files);
        self.content_blocks(parsed);
        self.library = Arc::new(std::mem::take(&mut self.shelves));
    }

    fn messenger(&mut self, one: &Parsed<'_>, file: &MessengerFile) {
        let graph_url = file
            .graph_url
            .clone()
            .unwrap_or_else(|| GRAPH_URL.to_owned());
        if file.graph_url.is_some() {
            self.url(&one.read, "graph_url", &graph_url);
        }
        self.resends.insert(
            file.name.clone(),
            file.on_unknown == Some(OnUnknown::Resend),
        );
        let page = Page {
            page_id: file.page_id.clone(),
            token: file.token.clone(),
            app_secret: file.app_secret.clone(),
            psid_attribute: file.psid_attribute().to_owned(),
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
            kind: ChannelKind::Messenger(page),
        };
        self.set
            .channels
            .insert(file.name.clone(), Arc::new(channel));
    }

    fn webhook(&mut self, one: &Parsed<'_>, file: &WebhookFile) {
        self.url(&one.read, "url", &file.url);
        self.resends
            .insert(file.name.clone(), file.on_unknown != Some(OnUnknown::Leave));
        let user = (Kind::Channel, file.name.as_str());
        let url = self.text(&one.read, "url", &file.url, user);
        let mut headers = Vec::new();
        for (name, value) in &file.headers {
            self.header(&one.read, name, value);
            let at = format!("headers.{name}");
            let value = match value {
                serde_yaml::Value::String(text) => {
                    let text = self.text(&one.read, &at, text, user);
                    text.map(HeaderValue::Text)
                }
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
            kind: ChannelKind::Webhook(webhook),
        };
        self.set
            .channels
            .insert(file.name.clone(), Arc::new(channel));
    }

    fn campaign(&mut self, parsed: &[Parsed<'_>], one: &Parsed<'_>, file: &CampaignFile) {
        self.trigger(one, file);
        self.refers(&one.read, "channel", Some(&file.channel));
        self.refers(&one.read, "segment", file.segment.as_deref());
        self.refers(&one.read, "template", file.template.as_deref());
        let own = file
            .filter
            .as_deref()
            .and_then(|text| self.filter(&one.read, "filter", text));
        let segment = file
            .segment
            .as_ref()
            .and_then(|name| self.filters.get(name))
            .cloned();
        let audience = match (&segment, &own) {
            (Some(segment), Some(own)) => Some(segment.and(own)),
            (segment, own) => segment.as_ref().or(own.as_ref()).cloned(),
        };
        self.uses_of(file, audience.as_ref());
        let parts = [segment.as_ref(), own.as_ref()];
        self.advise(parsed, one, file, parts, audience.as_ref());
        let Some(message) = self.message(&one.read, file) else {
            return;
        };
        let gaps = self.gaps(parsed, one, file, (&message, audience.as_ref()));
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
            max_audience: file.max_audience,
            message,
            gaps,
            resend_unknown: file
                .delivery
                .on_unknown
                .map_or(resend, |choice| choice == OnUnknown::Resend),
        };
        self.set
            .campaigns
            .insert(file.name.clone(), Arc::new(campaign));
    }

    /// What the campaign names, for plans to show what a change reaches.
    fn uses_of(&mut self, file: &CampaignFile, audience: Option<&Filter>) {
        let user = (Kind::Campaign, file.name.as_str());
        let uses = &mut self.set.uses;
        uses.add(user, (Kind::Channel, &file.channel));
        if let Some(template) = &file.template {
            uses.add(user, (Kind::Template, template));
        }
        let named = audience.map(Filter::segments).unwrap_or_default();
        for segment in file.segment.iter().chain(&named) {
            uses.add(user, (Kind::Segment, segment));
        }
    }

    fn trigger(&mut self, one: &Parsed<'_>, file: &CampaignFile) {
        let not_supported = |what: &str| {
            Diagnostic::error(
                codes::NOT_SUPPORTED,
                format!("the trigger `{what}` is not supported"),
            )
            .at(format!("trigger.{what}"))
            .hint("write `trigger: {api: {}}` and start it with SendCampaign or `recado send`")
        };
        if file.trigger.event.is_some() {
            self.report(&one.read, not_supported("event"));
        } else if file.trigger.schedule.is_some() {
            self.report(&one.read, not_supported("schedule"));
        } else if file.trigger.api.is_none() {
            let problem =
                Diagnostic::error(codes::MISSING_KEY, "a trigger is missing").at("trigger");
            self.report(&one.read, problem.hint("write `trigger: {api: {}}`"));
        }
    }

    pub(in crate::campaign) fn refers(&mut self, read: &Read<'_>, key: &str, name: Option<&str>) {
        let Some(name) = name else { return };
        let kind = match key {
            "channel" => "Channel",
            "template" => "Template",
            _ => "Segment",
        };
        let is_there = |(of, known): &(String, String)| of == kind && known == name;
        if self.names.iter().any(is_there) {
            return;
        }
        if self.has_others {
            let message = format!("there is no {key} `{name}` among these files");
            let warning = Diagnostic::warning(codes::NOT_AMONG_FILES, message).at(key);
            let hint = "another owner must have applied it: `recado plan` looks, and `--beside DIR` gives their files";
            self.report(read, warning.hint(hint));
        }
        if self.is_part {
            return;
        }
        let of_kind = self.names.iter().filter(|(of, _)| of == kind);
        let mut known = of_kind.map(|(_, name)| name.as_str());
        let mut problem =
            Diagnostic::error(MISSING_REFERENCE, format!("there is no {key} `{name}`")).at(key);
        if let Some(meant) = did_you_mean(name, &mut known) {
            problem = problem.hint(format!("did you mean `{meant}`?"));
        }
        self.report(read, problem);
    }
}

/// `{env: NAME}` or `{file: path}`, which `verify` has seen to.
fn secret(value: &serde_yaml::Value) -> Option<SecretRef> {
    let text = |key: &str| value.get(key)?.as_str().map(str::to_owned);
    text("env")
        .map(SecretRef::Env)
        .or_else(|| text("file").map(SecretRef::File))
}
