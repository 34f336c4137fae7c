//! Items as CSV, and where in it something is wrong.

use std::collections::BTreeMap;
use std::ops::Range;

use csv::{ReaderBuilder, StringRecord};
use serde_json::{Map, Value as Json};

use super::filling::Filling;
use crate::campaign::read::file::CatalogFile;
use crate::campaign::read::source::SourceFile;
use crate::diagnostic::codes::{CSV_SYNTAX as CSV, DUPLICATE_ITEM, MISSING_KEY, WRONG_VALUE};
use crate::diagnostic::{Diagnostic, Place};

/// A CSV text, in the catalog's own file or in one of its own.
#[derive(Clone, Copy)]
pub(super) struct Csv<'a> {
    pub(super) text: &'a str,
    /// The file that it is, when it is one.
    pub(super) file: Option<&'a SourceFile>,
}

/// What is wrong with a line, and in which of its cells.
type Wrong = (Diagnostic, Option<usize>);

// === impl Csv ===

impl Csv<'_> {
    pub(super) fn fill(self, file: &CatalogFile) -> Filling<'_> {
        let mut filling = Filling::new(file);
        if let Some(at) = open_quote(self.text) {
            let problem = Diagnostic::error(CSV, "a quote opens here and is never closed");
            let problem = problem.hint("close it, or write `\"\"` for a quote within quotes");
            filling.problems.push(self.placed(problem, at..at));
            return filling;
        }
        let mut reader = ReaderBuilder::new().from_reader(self.text.as_bytes());
        let names = match reader.headers() {
            Ok(names) => names.clone(),
            Err(error) => {
                filling.problems.push(self.broken(&error));
                return filling;
            }
        };
        filling.problems.extend(self.header(&names));
        if !filling.problems.is_empty() {
            return filling;
        }
        for name in file.fields.keys() {
            if !names.iter().any(|column| column.trim() == name) {
                let message = format!("the CSV has no column `{name}`");
                let problem = Diagnostic::error(WRONG_VALUE, message);
                filling.problems.push(problem.at(format!("fields.{name}")));
            }
        }
        let id = names.iter().position(|name| name.trim() == filling.id);
        if id.is_none() {
            let problem = self.no_id(&names, filling.id);
            filling.problems.push(problem);
            return filling;
        }
        for record in reader.records() {
            let problem = match record {
                Ok(record) => {
                    let at = offset(record.position().map_or(0, csv::Position::byte));
                    let added = row(&names, &record, filling.id, &file.fields)
                        .and_then(|row| filling.add(&row).map_err(|problem| of_id(problem, id)));
                    added.err().map(|(problem, cell)| {
                        let span = cell.map_or(at..at, |cell| self.cell(at, cell));
                        self.placed(problem, span)
                    })
                }
                Err(error) => Some(self.broken(&error)),
            };
            filling.problems.extend(problem);
            if filling.is_over() {
                break;
            }
        }
        filling
    }

    /// What is wrong with the names of the fields.
    fn header(self, names: &StringRecord) -> Vec<Diagnostic> {
        let begin = offset(names.position().map_or(0, csv::Position::byte));
        if names.iter().all(|name| name.trim().is_empty()) {
            let problem = Diagnostic::error(CSV, "the first line names no fields");
            let problem = problem.hint("begin with the names, such as `id,title,price`");
            return vec![self.placed(problem, begin..begin)];
        }
        let alone = names.get(0).filter(|_| names.len() == 1);
        let separator = alone.and_then(|name| name.chars().find(|c| matches!(c, ';' | '\t')));
        if let Some(separator) = separator {
            let what = if separator == ';' { "`;`" } else { "tabs" };
            let message = format!("cells are separated by {what} here, and in CSV by `,`");
            let problem = Diagnostic::error(CSV, message);
            let hint =
                "save it with commas between cells, and cells that hold commas in double quotes";
            return vec![self.placed(problem.hint(hint), self.cell(begin, 0))];
        }
        let mut problems = Vec::new();
        for (at, name) in names.iter().enumerate() {
            let name = name.trim();
            let is_twice = names.iter().take(at).any(|before| before.trim() == name);
            let (message, hint) = if name.is_empty() {
                (
                    format!("column {} has no name", at + 1),
                    "name it, or take it out",
                )
            } else if is_twice {
                let message = format!("there is a column `{name}` already");
                (
                    message,
                    "name each column otherwise: the last would be the one that counts",
                )
            } else {
                continue;
            };
            let problem = Diagnostic::error(CSV, message).hint(hint);
            problems.push(self.placed(problem, self.cell(begin, at)));
        }
        problems
    }

    /// Told once, and not in every line.
    fn no_id(self, names: &StringRecord, id: &str) -> Diagnostic {
        let begin = offset(names.position().map_or(0, csv::Position::byte));
        let known: Vec<_> = names.iter().map(str::trim).collect();
        let problem = Diagnostic::error(MISSING_KEY, format!("the CSV has no column `{id}`"));
        let hint = format!(
            "add it, or name the column of the ids with `id:`; there are: {}",
            known.join(", ")
        );
        let end = self.text[begin..]
            .find(['\r', '\n'])
            .map_or(self.text.len(), |at| begin + at);
        self.placed(problem.hint(hint), begin..end)
    }

    /// Where a cell of the line that begins at `begin` stands, without its quotes' surroundings.
    fn cell(self, begin: usize, nth: usize) -> Range<usize> {
        let begin = begin.min(self.text.len());
        let rest = self.text.get(begin..).unwrap_or_default();
        // Empty lines before it are no lines.
        let begin = begin + (rest.len() - rest.trim_start_matches(['\r', '\n']).len());
        let (mut start, mut n, mut is_quoted) = (begin, 0, false);
        for (at, byte) in self.text.bytes().enumerate().skip(begin) {
            match byte {
                b'"' => is_quoted = !is_quoted,
                b',' | b'\n' | b'\r' if !is_quoted => {
                    if n == nth || byte != b',' {
                        return start..at;
                    }
                    (start, n) = (at + 1, n + 1);
                }
                _ => {}
            }
        }
        start..self.text.len()
    }

    fn broken(self, error: &csv::Error) -> Diagnostic {
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
        let hint = "put cells that hold commas or breaks into double quotes";
        self.placed(problem.hint(hint), at..at)
    }

    fn placed(self, mut problem: Diagnostic, span: Range<usize>) -> Diagnostic {
        if let Some(file) = self.file {
            problem.place = Some(Place::of(&file.path, &file.text, span));
            return problem;
        }
        // A part of nothing is the character that stands there.
        let rest = self.text.get(span.start..).unwrap_or_default();
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let end = span.end.max(span.start + first);
        problem.at("csv").spanning(span.start..end)
    }
}

/// A line as fields; an empty cell is an absent one.
fn row(
    names: &StringRecord,
    record: &StringRecord,
    id: &str,
    types: &BTreeMap<String, String>,
) -> Result<Map<String, Json>, Wrong> {
    let mut row = Map::new();
    for (at, (name, cell)) in names.iter().zip(record).enumerate() {
        let name = name.trim();
        if cell.trim().is_empty() {
            continue;
        }
        let of = types.get(name).map_or("string", String::as_str);
        // Nobody asks for an id with the blank that stands behind a comma.
        let cell = if name == id { cell.trim() } else { cell };
        let value = typed(cell, of).ok_or_else(|| {
            let message = format!("the `{name}` of this line is no {of}");
            (Diagnostic::error(WRONG_VALUE, message), Some(at))
        })?;
        row.insert(name.to_owned(), value);
    }
    Ok(row)
}

/// What is wrong with an item is mostly wrong with its id.
fn of_id(problem: Diagnostic, id: Option<usize>) -> Wrong {
    let is_of_id = problem.code == DUPLICATE_ITEM || problem.code == MISSING_KEY;
    let cell = id.filter(|_| is_of_id);
    (problem, cell)
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
    fn a_cell_is_found_behind_quotes_and_empty_lines() {
        let text = "\n\nid,\"a,\"\"b\n\",c\n1,2,3";
        let csv = Csv { text, file: None };
        let found: Vec<_> = (0..4).map(|nth| &text[csv.cell(0, nth)]).collect();
        assert_eq!(found, ["id", "\"a,\"\"b\n\"", "c", "c"]);
        assert_eq!(&text[csv.cell(text.len() - 5, 2)], "3");
        assert_eq!(csv.cell(text.len() + 9, 0), text.len()..text.len());
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
