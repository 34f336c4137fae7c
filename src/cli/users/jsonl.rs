//! JSON lines: each the JSON form of a `UserUpdate`.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::rows::Row;
use crate::api::pb::UserUpdate;
use crate::cli::error::Error;
use crate::cli::json;

/// Longest line: a profile of the largest size with every character escaped.
const LINE_BYTES_MAX: u64 = 1024 * 1024;

pub(super) struct JsonRows {
    path: PathBuf,
    file: BufReader<File>,
    line: u64,
    offset: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    external_id: String,
    #[serde(default)]
    attributes: Map<String, Value>,
    #[serde(default)]
    increment: HashMap<String, f64>,
    #[serde(default)]
    add: HashMap<String, Vec<Value>>,
    #[serde(default)]
    remove: HashMap<String, Vec<Value>>,
    #[serde(default)]
    update_existing_only: bool,
}

// === impl JsonRows ===

impl JsonRows {
    pub(super) fn new(path: &Path, file: BufReader<File>) -> Self {
        Self {
            path: path.to_owned(),
            file,
            line: 0,
            offset: 0,
        }
    }

    fn read(&mut self) -> Result<Option<Row>, Error> {
        loop {
            let mut text = Vec::new();
            let read = (&mut self.file)
                .take(LINE_BYTES_MAX)
                .read_until(b'\n', &mut text)
                .map_err(Error::file(&self.path))?;
            if read == 0 {
                return Ok(None);
            }
            self.line += 1;
            self.offset += read as u64;
            if read as u64 == LINE_BYTES_MAX && text.last() != Some(&b'\n') {
                return Err(Error::Input(format!(
                    "`{}`: line {} is longer than 1 MiB",
                    self.path.display(),
                    self.line
                )));
            }
            let text = match self.line {
                1 => json::without_mark(&text),
                _ => &text,
            };
            if !text.trim_ascii().is_empty() {
                return Ok(Some(Row {
                    line: self.line,
                    offset: self.offset,
                    update: parse(text),
                }));
            }
        }
    }
}

impl Iterator for JsonRows {
    type Item = Result<Row, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

fn parse(text: &[u8]) -> Result<UserUpdate, String> {
    let line: Line = serde_json::from_slice(text).map_err(|error| without_line(&error))?;
    let lists = |lists: HashMap<String, Vec<Value>>| {
        lists
            .into_iter()
            .map(|(name, values)| Ok((name, json::to_list(values)?)))
            .collect::<Result<_, String>>()
    };
    Ok(UserUpdate {
        external_id: line.external_id,
        attributes: Some(json::to_struct(line.attributes)?),
        increment: line.increment,
        add: lists(line.add)?,
        remove: lists(line.remove)?,
        update_existing_only: line.update_existing_only,
    })
}

/// The parser counts lines within its text, which is always one: only the column is of use.
fn without_line(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((message, _)) => format!("{message} at column {}", error.column()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_lines_say_what_is_wrong() {
        for (text, message) in [
            (
                r#"{"attributes":{}}"#,
                "missing field `external_id` at column 17",
            ),
            (
                r#"{"external_id":"a","atributes":{}}"#,
                "unknown field `atributes`, expected one of `external_id`, `attributes`, `increment`, \
                 `add`, `remove`, `update_existing_only` at column 30",
            ),
            (
                r#"{"external_id":"a","attributes":{"psid":9007199254740993}}"#,
                "`psid`: the integer 9007199254740993 is beyond 2^53; write it as a string",
            ),
        ] {
            assert_eq!(parse(text.as_bytes()).unwrap_err(), message);
        }
    }

    #[test]
    fn a_line_holds_every_kind_of_change() {
        let text =
            r#"{"external_id":"a","attributes":{"x":null},"increment":{"n":1},"add":{"t":["v"]}}"#;
        let update = parse(text.as_bytes()).unwrap();
        assert_eq!(update.attributes.unwrap().fields.len(), 1);
        assert_eq!(update.increment["n"].to_bits(), 1f64.to_bits());
        assert_eq!(update.add["t"].values.len(), 1);
    }
}
