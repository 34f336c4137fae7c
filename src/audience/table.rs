//! The table of all users.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::model::id::ExternalId;
use crate::model::user::{Change, Current, Profile, weight};
use crate::model::value::Type;
use crate::model::{Value, bucket};

use super::bitmap::grow;
use super::column::Column;
use super::events::Happenings;
use super::ids::Ids;
use super::scan::constant;
use super::tree::Node;
use super::{Bitmap, Question, Row, Test};

/// Every user with every attribute. Cheap to read in sets, a few hundred bytes a user.
#[derive(Debug, Clone, Default)]
pub struct Table {
    pub(super) ids: Ids,
    pub(super) live: Bitmap,
    /// As [`weight`] counts, per row; 0 for rows without a user.
    pub(super) weights: Vec<u32>,
    pub(super) buckets: Column,
    pub(super) attributes: BTreeMap<Box<str>, Node>,
    pub(super) events: BTreeMap<Box<str>, Happenings>,
    reads: Reads,
}

/// Who reads rows that they were given before.
#[derive(Debug, Default)]
struct Reads(Arc<()>);

/// While it is kept, the row of a deleted user goes to nobody else: who was given it finds nobody there.
#[derive(Debug)]
pub struct Hold(#[expect(dead_code, reason = "counted by its copies")] Arc<()>);

/// An attribute, or a path in one, that some user has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    pub path: Vec<String>,
    /// How many users have it with each type.
    pub types: BTreeMap<Type, usize>,
}

/// One user of the table as it stands.
pub struct Seen<'a> {
    table: &'a Table,
    row: Option<Row>,
}

// === impl Reads ===

impl Clone for Reads {
    /// Nobody reads the copy.
    fn clone(&self) -> Self {
        Self::default()
    }
}

// === impl Table ===

impl Table {
    pub fn new() -> Self {
        Self::default()
    }

    /// Users.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One more than the highest row that was ever used.
    pub fn rows_end(&self) -> Row {
        self.ids.end()
    }

    /// Rows that have a user.
    pub fn live(&self) -> &Bitmap {
        &self.live
    }

    pub fn row(&self, external_id: &ExternalId) -> Option<Row> {
        self.row_of(external_id.as_str())
    }

    /// As [`Table::row`], of an external id's text.
    pub fn row_of(&self, external_id: &str) -> Option<Row> {
        self.ids.find(external_id)
    }

    /// As [`Table::row_of`], of some at once, which takes less time than one after the other.
    pub fn rows_of(&self, external_ids: &[&str]) -> Vec<Option<Row>> {
        self.ids.find_all(external_ids)
    }

    pub fn external_id(&self, row: Row) -> Option<ExternalId> {
        ExternalId::parse(self.ids.name(row)?).ok()
    }

    /// As [`Table::external_id`], without a copy.
    pub fn name(&self, row: Row) -> Option<&str> {
        self.ids.name(row)
    }

    /// The whole value of one attribute.
    pub fn get(&self, row: Row, attribute: &str) -> Option<Value> {
        self.attributes.get(attribute)?.get(row)
    }

    /// The value at a path: the attribute, then keys of objects.
    pub fn at(&self, row: Row, path: &[String]) -> Option<Value> {
        self.node(path)?.get(row)
    }

    /// Whether some user has a value at the path.
    pub fn has(&self, path: &[String]) -> bool {
        self.node(path).is_some()
    }

    pub fn profile(&self, row: Row) -> Option<Profile> {
        let external_id = self.external_id(row)?;
        let attributes = self.attributes.iter();
        // Not `to_string`, which formats: names are most of what a profile copies.
        let read =
            attributes.filter_map(|(name, node)| Some((String::from(&**name), node.get(row)?)));
        Some(Profile {
            external_id,
            attributes: read.collect(),
        })
    }

    /// Names and values together, in bytes; 0 for a row without a user.
    pub fn weight(&self, row: Row) -> u32 {
        self.weights.get(row.index()).copied().unwrap_or(0)
    }

    pub fn bucket(&self, row: Row) -> Option<u16> {
        self.ids.name(row).map(bucket)
    }

    /// The user of a row, or one who does not exist.
    pub fn current(&self, row: Option<Row>) -> Seen<'_> {
        Seen { table: self, row }
    }

    /// The attribute paths that the change would add, each as its keys with NUL between them. Nearly always
    /// there are none, which is found out without a copy.
    pub fn missing_paths(&self, change: &Change) -> Vec<String> {
        let mut found = Vec::new();
        for (name, value) in &change.set {
            let Some(value) = value else { continue };
            let node = self.attributes.get(name.as_str());
            if Node::missing(node, value) > 0 {
                Node::name_missing(node, name, value, &mut found);
            }
        }
        found
    }

    /// Attribute paths that some user has: each is a column. Costs a look at each.
    pub fn n_paths(&self) -> usize {
        self.attributes.values().map(Node::count).sum()
    }

    /// Creates the user if there is none. An attribute is replaced whole, with everything in it.
    pub fn apply(&mut self, change: &Change) -> Row {
        self.apply_near(change, None)
    }

    /// As [`Table::apply`], of a user who had this row a moment ago: nearly always that saves the search.
    pub fn apply_near(&mut self, change: &Change, row: Option<Row>) -> Row {
        let id = change.external_id.as_str();
        let row = row.filter(|row| self.name(*row) == Some(id));
        let row = row.or_else(|| self.ids.find(id));
        let row = row.unwrap_or_else(|| self.add(id));
        self.update(row, &change.set);
        row
    }

    /// Changes attributes of the user of `row`, which must have one.
    pub fn update(&mut self, row: Row, set: &[(String, Option<Value>)]) {
        let rows_end = self.ids.end().index();
        for (name, value) in set {
            self.replace(row, name, value.as_ref(), rows_end);
        }
    }

    /// To be taken with the rows that are to be read.
    pub fn hold(&self) -> Hold {
        Hold(Arc::clone(&self.reads.0))
    }

    /// The row goes to the next new user, unless somebody holds rows then.
    pub fn delete(&mut self, external_id: &ExternalId) -> Option<Row> {
        let row = self.ids.remove(external_id.as_str())?;
        self.attributes.retain(|_, node| {
            node.clear(row);
            !node.is_empty()
        });
        self.events.retain(|_, events| {
            events.clear(row);
            !events.is_empty()
        });
        self.buckets.clear(row);
        self.live.remove(row);
        self.weights[row.index()] = 0;
        Some(row)
    }

    /// A path that some user has and that differs from this one by the case of letters only.
    pub fn spelt_otherwise(&self, path: &[String]) -> Option<Vec<String>> {
        let mut level = &self.attributes;
        for (depth, key) in path.iter().enumerate() {
            let mut names = level.keys();
            let other =
                names.find(|name| name.eq_ignore_ascii_case(key) && name.as_ref() != key.as_str());
            if let Some(other) = other {
                let before = path[..depth].iter().cloned();
                return Some(before.chain([other.to_string()]).collect());
            }
            level = &level.get(key.as_str())?.fields;
        }
        None
    }

    /// How many attributes some user has or had, objects as one: it only grows.
    pub fn n_attributes(&self) -> usize {
        self.attributes.len()
    }

    /// Attributes whose names differ by the case of letters only, each with another one.
    pub fn spellings(&self) -> BTreeMap<String, String> {
        let mut alike: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for name in self.attributes.keys() {
            alike
                .entry(name.to_ascii_lowercase())
                .or_default()
                .push(name);
        }
        let several = alike.into_values().filter(|names| names.len() > 1);
        let pairs = several.flat_map(|names| {
            let others = names.clone().into_iter().cycle().skip(1);
            let pairs = names.into_iter().zip(others);
            pairs
                .map(|(name, other)| (name.to_owned(), other.to_owned()))
                .collect::<Vec<_>>()
        });
        pairs.collect()
    }

    /// Every path that some user has, in order.
    pub fn paths(&self) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        self.each_path(&mut |path, _| found.push(path.to_vec()));
        found
    }

    /// As [`Table::paths`], with how many users have which type.
    pub fn attributes(&self) -> Vec<Attribute> {
        let mut found = Vec::new();
        self.each_path(&mut |path, node| {
            found.push(Attribute {
                path: path.to_vec(),
                types: node.column.types(),
            });
        });
        found
    }

    /// How many users have which type at a path.
    pub fn types_at(&self, path: &[String]) -> BTreeMap<Type, usize> {
        let node = self.node(path);
        node.map_or_else(BTreeMap::new, |node| node.column.types())
    }

    /// Whether some user has a value at the path of a type that fits; nearly always the first look tells.
    pub fn holds(&self, path: &[String], fits: &dyn Fn(Type) -> bool) -> bool {
        self.node(path).is_some_and(|node| node.column.holds(fits))
    }

    fn each_path(&self, tell: &mut dyn FnMut(&[String], &Node)) {
        fn walk(path: &mut Vec<String>, node: &Node, tell: &mut dyn FnMut(&[String], &Node)) {
            tell(path, node);
            for (key, field) in &node.fields {
                path.push(key.to_string());
                walk(path, field, tell);
                path.pop();
            }
        }
        for (name, node) in &self.attributes {
            walk(&mut vec![name.to_string()], node, tell);
        }
    }

    /// The question, of the value at `path`, made ready for some blocks of 64 rows.
    pub fn test<'a>(
        &'a self,
        path: &[String],
        question: Question<'a>,
        blocks: Range<usize>,
    ) -> Test<'a> {
        match self.node(path) {
            Some(node) => node.column.test(question, blocks, |row| node.get(row)),
            None => constant((question.holds)(None)),
        }
    }

    /// As [`Table::test`], of the random bucket.
    pub fn test_bucket<'a>(&'a self, question: Question<'a>, blocks: Range<usize>) -> Test<'a> {
        self.buckets.test(question, blocks, |_| None)
    }

    /// An estimate of what all of it takes.
    pub fn memory_bytes(&self) -> usize {
        let attributes = self
            .attributes
            .iter()
            .map(|(name, n)| name.len() + 16 + n.bytes());
        self.ids.bytes()
            + self.live.bytes()
            + self.weights.capacity() * 4
            + self.buckets.bytes()
            + attributes.sum::<usize>()
            + self.events.values().map(Happenings::bytes).sum::<usize>()
    }

    fn add(&mut self, id: &str) -> Row {
        let is_held = Arc::strong_count(&self.reads.0) > 1;
        let row = self.ids.add(id, is_held);
        if self.weights.len() <= row.index() {
            grow(&mut self.weights, row.index() + 1, 0);
        }
        self.live.insert(row);
        let bucket = Value::Int(bucket(id).into());
        self.buckets.set(row, &bucket, self.ids.end().index());
        row
    }

    fn replace(&mut self, row: Row, name: &str, value: Option<&Value>, rows_end: usize) {
        let kept = &mut self.weights[row.index()];
        let Some(node) = self.attributes.get_mut(name) else {
            let Some(value) = value else { return };
            *kept += bytes(weight(name, value));
            let mut node = Node::default();
            node.set(row, value, rows_end);
            self.attributes.insert(name.into(), node);
            return;
        };
        if let Some(old) = node.weight(row) {
            *kept -= bytes(name.len() + old);
            node.clear(row);
        }
        if let Some(value) = value {
            *kept += bytes(weight(name, value));
            node.set(row, value, rows_end);
        } else if node.is_empty() {
            self.attributes.remove(name);
        }
    }

    fn node(&self, path: &[String]) -> Option<&Node> {
        let (name, keys) = path.split_first()?;
        self.attributes.get(name.as_str())?.field(keys)
    }
}

// === impl Seen ===

impl Current for Seen<'_> {
    fn exists(&self) -> bool {
        self.row.is_some()
    }

    fn get(&self, attribute: &str) -> Option<Value> {
        self.table.get(self.row?, attribute)
    }

    fn weight(&self) -> usize {
        self.row.map_or(0, |row| self.table.weight(row) as usize)
    }
}

/// A profile is bounded far below 4 GiB.
fn bytes(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
