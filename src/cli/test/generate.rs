//! `recado test --generate`: a case from somebody who exists, without what is personal.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::api::client::Client;
use crate::api::pb;
use crate::api::pb::export_user_response::Part;
use crate::campaign::case::{Case, Disguised, Outcome, Tests, disguise, written};
use crate::campaign::{Set, SourceFile};
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::{json, output};
use crate::clock::{Clock, SystemClock};
use crate::delivery::rehearse::Rehearsal;
use crate::model::Value;
use crate::model::event::Event;
use crate::model::id::ExternalId;
use crate::model::resource::{Document, Kind};
use crate::model::user::{Profile, Update};
use crate::segment::RECEIVED;

/// What the user is called in the case: an external id may be an e-mail address.
const SOMEBODY: &str = "somebody";
/// The latest events and messages that are written down: a case is to be read.
const DEEDS_MAX: usize = 50;

/// Everything that is known of a user, as far as a case has room for it.
struct Known {
    attributes: serde_json::Map<String, serde_json::Value>,
    events: Vec<Event>,
}

/// Prints the case; what was done to it is said beside.
pub(super) async fn generate(mut client: Client, campaign: &str, id: &str) -> Result<Exit, Error> {
    let (set, tests) = (applied(&mut client).await?, Tests::default());
    if set.campaign(campaign).is_none() {
        return Err(Error::Input(format!("there is no campaign `{campaign}`")));
    }
    let known = known(&mut client, id).await?;
    let mut user = profile(known.attributes, &set)?;
    let told = disguise(&mut user, &set);
    let now = whole_second(SystemClock.now());
    let case = Case {
        kind: Kind::Campaign,
        resource: campaign.to_owned(),
        name: format!("a user as one was on {}", now.strftime("%Y-%m-%d")),
        file: "".into(),
        line: 0,
        user,
        events: known.events,
        trigger_properties: BTreeMap::new(),
        event_properties: None,
        now,
        contents: BTreeMap::new(),
        expectations: Vec::new(),
    };
    let rehearsal = Rehearsal {
        set: &set,
        tests: &tests,
    };
    let outcome = rehearsal.run(&case);
    output::raw(written(&case, &outcome).as_bytes());
    tell(&told, &outcome);
    Ok(Exit::OK)
}

fn tell(told: &Disguised, outcome: &Outcome) {
    let names = |names: &std::collections::BTreeSet<String>| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        if names.is_empty() {
            "nothing".to_owned()
        } else {
            names.join(", ")
        }
    };
    output::note(format_args!(
        "made up: the id, texts of events, {}",
        names(&told.made_up)
    ));
    output::note(format_args!(
        "as it is: {}; mark what is personal with `pii: true` in an Attributes file",
        names(&told.kept)
    ));
    if let Some(url) = &outcome.unanswered {
        output::warn(format_args!(
            "`{url}` is asked for: give its answer in `contents:`, and expect a message"
        ));
    }
    let is_of_call = |name: &&String| {
        let root = name.split('.').next().unwrap_or_default();
        root.ends_with("trigger_properties") || root == "event_properties"
    };
    let absent: Vec<&str> = outcome
        .misses
        .iter()
        .filter(is_of_call)
        .map(String::as_str)
        .collect();
    if !absent.is_empty() {
        output::warn(format_args!(
            "the message reads {}: give them in `trigger_properties:` or `event:`",
            absent.join(", ")
        ));
    }
}

/// What is in force on the server, of all owners, checked here.
async fn applied(client: &mut Client) -> Result<Set, Error> {
    let request = pb::ExportCampaignsRequest::default();
    let exported = client.campaigns.export_campaigns(request).await?;
    let exported = exported.into_inner();
    let owners = exported
        .owners
        .into_iter()
        .chain(std::iter::repeat(String::new()));
    let files = exported.files.into_iter().zip(owners);
    let documents: Option<Vec<Document>> = files
        .map(|(file, owner)| {
            let (path, text) = (file.path, file.text);
            SourceFile { path, text }.into_document(owner)
        })
        .collect();
    let refused = |why: &str| {
        let message = format!("this version does not accept the applied files: {why}");
        Error::Input(message)
    };
    let documents = documents.ok_or_else(|| refused("one has no kind and name"))?;
    Set::compile(&documents).map_err(|problems| {
        refused(
            problems
                .first()
                .map_or("", |problem| problem.message.as_str()),
        )
    })
}

async fn known(client: &mut Client, id: &str) -> Result<Known, Error> {
    let request = pb::ExportUserRequest {
        external_id: id.to_owned(),
    };
    let mut parts = client.users.export_user(request).await?.into_inner();
    let mut attributes = None;
    let mut events = Vec::new();
    while let Some(part) = parts.message().await? {
        match part.part {
            Some(Part::User(user)) => attributes = user.attributes,
            Some(Part::Event(event)) => events.extend(deed(&event)?),
            Some(Part::Delivery(delivery)) => {
                events.extend(received(&json::of_struct(&delivery))?);
            }
            Some(Part::Segment(_)) | None => {}
        }
    }
    events.sort_by_key(|event| event.at);
    let extra = events.len().saturating_sub(DEEDS_MAX);
    if extra > 0 {
        output::warn(format_args!(
            "{extra} older events and messages are left out"
        ));
    }
    let attributes = attributes.map(|attributes| json::of_struct(&attributes));
    match attributes {
        Some(serde_json::Value::Object(attributes)) => Ok(Known {
            attributes,
            events: events.split_off(extra),
        }),
        _ => Err(Error::Answer("user")),
    }
}

/// Something that the user did; of its properties only numbers, which filters sum: nobody declares what texts hold.
fn deed(event: &pb::Event) -> Result<Option<Event>, Error> {
    let Some(at) = event.time.and_then(instant) else {
        return Ok(None);
    };
    let properties = event.properties.as_ref().map(json::of_struct);
    let properties = match properties {
        Some(serde_json::Value::Object(map)) => map,
        _ => serde_json::Map::new(),
    };
    let numbers = properties.into_iter().filter_map(|(name, value)| {
        let value = Value::from_json(value).ok().flatten()?;
        let is_number = matches!(value, Value::Int(_) | Value::Double(_));
        is_number.then_some((name, value))
    });
    Ok(Some(Event {
        external_id: somebody()?,
        name: event.name.clone(),
        at,
        properties: numbers.collect(),
        id: None,
    }))
}

/// A message that the user got.
fn received(delivery: &serde_json::Value) -> Result<Option<Event>, Error> {
    let text = |key: &str| delivery[key].as_str();
    let (Some("sent"), Some(campaign)) = (text("state"), text("campaign")) else {
        return Ok(None);
    };
    let at = text("update_time").and_then(|at| at.parse().ok());
    let Some(at) = at else { return Ok(None) };
    Ok(Some(Event {
        external_id: somebody()?,
        name: format!("{RECEIVED}{campaign}"),
        at,
        properties: BTreeMap::new(),
        id: None,
    }))
}

fn profile(
    attributes: serde_json::Map<String, serde_json::Value>,
    set: &Set,
) -> Result<Profile, Error> {
    let mut update = Update::new(somebody()?);
    for (name, json) in attributes {
        // What the server holds can be held here.
        let value = Value::from_json(json).map_err(|refused| {
            Error::Input(format!("`{name}{}`: {}", refused.path, refused.message))
        })?;
        update.set.push((name, value));
    }
    let update = set.registry.fit(update).map_err(|rejected| {
        // It may be from before the declaration. Its path is told, and never what it is.
        Error::Input(format!("{}: {}", rejected.path, rejected.message))
    })?;
    let set = update.set.into_iter();
    Ok(Profile {
        external_id: update.external_id,
        attributes: set
            .filter_map(|(name, value)| Some((name, value?)))
            .collect(),
    })
}

fn somebody() -> Result<ExternalId, Error> {
    ExternalId::parse(SOMEBODY).map_err(|invalid| Error::Input(invalid.to_string()))
}

fn instant(at: prost_types::Timestamp) -> Option<Timestamp> {
    Timestamp::new(at.seconds, at.nanos).ok()
}

fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
