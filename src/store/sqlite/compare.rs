//! Crowds before and after a change, as sets of rows.

use std::collections::{BTreeMap, HashMap};
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
    // One movement for each question at most is kept until all of its shifts have gone in.
    let movement = 3 * table.read().live().blocks() * size_of::<u64>();
    let at_once = (limits::COMPARED_BYTES_MAX / movement.max(1)).max(1);
    let parts = questions.chunks(at_once);
    parts.flat_map(|some| comparing.answers(some)).collect()
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
#[derive(Default)]
struct Group<'a> {
    questions: Vec<(usize, &'a Question)>,
    /// What has gone in.
    joined: Option<Movement>,
    /// Shifts that have not.
    open: usize,
}

/// Questions turned round: each different shift with the groups it goes into, so that each is made once.
struct Turned<'a> {
    shifts: Vec<(&'a Shift, Vec<usize>)>,
    groups: Vec<Group<'a>>,
}

// === impl Turned ===

impl<'a> Turned<'a> {
    fn new(questions: &'a [Question]) -> Self {
        let mut shifts: Vec<(&Shift, Vec<usize>)> = Vec::new();
        let mut known: HashMap<[Option<Asked>; 2], usize> = HashMap::new();
        let mut groups: BTreeMap<Vec<usize>, Group<'_>> = BTreeMap::new();
        for (at, question) in questions.iter().enumerate() {
            let parts = question.shifts.iter().map(|shift| {
                let key = [&shift.before, &shift.after].map(|crowd| crowd.as_ref().map(asked));
                *known.entry(key).or_insert_with(|| {
                    shifts.push((shift, Vec::new()));
                    shifts.len() - 1
                })
            });
            let mut parts: Vec<usize> = parts.collect();
            parts.sort_unstable();
            parts.dedup();
            let group = groups.entry(parts).or_default();
            group.questions.push((at, question));
        }
        let groups = groups.into_iter().enumerate().map(|(at, (parts, group))| {
            for part in &parts {
                shifts[*part].1.push(at);
            }
            Group {
                open: parts.len(),
                ..group
            }
        });
        Self {
            groups: groups.collect(),
            shifts,
        }
    }
}

// === impl Comparing ===

impl Comparing<'_> {
    fn answers(&mut self, questions: &[Question]) -> Vec<Compared> {
        let mut answers = vec![Compared::default(); questions.len()];
        let Turned { shifts, mut groups } = Turned::new(questions);
        for (shift, users) in shifts {
            let movement = self.movement(shift);
            for user in users {
                let group = &mut groups[user];
                group.open -= 1;
                match &mut group.joined {
                    Some(joined) => joined.join(&movement),
                    // Nothing else goes in: it need not be kept.
                    None if group.open == 0 => {
                        self.answer(&group.questions, &movement, &mut answers);
                    }
                    none @ None => *none = Some(movement.clone()),
                }
                if group.open == 0
                    && let Some(joined) = group.joined.take()
                {
                    self.answer(&group.questions, &joined, &mut answers);
                }
            }
        }
        answers
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
