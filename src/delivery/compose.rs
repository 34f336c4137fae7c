//! From a campaign, a channel and a user to the exact call, or to the reason why there is none.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value as Json;

use crate::campaign::{self, Campaign, Channel, ChannelKind, Message, Page, SecretRef, Webhook};
use crate::config::secret::{self, Secrets};
use crate::messenger;
use crate::model::Value;
use crate::model::delivery::{Notes, Reason, ReasonCode};
use crate::model::id::DeliveryId;
use crate::model::user::Profile;
use crate::template::{Budget, Contents, Context, Failure, Text, Wanted};

use super::body::{for_messenger, json_of};
use super::gates;
use super::http::{Answer, Call};
use super::verdict::Verdict;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Tells an endpoint that nobody's real message this is.
const TEST: HeaderName = HeaderName::from_static("recado-test");

/// What a secret is shown as.
pub(super) const MASK: &str = "***";

/// For whom and when a message is made.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    pub profile: &'a Profile,
    pub trigger_properties: &'a BTreeMap<String, Value>,
    pub event_properties: Option<&'a BTreeMap<String, Value>>,
    pub delivery: DeliveryId,
    /// The call says of itself that it is a test.
    pub is_test: bool,
    /// A preview: nothing is sent, and nothing else is to happen anywhere.
    pub is_shown_only: bool,
    pub now: Timestamp,
}

/// What messages are made with.
#[derive(Clone, Copy)]
pub struct Means<'a> {
    pub secrets: &'a dyn Secrets,
    /// Where the Graph API is, instead of where the channel says: a sandbox.
    pub graph_url: Option<&'a str>,
}

/// A message ready to be sent.
#[derive(Debug)]
pub struct Composed {
    pub call: Call,
    pub reader: Reader,
    /// The rendered message, where it is JSON.
    pub message: Option<Json>,
    pub notes: Notes,
}

/// Why there is no call.
#[derive(Debug, PartialEq)]
pub enum Unmade {
    For(Box<Refusal>),
    /// A template asks for connected content: compose again with it.
    Wants(Box<Wanted>),
}

/// A reason, and what was noted until it came up.
#[derive(Debug, PartialEq)]
pub struct Refusal {
    pub reason: Reason,
    pub notes: Notes,
    /// Where in what was rendered it is. Holds what people's attributes hold: for who looks at a preview, and kept nowhere.
    pub seen: Option<String>,
}

/// How the answer is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    Messenger,
    Webhook,
}

/// Secrets for a preview: none is read, each is shown masked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Masked;

// === impl Subject ===

impl Subject<'_> {
    /// What comes back in the platform's echo; a test's id is not mistaken for a delivery's.
    fn metadata(&self) -> String {
        let mark = if self.is_test { "test:" } else { "" };
        format!("{mark}{}", self.delivery)
    }
}

// === impl Masked ===

impl Secrets for Masked {
    fn get(&self, _: &SecretRef) -> Result<SecretString, secret::Error> {
        Ok(MASK.into())
    }
}

// === impl Unmade ===

impl From<Reason> for Unmade {
    fn from(reason: Reason) -> Self {
        Self::For(reason.into())
    }
}

// === impl Refusal ===

impl From<Reason> for Box<Refusal> {
    fn from(reason: Reason) -> Self {
        Self::new(Refusal {
            reason,
            notes: Notes::default(),
            seen: None,
        })
    }
}

// === impl Reader ===

impl Reader {
    pub fn read(self, answer: &Answer, now: Timestamp) -> Verdict {
        match self {
            Self::Messenger => Verdict::of_messenger(answer, now),
            Self::Webhook => Verdict::of_webhook(answer, now),
        }
    }
}

/// Makes the call of `campaign` to `subject` over `channel`.
///
/// # Errors
/// The reason why there is none: the template aborted or failed, the message breaks a limit, or the
/// channel cannot send to anybody; or what a template needs besides `contents`.
pub fn compose(
    campaign: &Campaign,
    channel: &Channel,
    subject: &Subject<'_>,
    contents: &Contents,
    means: Means<'_>,
) -> Result<Composed, Unmade> {
    let delivery = subject.delivery.to_string();
    let budget = Budget::of_a_message();
    let context = Context {
        user: subject.profile,
        trigger_properties: subject.trigger_properties,
        event_properties: subject.event_properties,
        campaign: &campaign.name,
        dispatch_id: &delivery,
        now: subject.now,
        contents,
        budget: &budget,
    };
    let mut notes = Notes::default();
    let made = match &channel.kind {
        ChannelKind::Messenger(page) => {
            messenger(campaign, page, subject, &context, means, &mut notes)
        }
        ChannelKind::Webhook(hook) => {
            webhook(campaign, hook, subject, &context, means.secrets, &mut notes)
        }
    };
    match made {
        Ok(mut composed) => {
            composed.call.timeout = channel.timeout;
            composed.notes = notes;
            Ok(composed)
        }
        Err(Unmade::For(mut refusal)) => {
            // What was missed may well be why, unless the template wants no message.
            if refusal.reason.code != ReasonCode::Aborted {
                refusal.notes = notes;
            }
            Err(Unmade::For(refusal))
        }
        Err(wants) => Err(wants),
    }
}

fn messenger(
    campaign: &Campaign,
    page: &Page,
    subject: &Subject<'_>,
    context: &Context<'_>,
    means: Means<'_>,
    notes: &mut Notes,
) -> Result<Composed, Unmade> {
    let psid = gates::psid(subject.profile, &page.psid_attribute)
        .map_err(|detail| Reason::new(ReasonCode::NoPsid, detail))?;
    let Message::Tree(tree) = &*campaign.message else {
        return Err(misconfigured(&"a Messenger channel takes no raw body").into());
    };
    let message = for_messenger(tree, context, notes)?.json;
    let secret =
        |reference: &SecretRef| means.secrets.get(reference).map_err(|e| misconfigured(&e));
    let token = secret(&page.token)?;
    let proof = match &page.app_secret {
        Some(app_secret) => {
            let app_secret = secret(app_secret)?;
            let (app_secret, token) = (app_secret.expose_secret(), token.expose_secret());
            Some(messenger::appsecret_proof(app_secret, token))
        }
        None => None,
    };
    let request = messenger::Request {
        message: &message,
        psid,
        metadata: &subject.metadata(),
        proof: proof.as_deref(),
    };
    let body = Bytes::from(request.to_bytes());
    let mut headers = HeaderMap::with_capacity(2);
    headers.insert(
        AUTHORIZATION,
        sensitive(&format!("Bearer {}", token.expose_secret()))?,
    );
    headers.insert(CONTENT_TYPE, JSON);
    Ok(Composed {
        call: Call {
            method: Method::POST,
            url: page_url(page, means.graph_url)?,
            headers,
            body,
            timeout: None,
            is_private_allowed: true,
        },
        reader: Reader::Messenger,
        message: Some(message),
        notes: Notes::default(),
    })
}

fn page_url(page: &Page, instead: Option<&str>) -> Result<Url, Reason> {
    let text = format!(
        "{}/{}/{}/messages",
        instead.unwrap_or(&page.graph_url).trim_end_matches('/'),
        page.graph_version,
        page.page_id
    );
    text.parse()
        .map_err(|e| misconfigured(&format!("`graph_url`: {e}")))
}

fn webhook(
    campaign: &Campaign,
    hook: &Webhook,
    subject: &Subject<'_>,
    context: &Context<'_>,
    secrets: &dyn Secrets,
    notes: &mut Notes,
) -> Result<Composed, Unmade> {
    let url: Url = noted(&hook.url, context, notes)?
        .trim()
        .parse()
        .map_err(|e| Reason::new(ReasonCode::RenderFailed, format!("`url`: {e}")))?;
    let method = Method::from_bytes(hook.method.as_bytes()).map_err(|e| misconfigured(&e))?;
    let mut headers = HeaderMap::with_capacity(hook.headers.len() + 2);
    let (message, body) = match &*campaign.message {
        Message::Tree(tree) => {
            let rendered = tree.render(context).map_err(unrendered)?;
            notes.add(rendered.misses, rendered.gaps, rendered.extras);
            headers.insert(CONTENT_TYPE, JSON);
            let body = serde_json::to_vec(&rendered.json)
                .unwrap_or_default()
                .into();
            (Some(rendered.json), body)
        }
        Message::Raw { content_type, body } => {
            headers.insert(CONTENT_TYPE, plain("Content-Type", content_type)?);
            let text = noted(body, context, notes)?;
            (json_of(content_type, &text)?, text.into())
        }
    };
    for (name, value) in &hook.headers {
        let (name, value) = header(name, value, context, secrets, notes)?;
        headers.insert(name, value);
    }
    // Last, so that no header of the channel replaces it.
    headers.insert(
        IDEMPOTENCY_KEY,
        plain("Idempotency-Key", &subject.delivery.to_string())?,
    );
    if subject.is_test {
        headers.insert(TEST, HeaderValue::from_static("true"));
    }
    Ok(Composed {
        call: Call {
            method,
            url,
            headers,
            body,
            timeout: None,
            is_private_allowed: hook.allow_private_network,
        },
        reader: Reader::Webhook,
        message,
        notes: Notes::default(),
    })
}

/// Renders a text, and writes down what there is to note.
fn noted(text: &Text, context: &Context<'_>, notes: &mut Notes) -> Result<String, Unmade> {
    let rendered = text.render(context).map_err(unrendered)?;
    notes.add(rendered.misses, rendered.gaps, rendered.extras);
    Ok(rendered.text)
}

fn header(
    name: &str,
    value: &campaign::HeaderValue,
    context: &Context<'_>,
    secrets: &dyn Secrets,
    notes: &mut Notes,
) -> Result<(HeaderName, HeaderValue), Unmade> {
    let value = match value {
        campaign::HeaderValue::Text(text) => plain(name, &noted(text, context, notes)?)?,
        campaign::HeaderValue::Secret(reference) => {
            let secret = secrets.get(reference).map_err(|e| misconfigured(&e))?;
            sensitive(secret.expose_secret())?
        }
    };
    let name = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| misconfigured(&format!("`headers.{name}` is not a header's name")))?;
    Ok((name, value))
}

/// A header whose value anybody may see.
fn plain(name: &str, text: &str) -> Result<HeaderValue, Reason> {
    HeaderValue::from_str(text).map_err(|_| {
        let detail = format!("`headers.{name}` holds characters that no header may hold");
        Reason::new(ReasonCode::RenderFailed, detail)
    })
}

pub(super) fn unrendered(failure: Failure) -> Unmade {
    let reason = match failure {
        Failure::Wants(wanted) => return Unmade::Wants(wanted),
        Failure::Aborted { reason } => Reason::new(ReasonCode::Aborted, reason),
        Failure::Failed { path, message } if path.is_empty() => {
            Reason::new(ReasonCode::RenderFailed, message)
        }
        Failure::Failed { path, message } => {
            Reason::new(ReasonCode::RenderFailed, format!("{path}: {message}"))
        }
    };
    reason.into()
}

fn misconfigured(error: &dyn std::fmt::Display) -> Reason {
    Reason::new(ReasonCode::ChannelMisconfigured, error.to_string())
}

/// A header whose value is shown to nobody.
fn sensitive(text: &str) -> Result<HeaderValue, Reason> {
    // The error would quote nothing; the value is never named.
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| misconfigured(&"a secret holds characters that no header may hold"))?;
    value.set_sensitive(true);
    Ok(value)
}
