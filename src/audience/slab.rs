//! Rows of the table column by column: what a store keeps as one, and how users come back, many at once.

use std::ops::Range;

use crate::model::{Value, bucket};
use crate::parallel::{Task, each_task};

use super::bitmap::grow;
use super::ids::Ids;
use super::tree::Node;
use super::{Bitmap, Row, Table};

/// Users that are looked for together.
const AT_ONCE: usize = 32;

/// Some rows, one after the other.
#[derive(Debug, Default)]
pub struct Slab<'a> {
    /// The row of place 0.
    pub first: Row,
    /// In the order of their places.
    pub users: Vec<Placed<'a>>,
    pub attributes: Vec<(&'a str, Values<'a>)>,
}

/// A user of a slab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed<'a> {
    pub place: u16,
    pub id: &'a str,
    /// As [`Table::weight`].
    pub weight: u32,
}

/// The values of one attribute: `typed` has one for each place.
#[derive(Debug)]
pub struct Values<'a> {
    /// Ascending, each the place of a user.
    pub places: Vec<u16>,
    pub typed: Typed<'a>,
}

#[derive(Debug)]
pub enum Typed<'a> {
    Bools(Vec<bool>),
    Ints(Vec<i64>),
    /// With those that were whole numbers.
    Numbers(Vec<(f64, bool)>),
    /// Whole `unit`s of nanoseconds since 1970.
    Times {
        unit: i64,
        ticks: Vec<i64>,
    },
    Texts(Vec<&'a str>),
    /// Texts or lists that repeat.
    Coded {
        entries: Vec<Value>,
        codes: Vec<u16>,
    },
    Any(Vec<Value>),
}

// === impl Table ===

impl Table {
    /// The users of some rows.
    pub fn users(&self, rows: Range<Row>) -> impl Iterator<Item = (Row, &str, u32)> {
        let live = self.live().within(rows.start.0..rows.end.0);
        live.filter_map(|row| Some((row, self.name(row)?, self.weight(row))))
    }

    /// Every attribute that somebody in these rows has, with its values by row.
    pub fn columns(&self, rows: Range<Row>) -> impl Iterator<Item = (&str, Vec<(Row, Value)>)> {
        let attributes = self.attributes.iter();
        attributes.filter_map(move |(name, node)| {
            let values = node.range(rows.start.0..rows.end.0);
            (!values.is_empty()).then_some((&**name, values.into_iter().collect()))
        })
    }

    /// Makes room for so many users more.
    pub fn reserve(&mut self, users: usize) {
        self.ids.reserve(users);
    }

    /// Takes in slabs whose rows have nobody yet, a column on each processor. A user who is there already is
    /// left out: answers the rows, the one that the user has and the one of the slab.
    pub fn take_in(&mut self, slabs: &[Slab<'_>]) -> Vec<(Row, Row)> {
        let ends = slabs.iter().filter_map(|slab| {
            let last = slab.users.last()?;
            Some(slab.first.index() + usize::from(last.place) + 1)
        });
        let rows_end = ends.max().unwrap_or(0).max(self.rows_end().index());
        let names = slabs.iter().flat_map(|slab| &slab.attributes);
        for (name, _) in names {
            if !self.attributes.contains_key(*name) {
                self.attributes.insert((*name).into(), Node::default());
            }
        }
        let mut twice = Vec::new();
        let Self {
            ids,
            live,
            weights,
            buckets,
            attributes,
            ..
        } = self;
        // The longest first, so that no processor is left with it in the end.
        let users: Task<'_> = Box::new(|| {
            for slab in slabs {
                twice.extend(place(slab, ids, live, weights));
            }
        });
        let in_buckets: Task<'_> = Box::new(|| {
            for slab in slabs {
                let (places, ticks) = slab
                    .users
                    .iter()
                    .map(|user| (user.place, i64::from(bucket(user.id))))
                    .unzip();
                let typed = Typed::Ints(ticks);
                buckets.take_in(slab.first, &Values { places, typed }, rows_end);
            }
        });
        let mut tasks = vec![users, in_buckets];
        tasks.extend(attributes.iter_mut().map(|(name, node)| -> Task<'_> {
            Box::new(move || {
                for slab in slabs {
                    let known = slab.attributes.binary_search_by(|(of, _)| (*of).cmp(name));
                    if let Ok(at) = known {
                        node.take_in(slab.first, &slab.attributes[at].1, rows_end);
                    }
                }
            })
        }));
        each_task(tasks);
        for (_, row) in &twice {
            self.attributes
                .values_mut()
                .for_each(|node| node.clear(*row));
            self.buckets.clear(*row);
        }
        self.attributes.retain(|_, node| !node.is_empty());
        twice
    }

    /// After all slabs: rows without a user go to new ones, the lowest first.
    pub fn free_holes(&mut self) {
        let end = self.rows_end().0;
        let holes = (0..end).rev().map(Row);
        let free = holes
            .filter(|row| !self.live.contains(*row))
            .map(|row| row.0);
        self.ids.set_free(free.collect());
    }
}

/// Gives the users of a slab their rows. Answers those who are there already, and the rows they do not get.
fn place(
    slab: &Slab<'_>,
    ids: &mut Ids,
    live: &mut Bitmap,
    weights: &mut Vec<u32>,
) -> Vec<(Row, Row)> {
    let mut twice = Vec::new();
    for some in slab.users.chunks(AT_ONCE) {
        let names: Vec<&str> = some.iter().map(|user| user.id).collect();
        for (user, known) in some.iter().zip(ids.find_all(&names)) {
            let row = slab.first.behind(user.place);
            // Asked for again, now that what is asked of is near: two of them may have one id.
            if let Err(known) = known.map_or_else(|| ids.add_at(row, user.id), Err) {
                twice.push((known, row));
                continue;
            }
            live.insert(row);
            if weights.len() <= row.index() {
                grow(weights, row.index() + 1, 0);
            }
            weights[row.index()] = user.weight;
        }
    }
    twice
}

// === impl Values ===

impl Values<'_> {
    /// Each with its row.
    pub(super) fn rows(&self, first: Row) -> impl Iterator<Item = Row> {
        self.places.iter().map(move |place| first.behind(*place))
    }

    /// The `at`th value.
    pub(super) fn value(&self, at: usize) -> Option<Value> {
        Some(match &self.typed {
            Typed::Bools(bools) => Value::Bool(*bools.get(at)?),
            Typed::Ints(ints) => Value::Int(*ints.get(at)?),
            Typed::Numbers(numbers) => {
                let (number, is_whole) = *numbers.get(at)?;
                super::column::number(number, is_whole)
            }
            Typed::Times { unit, ticks } => {
                let nanos = i128::from(*ticks.get(at)?) * i128::from(*unit);
                Value::Timestamp(jiff::Timestamp::from_nanosecond(nanos).ok()?)
            }
            Typed::Texts(texts) => Value::String((*texts.get(at)?).to_owned()),
            Typed::Coded { entries, codes } => entries.get(usize::from(*codes.get(at)?))?.clone(),
            Typed::Any(values) => values.get(at)?.clone(),
        })
    }
}
