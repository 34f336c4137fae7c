//! A call of the Send API as a Messenger channel and a message.

use std::sync::LazyLock;

use regex::Regex;

use super::built::{Built, Content, by_hand, settle};
use super::input::{Body, Source};
use super::json::{self, Mode, Value, What};
use super::liquid;
use super::page::{self, Target};
use super::report::{BY_HAND, Report};
use super::secrets::{self, Secrets};
use super::tags;
use super::url::{self, Url};
use super::{form, names};
use crate::diagnostic::Diagnostic;

/// Keys of the call that stand beside the message's own in a campaign.
const ENVELOPE: [&str; 3] = ["messaging_type", "notification_type", "persona_id"];

/// One output of an attribute, whatever filters follow.
static ATTRIBUTE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^\{\{-?\s*(?:custom_attribute\s*\.\s*)?\$\{\s*([^{}|]+?)\s*\}\s*(\|.*)?-?\}\}$")
        .ok()
});

struct Builder<'a> {
    built: Built,
    secrets: &'a mut Secrets,
    report: &'a mut Report,
    psid_attribute: String,
}

/// Converts one call.
pub(super) fn build(
    source: &Source,
    target: &Target,
    channel: &str,
    secrets: &mut Secrets,
    report: &mut Report,
) -> Built {
    let mut builder = Builder {
        built: Built::default(),
        secrets,
        report,
        psid_attribute: page::PSID_ATTRIBUTE.to_owned(),
    };
    let mut tokens = builder.in_url(&source.url);
    tokens.extend(builder.in_headers(&source.headers));
    tokens.extend(builder.body(source));
    if !matches!(source.method.as_str(), "" | "POST") {
        let line = format!("the method `{}`: messages are posted", source.method);
        builder.report.changed(line);
    }
    builder.channel(target, channel, &tokens);
    builder.built
}

// === impl Builder ===

impl Builder<'_> {
    fn problem(&mut self, path: &str, message: impl Into<String>, hint: &str) {
        let problem = Diagnostic::error(BY_HAND, message).at(path).hint(hint);
        self.built.campaign_problems.push(problem);
    }

    /// Tokens of the URL; what else stands in it is told.
    fn in_url(&mut self, text: &str) -> Vec<String> {
        let mut url = Url::parse(text);
        let tokens = url.take("access_token");
        self.proof(!url.take("appsecret_proof").is_empty());
        for pair in &url.query {
            let (name, value) = url::split(pair);
            if secrets::is_key(name) {
                self.secrets.keep(value);
            }
            self.report.left(format!("`{name}` of the URL"));
        }
        tokens
    }

    fn proof(&mut self, is_there: bool) {
        if is_there {
            self.report.changed("`appsecret_proof` is gone: with `app_secret: {env: …}` the channel proves it itself");
        }
    }

    fn in_headers(&mut self, headers: &[(String, String)]) -> Vec<String> {
        let mut tokens = Vec::new();
        for (name, value) in headers {
            match name.to_ascii_lowercase().as_str() {
                "authorization" => {
                    self.secrets.keep(value);
                    let value = value.trim();
                    let is_scheme = |scheme: &str| {
                        scheme.eq_ignore_ascii_case("bearer")
                            || scheme.eq_ignore_ascii_case("oauth")
                    };
                    tokens.push(match value.split_once(' ') {
                        Some((scheme, token)) if is_scheme(scheme) => token.trim().to_owned(),
                        _ => value.to_owned(),
                    });
                }
                "content-type" | "accept" | "user-agent" => {}
                _ => {
                    if secrets::is_key(name) {
                        self.secrets.keep(value);
                    }
                    self.report.left(format!(
                        "the header `{name}`: a Messenger channel sets its own"
                    ));
                }
            }
        }
        tokens
    }

    /// The message, and tokens that stood in the body.
    fn body(&mut self, source: &Source) -> Vec<String> {
        let text = match &source.body {
            Body::None => {
                self.problem(
                    "message",
                    "there is no body",
                    "write the message, such as `{text: Hello}`",
                );
                return Vec::new();
            }
            Body::Tree(value) => return self.call(value, None),
            Body::Text(text) => text,
        };
        let content_type = source.content_type();
        if content_type.contains("form-urlencoded")
            || (content_type.is_empty() && form::is_form(text))
        {
            self.report
                .changed("the form's fields are a message now: the Send API takes both");
            return self.call(&form::read(text), None);
        }
        let read = json::read(text, Mode::Liquid);
        if read.has_raw_breaks {
            self.report.changed(
                "line breaks that stood in strings as they are stay line breaks: JSON wants `\\n`",
            );
        }
        // A value of Liquid alone becomes a text, and of two keys the last counts.
        let is_soft = |what: &What| matches!(what, What::Output | What::Twice(_));
        let mut problems = by_hand(&read.outside);
        if let Ok(value) = &read.value
            && read.outside.iter().all(|one| is_soft(&one.what))
        {
            for one in &read.outside {
                self.soften(&one.what, &one.path);
            }
            return self.call(value, read.prelude.as_deref());
        }
        if let (Err(broken), true) = (read.value, problems.is_empty()) {
            let message = format!("broken JSON: {}", broken.message);
            let mut problem = Diagnostic::error(BY_HAND, message).at("raw.body");
            problem.hint = broken.hint.map(str::to_owned);
            problems.push(problem.spanning(broken.at..broken.at + 1));
        }
        self.built.campaign_problems.append(&mut problems);
        // As it was, for the hand that rewrites it: as `message`, since Messenger takes nothing else.
        self.built.content = Content::Raw {
            content_type: "application/json".to_owned(),
            body: text.clone(),
        };
        Vec::new()
    }

    fn soften(&mut self, what: &What, path: &str) {
        match what {
            What::Twice(key) => self
                .report
                .changed(format!("the key `{key}` stood twice: the last one counts")),
            _ if path.starts_with("recipient") => {}
            _ => self.report.changed(format!(
                "`{path}` stood without quotes: what its Liquid renders is a text now"
            )),
        }
    }

    /// The call's fields, each where it belongs.
    fn call(&mut self, body: &Value, prelude: Option<&str>) -> Vec<String> {
        let Value::Map(fields) = body else {
            self.problem(
                "message",
                "the body is no map",
                "a call has `recipient` and `message`",
            );
            return Vec::new();
        };
        let (mut tokens, mut envelope, mut message) = (Vec::new(), Vec::new(), Vec::new());
        let remark = tags::envelope(body, &mut envelope, self.report);
        for (key, value) in fields {
            let value = &unfolded(value);
            match (key.to_ascii_lowercase().as_str(), value) {
                ("access_token", Value::Text(token) | Value::Output(token)) => {
                    tokens.push(token.clone());
                }
                ("appsecret_proof", _) => self.proof(true),
                ("recipient", value) => self.recipient(value),
                ("message", Value::Map(map)) => message.clone_from(map),
                ("messaging_type" | "tag", _) => {}
                ("sender_action", _) => {
                    let hint = "a campaign sends a message: remove it, and write one";
                    self.problem("message", "`sender_action` is no message", hint);
                }
                (name, value) if ENVELOPE.contains(&name) => {
                    envelope.push((key.clone(), value.clone()));
                }
                _ => self.report.left(format!("`{key}` of the call")),
            }
        }
        let had = message.len();
        message.retain(|(key, _)| key != "metadata");
        if message.len() < had {
            self.report
                .changed("`metadata` is gone: it carries the delivery's id");
        }
        let kept: Vec<_> = message.iter().map(|(key, _)| format!("`{key}`")).collect();
        self.report
            .carried(format!("of the message: {}", kept.join(", ")));
        envelope.append(&mut message);
        let mut message = Value::Map(envelope);
        settle(&mut message, prelude, self.report);
        self.built.content = Content::Message(message, remark);
        tokens
    }

    fn recipient(&mut self, recipient: &Value) {
        let Some(Value::Text(id) | Value::Output(id) | Value::Number(id)) = recipient.get("id")
        else {
            let hint = "Recado sends to the PSID that an attribute of the user holds";
            return self.problem("message", "the recipient has no `id`", hint);
        };
        let id = id.trim();
        let found = ATTRIBUTE.as_ref().and_then(|pattern| pattern.captures(id));
        let name = found
            .as_ref()
            .and_then(|found| found.get(1))
            .map(|name| name.as_str());
        match name {
            Some("user_id") => {
                let hint = "store the PSID as an attribute too, and name it in the channel's `psid_attribute`";
                self.problem("filter", "the recipient was the external id", hint);
            }
            Some(name) => name.clone_into(&mut self.psid_attribute),
            None if liquid::pieces(id)
                .iter()
                .any(|piece| piece.kind != liquid::Kind::Text) =>
            {
                let hint =
                    "Recado sends to the PSID that one attribute of the user holds: store it there";
                self.problem(
                    "filter",
                    "the recipient's `id` is more than one attribute",
                    hint,
                );
            }
            None => self.report.changed(
                "the recipient was one fixed person: now it is who the campaign is sent to",
            ),
        }
    }

    fn channel(&mut self, target: &Target, name: &str, tokens: &[String]) {
        let variable = names::variable(name, "token");
        let (entries, problem) =
            page::channel(target, &variable, &self.psid_attribute, self.report);
        self.built.channel = entries;
        self.built.channel_problems.extend(problem);
        self.tell_token(name, &variable, tokens);
        let psid = names::attribute(&self.psid_attribute);
        self.report.changed(format!(
            "`filter: !blank({psid})` is added: only people with a PSID can be reached"
        ));
        self.report.next("add to `filter`, or to a Segment file, whom the campaign went to in Braze: an export does not say it");
        self.built.psid_attribute = Some(self.psid_attribute.clone());
    }

    fn tell_token(&mut self, channel: &str, variable: &str, tokens: &[String]) {
        let is_real = tokens
            .iter()
            .any(|token| !secrets::is_placeholder(token) && !token.starts_with("{{"));
        for token in tokens {
            self.secrets.keep(token);
        }
        if tokens.is_empty() {
            self.report
                .changed(format!("`token: {{env: {variable}}}`: no token stood here"));
        } else {
            self.report.changed(format!(
                "the token is `token: {{env: {variable}}}` in the channel `{channel}` now"
            ));
        }
        self.report.next(format!(
            "set `{variable}` to the page's access token where `recado serve` runs"
        ));
        if is_real {
            self.report.next(
                "get a new page token and let the old one expire: it stood in a text that others may have read",
            );
        }
    }
}

/// JSON that stands in a string of JSON, as forms have it.
fn unfolded(value: &Value) -> Value {
    if let Value::Text(text) = value
        && text.trim_start().starts_with('{')
        && !text.trim_start().starts_with("{{")
        && let json::Read {
            value: Ok(inner @ Value::Map(_)),
            outside,
            ..
        } = json::read(text, Mode::Liquid)
        && outside.is_empty()
    {
        return inner;
    }
    value.clone()
}
