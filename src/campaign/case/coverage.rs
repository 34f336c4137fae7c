//! What cases reach of filters and texts, and what none of them does.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Case;
use crate::campaign::set::Set;
use crate::model::resource::Kind;
use crate::segment::{Filter, Person};
use crate::template::{Branch, Library};

/// What there is to reach, and how much of it was.
#[derive(Debug, Clone)]
pub struct Coverage {
    /// Knows which branches were gone through.
    library: Arc<Library>,
    branches: Vec<(Branch, Spot)>,
    /// By kind and name of the document.
    filters: BTreeMap<(Kind, String), Clauses>,
}

/// Where a clause or a branch stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    pub file: String,
    pub line: u32,
    pub column: u32,
    /// The clause, or the branch's tag.
    pub text: String,
}

/// Of one filter.
#[derive(Debug, Clone)]
struct Clauses {
    filter: Filter,
    spots: Vec<Spot>,
    seen: Vec<Seen>,
}

/// How a clause was for the users of cases.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    pub is_true: bool,
    pub is_false: bool,
    pub is_unknown: bool,
}

/// What was reached of one kind of thing, and what was not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reached {
    pub total: usize,
    pub lacks: Vec<Lack>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lack {
    pub spot: Spot,
    /// Such as `never true`.
    pub lack: &'static str,
}

// === impl Coverage ===

impl Coverage {
    pub(in crate::campaign) fn new(library: Arc<Library>, branches: Vec<(Branch, Spot)>) -> Self {
        Self {
            library,
            branches,
            filters: BTreeMap::new(),
        }
    }

    /// `spots` are those of the filter's clauses.
    pub(in crate::campaign) fn add(
        &mut self,
        document: (Kind, &str),
        filter: Filter,
        spots: Vec<Spot>,
    ) {
        let clauses = Clauses {
            seen: vec![Seen::default(); spots.len()],
            filter,
            spots,
        };
        let key = (document.0, document.1.to_owned());
        self.filters.insert(key, clauses);
    }

    /// Judges every clause that a case is about. Branches note by themselves that they are gone through.
    pub fn note(&mut self, case: &Case, set: &Set) {
        let name = case.resource.as_str();
        match case.kind {
            Kind::Segment => self.judge((Kind::Segment, name), case),
            Kind::Campaign => {
                if let Some(segment) = set.campaign(name).and_then(|c| c.segment.clone()) {
                    self.judge((Kind::Segment, &segment), case);
                }
                self.judge((Kind::Campaign, name), case);
            }
            _ => {}
        }
    }

    /// Segments that a filter names are reached through it.
    fn judge(&mut self, document: (Kind, &str), case: &Case) {
        let key = (document.0, document.1.to_owned());
        let Some(clauses) = self.filters.get_mut(&key) else {
            return;
        };
        let person = Person {
            profile: &case.user,
            events: &case.events,
        };
        let judged = clauses.filter.judge(person, case.now);
        for (seen, verdict) in clauses.seen.iter_mut().zip(judged) {
            seen.add(verdict);
        }
        for segment in clauses.filter.segments() {
            self.judge((Kind::Segment, &segment), case);
        }
    }

    /// Of clauses: each is to be true for somebody, and for somebody not.
    pub fn of_filters(&self) -> Reached {
        let all = self.filters.values();
        let all = all.flat_map(|clauses| clauses.spots.iter().zip(&clauses.seen));
        Reached::of(all.map(|(spot, seen)| (spot, seen.lack())))
    }

    /// Of Liquid's branches: each is to be gone through.
    pub fn of_texts(&self) -> Reached {
        let visits = self.library.visits();
        Reached::of(self.branches.iter().map(|(branch, spot)| {
            let is_reached = visits.is_some_and(|visits| visits.has(branch));
            (spot, (!is_reached).then_some(branch.lack))
        }))
    }
}

// === impl Seen ===

impl Seen {
    fn add(&mut self, verdict: Option<bool>) {
        match verdict {
            Some(true) => self.is_true = true,
            Some(false) => self.is_false = true,
            None => self.is_unknown = true,
        }
    }

    /// Unknown is as good as false: the user is not in.
    fn lack(self) -> Option<&'static str> {
        match (self.is_true, self.is_false || self.is_unknown) {
            (true, true) => None,
            (true, false) => Some("never false"),
            (false, true) => Some("never true"),
            (false, false) => Some("never asked"),
        }
    }
}

// === impl Reached ===

impl Reached {
    fn of<'a>(all: impl Iterator<Item = (&'a Spot, Option<&'static str>)>) -> Self {
        let mut reached = Self::default();
        for (spot, lack) in all {
            reached.total += 1;
            reached.lacks.extend(lack.map(|lack| Lack {
                spot: spot.clone(),
                lack,
            }));
        }
        reached.lacks.sort();
        reached
    }

    pub fn reached(&self) -> usize {
        self.total - self.lacks.len()
    }
}
