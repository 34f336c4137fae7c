//! CSV: the header names the attributes, and a cell is typed as JSON would be.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use csv::{Reader, ReaderBuilder, StringRecord};
use jiff::Timestamp;
use prost_types::Struct;
use serde_json::{Map, Value};

use super::rows::Row;
use crate::api::pb::UserUpdate;
use crate::cli::error::Error;
use crate::cli::json;

/// The attribute that holds PSIDs unless a channel says otherwise: digits, but never a number.
const PSID_ATTRIBUTE: &str = "messenger_id";

/// How the cells of a column are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    /// Numbers and `true`/`false` as such, all else as text.
    Guessed,
    String,
    Number,
    Bool,
    Timestamp,
    Json,
}

/// Types of columns by name, from `--types`.
#[derive(Debug, Clone, Default)]
pub(super) struct Types(HashMap<String, Type>);

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
}

// === impl Types ===

impl Types {
    /// Reads `name=type` pairs.
    pub(super) fn parse<'a>(pairs: impl IntoIterator<Item = &'a String>) -> Result<Self, Error> {
        let mut types = HashMap::new();
        for pair in pairs {
            let parsed = pair
                .split_once('=')
                .and_then(|(name, word)| Some((name, Type::parse(word)?)));
            let Some((name, of)) = parsed else {
                return Err(Error::Usage(format!(
                    "`--types {pair}` is not NAME=TYPE with string, number, bool, timestamp or json"
                )));
            };
            types.insert(name.to_owned(), of);
        }
        Ok(Self(types))
    }

    fn of(&self, name: &str) -> Type {
        match self.0.get(name) {
            Some(of) => *of,
            None if name == PSID_ATTRIBUTE => Type::String,
            None => Type::Guessed,
        }
    }
}

// === impl Type ===

impl Type {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "string" => Self::String,
            "number" | "int" | "double" => Self::Number,
            "bool" => Self::Bool,
            "timestamp" => Self::Timestamp,
            "json" => Self::Json,
            _ => return None,
        })
    }

    fn read(self, cell: &str) -> Result<Value, &'static str> {
        match self {
            Self::String => Ok(cell.into()),
            Self::Guessed => Ok(bool(cell).or_else(|| number(cell)).unwrap_or(cell.into())),
            Self::Number => number(cell).ok_or("a number"),
            Self::Bool => bool(cell).ok_or("`true` or `false`"),
            Self::Timestamp => match cell.parse::<Timestamp>() {
                Ok(at) => Ok(at.to_string().into()),
                Err(_) => Err("a time such as `2026-11-23T10:00:00Z`"),
            },
            Self::Json => serde_json::from_str(cell).map_err(|_| "JSON"),
        }
    }
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
    pub(super) fn new(path: &Path, file: File, types: &Types) -> Result<Self, Error> {
        let mut reader = ReaderBuilder::new();
        let reader = reader.flexible(true);
        let mut reader = reader.from_reader(Kept::new(file));
        let header = reader.headers().map_err(|error| broken(path, &error))?;
        // Spreadsheets put a byte order mark in front, which is no part of the name.
        let names: Vec<&str> = header
            .iter()
            .map(|name| name.trim_start_matches('\u{feff}').trim())
            .collect();
        check_header(path, &names, types)?;
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
                let value = column
                    .of
                    .read(cell)
                    .map_err(|wanted| format!("`{}`: the cell is not {wanted}", column.name))?;
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

fn check_header(path: &Path, names: &[&str], types: &Types) -> Result<(), Error> {
    let problem = if let Some(at) = names.iter().position(|name| name.is_empty()) {
        Some(format!("column {} of the header has no name", at + 1))
    } else if let Some(twice) = twice(names) {
        Some(format!("the header names `{twice}` twice"))
    } else {
        types
            .0
            .keys()
            .find(|name| !names.contains(&name.as_str()))
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

fn bool(cell: &str) -> Option<Value> {
    match cell {
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        _ => None,
    }
}

/// By JSON's grammar: `007`, `+1` and `1_000` are text.
fn number(cell: &str) -> Option<Value> {
    let starts = cell.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    let value = starts.then(|| serde_json::from_str::<Value>(cell).ok())??;
    value.is_number().then_some(value)
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

    fn read(text: &str, types: &[&str]) -> Vec<Line> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.csv");
        fs::write(&path, text).unwrap();
        let pairs: Vec<String> = types.iter().map(ToString::to_string).collect();
        let types = Types::parse(&pairs).unwrap();
        CsvRows::new(&path, File::open(&path).unwrap(), &types)
            .unwrap()
            .map(|row| {
                let row = row.unwrap();
                let update = row.update.map(|update| {
                    let attributes = json::of_struct(&update.attributes.unwrap());
                    (update.external_id, attributes)
                });
                (row.line, update)
            })
            .collect()
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
