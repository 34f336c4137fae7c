//! A file of users as numbered updates, and as chunks of them.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use prost::Message;
use sha2::{Digest, Sha256};

use super::cells::{Separator, Types};
use super::csv::CsvRows;
use super::jsonl::JsonRows;
use crate::api::pb::UserUpdate;
use crate::cli::error::Error;
use crate::model::limits;

/// Bytes after which a chunk is closed before it has all its users: below the gRPC message bound, with
/// room for one more user of the largest size.
const CHUNK_BYTES: usize = limits::MESSAGE_BYTES_MAX / 2;

/// One line of the file: where it stands, how far the file is read, and what it says.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) offset: u64,
    pub(super) update: Result<UserUpdate, String>,
}

/// Users that travel together, with the lines they came from.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    pub(super) users: Vec<UserUpdate>,
    pub(super) lines: Vec<u64>,
    /// Bytes of the file up to the end of this chunk.
    pub(super) offset: u64,
}

/// A line that is refused before it is sent.
#[derive(Debug)]
pub(super) struct BadLine {
    pub(super) line: u64,
    pub(super) message: String,
}

/// Cuts rows into chunks; lines that cannot be read are set aside in `bad`.
pub(super) struct Chunks {
    rows: Box<dyn Iterator<Item = Result<Row, Error>>>,
    pub(super) bad: Vec<BadLine>,
}

// === impl Chunks ===

impl Chunks {
    /// Opens a file by what its name ends with.
    pub(super) fn open(path: &Path, types: &Types, separator: Separator) -> Result<Self, Error> {
        let file = File::open(path).map_err(Error::file(path))?;
        let extension = path.extension().and_then(|ext| ext.to_str());
        let rows: Box<dyn Iterator<Item = Result<Row, Error>>> = match extension {
            Some("csv") => Box::new(CsvRows::new(path, file, types, separator)?),
            Some("jsonl" | "ndjson") => Box::new(JsonRows::new(path, BufReader::new(file))),
            _ => {
                return Err(Error::Usage(format!(
                    "`{}` does not end in `.jsonl` or `.csv`",
                    path.display()
                )));
            }
        };
        Ok(Self {
            rows,
            bad: Vec::new(),
        })
    }

    /// The next chunk; `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Chunk>, Error> {
        let mut chunk = Chunk::default();
        let mut bytes = 0;
        for row in self.rows.by_ref() {
            let row = row?;
            chunk.offset = row.offset;
            match row.update {
                Ok(update) => {
                    bytes += update.encoded_len();
                    chunk.users.push(update);
                    chunk.lines.push(row.line);
                }
                Err(message) => self.bad.push(BadLine {
                    line: row.line,
                    message,
                }),
            }
            if chunk.users.len() == limits::BATCH_USERS_MAX || bytes >= CHUNK_BYTES {
                break;
            }
        }
        Ok((!chunk.users.is_empty()).then_some(chunk))
    }
}

/// A digest of the content, by which an interrupted import is known again.
pub(super) fn digest(path: &Path) -> Result<String, Error> {
    let mut file = File::open(path).map_err(Error::file(path))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer).map_err(Error::file(path))? {
            0 => break,
            n => hash.update(&buffer[..n]),
        }
    }
    Ok(hex::encode(&hash.finalize()[..16]))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::fs;

    use super::*;

    fn chunks(name: &str, text: &str) -> (Vec<Chunk>, Vec<(u64, String)>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        let mut chunks = Chunks::open(&path, &Types::default(), Separator::Comma).unwrap();
        let mut all = Vec::new();
        while let Some(chunk) = chunks.next().unwrap() {
            all.push(chunk);
        }
        let bad = chunks.bad.into_iter().map(|bad| (bad.line, bad.message));
        (all, bad.collect())
    }

    #[test]
    fn a_file_is_cut_into_chunks_that_know_their_lines() {
        let mut text = String::from("not json\n");
        for n in 0..1_001 {
            writeln!(text, r#"{{"external_id":"u{n}","attributes":{{"n":{n}}}}}"#).unwrap();
        }
        let (chunks, bad) = chunks("users.jsonl", &text);
        let sizes: Vec<_> = chunks.iter().map(|chunk| chunk.users.len()).collect();
        assert_eq!(sizes, [1_000, 1]);
        assert_eq!(chunks[0].lines[0], 2);
        assert_eq!(chunks[1].lines, [1_002]);
        assert_eq!(chunks[1].offset, text.len() as u64);
        assert_eq!(bad.len(), 1);
        assert_eq!(bad[0].0, 1);
    }

    #[test]
    fn files_from_windows_are_the_same_files() {
        let line = |n: usize| format!("{{\"external_id\":\"u{n}\",\"attributes\":{{}}}}\r\n");
        let text = format!("\u{feff}{}\r\n{}", line(1), line(2));
        let (chunks, bad) = chunks("users.jsonl", &text);
        assert!(bad.is_empty(), "{bad:?}");
        let ids: Vec<_> = chunks[0]
            .users
            .iter()
            .map(|user| user.external_id.as_str())
            .collect();
        assert_eq!(ids, ["u1", "u2"]);
        assert_eq!(chunks[0].lines, [1, 3]);
    }

    #[test]
    fn an_empty_file_has_no_chunks() {
        assert!(chunks("users.jsonl", "\n\n").0.is_empty());
        assert!(chunks("users.csv", "external_id,name\n").0.is_empty());
    }
}
