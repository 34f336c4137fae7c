//! A catalog as a Catalog: a CSV file, as Braze exports it and takes it.

use csv::{ReaderBuilder, StringRecord};
use serde_json::Value as Json;

use super::convert::{Converter, Imported};
use super::documents::document;
use super::report::BY_HAND;
use super::yaml::{Entry, Yaml};
use super::{checks, names};
use crate::campaign::read::source::SourceFile;
use crate::diagnostic::Diagnostic;

/// The field that tells items apart where nothing else is said.
const ID: &str = "id";

/// Whether a file is one, by its name.
pub(super) fn is_catalog(file: &str) -> bool {
    file.to_ascii_lowercase().ends_with(".csv")
}

// === impl Converter ===

impl Converter<'_> {
    pub(super) fn catalog(mut self, text: &str) -> Result<Imported, Box<Diagnostic>> {
        let own = names::stem(&self.options.file);
        let name = match &self.options.name {
            Some(name) => name.clone(),
            None if names::is_name(own) => own.to_owned(),
            None => names::resource(own),
        };
        let name = if name.is_empty() {
            "catalog".to_owned()
        } else {
            name
        };
        let mut entries = vec![Entry::text("kind", "Catalog"), Entry::text("name", &name)];
        let (columns, n_items) = columns(text);
        let first = columns.first().map_or(ID, |(column, _)| column.as_str());
        let id = if columns.iter().any(|(column, _)| column == ID) {
            ID
        } else {
            first
        };
        if id != ID {
            entries.push(Entry::text(ID, id));
        }
        entries.push(Entry::text("file", format!("{name}.csv")));
        let typed: Vec<_> = columns
            .iter()
            .filter(|(column, _)| column != id)
            .filter_map(|(column, of)| Some((column, (*of)?)))
            .collect();
        if !typed.is_empty() {
            let fields = typed.iter().map(|(column, of)| Entry::text(column, *of));
            entries.push(Entry::new("fields", Yaml::Map(fields.collect())));
            self.report
                .next("look at `fields`: types are guessed of what the columns hold, and what is not there is a text");
        }
        self.report
            .carried(format!("{n_items} items, which `{id}` tells apart"));
        let (csv, is_found) = self.secrets.scrub(text);
        let mut problems = Vec::new();
        if is_found {
            let problem = Diagnostic::error(
                BY_HAND,
                "a secret stood in the CSV file: `***` is in its place",
            );
            problems.push(
                problem
                    .at("file")
                    .hint("take it out, and renew it: others may have read it"),
            );
        }
        let file = document("catalogs", &name, &[], &entries);
        self.existing.free("Catalog", &name, &file)?;
        self.files.push(SourceFile {
            path: format!("catalogs/{name}.csv"),
            text: csv,
        });
        checks::place(&file, problems, &[], &mut self.report);
        self.files.push(file);
        self.close(&[], 1)
    }
}

/// Each column with the type that all of its cells are of, and how many lines there are below.
fn columns(text: &str) -> (Vec<(String, Option<&'static str>)>, usize) {
    let mut reader = ReaderBuilder::new()
        .flexible(true)
        .from_reader(text.as_bytes());
    let names = reader.headers().cloned().unwrap_or_default();
    let rows: Vec<StringRecord> = reader.records().filter_map(Result::ok).collect();
    let columns = names.iter().enumerate().map(|(at, name)| {
        let cells = rows.iter().filter_map(|row| row.get(at));
        let cells = cells.map(str::trim).filter(|cell| !cell.is_empty());
        (name.trim().to_owned(), common(cells))
    });
    (columns.collect(), rows.len())
}

/// The type of all cells; none where it is a text, or would be printed in another way than it stands.
fn common<'c>(cells: impl Iterator<Item = &'c str>) -> Option<&'static str> {
    let mut all = None;
    for cell in cells {
        let of = match serde_json::from_str::<Json>(cell).ok()? {
            Json::Bool(_) => "bool",
            Json::Number(n) if n.is_i64() && n.to_string() == cell => "int",
            Json::Number(n) if n.as_f64().is_some_and(|n| n.to_string() == cell) => "double",
            Json::Array(_) => "list",
            Json::Object(_) => "object",
            _ => return None,
        };
        all = match all {
            None => Some(of),
            Some(known) if known == of => all,
            Some("int" | "double") if matches!(of, "int" | "double") => Some("double"),
            Some(_) => return None,
        };
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_guessed_where_nothing_is_lost() {
        for (cells, of) in [
            (&["1", "20", "-3"][..], Some("int")),
            (&["1", "2.5"], Some("double")),
            (&["7.50", "2.5"], None),
            (&["007", "1"], None),
            (&["true", "false"], Some("bool")),
            (&["[1]", "[]"], Some("list")),
            (&["{\"a\": 1}"], Some("object")),
            (&["1", "true"], None),
            (&["+351 21", "1"], None),
            (&["99999999999999999999"], None),
            (&["\"a\""], None),
            (&[], None),
        ] {
            assert_eq!(common(cells.iter().copied()), of, "{cells:?}");
        }
    }
}
