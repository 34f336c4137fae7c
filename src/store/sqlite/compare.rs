//! Crowds before and after a change, as sets of rows.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::RwLock;

use crate::audience::{Bitmap, Movement, Row, Table};
use crate::model::id::ExternalId;
use crate::model::limits;
use crate::segment::Filter;
use crate::store::contract::{Compared, Crowd, Question, Shift};

/// Answers questions in their order.
pub(super) fn compare(
    table: &RwLock<Table>,
    now: Timestamp,
    questions: &[Question],
) -> Vec<Compared> {
    let mut comparing = Comparing {
        table,
        now,
        reaches: HashMap::new(),
    };
    let Grouped { shifts, groups } = Grouped::new(questions);
    // Groups of one shift keep nothing; of others one movement each, until all their shifts have gone in.
    let movement = 3 * table.read().live().blocks() * size_of::<u64>();
    let at_once = (limits::COMPARED_BYTES_MAX / movement.max(1)).max(1);
    let n_simple = groups.partition_point(|group| group.parts.len() <= 1);
    // Those of one shift are answered beside others that its movement goes into.
    let (first, rest) = groups.split_at(groups.len().min(n_simple + at_once));
    let mut answers = vec![Compared::default(); questions.len()];
    for groups in std::iter::once(first).chain(rest.chunks(at_once)) {
        comparing.answer_all(&shifts, groups, &mut answers);
    }
    answers
}

struct Comparing<'a> {
    table: &'a RwLock<Table>,
    now: Timestamp,
    /// Who passes a gate: every crowd asks for the same few.
    reaches: HashMap<usize, Arc<Bitmap>>,
}

/// A crowd by the filters it is made of; they live as long as their questions.
type Asked = (Option<usize>, Option<Vec<usize>>);

/// Questions that are put together of the same shifts.
struct Group<'a> {
    /// The shifts by their numbers, in order.
    parts: Vec<usize>,
    questions: Vec<(usize, &'a Question)>,
}

/// All questions, and every different shift of theirs.
struct Grouped<'a> {
    shifts: Vec<&'a Shift>,
    /// Those of the fewest shifts first.
    groups: Vec<Group<'a>>,
}

// === impl Grouped ===

impl<'a> Grouped<'a> {
    fn new(questions: &'a [Question]) -> Self {
        let mut shifts: Vec<&Shift> = Vec::new();
        let mut known: HashMap<[Option<Asked>; 2], usize> = HashMap::new();
        let mut lists: HashMap<*const Shift, Vec<usize>> = HashMap::new();
        let mut groups: BTreeMap<Vec<usize>, Vec<(usize, &Question)>> = BTreeMap::new();
        for (at, question) in questions.iter().enumerate() {
            let parts = lists.entry(question.shifts.as_ptr()).or_insert_with(|| {
                let parts = question.shifts.iter().map(|shift| {
                    let key = [&shift.before, &shift.after].map(|crowd| crowd.as_ref().map(asked));
                    *known.entry(key).or_insert_with(|| {
                        shifts.push(shift);
                        shifts.len() - 1
                    })
                });
                parts.collect::<BTreeSet<_>>().into_iter().collect()
            });
            groups
                .entry(parts.clone())
                .or_default()
                .push((at, question));
        }
        let groups = groups.into_iter();
        let groups = groups.map(|(parts, questions)| Group { parts, questions });
        let mut groups: Vec<Group<'_>> = groups.collect();
        groups.sort_by_key(|group| group.parts.len());
        Self { shifts, groups }
    }
}

// === impl Comparing ===

impl Comparing<'_> {
    /// Makes each shift once, and puts it into all groups that it is part of.
    fn answer_all(&mut self, shifts: &[&Shift], groups: &[Group<'_>], answers: &mut [Compared]) {
        let mut users: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (at, group) in groups.iter().enumerate() {
            for part in &group.parts {
                users.entry(*part).or_default().push(at);
            }
        }
        let mut joined: Vec<Option<Movement>> = groups.iter().map(|_| None).collect();
        for (part, users) in users {
            let movement = self.movement(shifts[part]);
            for at in users {
                let group = &groups[at];
                let is_last = group.parts.last() == Some(&part);
                match &mut joined[at] {
                    Some(joined) => joined.join(&movement),
                    // Nothing else goes in: it need not be kept.
                    None if is_last => self.answer(&group.questions, &movement, answers),
                    none @ None => *none = Some(movement.clone()),
                }
                if is_last && let Some(joined) = joined[at].take() {
                    self.answer(&group.questions, &joined, answers);
                }
            }
        }
    }

    fn answer(
        &self,
        questions: &[(usize, &Question)],
        movement: &Movement,
        answers: &mut [Compared],
    ) {
        let counts = movement.counts();
        let table = self.table.read();
        let ids = |rows: Vec<Row>| -> Vec<ExternalId> {
            let ids = rows.into_iter();
            ids.filter_map(|row| table.external_id(row)).collect()
        };
        for (at, question) in questions {
            let [entered, left] = movement.samples(question.samples);
            let witnesses = movement.witnesses(question.witnesses);
            answers[*at] = Compared {
                counts,
                entered: ids(entered),
                left: ids(left),
                witnesses: ids(witnesses),
            };
        }
    }

    fn movement(&mut self, shift: &Shift) -> Movement {
        let (before, after) = self.sides(shift);
        let mut reachable = after.clone();
        let reach = shift.after.as_ref().and_then(|crowd| crowd.reach.as_ref());
        if let Some(filters) = reach {
            let mut reach = Bitmap::new();
            for filter in filters {
                reach.or(&self.reach(filter));
            }
            reachable.and(&reach);
        }
        Movement {
            before,
            after,
            reachable,
        }
    }

    /// Both sides of one shift, of the same users: no write comes in between.
    fn sides(&self, shift: &Shift) -> (Bitmap, Bitmap) {
        let table = self.table.read();
        let members = |crowd: &Option<Crowd>| match crowd {
            None => Bitmap::new(),
            Some(Crowd { filter: None, .. }) => table.live().clone(),
            Some(Crowd {
                filter: Some(filter),
                ..
            }) => filter.members(&table, self.now),
        };
        let before = members(&shift.before);
        let is_same = match (&shift.before, &shift.after) {
            (Some(before), Some(after)) => before.filter == after.filter,
            (before, after) => before.is_none() && after.is_none(),
        };
        let after = if is_same {
            before.clone()
        } else {
            members(&shift.after)
        };
        (before, after)
    }

    fn reach(&mut self, filter: &Filter) -> Arc<Bitmap> {
        let (table, now) = (self.table, self.now);
        let reach = self
            .reaches
            .entry(filter.address())
            .or_insert_with(|| Arc::new(filter.members(&table.read(), now)));
        Arc::clone(reach)
    }
}

fn asked(crowd: &Crowd) -> Asked {
    let reach = crowd.reach.as_ref();
    (
        crowd.filter.as_ref().map(Filter::address),
        reach.map(|filters| filters.iter().map(Filter::address).collect()),
    )
}
