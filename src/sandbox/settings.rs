//! What a sandbox is started with.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::fault::Rule;
use super::limit::Limit;
use super::person::Person;

/// The token that works without any set-up.
pub const DEFAULT_TOKEN: &str = "sandbox-token";
/// The page of [`DEFAULT_TOKEN`]: it stands for whatever page the path names.
pub const DEFAULT_PAGE: &str = "me";

/// Messages kept for reading: some hundred megabytes at most; counts stay exact beyond it.
const LOG_KEPT: usize = 100_000;

/// How a sandbox begins; everything but the log can be changed later through [`super::Handle`].
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    pub pages: Vec<Page>,
    pub world: World,
    pub people: Vec<Person>,
    pub templates: Vec<UtilityTemplate>,
    pub faults: Vec<Rule>,
    /// File to which each accepted message is appended as one JSON line, flushed before the answer.
    pub log: Option<PathBuf>,
    /// Newest messages kept in memory.
    pub log_kept: usize,
}

/// One page and the token that speaks for it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    pub id: String,
    pub token: String,
    #[serde(default)]
    pub token_state: TokenState,
    /// When set, calls must carry a valid `appsecret_proof`.
    #[serde(default)]
    pub app_secret: Option<String>,
    /// A restricted page gets 10/1893063 for every send.
    #[serde(default)]
    pub restricted: bool,
    #[serde(default)]
    pub limit: Option<Limit>,
}

/// Whether a token works, and if not, why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenState {
    #[default]
    Live,
    /// 190/458.
    AppRemoved,
    /// 190/459.
    Checkpoint,
    /// 190/460.
    PasswordChanged,
    /// 190/463.
    Expired,
    /// 190/464.
    Unconfirmed,
    /// 190/467.
    Invalid,
    /// 190/492.
    RoleLost,
}

/// Who exists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum World {
    /// Every PSID is known and open unless it was told otherwise.
    #[default]
    Open,
    /// Only people who were added exist.
    Strict,
}

/// An approved utility template: (page, name, language), and how many parameters it takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UtilityTemplate {
    pub page: String,
    pub name: String,
    pub language: String,
    #[serde(default)]
    pub header_parameters: usize,
    #[serde(default)]
    pub body_parameters: usize,
    #[serde(default)]
    pub buttons: usize,
}

// === impl Settings ===

impl Default for Settings {
    fn default() -> Self {
        Self {
            pages: vec![Page::new(DEFAULT_PAGE, DEFAULT_TOKEN)],
            world: World::Open,
            people: Vec::new(),
            templates: Vec::new(),
            faults: Vec::new(),
            log: None,
            log_kept: LOG_KEPT,
        }
    }
}

// === impl Page ===

impl Page {
    pub fn new(id: impl Into<String>, token: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            token: token.into(),
            token_state: TokenState::Live,
            app_secret: None,
            restricted: false,
            limit: None,
        }
    }
}

// === impl TokenState ===

impl TokenState {
    pub(super) fn subcode(self) -> Option<u32> {
        match self {
            Self::Live => None,
            Self::AppRemoved => Some(458),
            Self::Checkpoint => Some(459),
            Self::PasswordChanged => Some(460),
            Self::Expired => Some(463),
            Self::Unconfirmed => Some(464),
            Self::Invalid => Some(467),
            Self::RoleLost => Some(492),
        }
    }
}
