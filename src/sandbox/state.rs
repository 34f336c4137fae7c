//! Everything a sandbox remembers, behind one short lock.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::sync::Arc;

use axum::http::HeaderMap;
use jiff::Timestamp;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::lifecycle::Tasks;

use super::check::{Content, Utility};
use super::fault::{self, Fault, Moment, Rule};
use super::limit::Usage;
use super::log::{Entry, Log};
use super::person::{self, Person, Standing, Way};
use super::receive::Call;
use super::refusal::Refusal;
use super::settings::{DEFAULT_PAGE, Page, Settings, UtilityTemplate, World};

/// What has happened so far; exact whatever the log keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Calls to the messages edge, faulted and refused ones included.
    pub calls: u64,
    pub accepted: u64,
    /// Refusals by `code` or `code/subcode`, scripted faults not included.
    pub refused: BTreeMap<String, u64>,
    /// Calls struck by a rule.
    pub faulted: u64,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) tasks: Tasks,
    pub(super) state: Mutex<State>,
    /// A call came or a message was accepted.
    pub(super) moved: Notify,
    /// Lets hanging calls go.
    pub(super) released: Notify,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) pages: HashMap<String, Page>,
    pub(super) world: World,
    /// By page, then PSID.
    pub(super) people: HashMap<String, HashMap<String, Person>>,
    pub(super) templates: Vec<UtilityTemplate>,
    pub(super) rules: Vec<Rule>,
    pub(super) log: Log,
    pub(super) stats: Stats,
    /// How often hanging calls were let go.
    pub(super) releases: u64,
    usage: HashMap<String, Usage>,
}

/// What became of one call: extra headers, and the message's id (none for a sender action) or why not.
pub(super) type Verdict = (HeaderMap, Result<Option<String>, Refusal>);

// === impl State ===

impl State {
    pub(super) fn new(settings: Settings, file: Option<File>, now: Timestamp) -> Self {
        let mut state = Self {
            pages: HashMap::new(),
            world: settings.world,
            people: HashMap::new(),
            templates: settings.templates,
            rules: settings.faults,
            log: Log::new(file, settings.log_kept, now),
            stats: Stats::default(),
            releases: 0,
            usage: HashMap::new(),
        };
        for page in settings.pages {
            state.pages.insert(page.token.clone(), page);
        }
        for person in settings.people {
            state.add(person);
        }
        state
    }

    pub(super) fn add(&mut self, person: Person) {
        self.people
            .entry(person.page.clone())
            .or_default()
            .insert(person.psid.clone(), person);
    }

    /// The person as they are, made up if nobody was added.
    pub(super) fn person_mut(&mut self, page: &str, psid: &str) -> &mut Person {
        self.people
            .entry(page.to_owned())
            .or_default()
            .entry(psid.to_owned())
            .or_insert_with(|| Person::new(page, psid))
    }

    /// Counts the call and finds the fault on order for it.
    pub(super) fn strike(&mut self, call: &Call) -> Option<(Fault, Moment)> {
        self.stats.calls += 1;
        if self.rules.is_empty() {
            return None;
        }
        let page = match self.page_of(call) {
            Ok(page) => speaks_as(page, call).to_owned(),
            Err(_) => call.page.clone(),
        };
        let struck = fault::strike(&mut self.rules, &page, &call.psid)?;
        self.stats.faulted += 1;
        Some(struck)
    }

    /// Takes the call or refuses it, in the platform's order: token, limit, content, person.
    pub(super) fn admit(
        &mut self,
        call: &Call,
        content: Result<Content, Refusal>,
        now: Timestamp,
    ) -> Verdict {
        let mut headers = HeaderMap::new();
        let verdict = self.try_admit(call, content, now, &mut headers);
        match &verdict {
            Ok(Some(_)) => self.stats.accepted += 1,
            Ok(None) => {}
            Err(refusal) => {
                let key = match refusal.subcode {
                    Some(subcode) => format!("{}/{subcode}", refusal.code),
                    None => refusal.code.to_string(),
                };
                *self.stats.refused.entry(key).or_default() += 1;
            }
        }
        (headers, verdict)
    }

    fn try_admit(
        &mut self,
        call: &Call,
        content: Result<Content, Refusal>,
        now: Timestamp,
        headers: &mut HeaderMap,
    ) -> Result<Option<String>, Refusal> {
        let page = self.page_of(call)?;
        if let Some(subcode) = page.token_state.subcode() {
            let text = "Error validating access token: The session is no longer valid.";
            return Err(Refusal::sub(190, subcode, text));
        }
        if let Some(secret) = &page.app_secret {
            call.check_proof(secret, now)?;
        }
        let page_id = speaks_as(page, call).to_owned();
        let restricted = page.restricted;
        if let Some(limit) = page.limit.clone() {
            let usage = self.usage.entry(page_id.clone()).or_default();
            let (shown, within) = usage.take(&limit, &page_id, now);
            *headers = shown;
            within?;
        }
        let content = content?;
        if restricted {
            return Err(person::refusal(Standing::PageRestricted));
        }
        self.admits(&page_id, &call.psid, content.way, now)?;
        if let Some(utility) = &content.utility {
            self.approves(&page_id, utility)?;
        }
        if !content.is_message {
            return Ok(None);
        }
        let entry = Entry {
            page: page_id,
            psid: call.psid.clone(),
            metadata: content.metadata,
            body: call.text.clone(),
        };
        let appended = self.log.append(entry, now);
        appended.map(Some).map_err(|error| {
            tracing::error!(%error, "the log file cannot be written");
            Refusal::new(
                2,
                "An unexpected error has occurred. Please retry your request later.",
            )
        })
    }

    fn page_of(&self, call: &Call) -> Result<&Page, Refusal> {
        let Some(token) = &call.token else {
            let text = "An access token is required to request this resource.";
            return Err(Refusal::new(190, text));
        };
        let Some(page) = self.pages.get(token) else {
            let text = "Invalid OAuth access token - Cannot parse access token";
            return Err(Refusal::new(190, text));
        };
        if page.id == DEFAULT_PAGE || call.page == "me" || call.page == page.id {
            return Ok(page);
        }
        let mut refusal = Refusal::sub(
            100,
            33,
            format!(
                "Unsupported post request. Object with ID '{}' does not exist, cannot be loaded due to \
                 missing permissions, or does not support this operation.",
                call.page
            ),
        );
        refusal.kind = "GraphMethodException";
        Err(refusal)
    }

    fn admits(&self, page: &str, psid: &str, way: Way, now: Timestamp) -> Result<(), Refusal> {
        // People of the default page are known to every page its token speaks for.
        let known = [page, DEFAULT_PAGE]
            .iter()
            .find_map(|page| self.people.get(*page)?.get(psid));
        match (known, self.world) {
            (Some(person), _) => person.admits(way, now),
            (None, World::Open) => Ok(()),
            (None, World::Strict) => Err(person::refusal(Standing::Unknown)),
        }
    }

    fn approves(&self, page: &str, utility: &Utility) -> Result<(), Refusal> {
        let approved = self.templates.iter().find(|template| {
            (template.page == page || template.page == DEFAULT_PAGE)
                && template.name == utility.name
                && template.language == utility.language
        });
        match approved {
            Some(template) => utility.fits(template),
            None => Err(Refusal::param(
                "Template not found: no approved template has this name and language",
            )),
        }
    }
}

/// The default page speaks as whatever page the path names.
fn speaks_as<'a>(page: &'a Page, call: &'a Call) -> &'a str {
    if page.id == DEFAULT_PAGE {
        &call.page
    } else {
        &page.id
    }
}
