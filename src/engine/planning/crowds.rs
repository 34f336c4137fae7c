//! Whom resources are about before and after a change, as questions to the audience.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::campaign::{Campaign, Set, Users};
use crate::delivery::gates;
use crate::model::limits;
use crate::model::resource::Kind;
use crate::segment::Filter;
use crate::store::contract::{Crowd, Question, Shift};

/// Two states, and what was made of them so far.
pub(super) struct Crowds<'a> {
    sides: [Side<'a>; 2],
    /// Who passes the gate of each PSID attribute, made once.
    reaches: BTreeMap<String, Option<Filter>>,
    /// The people of campaigns that share something, before and after: what they share too is about the same.
    shared: BTreeMap<[BTreeSet<&'a str>; 2], Arc<[Shift]>>,
    /// Crowds that may still be put together.
    left: usize,
    /// Shared resources whose people are not counted: it would take too long.
    pub(super) uncounted: usize,
}

/// One question, and what its answer says.
pub(super) struct Asked {
    pub(super) question: Question,
    /// Some campaign sends to them: who can be reached is known.
    pub(super) is_sent: bool,
}

struct Side<'a> {
    set: &'a Set,
    users: Users<'a>,
}

// === impl Side ===

impl<'a> Side<'a> {
    fn new(set: &'a Set) -> Self {
        Self {
            set,
            users: set.uses.inverted(),
        }
    }

    /// Campaigns that use a resource, directly or through others.
    fn campaigns(&self, kind: Kind, name: &str) -> BTreeSet<&'a str> {
        let users = self.users.of(kind, name).into_iter();
        users
            .filter(|(kind, _)| *kind == Kind::Campaign)
            .map(|(_, name)| name.as_str())
            .collect()
    }
}

// === impl Crowds ===

impl<'a> Crowds<'a> {
    pub(super) fn new(before: &'a Set, after: &'a Set) -> Self {
        Self {
            sides: [Side::new(before), Side::new(after)],
            reaches: BTreeMap::new(),
            shared: BTreeMap::new(),
            left: limits::SHARED_CROWDS_MAX,
            uncounted: 0,
        }
    }

    /// `None` for what is about nobody. Of a campaign's people, `witnesses` are asked for.
    pub(super) fn of(&mut self, kind: Kind, name: &str, witnesses: usize) -> Option<Asked> {
        let (shifts, is_sent) = match kind {
            Kind::Attributes | Kind::Settings => return None,
            Kind::Campaign => (Arc::from([self.campaign(name)]), true),
            Kind::Segment => self.segment(name),
            _ => (self.campaigns_with(kind, name)?, true),
        };
        let is_about_somebody = |shift: &Shift| shift.before.is_some() || shift.after.is_some();
        if !shifts.iter().any(is_about_somebody) {
            return None;
        }
        let question = Question {
            shifts,
            samples: limits::DELTA_IDS_MAX,
            witnesses,
        };
        Some(Asked { question, is_sent })
    }

    fn campaign(&mut self, name: &str) -> Shift {
        let [before, after] = [0, 1].map(|side| self.crowd(side, name));
        Shift { before, after }
    }

    /// A segment reaches whom the campaigns reach that use it.
    fn segment(&mut self, name: &str) -> (Arc<[Shift]>, bool) {
        let mut is_sent = false;
        let [before, after] = [0, 1].map(|side| {
            let filter = self.sides[side].set.segments.get(name)?.filter.clone();
            let users = self.sides[side].campaigns(Kind::Segment, name);
            is_sent = !users.is_empty();
            let reaches: Vec<_> = users
                .iter()
                .filter_map(|user| self.crowd(side, user))
                .collect();
            let reaches: Option<Vec<Vec<Filter>>> =
                reaches.into_iter().map(|crowd| crowd.reach).collect();
            let reach = reaches.map(|lists| {
                let mut filters: Vec<Filter> = lists.concat();
                filters.sort_by_key(Filter::address);
                filters.dedup_by_key(|filter| filter.address());
                filters
            });
            Some(Crowd {
                filter: Some(filter),
                reach,
            })
        });
        (Arc::from([Shift { before, after }]), is_sent)
    }

    /// What campaigns share is about all their people.
    fn campaigns_with(&mut self, kind: Kind, name: &str) -> Option<Arc<[Shift]>> {
        let users = [0, 1].map(|side| self.sides[side].campaigns(kind, name));
        if let Some(known) = self.shared.get(&users) {
            return Some(Arc::clone(known));
        }
        let all: BTreeSet<&str> = users.iter().flatten().copied().collect();
        let Some(left) = self.left.checked_sub(all.len()) else {
            self.uncounted += 1;
            return None;
        };
        self.left = left;
        let mut shift = |campaign: &str| {
            let [before, after] = [0, 1].map(|side| {
                let is_used = users[side].contains(campaign);
                is_used.then(|| self.crowd(side, campaign)).flatten()
            });
            Shift { before, after }
        };
        let shifts: Arc<[Shift]> = all.into_iter().map(&mut shift).collect();
        self.shared.insert(users, Arc::clone(&shifts));
        Some(shifts)
    }

    fn crowd(&mut self, side: usize, campaign: &str) -> Option<Crowd> {
        let set = self.sides[side].set;
        let campaign = set.campaign(campaign)?;
        Some(Crowd {
            filter: campaign.audience.clone(),
            reach: self.reach(set, campaign),
        })
    }

    /// Who passes the gates behind the audience; everybody where there are none.
    fn reach(&mut self, set: &Set, campaign: &Campaign) -> Option<Vec<Filter>> {
        let attribute = set.channel(&campaign.channel)?.psid_attribute()?;
        let known = self.reaches.entry(attribute.to_owned());
        let filter = known.or_insert_with(|| gates::with_psid(attribute));
        Some(filter.iter().cloned().collect())
    }
}
