//! A checked set of resources, compiled: what plans compare and deliveries use.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::campaign::changes::policy::Policy;
use crate::campaign::changes::uses::Uses;
use crate::campaign::check::beside::Beside;
use crate::campaign::check::lints::Lints;
use crate::campaign::check::rules::Rules;
use crate::campaign::read::file::SecretRef;
use crate::campaign::read::source::{Asked, checked};
use crate::diagnostic::Diagnostic;
use crate::model::registry::Registry;
use crate::model::resource::{Document, Kind};
use crate::segment::{Declared, Filter};
use crate::template::{Access, Text, Tree};

/// All resources of a folder or of a revision.
#[derive(Debug, Clone, Default)]
pub struct Set {
    pub channels: BTreeMap<String, Arc<Channel>>,
    pub segments: BTreeMap<String, Arc<Segment>>,
    pub campaigns: BTreeMap<String, Arc<Campaign>>,
    /// What people declared of attributes and events.
    pub registry: Arc<Registry>,
    /// What filters may name.
    pub declared: Declared,
    pub connected_content: Arc<ConnectedContent>,
    /// What Settings say of plans, by their owner; none without Settings.
    pub rules: BTreeMap<String, Rules>,
    /// Whose files it was made of, empty for nobody's; none where it is everybody's.
    pub owner: Option<String>,
    /// What the owner has applied, and is not among the files.
    pub orphans: Vec<(Kind, String)>,
    /// What Settings say of warnings.
    pub lints: Lints,
    /// What Settings hold plans against.
    pub policies: Vec<Policy>,
    /// Which resource names which.
    pub uses: Uses,
    /// As they were written, by kind and name.
    pub documents: Vec<Document>,
}

/// What may be fetched for templates.
#[derive(Debug, Default)]
pub struct ConnectedContent {
    pub access: Access,
    pub credentials: BTreeMap<String, Credential>,
    pub allow_private_network: bool,
}

/// What `:basic_auth` names.
#[derive(Debug)]
pub struct Credential {
    pub username: String,
    pub password: SecretRef,
}

/// Where messages go.
#[derive(Debug)]
pub struct Channel {
    pub name: String,
    /// Messages a second; unlimited without one.
    pub pace: Option<u32>,
    pub timeout: Option<Duration>,
    pub kind: ChannelKind,
}

#[derive(Debug)]
pub enum ChannelKind {
    Messenger(Page),
    Webhook(Webhook),
}

/// A Messenger page.
#[derive(Debug)]
pub struct Page {
    pub page_id: String,
    pub token: SecretRef,
    pub app_secret: Option<SecretRef>,
    pub psid_attribute: String,
    pub graph_url: String,
    pub graph_version: String,
}

/// A webhook endpoint.
#[derive(Debug)]
pub struct Webhook {
    pub url: Text,
    pub method: String,
    pub headers: Vec<(String, HeaderValue)>,
    pub allow_private_network: bool,
}

#[derive(Debug)]
pub enum HeaderValue {
    Text(Text),
    Secret(SecretRef),
}

/// A named filter.
#[derive(Debug)]
pub struct Segment {
    pub name: String,
    pub description: String,
    pub team: String,
    pub tags: Vec<String>,
    pub filter: Filter,
    /// Its size is recorded every hour.
    pub tracking: bool,
}

/// A message, whom it goes to, and how.
#[derive(Debug)]
pub struct Campaign {
    pub name: String,
    pub description: String,
    pub team: String,
    pub tags: Vec<String>,
    pub channel: String,
    pub segment: Option<String>,
    /// Its own filter's text.
    pub filter: Option<String>,
    /// Segment and filter together; everybody without either.
    pub audience: Option<Filter>,
    /// An apply that makes the audience larger than this has to be allowed by name.
    pub max_audience: Option<u64>,
    pub message: Arc<Message>,
    /// What its message shows without a `default`, and its audience need not have.
    pub gaps: Vec<Gap>,
    /// A delivery that may have arrived is sent again.
    pub resend_unknown: bool,
}

/// An attribute that leaves a gap in the message of who lacks it.
#[derive(Debug, Clone)]
pub struct Gap {
    pub attribute: String,
    /// Where it is shown, in the campaign's file or its template's.
    pub warning: Diagnostic,
}

#[derive(Debug)]
pub enum Message {
    /// The Send API's message, or a webhook's JSON body.
    Tree(Tree),
    /// A webhook's body of any format.
    Raw { content_type: String, body: Text },
}

// === impl Set ===

impl Set {
    pub fn empty() -> Self {
        Self::default()
    }

    /// Compiles what was applied.
    ///
    /// # Errors
    /// A document that this version does not accept any more.
    pub fn compile(documents: &[Document]) -> Result<Self, Vec<Diagnostic>> {
        let beside = Beside {
            applied: documents,
            prune: false,
            takeovers: &BTreeSet::new(),
        };
        let loaded = checked(&[], Asked::default(), Some(beside))?;
        // A warning that Settings make an error must not keep a newer version from starting.
        if loaded.warnings.iter().any(Diagnostic::is_error) {
            return Err(loaded.warnings);
        }
        Ok(Self {
            owner: None,
            orphans: Vec::new(),
            ..loaded.set
        })
    }

    pub fn channel(&self, name: &str) -> Option<&Arc<Channel>> {
        self.channels.get(name)
    }

    pub fn campaign(&self, name: &str) -> Option<&Arc<Campaign>> {
        self.campaigns.get(name)
    }

    /// The attributes that hold PSIDs: they must be texts.
    pub fn psid_attributes(&self) -> impl Iterator<Item = &str> {
        self.channels
            .values()
            .filter_map(|channel| channel.psid_attribute())
    }
}

// === impl Channel ===

impl Channel {
    pub fn psid_attribute(&self) -> Option<&str> {
        match &self.kind {
            ChannelKind::Messenger(page) => Some(&page.psid_attribute),
            ChannelKind::Webhook(_) => None,
        }
    }

    /// The page's access token; a webhook has none of its own.
    pub fn token(&self) -> Option<&SecretRef> {
        match &self.kind {
            ChannelKind::Messenger(page) => Some(&page.token),
            ChannelKind::Webhook(_) => None,
        }
    }

    /// Everything that a message over it needs besides the message.
    pub fn secrets(&self) -> Vec<&SecretRef> {
        match &self.kind {
            ChannelKind::Messenger(page) => std::iter::once(&page.token)
                .chain(&page.app_secret)
                .collect(),
            ChannelKind::Webhook(hook) => {
                let values = hook.headers.iter().map(|(_, value)| value);
                let secrets = values.filter_map(|value| match value {
                    HeaderValue::Secret(reference) => Some(reference),
                    HeaderValue::Text(_) => None,
                });
                secrets.collect()
            }
        }
    }
}
