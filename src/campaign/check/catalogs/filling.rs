//! A catalog while it is read, item by item.

use serde_json::{Map, Value as Json};

use crate::campaign::read::file::CatalogFile;
use crate::diagnostic::codes::{DUPLICATE_ITEM as DUPLICATE, WRONG_VALUE};
use crate::diagnostic::{Diagnostic, codes};
use crate::model::limits;
use crate::template::Catalog;

/// The field that tells items apart where the catalog names none.
const ID: &str = "id";
/// As much of an id as a message has room for.
const SHOWN_CHARS: usize = 60;

pub(super) struct Filling<'a> {
    pub(super) id: &'a str,
    pub(super) catalog: Catalog,
    pub(super) problems: Vec<Diagnostic>,
}

// === impl Filling ===

impl<'a> Filling<'a> {
    pub(super) fn new(file: &'a CatalogFile) -> Self {
        Self {
            id: file.id.as_deref().unwrap_or(ID),
            catalog: Catalog::default(),
            problems: Vec::new(),
        }
    }

    pub(super) fn of_items(items: &[Json], file: &'a CatalogFile) -> Self {
        let mut filling = Self::new(file);
        for (at, item) in items.iter().enumerate() {
            let path = format!("items[{at}]");
            let added = match item.as_object() {
                Some(fields) => filling.add(fields),
                None => Err(Diagnostic::error(codes::WRONG_TYPE, "an item is a map")),
            };
            if let Err(problem) = added {
                // The id itself, where it is what is wrong.
                let of_id = problem.code == DUPLICATE || problem.code == WRONG_VALUE;
                let path = if of_id {
                    format!("{path}.{}", filling.id)
                } else {
                    path
                };
                filling.problems.push(problem.at(path));
            }
            if filling.is_over() {
                break;
            }
        }
        filling
    }

    pub(super) fn add(&mut self, fields: &Map<String, Json>) -> Result<(), Diagnostic> {
        let id = match fields.get(self.id) {
            Some(Json::String(id)) if !id.trim().is_empty() => id.clone(),
            Some(Json::Number(id)) => id.to_string(),
            _ => {
                let message = format!("the item has no `{}`", self.id);
                let problem = Diagnostic::error(codes::MISSING_KEY, message);
                return Err(problem.hint("give each item an id, or name the field with `id:`"));
            }
        };
        let shown: String = id.chars().take(SHOWN_CHARS).collect();
        if id.trim() != id {
            let message =
                format!("the id `{shown}` begins or ends with a blank: no template asks for it");
            let problem = Diagnostic::error(WRONG_VALUE, message);
            return Err(problem.hint("take the blank out"));
        }
        let max = limits::CATALOG_ITEMS_MAX;
        if self.catalog.len() >= max {
            let message = format!("more than {max} items; a catalog may have {max}");
            let problem = Diagnostic::error(codes::FILE_LIMIT, message);
            return Err(problem.hint("make several catalogs of it"));
        }
        if !self.catalog.add(id, fields) {
            let message = format!("there is an item `{shown}` already");
            let problem = Diagnostic::error(DUPLICATE, message);
            return Err(problem.hint("give each item an id of its own"));
        }
        Ok(())
    }

    /// Nothing that follows says more.
    pub(super) fn is_over(&self) -> bool {
        let is_full = self.catalog.len() >= limits::CATALOG_ITEMS_MAX;
        (is_full && !self.problems.is_empty()) || self.problems.len() > limits::DIAGNOSTICS_MAX
    }
}
