//! Cases of `tests:`, run by what sends: the same gates, the same message, without a store, a clock or a network.

use bytes::Bytes;
use reqwest::Url;
use reqwest::header::HeaderMap;

use crate::campaign::case::{Case, Given, Outcome, Tests};
use crate::campaign::{Campaign, Channel, Message, Set};
use crate::model::delivery::{Notes, Reason, ReasonCode};
use crate::model::id::{DeliveryId, SendId};
use crate::model::limits;
use crate::model::resource::Kind;
use crate::segment::Person;
use crate::template::{Budget, Contents, Context, Rendered, Wanted};

use super::attempt::of;
use super::body;
use super::compose::{self, Composed, Masked, Means, Subject, Unmade};
use super::gates::{self, GateVerdict};
use super::http::{Answer, Ending};
use super::{contents, guard, warnings};

/// Runs cases over one set of files.
#[derive(Debug, Clone, Copy)]
pub struct Rehearsal<'a> {
    pub set: &'a Set,
    pub tests: &'a Tests,
}

/// Why a message of a case was not made.
enum Stopped {
    For(Reason),
    /// The URL of connected content without an answer.
    Unanswered(String),
}

// === impl Stopped ===

impl From<Reason> for Stopped {
    fn from(reason: Reason) -> Self {
        Self::For(reason)
    }
}

// === impl Rehearsal ===

impl Rehearsal<'_> {
    pub fn run(&self, case: &Case) -> Outcome {
        match case.kind {
            Kind::Segment => Outcome {
                member: self.set.segments.get(&case.resource).and_then(|segment| {
                    let person = person(case);
                    segment.filter.matches_person(person, case.now)
                }),
                ..Outcome::default()
            },
            Kind::Campaign => match of(self.set, &case.resource) {
                Some((campaign, channel)) => of_campaign(case, campaign, channel),
                None => Outcome::default(),
            },
            Kind::Template => self.of_template(case),
            _ => self.of_block(case),
        }
    }

    fn of_template(&self, case: &Case) -> Outcome {
        let Some(message) = self.tests.templates.get(&case.resource) else {
            return Outcome::default();
        };
        let is_messenger = self.tests.on_messenger.contains(&case.resource);
        let made = answered(case, |contents| {
            rendered(case, message, is_messenger, contents)
        });
        made.unwrap_or_else(stopped)
    }

    fn of_block(&self, case: &Case) -> Outcome {
        let Some(text) = self.tests.blocks.get(&case.resource) else {
            return Outcome::default();
        };
        let made = answered(case, |contents| {
            let delivery = delivery(case).to_string();
            let budget = Budget::of_a_message();
            let context = context(case, &delivery, contents, &budget);
            text.render(&context).map_err(compose::unrendered)
        });
        match made {
            Ok(Rendered { text, misses, .. }) => Outcome {
                text: Some(text),
                misses,
                ..Outcome::default()
            },
            Err(why) => stopped(why),
        }
    }
}

/// As a delivery: whom a gate stops, nothing is rendered for.
fn of_campaign(case: &Case, campaign: &Campaign, channel: &Channel) -> Outcome {
    let is_member = match &campaign.audience {
        None => Some(true),
        Some(filter) => filter.matches_person(person(case), case.now),
    };
    let outside_because = match &campaign.audience {
        Some(filter) if is_member != Some(true) => {
            Some(filter.explain_person(person(case), case.now).culprit())
        }
        _ => None,
    };
    let mut gates = gates::run(&gates::Subject {
        profile: Some(&case.user),
        is_member,
        outside_because: outside_because.as_deref(),
        psid_attribute: channel.psid_attribute(),
        is_test: false,
    });
    if let Some(closed) = gates::first_closed(&gates) {
        return Outcome {
            closed: Some(closed),
            ..Outcome::default()
        };
    }
    let means = Means {
        secrets: &Masked,
        graph_url: None,
    };
    let made = answered(case, |contents| {
        let subject = Subject {
            profile: &case.user,
            trigger_properties: &case.trigger_properties,
            event_properties: case.event_properties.as_ref(),
            delivery: delivery(case),
            is_test: false,
            is_shown_only: true,
            now: case.now,
        };
        compose::compose(campaign, channel, &subject, contents, means)
    });
    let composed = match made {
        Ok(composed) => composed,
        Err(why) => return stopped(why),
    };
    let refused = guard::check(&composed.call.url, composed.call.is_private_allowed);
    let refused = refused.err().map(|refused| refused.to_string());
    gates.push(GateVerdict::of_channel(refused.as_deref()));
    Outcome {
        closed: gates::first_closed(&gates),
        ..shown(&composed)
    }
}

fn shown(composed: &Composed) -> Outcome {
    let call = composed.shown();
    Outcome {
        message: composed.message.clone(),
        body: Some(call.body),
        url: Some(call.url),
        headers: call.headers,
        misses: composed.notes.misses.iter().cloned().collect(),
        warnings: warnings::warnings(composed),
        ..Outcome::default()
    }
}

fn rendered(
    case: &Case,
    message: &Message,
    is_messenger: bool,
    contents: &Contents,
) -> Result<Outcome, Unmade> {
    let delivery = delivery(case).to_string();
    let budget = Budget::of_a_message();
    let context = context(case, &delivery, contents, &budget);
    match message {
        Message::Tree(tree) => {
            let rendered = if is_messenger {
                body::for_messenger(tree, &context, &mut Notes::default())?
            } else {
                tree.render(&context).map_err(compose::unrendered)?
            };
            let held = is_messenger.then_some(&rendered.json);
            Ok(Outcome {
                warnings: warnings::of(&rendered.gaps, held),
                body: Some(rendered.json.to_string()),
                message: Some(rendered.json),
                misses: rendered.misses,
                ..Outcome::default()
            })
        }
        Message::Raw { content_type, body } => {
            let rendered = body.render(&context).map_err(compose::unrendered)?;
            Ok(Outcome {
                message: body::json_of(content_type, &rendered.text)?,
                warnings: warnings::of(&rendered.gaps, None),
                body: Some(rendered.text),
                misses: rendered.misses,
                ..Outcome::default()
            })
        }
    }
}

/// Makes something with the connected content that the case gives.
fn answered<T>(case: &Case, make: impl Fn(&Contents) -> Result<T, Unmade>) -> Result<T, Stopped> {
    let mut contents = Contents::none();
    loop {
        let wanted = match make(&contents) {
            Ok(made) => return Ok(made),
            Err(Unmade::For(refusal)) => return Err(refusal.reason.into()),
            Err(Unmade::Wants(wanted)) => wanted,
        };
        contents::check_calls(&contents)?;
        let Some(given) = case.contents.get(&wanted.request.url) else {
            return Err(Stopped::Unanswered(wanted.request.url));
        };
        let host = host(&wanted);
        let response = contents::settled(&wanted, &host, Ok(answer(given)))?;
        contents.add(wanted.request, response);
    }
}

fn host(wanted: &Wanted) -> String {
    let url: Option<Url> = wanted.request.url.parse().ok();
    let host = url.as_ref().and_then(Url::host_str);
    host.unwrap_or_default().to_owned()
}

fn answer(given: &Given) -> Answer {
    Answer {
        status: given.status,
        headers: HeaderMap::new(),
        ending: if given.body.len() <= limits::CONTENT_BYTES_MAX {
            Ending::Whole
        } else {
            Ending::TooLong
        },
        body: Bytes::from(given.body.clone()),
    }
}

fn stopped(why: Stopped) -> Outcome {
    match why {
        Stopped::For(reason) if reason.code == ReasonCode::ChannelMisconfigured => Outcome {
            closed: Some(reason),
            ..Outcome::default()
        },
        Stopped::For(reason) => Outcome {
            unmade: Some(reason),
            ..Outcome::default()
        },
        Stopped::Unanswered(url) => Outcome {
            unanswered: Some(url),
            ..Outcome::default()
        },
    }
}

fn person(case: &Case) -> Person<'_> {
    Person {
        profile: &case.user,
        events: &case.events,
    }
}

/// The same as a preview's, so that what a template makes of it is the same.
fn delivery(case: &Case) -> DeliveryId {
    DeliveryId::derive(SendId::from_bytes([0; 16]), &case.user.external_id)
}

fn context<'a>(
    case: &'a Case,
    delivery: &'a str,
    contents: &'a Contents,
    budget: &'a Budget,
) -> Context<'a> {
    Context {
        user: &case.user,
        trigger_properties: &case.trigger_properties,
        event_properties: case.event_properties.as_ref(),
        campaign: &case.resource,
        dispatch_id: delivery,
        now: case.now,
        contents,
        budget,
    }
}
