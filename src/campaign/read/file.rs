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
pub(in crate::campaign) enum Resource {
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
pub(in crate::campaign) struct AttributesFile {
    kind: String,
    name: String,
    description: Option<String>,
    team: Option<String>,
    tags: Option<Vec<String>>,
    #[serde(default)]
    pub(in crate::campaign) attributes: BTreeMap<String, AttributeFile>,
    #[serde(default)]
    pub(in crate::campaign) events: BTreeMap<String, EventFile>,
}

/// An attribute, or a field of one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::campaign) struct AttributeFile {
    #[serde(rename = "type")]
    pub(in crate::campaign) kind: String,
    pub(in crate::campaign) items: Option<String>,
    #[serde(default)]
    pub(in crate::campaign) fields: BTreeMap<String, AttributeFile>,
    #[serde(default)]
    pub(in crate::campaign) description: String,
    #[serde(default)]
    pub(in crate::campaign) pii: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::campaign) struct EventFile {
    #[serde(default)]
    pub(in crate::campaign) description: String,
    pub(in crate::campaign) retention: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "`kind`, `type` and the like are read by others; they must be known here"
)]
pub(in crate::campaign) struct MessengerFile {
    kind: String,
    pub(in crate::campaign) name: String,
    description: Option<String>,
    team: Option<String>,
    tags: Option<Vec<String>>,
    #[serde(rename = "type")]
    variant: String,
    pub(in crate::campaign) page_id: String,
    #[serde(with = "serde_yaml::with::singleton_map")]
    pub(in crate::campaign) token: SecretRef,
    #[serde(default, with = "serde_yaml::with::singleton_map")]
    pub(in crate::campaign) app_secret: Option<SecretRef>,
    psid_attribute: Option<String>,
    pub(in crate::campaign) graph_url: Option<String>,
    pub(in crate::campaign) graph_version: Option<String>,
    pub(in crate::campaign) pace: Option<u32>,
    pub(in crate::campaign) timeout: Option<String>,
    pub(in crate::campaign) on_unknown: Option<OnUnknown>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "`kind`, `type` and the like are read by others; they must be known here"
)]
pub(in crate::campaign) struct WebhookFile {
    kind: String,
    pub(in crate::campaign) name: String,
    description: Option<String>,
    team: Option<String>,
    tags: Option<Vec<String>>,
    #[serde(rename = "type")]
    variant: String,
    pub(in crate::campaign) url: String,
    pub(in crate::campaign) method: Option<String>,
    #[serde(default)]
    pub(in crate::campaign) headers: BTreeMap<String, serde_yaml::Value>,
    pub(in crate::campaign) pace: Option<u32>,
    pub(in crate::campaign) timeout: Option<String>,
    #[serde(default)]
    pub(in crate::campaign) allow_private_network: bool,
    pub(in crate::campaign) on_unknown: Option<OnUnknown>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "`kind` is read by others; it must be known here")]
pub(in crate::campaign) struct SegmentFile {
    kind: String,
    pub(in crate::campaign) name: String,
    pub(in crate::campaign) description: Option<String>,
    pub(in crate::campaign) team: Option<String>,
    #[serde(default)]
    pub(in crate::campaign) tags: Vec<String>,
    pub(in crate::campaign) filter: String,
    #[serde(default)]
    pub(in crate::campaign) tracking: bool,
    tests: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "`kind` is read by others; it must be known here")]
pub(in crate::campaign) struct CampaignFile {
    kind: String,
    pub(in crate::campaign) name: String,
    pub(in crate::campaign) description: Option<String>,
    pub(in crate::campaign) team: Option<String>,
    #[serde(default)]
    pub(in crate::campaign) tags: Vec<String>,
    pub(in crate::campaign) channel: String,
    pub(in crate::campaign) segment: Option<String>,
    pub(in crate::campaign) filter: Option<String>,
    pub(in crate::campaign) max_audience: Option<u64>,
    pub(in crate::campaign) trigger: TriggerFile,
    pub(in crate::campaign) message: Option<serde_json::Value>,
    pub(in crate::campaign) raw: Option<RawFile>,
    pub(in crate::campaign) template: Option<String>,
    #[serde(default)]
    pub(in crate::campaign) delivery: DeliveryFile,
    tests: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "`kind` and the like are read by others; they must be known here"
)]
pub(in crate::campaign) struct ContentBlockFile {
    kind: String,
    pub(in crate::campaign) name: String,
    description: Option<String>,
    team: Option<String>,
    tags: Option<Vec<String>>,
    pub(in crate::campaign) content: String,
    tests: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "`kind` and the like are read by others; they must be known here"
)]
pub(in crate::campaign) struct CatalogFile {
    kind: String,
    pub(in crate::campaign) name: String,
    description: Option<String>,
    team: Option<String>,
    tags: Option<Vec<String>>,
    pub(in crate::campaign) id: Option<String>,
    pub(in crate::campaign) items: Option<Vec<serde_json::Value>>,
    pub(in crate::campaign) csv: Option<String>,
    pub(in crate::campaign) file: Option<String>,
    #[serde(default)]
    pub(in crate::campaign) fields: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "`kind` and the like are read by others; they must be known here"
)]
pub(in crate::campaign) struct TemplateFile {
    kind: String,
    pub(in crate::campaign) name: String,
    description: Option<String>,
    team: Option<String>,
    tags: Option<Vec<String>>,
    pub(in crate::campaign) message: Option<serde_json::Value>,
    pub(in crate::campaign) raw: Option<RawFile>,
    tests: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "`kind` and the like are read by others; they must be known here"
)]
pub(in crate::campaign) struct SettingsFile {
    kind: String,
    pub(in crate::campaign) name: String,
    description: Option<String>,
    team: Option<String>,
    tags: Option<Vec<String>>,
    pub(in crate::campaign) owner: Option<String>,
    pub(in crate::campaign) connected_content: Option<ConnectedContentFile>,
    #[serde(default)]
    pub(in crate::campaign) lints: BTreeMap<String, Level>,
    #[serde(default)]
    pub(in crate::campaign) policies: Vec<RuleFile>,
    #[serde(default)]
    pub(in crate::campaign) policy: PolicyFile,
    #[serde(default)]
    pub(in crate::campaign) plan: RulesFile,
}

/// What a plan must keep to.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::campaign) struct RulesFile {
    pub(in crate::campaign) max_age: Option<String>,
    pub(in crate::campaign) audience_drift: Option<String>,
    pub(in crate::campaign) max_deletes: Option<String>,
    pub(in crate::campaign) few_deletes: Option<u64>,
    pub(in crate::campaign) max_starts: Option<u64>,
}

/// A policy over plans.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::campaign) struct RuleFile {
    pub(in crate::campaign) name: String,
    pub(in crate::campaign) when: String,
    pub(in crate::campaign) level: RuleLevel,
    pub(in crate::campaign) message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::campaign) enum RuleLevel {
    Deny,
    Warn,
}

/// What becomes of a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::campaign) enum Level {
    Off,
    Warn,
    Error,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::campaign) struct PolicyFile {
    #[serde(default)]
    pub(in crate::campaign) marketing_words: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::campaign) struct ConnectedContentFile {
    pub(in crate::campaign) hosts: Vec<String>,
    #[serde(default)]
    pub(in crate::campaign) credentials: BTreeMap<String, CredentialFile>,
    #[serde(default)]
    pub(in crate::campaign) allow_private_network: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::campaign) struct CredentialFile {
    pub(in crate::campaign) hosts: Vec<String>,
    pub(in crate::campaign) username: String,
    #[serde(with = "serde_yaml::with::singleton_map")]
    pub(in crate::campaign) password: SecretRef,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::campaign) struct TriggerFile {
    pub(in crate::campaign) api: Option<Empty>,
    pub(in crate::campaign) event: Option<serde_yaml::Value>,
    pub(in crate::campaign) schedule: Option<serde_yaml::Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::campaign) struct Empty {}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::campaign) struct RawFile {
    pub(in crate::campaign) content_type: String,
    pub(in crate::campaign) body: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::campaign) struct DeliveryFile {
    pub(in crate::campaign) on_unknown: Option<OnUnknown>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::campaign) enum OnUnknown {
    Leave,
    Resend,
}

// === impl MessengerFile ===

impl MessengerFile {
    pub(in crate::campaign) fn psid_attribute(&self) -> &str {
        self.psid_attribute.as_deref().unwrap_or(PSID_ATTRIBUTE)
    }
}

/// Reads a verified document.
pub(in crate::campaign) fn read(
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
