//! What changes reach besides themselves: the campaigns that use what changes.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::Change;
use super::uses::Uses;
use crate::model::limits;
use crate::model::resource::{Key, Kind};

/// The first of many resources by kind and name, and how many there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    pub first: Vec<Key>,
    pub total: usize,
}

/// A campaign that does not change itself and uses something that does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    pub campaign: String,
    /// The changes.
    pub through: Named,
    /// One of them may change its message; segments do not.
    pub is_message_touched: bool,
}

// === impl Named ===

impl Named {
    fn push(&mut self, (kind, name): (Kind, &str)) {
        if self.first.len() < limits::NAMED_MAX {
            self.first.push((kind, name.to_owned()));
        }
        self.total += 1;
    }
}

/// Notes at each change what uses it, and returns the campaigns that are reached, by name.
pub(super) fn reach(changes: &mut [Change], uses: &Uses) -> Vec<Reach> {
    let users = uses.inverted();
    let own = changes.iter().filter(|it| it.kind == Kind::Campaign);
    let own: BTreeSet<String> = own.map(|it| it.name.clone()).collect();
    let mut reached: BTreeMap<&str, (Named, bool)> = BTreeMap::new();
    for change in changes {
        for (kind, user) in users.of(change.kind, &change.name) {
            change.used_by.push((*kind, user));
            if *kind == Kind::Campaign && !own.contains(user) {
                let (through, is_message_touched) = reached.entry(user).or_default();
                through.push((change.kind, &change.name));
                *is_message_touched |= change.kind != Kind::Segment;
            }
        }
    }
    let reached = reached.into_iter();
    let reached = reached.map(|(campaign, (through, is_message_touched))| Reach {
        campaign: campaign.to_owned(),
        through,
        is_message_touched,
    });
    reached.collect()
}
