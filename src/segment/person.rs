//! Somebody whom no table needs to hold.

use std::borrow::Cow;

use crate::audience::{Measure, Window};
use crate::model::event::{Event, millis};
use crate::model::user::Profile;
use crate::model::{Value, bucket};

use super::verdict::{User, within};

/// A profile with what its user did.
#[derive(Debug, Clone, Copy)]
pub struct Person<'a> {
    pub profile: &'a Profile,
    /// In the order of time.
    pub events: &'a [Event],
}

// === impl Person ===

impl<'a> From<&'a Profile> for Person<'a> {
    /// Somebody who did nothing yet.
    fn from(profile: &'a Profile) -> Self {
        Self {
            profile,
            events: &[],
        }
    }
}

impl User for Person<'_> {
    fn at(&self, path: &[String]) -> Option<Cow<'_, Value>> {
        let (name, keys) = path.split_first()?;
        within(self.profile.attributes.get(name)?, keys).map(Cow::Borrowed)
    }

    fn id(&self) -> Option<Cow<'_, Value>> {
        Some(Cow::Owned(Value::String(
            self.profile.external_id.as_str().to_owned(),
        )))
    }

    fn bucket(&self) -> Option<Cow<'_, Value>> {
        Some(Cow::Owned(Value::Int(
            bucket(self.profile.external_id.as_str()).into(),
        )))
    }

    fn events(&self, name: &str, measure: &Measure, window: Window) -> Option<Cow<'_, Value>> {
        let own = self.events.iter().filter(|event| event.name == name);
        let read = own.map(|event| {
            let number = match measure {
                Measure::Sum(property) => event.numbers().find(|(name, _)| name == property),
                _ => None,
            };
            (millis(event.at), number.map(|(_, n)| n))
        });
        measure.of(read, window).map(Cow::Owned)
    }
}
