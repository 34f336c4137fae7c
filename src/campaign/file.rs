//! The documents as types. `verify` has looked at them before, so that what fails here is a defect of ours.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::model::resource::Kind;

/// The attribute that holds a PSID where no channel names another.
const PSID_ATTRIBUTE: &str = "messenger_id";

/// Where a secret is; it is read when it is used, and never kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretRef {
    /// An environment variable.
    Env(String),
    /// A file; its content without surrounding blanks.
    File(String),
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(variable) => write!(f, "the environment variable `{variable}`"),
            Self::File(path) => write!(f, "the file `{path}`"),
        }
    }
}

/// A document of any kind.
#[derive(Debug)]
pub(super) enum Resource {
    Attributes(Box<AttributesFile>),
    Messenger(Box<MessengerFile>),
    Webhook(Box<WebhookFile>),
    Segment(SegmentFile),
    ContentBlock(ContentBlockFile),
    Catalog(Box<CatalogFile>),
    Template(Box<TemplateFile>),
    Campaign(Box<CampaignFile>),
    Settings(Box<SettingsFile>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "`kind` and the like are read by others; they must be known here"
)]
pub(super) struct AttributesFile {
    kind: String,
    name: String,
    description: Option<String>,
    team: Option<String>,
    tags: Option<Vec<String>>,
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, AttributeFile>,
    #[serde(default)]
    pub(super) events: BTreeMap<String, EventFile>,
}

/// An attribute, or a field of one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AttributeFile {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) items: Option<String>,
    #[serde(default)]
    pub(super) fields: BTreeMap<String, AttributeFile>,
    #[serde(default)]
    pub(super) description: String,
    #[serde(default)]
    pub(super) pii: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventFile {
    #[serde(default)]
    pub(super) description: String,
    pub(super) retention: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "`kind`, `type` and the like are read by others; they must be known here"
)]
pub(super) struct MessengerFile {
    kind: String,
    pub(super) name: String,
    description: Option<String>,
    team: Option<String>,
    tags: Option<Vec<String>>,
    #[serde(rename = "type")]
    variant: String,
    pub(super) page_id: String,
    #[serde(with = "serde_yaml::with::singleton_map")]
    pub(super) token: SecretRef,
    #[serde(default, with = "serde_yaml::with::singleton_map")]
    pub(super) app_secret: Option<SecretRef>,
    psid_attribute: Option<String>,
    pub(super) graph_url: Option<String>,
    pub(super) graph_version: Option<String>,
    pub(super) pace: Option<u32>,
    pub(super) timeout: Option<String>,
    pub(super) on_unknown: Option<OnUnknown>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "`kind`, `type` and the like are read by others; they must be known here"
)]
pub(super) struct WebhookFile {
    kind: String,
    pub(super) name: String,
    description: Option<String>,
    team: Option<String>,
    tags: Option<Vec<String>>,
    #[serde(rename = "type")]
    variant: String,
    pub(super) url: String,
    pub(super) method: Option<String>,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, serde_yaml::Value>,
    pub(super) pace: Option<u32>,
    pub(super) timeout: Option<String>,
    #[serde(default)]
    pub(super) allow_private_network: bool,
    pub(super) on_unknown: Option<OnUnknown>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "`kind` is read by others; it must be known here")]
pub(super) struct SegmentFile {
    kind: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) team: Option<String>,
    #[serde(default)]
    pub(super) tags: Vec<String>,
    pub(super) filter: String,
    #[serde(default)]
    pub(super) tracking: bool,
    tests: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "`kind` is read by others; it must be known here")]
pub(super) struct CampaignFile {
    kind: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) team: Option<String>,
    #[serde(default)]
    pub(super) tags: Vec<String>,
    pub(super) channel: String,
    pub(super) segment: Option<String>,
    pub(super) filter: Option<String>,
    pub(super) max_audience: Option<u64>,
    pub(super) trigger: TriggerFile,
    pub(super) message: Option<serde_json::Value>,
    pub(super) raw: Option<RawFile>,
    pub(super) template: Option<String>,
    #[serde(default)]
    pub(super) delivery: DeliveryFile,
    tests: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "`kind` and the like are read by others; they must be known here"
)]
pub(super) struct ContentBlockFile {
    kind: String,
    pub(super) name: String,
    description: Option<String>,
    team: Option<String>,
    tags: Option<Vec<String>>,
    pub(super) content: String,
    tests: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "`kind` and the like are read by others; they must be known here"
)]
pub(super) struct CatalogFile {
    kind: String,
    pub(super) name: String,
    description: Option<String>,
    team: Option<String>,
    tags: Option<Vec<String>>,
    pub(super) id: Option<String>,
    pub(super) items: Option<Vec<serde_json::Value>>,
    pub(super) csv: Option<String>,
    pub(super) file: Option<String>,
    #[serde(default)]
    pub(super) fields: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "`kind` and the like are read by others; they must be known here"
)]
pub(super) struct TemplateFile {
    kind: String,
    pub(super) name: String,
    description: Option<String>,
    team: Option<String>,
    tags: Option<Vec<String>>,
    pub(super) message: Option<serde_json::Value>,
    pub(super) raw: Option<RawFile>,
    tests: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "`kind` and the like are read by others; they must be known here"
)]
pub(super) struct SettingsFile {
    kind: String,
    pub(super) name: String,
    description: Option<String>,
    team: Option<String>,
    tags: Option<Vec<String>>,
    pub(super) owner: Option<String>,
    pub(super) connected_content: Option<ConnectedContentFile>,
    #[serde(default)]
    pub(super) lints: BTreeMap<String, Level>,
    #[serde(default)]
    pub(super) policies: Vec<RuleFile>,
    #[serde(default)]
    pub(super) policy: PolicyFile,
    #[serde(default)]
    pub(super) plan: RulesFile,
}

/// What a plan must keep to.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RulesFile {
    pub(super) max_age: Option<String>,
    pub(super) audience_drift: Option<String>,
    pub(super) max_deletes: Option<String>,
    pub(super) few_deletes: Option<u64>,
    pub(super) max_starts: Option<u64>,
}

/// A policy over plans.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleFile {
    pub(super) name: String,
    pub(super) when: String,
    pub(super) level: RuleLevel,
    pub(super) message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RuleLevel {
    Deny,
    Warn,
}

/// What becomes of a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Level {
    Off,
    Warn,
    Error,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyFile {
    #[serde(default)]
    pub(super) marketing_words: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConnectedContentFile {
    pub(super) hosts: Vec<String>,
    #[serde(default)]
    pub(super) credentials: BTreeMap<String, CredentialFile>,
    #[serde(default)]
    pub(super) allow_private_network: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CredentialFile {
    pub(super) hosts: Vec<String>,
    pub(super) username: String,
    #[serde(with = "serde_yaml::with::singleton_map")]
    pub(super) password: SecretRef,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TriggerFile {
    pub(super) api: Option<Empty>,
    pub(super) event: Option<serde_yaml::Value>,
    pub(super) schedule: Option<serde_yaml::Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Empty {}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFile {
    pub(super) content_type: String,
    pub(super) body: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeliveryFile {
    pub(super) on_unknown: Option<OnUnknown>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum OnUnknown {
    Leave,
    Resend,
}

// === impl MessengerFile ===

impl MessengerFile {
    pub(super) fn psid_attribute(&self) -> &str {
        self.psid_attribute.as_deref().unwrap_or(PSID_ATTRIBUTE)
    }
}

/// Reads a verified document.
pub(super) fn read(
    kind: Kind,
    variant: Option<&str>,
    text: &str,
) -> Result<Resource, serde_yaml::Error> {
    Ok(match (kind, variant) {
        (Kind::Attributes, _) => Resource::Attributes(serde_yaml::from_str(text)?),
        (Kind::Channel, Some("webhook")) => Resource::Webhook(serde_yaml::from_str(text)?),
        (Kind::Channel, _) => Resource::Messenger(serde_yaml::from_str(text)?),
        (Kind::Segment, _) => Resource::Segment(serde_yaml::from_str(text)?),
        (Kind::ContentBlock, _) => Resource::ContentBlock(serde_yaml::from_str(text)?),
        (Kind::Catalog | Kind::CatalogFile, _) => Resource::Catalog(serde_yaml::from_str(text)?),
        (Kind::Template, _) => Resource::Template(serde_yaml::from_str(text)?),
        (Kind::Campaign, _) => Resource::Campaign(serde_yaml::from_str(text)?),
        (Kind::Settings, _) => Resource::Settings(serde_yaml::from_str(text)?),
    })
}
