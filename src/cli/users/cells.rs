//! What stands between the cells of a CSV file, and what a cell is read as.

use std::collections::HashMap;

use clap::ValueEnum;
use jiff::Timestamp;
use serde_json::Value;

use crate::cli::error::Error;

/// The attribute that holds PSIDs unless a channel says otherwise: digits, but never a number.
const PSID_ATTRIBUTE: &str = "messenger_id";

/// How the cells of a column are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
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

/// What stands between cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Separator {
    #[default]
    Comma,
    /// As spreadsheets write it where numbers have a decimal comma.
    Semicolon,
    Tab,
}

// === impl Separator ===

impl Separator {
    const ALL: [Self; 3] = [Self::Comma, Self::Semicolon, Self::Tab];

    pub(super) fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Comma => "comma",
            Self::Semicolon => "semicolon",
            Self::Tab => "tab",
        }
    }

    /// Why the cells of this header are not what was meant. Said and not guessed: under another separator every cell
    /// means something else.
    pub(super) fn doubt(self, names: &[&str]) -> Option<String> {
        let first = names.first()?;
        if let Some(rest) = first.strip_prefix("sep=") {
            let sign = if rest.is_empty() {
                char::from(self.byte()).to_string()
            } else {
                rest.to_owned()
            };
            return Some(format!(
                "the first line `sep={sign}` is for a spreadsheet: remove it, and give `--separator`"
            ));
        }
        if names.len() > 1 {
            return None;
        }
        let mut others = Self::ALL.into_iter().filter(|other| *other != self);
        let meant = others.find(|other| first.contains(char::from(other.byte())))?;
        let (own, name) = (self.name(), meant.name());
        Some(format!(
            "the header is one cell with a {name} in it, and no {own}: give `--separator {name}` if that is what \
             stands between the cells"
        ))
    }
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

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(super) fn of(&self, name: &str) -> Type {
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

    /// # Errors
    /// What is wrong with the cell.
    pub(super) fn read(self, cell: &str, separator: Separator) -> Result<Value, String> {
        let wanted = match self {
            Self::String => return Ok(cell.into()),
            Self::Guessed => return guessed(cell, separator),
            Self::Number => number(cell).ok_or("a number"),
            Self::Bool => bool(cell).ok_or("`true` or `false`"),
            Self::Timestamp => match cell.parse::<Timestamp>() {
                Ok(at) => Ok(at.to_string().into()),
                Err(_) => Err("a time such as `2026-11-23T10:00:00Z`"),
            },
            Self::Json => serde_json::from_str(cell).map_err(|_| "JSON"),
        };
        wanted.map_err(|wanted| format!("the cell is not {wanted}"))
    }
}

/// As JSON would have it, and text where it would not. A decimal comma is neither: as text it would be wrong unseen.
fn guessed(cell: &str, separator: Separator) -> Result<Value, String> {
    if let Some(value) = bool(cell).or_else(|| number(cell)) {
        return Ok(value);
    }
    let pointed = cell.replacen(',', ".", 1);
    if separator == Separator::Semicolon && pointed != cell && number(&pointed).is_some() {
        return Err(format!(
            "`{cell}` has a decimal comma: write `{pointed}`, or read the column with `--types NAME=string`"
        ));
    }
    Ok(cell.into())
}

fn bool(cell: &str) -> Option<Value> {
    match cell {
        // Spreadsheets write capitals, and some programs one.
        "true" | "TRUE" | "True" => Some(Value::Bool(true)),
        "false" | "FALSE" | "False" => Some(Value::Bool(false)),
        _ => None,
    }
}

/// By JSON's grammar: `007`, `+1` and `1_000` are text.
fn number(cell: &str) -> Option<Value> {
    let starts = cell.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    let value = starts.then(|| serde_json::from_str::<Value>(cell).ok())??;
    value.is_number().then_some(value)
}
