//! CSV: the header names the attributes, and a cell is typed as JSON would be.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use csv::{Reader, ReaderBuilder, StringRecord};
use prost_types::Struct;
use serde_json::{Map, Value};

use super::cells::{Separator, Type, Types};
use super::rows::Row;
use crate::api::pb::UserUpdate;
use crate::cli::error::Error;
use crate::cli::json;

#[derive(Debug)]
struct Column {
    name: String,
    of: Type,
}

/// A file that keeps what was read of it and not yet passed: a record begins behind the line feed of the one before, if
/// that ended with CRLF, and behind blank lines, and the reader counts none of these.
struct Kept<R> {
    inner: R,
    bytes: VecDeque<u8>,
    /// How many were passed.
    passed: u64,
}

pub(super) struct CsvRows {
    path: PathBuf,
    reader: Reader<Kept<File>>,
    columns: Vec<Column>,
    /// Which column is the external id.
    id: usize,
    separator: Separator,
}

// === impl Kept ===

impl<R> Kept<R> {
    fn new(inner: R) -> Self {
        Self {
            inner,
            bytes: VecDeque::new(),
            passed: 0,
        }
    }

    /// Passes everything before `byte`, and counts the lines that end before the next record begins.
    fn lines_before(&mut self, byte: u64) -> u64 {
        let n = usize::try_from(byte.saturating_sub(self.passed)).unwrap_or(usize::MAX);
        let n = n.min(self.bytes.len());
        self.bytes.drain(..n);
        self.passed += n as u64;
        let ends = self.bytes.iter();
        let ends = ends.take_while(|byte| matches!(byte, b'\r' | b'\n'));
        ends.filter(|byte| **byte == b'\n').count() as u64
    }
}

impl<R: Read> Read for Kept<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.bytes.extend(&buffer[..n]);
        Ok(n)
    }
}

// === impl CsvRows ===

impl CsvRows {
    pub(super) fn new(
        path: &Path,
        file: File,
        types: &Types,
        separator: Separator,
    ) -> Result<Self, Error> {
        let mut reader = ReaderBuilder::new();
        let reader = reader.flexible(true).delimiter(separator.byte());
        let mut reader = reader.from_reader(Kept::new(file));
        let header = reader.headers().map_err(|error| broken(path, &error))?;
        // Spreadsheets put a byte order mark in front, which is no part of the name.
        let names: Vec<&str> = header
            .iter()
            .map(|name| name.trim_start_matches('\u{feff}').trim())
            .collect();
        check_header(path, &names, types, separator)?;
        let id = names.iter().position(|name| *name == "external_id");
        let columns = names
            .iter()
            .map(|name| Column {
                name: (*name).to_owned(),
                of: types.of(name),
            })
            .collect();
        Ok(Self {
            path: path.to_owned(),
            columns,
            id: id.unwrap_or(0),
            separator,
            reader,
        })
    }

    fn update(&self, record: &StringRecord) -> Result<UserUpdate, String> {
        if record.len() != self.columns.len() {
            return Err(format!(
                "{} cells, but the header has {}",
                record.len(),
                self.columns.len()
            ));
        }
        let mut attributes = Map::new();
        let mut external_id = String::new();
        for (at, (column, cell)) in self.columns.iter().zip(record).enumerate() {
            if at == self.id {
                cell.clone_into(&mut external_id);
            } else if !cell.is_empty() {
                let value = column.of.read(cell, self.separator);
                let value = value.map_err(|problem| format!("`{}`: {problem}", column.name))?;
                attributes.insert(column.name.clone(), value);
            }
        }
        Ok(UserUpdate {
            external_id,
            attributes: Some(self.to_struct(attributes)?),
            ..UserUpdate::default()
        })
    }

    fn to_struct(&self, attributes: Map<String, Value>) -> Result<Struct, String> {
        json::to_struct(attributes).map_err(|problem| {
            let is_guessed = self.columns.iter().any(|column| {
                column.of == Type::Guessed && problem.starts_with(&format!("`{}`", column.name))
            });
            if is_guessed {
                format!("{problem}: read the column with `--types NAME=string`")
            } else {
                problem
            }
        })
    }
}

impl Iterator for CsvRows {
    type Item = Result<Row, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut record = StringRecord::new();
        let start = self.reader.position().clone();
        let read = self.reader.read_record(&mut record);
        let line = start.line() + self.reader.get_mut().lines_before(start.byte());
        match read {
            Ok(false) => None,
            Ok(true) => Some(Ok(Row {
                line,
                offset: self.reader.position().byte(),
                update: self.update(&record),
            })),
            Err(error) if error.is_io_error() => Some(Err(broken(&self.path, &error))),
            Err(_) => Some(Ok(Row {
                line,
                offset: self.reader.position().byte(),
                update: Err("it is not UTF-8".to_owned()),
            })),
        }
    }
}

fn check_header(
    path: &Path,
    names: &[&str],
    types: &Types,
    separator: Separator,
) -> Result<(), Error> {
    let problem = if let Some(problem) = separator.doubt(names) {
        Some(problem)
    } else if let Some(at) = names.iter().position(|name| name.is_empty()) {
        Some(format!("column {} of the header has no name", at + 1))
    } else if let Some(twice) = twice(names) {
        Some(format!("the header names `{twice}` twice"))
    } else {
        types
            .names()
            .find(|name| !names.contains(name))
            .map(|name| format!("`--types` names the column `{name}`, which is not in the header"))
    };
    match problem {
        Some(problem) => Err(Error::Input(format!("`{}`: {problem}", path.display()))),
        None => Ok(()),
    }
}

fn twice<'a>(names: &[&'a str]) -> Option<&'a str> {
    let mut seen = std::collections::HashSet::new();
    names.iter().copied().find(|name| !seen.insert(*name))
}

fn broken(path: &Path, error: &csv::Error) -> Error {
    Error::Input(format!("`{}`: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;

    type Line = (u64, Result<(String, Value), String>);

    fn open(text: &str, types: &[&str], separator: Separator) -> Result<Vec<Line>, Error> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.csv");
        fs::write(&path, text).unwrap();
        let pairs: Vec<String> = types.iter().map(ToString::to_string).collect();
        let types = Types::parse(&pairs).unwrap();
        let rows = CsvRows::new(&path, File::open(&path).unwrap(), &types, separator)?;
        let line = |row: Result<Row, Error>| {
            let row = row.unwrap();
            let update = row.update.map(|update| {
                let attributes = json::of_struct(&update.attributes.unwrap());
                (update.external_id, attributes)
            });
            (row.line, update)
        };
        Ok(rows.map(line).collect())
    }

    fn read(text: &str, types: &[&str]) -> Vec<Line> {
        open(text, types, Separator::Comma).unwrap()
    }

    #[test]
    fn what_stands_between_the_cells_is_told_and_never_guessed() {
        let refused = |text: &str, separator| open(text, &[], separator).unwrap_err().to_string();
        for (text, given, wanted) in [
            (
                "\u{feff}id;n\r\na;1\r\n",
                Separator::Comma,
                "`--separator semicolon`",
            ),
            ("id\tn\na\t1\n", Separator::Comma, "`--separator tab`"),
            ("id,n\na,1\n", Separator::Semicolon, "`--separator comma`"),
            (
                "sep=;\nid;n\na;1\n",
                Separator::Semicolon,
                "first line `sep=;`",
            ),
            ("sep=,\nid,n\na,1\n", Separator::Comma, "first line `sep=,`"),
        ] {
            let told = refused(text, given);
            assert!(told.contains(wanted), "{told}");
        }
        let text = "\u{feff}id;n;ok;note\r\na;1;TRUE;x, y\r\n";
        let want = json!({"n": 1, "ok": true, "note": "x, y"});
        let lines = open(text, &[], Separator::Semicolon).unwrap();
        assert_eq!(lines, [(2, Ok(("a".to_owned(), want)))]);
    }

    #[test]
    fn a_decimal_comma_is_no_text_by_mistake() {
        let text = "id;n\na;-1,5\nb;1.5\n";
        let lines = open(text, &[], Separator::Semicolon).unwrap();
        let told = lines[0].1.clone().unwrap_err();
        assert_eq!(
            told,
            "`n`: `-1,5` has a decimal comma: write `-1.5`, or read the column with `--types NAME=string`"
        );
        assert_eq!(lines[1].1.as_ref().unwrap().1, json!({"n": 1.5}));
        let texts = open(text, &["n=string"], Separator::Semicolon).unwrap();
        assert_eq!(texts[0].1.as_ref().unwrap().1, json!({"n": "-1,5"}));
    }

    #[test]
    fn cells_are_typed_as_json_would_be() {
        let text = "\u{feff}name,external_id,n,x,ok,zip,messenger_id,empty\nAna,ana,3,1.5,true,007,1001,\n";
        let want = json!({"name": "Ana", "n": 3, "x": 1.5, "ok": true, "zip": "007", "messenger_id": "1001"});
        assert_eq!(read(text, &[]), [(2, Ok(("ana".to_owned(), want)))]);
    }

    #[test]
    fn types_are_given_by_name() {
        let text = "id,zip,tags,at\na,123,\"[\"\"x\"\"]\",2026-11-23T10:00:00+01:00\n";
        let want = json!({"zip": "123", "tags": ["x"], "at": "2026-11-23T09:00:00Z"});
        let types = ["zip=string", "tags=json", "at=timestamp"];
        assert_eq!(read(text, &types), [(2, Ok(("a".to_owned(), want)))]);
    }

    #[test]
    fn lines_are_counted_as_an_editor_does() {
        let text = "\u{feff}id,n\na,1\n\nb,\"two\nlines\"\n\n\nc,3\nd,4";
        let lines = |text: &str| -> Vec<(u64, String)> {
            let rows = read(text, &[]).into_iter();
            rows.map(|(line, update)| (line, update.unwrap().0))
                .collect()
        };
        let expected = [(2, "a"), (4, "b"), (8, "c"), (9, "d")];
        let expected = expected.map(|(line, id)| (line, id.to_owned()));
        assert_eq!(lines(text), expected);
        assert_eq!(lines(&text.replace('\n', "\r\n")), expected);
        // More than the reader takes at once.
        let long: Vec<_> = (0..5_000).map(|n| format!("u{n},x\r\n")).collect();
        let found = lines(&format!("id,n\r\n{}", long.concat()));
        let wanted = (0..5_000).map(|n| (n + 2, format!("u{n}")));
        assert_eq!(found, wanted.collect::<Vec<_>>());
    }

    #[test]
    fn bad_lines_say_what_is_wrong_and_where() {
        let text = "id,n\na,x\nb,\"two\nlines\"\nc\nd,9007199254740993\n";
        let problems: Vec<_> = read(text, &["n=number"])
            .into_iter()
            .map(|(line, update)| (line, update.unwrap_err()))
            .collect();
        assert_eq!(
            problems,
            [
                (2, "`n`: the cell is not a number".to_owned()),
                (3, "`n`: the cell is not a number".to_owned()),
                (5, "1 cells, but the header has 2".to_owned()),
                (
                    6,
                    "`n`: the integer 9007199254740993 is beyond 2^53; write it as a string"
                        .to_owned()
                ),
            ]
        );
    }
}
