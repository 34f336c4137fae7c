//! Any other call as a webhook channel and its body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::built::{Built, Content, EVENTS, many, settle};
use super::input::{Body, Source, is_send_api};
use super::json::{self, Mode, Outside, Value, What};
use super::report::{BY_HAND, Report};
use super::secrets::{self, MASK, Secrets};
use super::url::{self, Url};
use super::yaml::{Entry, Yaml};
use super::{form, liquid, names};
use crate::campaign::check::leaves::OWN_HEADERS;
use crate::diagnostic::Diagnostic;

const METHODS: [&str; 4] = ["POST", "GET", "PUT", "DELETE"];
const GRAPH: &str = "graph.facebook.com";

struct Builder<'a> {
    built: Built,
    channel: &'a str,
    secrets: &'a mut Secrets,
    report: &'a mut Report,
}

/// Converts one call.
pub(super) fn build(
    source: &Source,
    channel: &str,
    secrets: &mut Secrets,
    report: &mut Report,
) -> Built {
    let mut builder = Builder {
        built: Built::default(),
        channel,
        secrets,
        report,
    };
    let mut headers = Vec::new();
    let url = builder.url(&source.url, &mut headers);
    builder.headers(&source.headers, &mut headers);
    let content_type = builder.body(source);
    if let Some(content_type) = content_type {
        headers.push(Entry::text("Content-Type", content_type));
    }
    let mut entries = vec![Entry::text("type", "webhook"), Entry::text("url", url)];
    builder.method(&source.method, &mut entries);
    if !headers.is_empty() {
        entries.push(Entry::new("headers", Yaml::Map(headers)));
    }
    builder.built.channel = entries;
    builder.report.next("add a `filter`, or a Segment file, that says whom the campaign went to in Braze: an export does not say it");
    builder.built
}

// === impl Builder ===

impl Builder<'_> {
    fn problem(&mut self, path: &str, message: String, hint: &str) {
        let problem = Diagnostic::error(BY_HAND, message).at(path).hint(hint);
        self.built.channel_problems.push(problem);
    }

    fn method(&mut self, method: &str, entries: &mut Vec<Entry>) {
        match method {
            "" | "POST" => {}
            known if METHODS.contains(&known) => {
                entries.push(Entry::text("method", known));
                self.report.carried(format!("the method `{known}`"));
            }
            other => {
                let message = format!("there is no method `{other}`: the channel has POST");
                self.problem(
                    "url",
                    message,
                    "write the `method` that the endpoint takes: POST, GET, PUT or DELETE",
                );
            }
        }
    }

    /// The URL without secrets.
    fn url(&mut self, text: &str, headers: &mut Vec<Entry>) -> String {
        let mut url = Url::parse(text);
        if let Some(user) = url.user.take() {
            self.secrets.keep(&user);
            self.secrets.keep(&STANDARD.encode(&user));
            for part in user.split(':') {
                self.secrets.keep(part);
            }
            headers.push(self.lifted(
                "Authorization",
                "the user name and password of the URL: `Basic`, a blank, and both with a colon between in base64",
            ));
        }
        if url.name() == GRAPH {
            for token in url.take("access_token") {
                self.secrets.keep(&token);
                headers.push(self.lifted(
                    "Authorization",
                    "the token of the URL: `Bearer`, a blank, and the token",
                ));
            }
        }
        let mut names = Vec::new();
        for pair in &mut url.query {
            let (name, value) = url::split(pair);
            let is_secret = (secrets::is_key(name) || secrets::is_value(pair)) && !value.is_empty();
            if is_secret && !value.starts_with("{{") {
                self.secrets.keep(value);
                names.push(name.to_owned());
                *pair = format!("{name}={MASK}");
            }
        }
        for name in names {
            let message =
                format!("a secret ({name}) stood in the URL, where no reference can stand");
            self.problem("url", message, "send it as a header: `headers: {NAME: {env: VARIABLE}}`; renew it, since it stood in a text");
        }
        self.report.carried("the URL");
        url.text()
    }

    /// A header whose value is a reference.
    fn lifted(&mut self, name: &str, what: &str) -> Entry {
        let variable = names::variable(self.channel, name);
        self.report.changed(format!(
            "the header `{name}` is `{{env: {variable}}}` now, for {what}"
        ));
        self.report.next(format!(
            "set `{variable}` where `recado serve` runs to the whole value of the header `{name}`"
        ));
        self.report
            .next("renew each secret that stood in the template: others may have read it");
        Entry::bare(name, format!("{{env: {variable}}}"))
    }

    fn headers(&mut self, source: &[(String, String)], headers: &mut Vec<Entry>) {
        for (name, value) in source {
            let lower = name.to_ascii_lowercase();
            if lower == "content-type" {
                continue;
            }
            if OWN_HEADERS.contains(&lower.as_str()) {
                self.report
                    .left(format!("the header `{name}`: each call gets its own"));
                continue;
            }
            if headers
                .iter()
                .any(|entry| entry.key.eq_ignore_ascii_case(name))
            {
                self.report.left(format!("a second header `{name}`"));
                self.secrets.keep(value);
                continue;
            }
            let is_secret = secrets::is_key(name) || secrets::is_value(value);
            let is_personal = value.contains("${");
            if !is_secret
                || (is_personal
                    && !secrets::is_value(value)
                    && lower != "authorization"
                    && lower != "cookie")
            {
                let (value, had_events) = liquid::without_event_properties(value);
                if had_events {
                    self.report.changed(EVENTS);
                }
                headers.push(Entry::text(name, value));
                self.report.carried(format!("the header `{name}`"));
                continue;
            }
            self.secrets.keep(value);
            headers.push(self.lifted(name, "what stood there"));
            if is_personal {
                let message = format!(
                    "the header `{name}` was made for each person, and a reference is one value for all"
                );
                self.problem(
                    &format!("headers.{name}"),
                    message,
                    "send what is personal in another header, or in the body",
                );
            }
        }
    }

    /// Sets the content, and answers the content type that a header must tell.
    fn body(&mut self, source: &Source) -> Option<String> {
        let content_type = source.content_type();
        let is_json = content_type.contains("json");
        let text = match &source.body {
            Body::None => {
                self.report.changed("the body was empty: `{}` is sent");
                return None;
            }
            Body::Tree(value) => {
                self.message(value.clone());
                return None;
            }
            Body::Text(text) => text,
        };
        if is_json || content_type.is_empty() {
            let read = json::read(text, Mode::Liquid);
            let is_tree = matches!(read.value, Ok(Value::Map(_) | Value::List(_)));
            let is_whole = is_tree && read.outside.is_empty() && read.prelude.is_none();
            if is_tree && !is_whole || is_json && !is_tree {
                self.report.changed(format!(
                    "{}: it is sent as `raw`, as Braze sent it",
                    unheld(&read, text)
                ));
                self.raw(
                    text,
                    if is_json {
                        &content_type
                    } else {
                        "application/json"
                    },
                );
                return None;
            }
            if let (Ok(value), true) = (read.value, is_whole) {
                self.message(value);
                let is_plain = matches!(
                    content_type.as_str(),
                    "" | "application/json" | "application/json; charset=utf-8"
                );
                return (!is_plain).then_some(content_type);
            }
        }
        let content_type = match content_type.as_str() {
            "" if form::is_form(text) => "application/x-www-form-urlencoded",
            "" => {
                self.report
                    .next("check `content_type`: nothing said what the body is");
                "text/plain; charset=utf-8"
            }
            told => told,
        };
        self.raw(text, content_type);
        None
    }

    fn message(&mut self, mut value: Value) {
        if is_send_api(&value) {
            self.report.changed("the body is a message of Messenger's, but the URL is not the platform's: it stays a webhook");
        }
        let (mut n, secrets) = (0, &mut *self.secrets);
        value.leaves_mut("", &mut |key, text| {
            if is_secret(key, text) {
                secrets.keep(text);
                MASK.clone_into(text);
                n += 1;
            }
        });
        if n > 0 {
            let message = format!(
                "{} stood in the body, where no reference can stand",
                many(n, "secret")
            );
            let hint = "send it as a header: `headers: {NAME: {env: VARIABLE}}`; renew it, since it stood in a text";
            let problem = Diagnostic::error(BY_HAND, message).at("message").hint(hint);
            self.built.campaign_problems.push(problem);
        }
        self.report.carried("the body, as `message`");
        settle(&mut value, None, self.report);
        self.built.content = Content::Message(value, None);
    }

    fn raw(&mut self, text: &str, content_type: &str) {
        let value = if content_type.contains("form-urlencoded") {
            Some(form::read(text))
        } else {
            json::read(text, Mode::Liquid).value.ok()
        };
        // What is kept is taken out of the text, and told.
        if let Some(mut value) = value {
            value.leaves_mut("", &mut |key, text| {
                if is_secret(key, text) {
                    self.secrets.keep(text);
                }
            });
        }
        self.report.carried(format!(
            "the body, as it is: `raw` with `content_type: {content_type}`"
        ));
        let (body, had_events) = liquid::without_event_properties(text);
        if had_events {
            self.report.changed(EVENTS);
        }
        self.built.content = Content::Raw {
            content_type: content_type.to_owned(),
            body,
        };
    }
}

/// Why a body is no message.
fn unheld(read: &json::Read, text: &str) -> String {
    let is_value = |one: &Outside| matches!(one.what, What::Number | What::Twice(_));
    match &read.value {
        Err(broken) if read.outside.is_empty() => {
            let line = text[..broken.at].matches('\n').count() + 1;
            format!(
                "the body is no JSON before it is rendered (line {line}: {})",
                broken.message
            )
        }
        Ok(_) if read.prelude.is_none() && read.outside.iter().all(is_value) => {
            "the body holds what no tree can".to_owned()
        }
        _ => "Liquid stands outside of the body's texts".to_owned(),
    }
}

/// Whether a field's value is one that no file may hold.
fn is_secret(key: &str, text: &str) -> bool {
    secrets::is_key(key)
        && !text.is_empty()
        && !text.contains("{{")
        && !secrets::is_placeholder(text)
}
