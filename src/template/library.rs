//! What texts may use besides what they are rendered for: content blocks, catalogs, hosts to fetch from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use liquid_core::model::{KString, Object, Value as Liquid};
use serde_json::{Map, Value as Json};

use super::access::Access;
use super::filters::from_json;
use super::parse::parse;
use super::tags::Body;
use super::visits::{Branch, Visits};
use super::words::Words;
use crate::diagnostic::Diagnostic;

/// Built once for a set of resources; a compiled text keeps the one that it was compiled with.
#[derive(Debug, Default)]
pub struct Library {
    blocks: BTreeMap<String, Arc<Body>>,
    catalogs: BTreeMap<String, Catalog>,
    /// Those of all blocks.
    words: Words,
    access: Access,
    /// There are more blocks and catalogs than are known here: what is missing is not reported.
    is_part: bool,
    /// Branches of texts that are compiled with it are counted here.
    visits: Option<Visits>,
}

/// Items by their ids.
#[derive(Debug, Default)]
pub struct Catalog {
    items: BTreeMap<String, Liquid>,
}

/// What a text uses of a library, by name.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct References {
    pub blocks: BTreeSet<String>,
    pub catalogs: BTreeSet<String>,
}

// === impl Library ===

impl Library {
    /// One that knows that it does not know everything.
    pub fn part() -> Self {
        Self {
            is_part: true,
            ..Self::default()
        }
    }

    /// From now on branches of texts are counted: for tests, since it costs something in every render.
    pub fn count_visits(&mut self) {
        self.visits = Some(Visits::default());
    }

    pub fn visits(&self) -> Option<&Visits> {
        self.visits.as_ref()
    }

    pub fn mark_part(&mut self) {
        self.is_part = true;
    }

    /// Adds a content block, after those that it uses itself; its branches, where they are counted.
    ///
    /// # Errors
    /// Everything that is wrong with its text.
    pub fn add_block(&mut self, name: &str, source: &str) -> Result<Vec<Branch>, Vec<Diagnostic>> {
        let block = parse(source, self)?;
        self.words.add(&block.words);
        self.blocks
            .insert(name.to_owned(), Arc::new(block.template));
        Ok(block.branches)
    }

    /// A block that is broken: told where it stands, and not again where it is used.
    pub fn add_broken_block(&mut self, name: &str) {
        let nothing = Body::new(Vec::new());
        self.blocks.insert(name.to_owned(), Arc::new(nothing));
    }

    pub fn add_catalog(&mut self, name: &str, catalog: Catalog) {
        self.catalogs.insert(name.to_owned(), catalog);
    }

    pub fn allow(&mut self, access: Access) {
        self.access = access;
    }

    pub(super) fn block(&self, name: &str) -> Option<&Arc<Body>> {
        self.blocks.get(name)
    }

    pub(super) fn words(&self) -> &Words {
        &self.words
    }

    pub(super) fn catalog(&self, name: &str) -> Option<&Catalog> {
        self.catalogs.get(name)
    }

    pub(super) fn access(&self) -> &Access {
        &self.access
    }

    pub(super) fn is_part(&self) -> bool {
        self.is_part
    }

    pub(super) fn block_names(&self) -> impl Iterator<Item = &str> {
        self.blocks.keys().map(String::as_str)
    }

    pub(super) fn catalog_names(&self) -> impl Iterator<Item = &str> {
        self.catalogs.keys().map(String::as_str)
    }
}

// === impl References ===

impl References {
    pub fn add(&mut self, others: &Self) {
        self.blocks.extend(others.blocks.iter().cloned());
        self.catalogs.extend(others.catalogs.iter().cloned());
    }
}

// === impl Catalog ===

impl Catalog {
    /// Adds an item; false when there is one of that id already.
    pub fn add(&mut self, id: String, fields: &Map<String, Json>) -> bool {
        if self.items.contains_key(&id) {
            return false;
        }
        let fields = fields
            .iter()
            .map(|(key, value)| (KString::from_ref(key), from_json(value)));
        self.items
            .insert(id, Liquid::Object(fields.collect::<Object>()));
        true
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(super) fn item(&self, id: &str) -> Option<&Liquid> {
        self.items.get(id)
    }
}
