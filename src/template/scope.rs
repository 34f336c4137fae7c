//! What a template sees: the user, the properties, and what it has assigned.
//!
//! Our own runtime, so that an absent name is empty as in Braze, and is written down; and so that nothing of
//! the profile is copied.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use liquid_core::model::{
    KString, KStringCow, KStringRef, Object, ScalarCow, Value as Liquid, ValueCow,
};
use liquid_core::runtime::{PartialStore, Registers};
use liquid_core::{Renderable, Result, Runtime, ValueView};

use super::assigned::Assigned;
use super::budget::{Budget, Limited, bytes};
use super::caught::caught;
use super::content::Contents;
use super::misses::{note_question, note_read};
use super::parse::first_line;
use super::state::{Collected, State};
use super::tags::Body;
use super::text::{Compiled, Failure, Locals};
use super::view::find;
use crate::model::Value;
use crate::model::user::Profile;

/// The attribute with true or false for each topic, as the filters' `subscribed` reads it.
const SUBSCRIPTIONS: &str = "subscriptions";

/// What a message is rendered for.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub user: &'a Profile,
    pub trigger_properties: &'a BTreeMap<String, Value>,
    pub event_properties: Option<&'a BTreeMap<String, Value>>,
    pub campaign: &'a str,
    /// The delivery's id.
    pub dispatch_id: &'a str,
    pub now: Timestamp,
    /// Answers to what templates asked for before.
    pub contents: &'a Contents,
    /// What is left to the texts of the message.
    pub budget: &'a Budget,
}

/// A render under way.
pub(super) struct Scope<'a> {
    context: Context<'a>,
    registers: Registers,
    locals: &'a Locals,
    assigned: Assigned,
    counters: RefCell<Object>,
}

/// There are no partial templates.
#[derive(Debug)]
struct NoPartials;

// === impl Scope ===

impl<'a> Scope<'a> {
    pub(super) fn new(context: &Context<'a>, compiled: &Compiled, locals: &'a Locals) -> Self {
        let scope = Self {
            context: *context,
            registers: Registers::default(),
            locals,
            assigned: Assigned::default(),
            counters: RefCell::default(),
        };
        {
            let mut state = scope.registers.get_mut::<State>();
            state.now = Some(context.now);
            state.budget = context.budget.left();
            state.library.clone_from(&compiled.library);
            state.words = compiled.words.clone();
            if !context.contents.is_empty() {
                state.contents = context.contents.clone();
            }
        }
        scope
    }

    /// Renders, whatever the template does.
    pub(super) fn run(&self, body: &Body) -> std::result::Result<Vec<u8>, Failure> {
        let mut bytes = Vec::with_capacity(256);
        let most = self.context.budget.left().writable();
        let done = caught(|| {
            let mut out = Limited::new(&mut bytes, most);
            let rendered = body.render_to(&mut out, self);
            let is_full = out.is_full();
            // What the budget says tells more than what the library made of it.
            self.pay(bytes.len(), is_full)
                .and(rendered)
                .map_err(|error| error.to_string())
        });
        if let Some(Ok(())) = done {
            return Ok(bytes);
        }
        let mut state = self.registers.get_mut::<State>();
        if let Some(reason) = state.aborted.take() {
            return Err(Failure::Aborted { reason });
        }
        if let Some(wanted) = state.missing.take() {
            return Err(Failure::Wants(wanted));
        }
        let message = match done {
            Some(Err(error)) => first_line(&error),
            _ => "the template did something that is not supported".to_owned(),
        };
        Err(Failure::Failed {
            path: String::new(),
            message,
        })
    }

    /// Takes what was used from what the message has left.
    fn pay(&self, written: usize, is_full: bool) -> Result<()> {
        let budget = &mut self.registers.get_mut::<State>().budget;
        if is_full {
            budget.outgrow();
        }
        let paid = budget.check().and_then(|()| budget.write(written));
        self.context.budget.set(*budget);
        paid
    }

    /// What `each` was given to go over.
    pub(super) fn collected(&self) -> Option<Collected> {
        self.registers.get_mut::<State>().collected.take()
    }

    pub(super) fn misses(&self) -> Vec<String> {
        self.registers.get_mut::<State>().misses.names()
    }

    /// The misses that no `default` filled.
    pub(super) fn gaps(&self) -> Vec<String> {
        self.registers.get_mut::<State>().misses.gaps()
    }

    pub(super) fn extras(&self) -> BTreeMap<String, String> {
        std::mem::take(&mut self.registers.get_mut::<State>().extras)
    }

    fn find(&self, path: &[ScalarCow<'_>]) -> Option<ValueCow<'_>> {
        let root = path.first()?.to_kstr();
        if let Some(value) = self.own(root.as_str()) {
            return find(value, &path[1..]);
        }
        let (name, rest) = match path.get(1) {
            Some(name) => (name.to_kstr(), &path[2..]),
            // What `increment` and `decrement` count can be read, where nothing else has the name.
            None => return self.get_index(root.as_str()),
        };
        let user = self.context.user;
        let map = match root.as_str() {
            "user" | "custom_attribute" => {
                return match user.attributes.get(name.as_str()) {
                    Some(value) => find(value, rest),
                    None => self.computed(name.as_str()).map(ValueCow::Owned),
                };
            }
            "api_trigger_properties" | "trigger_properties" => self.context.trigger_properties,
            "event_properties" => self.context.event_properties?,
            "campaign" => return self.campaign(name.as_str()).map(ValueCow::Owned),
            "subscribed_state" => match user.attributes.get(SUBSCRIPTIONS)? {
                Value::Object(topics) => {
                    let is_subscribed = topics.get(name.as_str()) == Some(&Value::Bool(true));
                    let state = if is_subscribed {
                        "subscribed"
                    } else {
                        "unsubscribed"
                    };
                    return Some(ValueCow::Owned(Liquid::scalar(state)));
                }
                _ => return None,
            },
            _ => return None,
        };
        find(map.get(name.as_str())?, rest)
    }

    /// What the message or the text gave a name to.
    fn own(&self, name: &str) -> Option<&Liquid> {
        let local = self.locals.iter().rev().find(|(local, _)| local == name);
        if let Some((_, value)) = local {
            return Some(value);
        }
        let answer = {
            let state = self.registers.get_mut::<State>();
            state.answers.get(name).copied()
        };
        match answer {
            Some(at) => self.context.contents.value(at),
            None => self.assigned.get(name),
        }
    }

    /// What a user has without an attribute.
    fn computed(&self, name: &str) -> Option<Liquid> {
        let id = self.context.user.external_id.as_str();
        match name {
            "user_id" | "id" => Some(Liquid::scalar(id.to_owned())),
            "random_bucket_number" | "random_bucket" => {
                Some(Liquid::scalar(i64::from(crate::model::bucket(id))))
            }
            _ => None,
        }
    }

    fn campaign(&self, name: &str) -> Option<Liquid> {
        let text = match name {
            // Names are the ids here, and there is one message a campaign.
            "name" | "api_id" | "message_name" | "message_api_id" => self.context.campaign,
            "dispatch_id" => self.context.dispatch_id,
            _ => return None,
        };
        Some(Liquid::scalar(text.to_owned()))
    }
}

impl Runtime for Scope<'_> {
    fn partials(&self) -> &dyn PartialStore {
        &NoPartials
    }

    fn name(&self) -> Option<KStringRef<'_>> {
        None
    }

    fn roots(&self) -> BTreeSet<KStringCow<'_>> {
        BTreeSet::new()
    }

    /// Existence tests come here: an absent name is no miss.
    fn try_get(&self, path: &[ScalarCow<'_>]) -> Option<ValueCow<'_>> {
        let found = self.find(path);
        note_question(&self.registers, path, found.as_ref().map(ValueCow::as_view));
        found
    }

    /// Reads come here: an absent name is empty, and written down.
    fn get(&self, path: &[ScalarCow<'_>]) -> Result<ValueCow<'_>> {
        let found = self.find(path);
        note_read(&self.registers, path, found.as_ref().map(ValueCow::as_view))?;
        Ok(found.unwrap_or(ValueCow::Owned(Liquid::Nil)))
    }

    fn set_global(&self, name: KString, value: Liquid) -> Option<Liquid> {
        let mut state = self.registers.get_mut::<State>();
        state.answers.remove(&name);
        // What fails here cannot say so: whatever comes next does.
        if state.budget.build(bytes(&value)).is_ok() {
            self.assigned.set(name, value);
        }
        None
    }

    fn set_index(&self, name: KString, value: Liquid) -> Option<Liquid> {
        // As above.
        drop(self.registers.get_mut::<State>().budget.step(1));
        self.counters.borrow_mut().insert(name, value)
    }

    fn get_index<'b>(&'b self, name: &str) -> Option<ValueCow<'b>> {
        self.counters
            .borrow()
            .get(name)
            .cloned()
            .map(ValueCow::Owned)
    }

    fn registers(&self) -> &Registers {
        &self.registers
    }
}

// === impl NoPartials ===

impl PartialStore for NoPartials {
    fn contains(&self, _: &str) -> bool {
        false
    }

    fn names(&self) -> Vec<&str> {
        Vec::new()
    }

    fn try_get(&self, _: &str) -> Option<Arc<dyn Renderable>> {
        None
    }

    fn get(&self, name: &str) -> Result<Arc<dyn Renderable>> {
        Err(liquid_core::Error::with_msg(format!(
            "there is no `{name}`"
        )))
    }
}
