//! What `render` renders, for whom, and how we do it. `benches/render/` reads the same file.

use std::collections::BTreeMap;

use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::audience::{Row, Table};
use crate::campaign::{self, Campaign, Channel, Set, SourceFile};
use crate::cli::error::Error;
use crate::delivery::compose::{self, Masked, Means, Subject};
use crate::model::Value;
use crate::model::id::{DeliveryId, ExternalId};
use crate::model::user::{Change, Profile};
use crate::template::{Budget, Contents, Context, Text};

const CASES: &str = include_str!("../../../benches/render/cases.json");
/// So many that a row is not always in the processor's nearest cache.
const USERS: u64 = 1_000;
const CHANNEL: &str = "\
kind: Channel
name: bench-page
type: messenger
page_id: \"1\"
token: {env: BENCH_TOKEN}
";

/// Texts in both spellings, and one user's attributes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Work {
    pub(super) now: Timestamp,
    attributes: Json,
    trigger_properties: Json,
    pub(super) texts: Vec<Case>,
    /// A Messenger message whose `text` names one of the texts.
    pub(super) request: BTreeMap<String, Json>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) template: String,
    /// As plain Liquid, without namespaces.
    pub(super) plain: String,
    pub(super) expect: String,
}

/// The texts compiled, and users to render them for.
pub(super) struct Ours {
    texts: Vec<Text>,
    set: Set,
    table: Table,
    profile: Profile,
    trigger_properties: BTreeMap<String, Value>,
    now: Timestamp,
}

// === impl Work ===

impl Work {
    pub(super) fn read() -> Result<Self, Error> {
        Ok(serde_json::from_str(CASES).context("the texts")?)
    }

    pub(super) fn attributes(&self) -> Result<BTreeMap<String, Value>, Error> {
        object(&self.attributes)
    }

    pub(super) fn trigger_properties(&self) -> Result<BTreeMap<String, Value>, Error> {
        object(&self.trigger_properties)
    }

    /// Which of the texts the message has.
    pub(super) fn requested(&self) -> Result<usize, Error> {
        let name = self.request.get("text").and_then(Json::as_str);
        let at = self.texts.iter().position(|case| Some(&*case.name) == name);
        Ok(at.context("the message names no text")?)
    }

    /// The campaign's file: JSON is YAML.
    fn campaign(&self) -> Result<String, Error> {
        let mut message = self.request.clone();
        let template = &self.texts[self.requested()?].template;
        message.insert("text".to_owned(), template.as_str().into());
        let file = json!({
            "kind": "Campaign", "name": "bench", "channel": "bench-page",
            "trigger": {"api": {}}, "message": message,
        });
        Ok(file.to_string())
    }
}

fn object(json: &Json) -> Result<BTreeMap<String, Value>, Error> {
    match Value::from_json(json.clone()) {
        Ok(Some(Value::Object(map))) => Ok(map),
        _ => Err(Error::Input("attributes are an object".to_owned())),
    }
}

// === impl Ours ===

impl Ours {
    pub(super) fn new(work: &Work) -> Result<Self, Error> {
        let attributes = work.attributes()?;
        let texts = work.texts.iter().map(|case| Text::compile(&case.template));
        let campaign = work.campaign()?;
        let files =
            [("channel.yaml", CHANNEL), ("campaign.yaml", &campaign)].map(|(path, text)| {
                SourceFile {
                    path: path.to_owned(),
                    text: text.to_owned(),
                }
            });
        Ok(Self {
            texts: texts
                .collect::<Result<_, _>>()
                .map_err(|found| anyhow!("{found:?}"))?,
            set: campaign::load(&files)
                .map_err(|found| anyhow!("{found:?}"))?
                .set,
            table: table(&attributes)?,
            profile: Profile {
                external_id: id(0)?,
                attributes,
            },
            trigger_properties: work.trigger_properties()?,
            now: work.now,
        })
    }

    pub(super) fn text(&self, at: usize) -> Result<String, Error> {
        let context = Context {
            user: &self.profile,
            trigger_properties: &self.trigger_properties,
            event_properties: None,
            campaign: "bench",
            dispatch_id: "d1",
            now: self.now,
            contents: &NONE,
            budget: &Budget::of_a_message(),
        };
        let rendered = self.texts[at].render(&context);
        Ok(rendered.map_err(|failure| anyhow!("{failure:?}"))?.text)
    }

    /// The user as deliveries get it.
    pub(super) fn profile(&self, n: u64) -> Result<Profile, Error> {
        let row = Row(u32::try_from(n % USERS).unwrap_or_default());
        Ok(self.table.profile(row).context("no such user")?)
    }

    /// From the user's row to the bytes of the call.
    pub(super) fn request(&self, n: u64) -> Result<Bytes, Error> {
        let profile = self.profile(n)?;
        let subject = Subject {
            profile: &profile,
            trigger_properties: &self.trigger_properties,
            event_properties: None,
            delivery: delivery(n),
            is_test: false,
            is_shown_only: false,
            now: self.now,
        };
        let means = Means {
            secrets: &Masked,
            graph_url: None,
        };
        let (campaign, channel) = self.made()?;
        let composed = compose::compose(campaign, channel, &subject, &NONE, means)
            .map_err(|reason| anyhow!("{reason:?}"))?;
        Ok(composed.call.body)
    }

    pub(super) fn trigger_properties(&self) -> &BTreeMap<String, Value> {
        &self.trigger_properties
    }

    fn made(&self) -> Result<(&Campaign, &Channel), Error> {
        let campaign = self.set.campaigns.get("bench").context("no campaign")?;
        let channel = self.set.channels.get("bench-page").context("no channel")?;
        Ok((campaign, channel))
    }
}

static NONE: Contents = Contents::none();

/// Another one for another user.
pub(super) fn delivery(n: u64) -> DeliveryId {
    let mut bytes = [7; 16];
    bytes[8..].copy_from_slice(&n.to_be_bytes());
    DeliveryId::from_bytes(bytes)
}

fn table(attributes: &BTreeMap<String, Value>) -> Result<Table, Error> {
    let mut table = Table::new();
    for n in 0..USERS {
        let set = attributes.iter();
        table.apply(&Change {
            external_id: id(n)?,
            creates: true,
            set: set
                .map(|(name, value)| (name.clone(), Some(value.clone())))
                .collect(),
        });
    }
    Ok(table)
}

fn id(n: u64) -> Result<ExternalId, Error> {
    Ok(ExternalId::parse(super::people::id(n)).context("an id")?)
}
