//! Catalogs: items from a list, a CSV text or a CSV file.

use std::collections::BTreeMap;
use std::ops::Range;

use csv::{ReaderBuilder, StringRecord};
use serde_json::{Map, Value as Json};

use super::check::Checker;
use super::file::{CatalogFile, Resource};
use super::source::{Parsed, Read, SourceFile};
use crate::diagnostic::codes::{CSV_SYNTAX as CSV, DUPLICATE_ITEM as DUPLICATE, WRONG_VALUE};
use crate::diagnostic::{Diagnostic, Place, codes};
use crate::model::limits;
use crate::model::resource::{Document, Kind};
use crate::template::Catalog;

/// The field that tells items apart where the catalog names none.
const ID: &str = "id";

/// A CSV text, in the catalog's own file or in one of its own.
#[derive(Clone, Copy)]
struct Csv<'a> {
    text: &'a str,
    /// The file that it is, when it is one.
    file: Option<&'a SourceFile>,
}

/// A catalog while it is read.
struct Filling<'a> {
    id: &'a str,
    catalog: Catalog,
    problems: Vec<Diagnostic>,
}

/// The CSV files that catalogs name, by their paths in the folder.
pub fn catalog_files(files: &[SourceFile]) -> Vec<String> {
    // Few are catalogs, and all are parsed later on.
    let may_be = |file: &&SourceFile| file.text.contains(Kind::Catalog.as_str());
    let named = files.iter().filter(may_be).filter_map(|file| {
        let document: Json = serde_yaml::from_str(&file.text).ok()?;
        let is_catalog = document.get("kind")?.as_str() == Some(Kind::Catalog.as_str());
        let named = document.get("file")?.as_str().filter(|_| is_catalog)?;
        beside(&file.path, named)
    });
    named.collect()
}

/// A path from a file, as one of the folder; none where it leads out of it.
fn beside(path: &str, named: &str) -> Option<String> {
    if named.starts_with('/') || named.contains(['\\', ':']) {
        return None;
    }
    let mut steps: Vec<&str> = path.split('/').collect();
    steps.pop();
    for step in named.split('/') {
        match step {
            "" | "." => {}
            ".." => drop(steps.pop()?),
            step => steps.push(step),
        }
    }
    let found = steps.join("/");
    let is_csv = found.to_ascii_lowercase().ends_with(".csv");
    is_csv.then_some(found)
}

// === impl Checker ===

impl Checker<'_> {
    pub(super) fn catalogs(&mut self, parsed: &[Parsed<'_>], csv_files: &[&SourceFile]) {
        for one in parsed {
            let Resource::Catalog(file) = &one.resource else {
                continue;
            };
            let catalog = self.catalog(&one.read, file, csv_files);
            // A broken one is there all the same: it is not reported again where it is used.
            self.shelves
                .add_catalog(&file.name, catalog.unwrap_or_default());
        }
    }

    fn catalog(
        &mut self,
        read: &Read<'_>,
        file: &CatalogFile,
        csv_files: &[&SourceFile],
    ) -> Option<Catalog> {
        let filling = match (&file.items, &file.csv, &file.file) {
            (Some(items), None, None) => Filling::of_items(items, file),
            (None, Some(text), None) => Filling::of_csv(Csv { text, file: None }, file),
            (None, None, Some(path)) => {
                let csv = self.csv_file(read, file, path, csv_files)?;
                Filling::of_csv(csv, file)
            }
            _ => {
                let message = "a catalog has one of `items`, `csv` and `file`";
                let problem = Diagnostic::error(WRONG_VALUE, message).at("name");
                self.report(
                    read,
                    problem.hint("write `file: items.csv`, or list `items:`"),
                );
                return None;
            }
        };
        let is_whole = filling.problems.is_empty();
        for problem in filling.problems {
            match problem.place {
                Some(_) => self.problems.push(problem),
                None => self.report(read, problem),
            }
        }
        is_whole.then_some(filling.catalog)
    }

    fn csv_file<'f>(
        &mut self,
        read: &Read<'_>,
        file: &CatalogFile,
        named: &str,
        csv_files: &[&'f SourceFile],
    ) -> Option<Csv<'f>> {
        let Some(path) = beside(&read.file.path, named) else {
            let message = format!("`{named}` is no CSV file of the campaign folder");
            let problem = Diagnostic::error(WRONG_VALUE, message).at("file");
            let hint = if named.contains('\\') {
                "write its path from this file with `/`, such as `data/items.csv`"
            } else {
                "write its path from this file, such as `items.csv`"
            };
            self.report(read, problem.hint(hint));
            return None;
        };
        let Some(found) = csv_files.iter().find(|file| file.path == path) else {
            let message = format!("there is no file `{path}`");
            let problem = Diagnostic::error(codes::MISSING_REFERENCE, message).at("file");
            self.report(read, problem);
            return None;
        };
        let used = (Kind::CatalogFile, found.path.as_str());
        self.set.uses.add((Kind::Catalog, &file.name), used);
        self.set.documents.push(Document {
            kind: Kind::CatalogFile,
            name: found.path.clone(),
            path: found.path.clone(),
            source: found.text.clone(),
            owner: String::new(),
        });
        Some(Csv {
            text: &found.text,
            file: Some(found),
        })
    }
}

// === impl Filling ===

impl<'a> Filling<'a> {
    fn new(file: &'a CatalogFile) -> Self {
        Self {
            id: file.id.as_deref().unwrap_or(ID),
            catalog: Catalog::default(),
            problems: Vec::new(),
        }
    }

    fn of_items(items: &[Json], file: &'a CatalogFile) -> Self {
        let mut filling = Self::new(file);
        for (at, item) in items.iter().enumerate() {
            let path = format!("items[{at}]");
            let added = match item.as_object() {
                Some(fields) => filling.add(fields),
                None => Err(Diagnostic::error(codes::WRONG_TYPE, "an item is a map")),
            };
            if let Err(problem) = added {
                filling.problems.push(problem.at(path));
            }
        }
        filling
    }

    fn of_csv(csv: Csv<'_>, file: &'a CatalogFile) -> Self {
        let mut filling = Self::new(file);
        if let Some(at) = open_quote(csv.text) {
            let problem = Diagnostic::error(CSV, "a quote opens here and is never closed");
            let problem = problem.hint("close it, or write `\"\"` for a quote within quotes");
            filling.problems.push(placed(csv, problem, at..at));
            return filling;
        }
        let mut reader = ReaderBuilder::new().from_reader(csv.text.as_bytes());
        let names = match reader.headers() {
            Ok(names) => names.clone(),
            Err(error) => {
                filling.problems.push(broken(csv, &error));
                return filling;
            }
        };
        for name in file.fields.keys() {
            if !names.iter().any(|column| column.trim() == name) {
                let message = format!("the CSV has no column `{name}`");
                let problem = Diagnostic::error(WRONG_VALUE, message);
                filling.problems.push(problem.at(format!("fields.{name}")));
            }
        }
        for record in reader.records() {
            let problem = match record {
                Ok(record) => {
                    let at = offset(record.position().map_or(0, csv::Position::byte));
                    let added =
                        row(&names, &record, &file.fields).and_then(|row| filling.add(&row));
                    added.err().map(|problem| placed(csv, problem, at..at))
                }
                Err(error) => Some(broken(csv, &error)),
            };
            filling.problems.extend(problem);
            let is_full = filling.catalog.len() >= limits::CATALOG_ITEMS_MAX;
            if (is_full && !filling.problems.is_empty())
                || filling.problems.len() > limits::DIAGNOSTICS_MAX
            {
                break;
            }
        }
        filling
    }

    fn add(&mut self, fields: &Map<String, Json>) -> Result<(), Diagnostic> {
        let id = match fields.get(self.id) {
            Some(Json::String(id)) if !id.trim().is_empty() => id.clone(),
            Some(Json::Number(id)) => id.to_string(),
            _ => {
                let message = format!("the item has no `{}`", self.id);
                let problem = Diagnostic::error(codes::MISSING_KEY, message);
                return Err(problem.hint("give each item an id, or name the field with `id:`"));
            }
        };
        if self.catalog.len() >= limits::CATALOG_ITEMS_MAX {
            let message = format!("a catalog may have {} items", limits::CATALOG_ITEMS_MAX);
            return Err(Diagnostic::error(codes::FILE_LIMIT, message));
        }
        if !self.catalog.add(id.clone(), fields) {
            let message = format!("there is an item `{id}` already");
            let problem = Diagnostic::error(DUPLICATE, message);
            return Err(problem.hint("give each item an id of its own"));
        }
        Ok(())
    }
}

/// A line as fields; an empty cell is an absent one.
fn row(
    names: &StringRecord,
    record: &StringRecord,
    types: &BTreeMap<String, String>,
) -> Result<Map<String, Json>, Diagnostic> {
    let mut row = Map::new();
    for (name, cell) in names.iter().zip(record) {
        let name = name.trim();
        if cell.trim().is_empty() {
            continue;
        }
        let of = types.get(name).map_or("string", String::as_str);
        let value = typed(cell, of).ok_or_else(|| {
            let message = format!("the `{name}` of this line is no {of}");
            Diagnostic::error(WRONG_VALUE, message)
        })?;
        row.insert(name.to_owned(), value);
    }
    Ok(row)
}

fn typed(cell: &str, of: &str) -> Option<Json> {
    if of == "string" {
        return Some(cell.into());
    }
    let json: Json = serde_json::from_str(cell.trim()).ok()?;
    let fits = match of {
        "bool" => json.is_boolean(),
        "int" => json.is_i64(),
        "double" => json.is_number(),
        "list" => json.is_array(),
        _ => json.is_object(),
    };
    fits.then_some(json)
}

fn broken(csv: Csv<'_>, error: &csv::Error) -> Diagnostic {
    let at = offset(error.position().map_or(0, csv::Position::byte));
    let message = match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            format!("this line has {len} cells, the first one {expected_len}")
        }
        _ => "this is not CSV".to_owned(),
    };
    let problem = Diagnostic::error(CSV, message);
    placed(
        csv,
        problem.hint("put cells that hold commas or breaks into double quotes"),
        at..at,
    )
}

fn placed(csv: Csv<'_>, mut problem: Diagnostic, span: Range<usize>) -> Diagnostic {
    if let Some(file) = csv.file {
        problem.place = Some(Place::of(&file.path, &file.text, span));
        return problem;
    }
    // A part of nothing is the character that stands there.
    let first = csv
        .text
        .get(span.start..)
        .and_then(|rest| rest.chars().next());
    let end = span.start + first.map_or(0, char::len_utf8);
    problem.at("csv").spanning(span.start..end)
}

/// Where a cell begins with a quote that nothing closes: all lines behind it would be one cell.
fn open_quote(text: &str) -> Option<usize> {
    let (mut open, mut begins) = (None, true);
    let mut bytes = text.bytes().enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        match (byte, open) {
            (b'"', None) if begins => open = Some(at),
            (b'"', Some(_)) if bytes.peek().is_some_and(|(_, next)| *next == b'"') => {
                bytes.next();
            }
            (b'"', Some(_)) => open = None,
            _ => {}
        }
        begins = open.is_none() && matches!(byte, b',' | b'\n' | b'\r');
    }
    open
}

fn offset(byte: u64) -> usize {
    usize::try_from(byte).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_in_the_folder() {
        let cases = [
            ("games.yaml", "games.csv", Some("games.csv")),
            (
                "catalogs/games.yaml",
                "data/games.CSV",
                Some("catalogs/data/games.CSV"),
            ),
            ("catalogs/games.yaml", "../games.csv", Some("games.csv")),
            ("games.yaml", "../games.csv", None),
            ("games.yaml", "/etc/games.csv", None),
            ("games.yaml", "C:\\games.csv", None),
            ("games.yaml", "../.env", None),
            ("games.yaml", ".env", None),
        ];
        for (path, named, expected) in cases {
            assert_eq!(beside(path, named).as_deref(), expected, "{named}");
        }
    }

    #[test]
    fn a_quote_that_is_not_closed_is_found_where_it_opens() {
        let cases = [
            ("id,a\n1,\"x\"\n", None),
            ("id,a\n1,\"x\"\"y, z\nw\"\n", None),
            ("id,a\n1,Bl\"ue\n", None),
            ("id,a\n1,\"Red\n2,Blue\n", Some(7)),
            ("id,a\n1,\"Red\"\"\n2,Blue\n", Some(7)),
            ("\"id", Some(0)),
        ];
        for (text, expected) in cases {
            assert_eq!(open_quote(text), expected, "{text}");
        }
    }

    #[test]
    fn a_cell_is_what_its_type_says() {
        let cases = [
            ("true", "bool", Some(Json::from(true))),
            ("yes", "bool", None),
            (" 7 ", "int", Some(Json::from(7))),
            ("7.5", "int", None),
            ("7.5", "double", Some(Json::from(7.5))),
            ("007", "string", Some(Json::from("007"))),
            ("[1]", "list", Some(serde_json::json!([1]))),
        ];
        for (cell, of, expected) in cases {
            assert_eq!(typed(cell, of), expected, "{cell}");
        }
    }
}
