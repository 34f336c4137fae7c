//! The log of accepted messages: exact counts, the newest in memory, optionally all in a file.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One accepted message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Accepted {
    /// 1, 2, 3… in the order of acceptance.
    pub sequence: u64,
    pub message_id: String,
    pub page: String,
    /// The recipient's `id`, or the value of whatever else named them.
    pub psid: String,
    /// `message.metadata`.
    pub metadata: Option<String>,
    pub accepted_at: Timestamp,
    /// The whole request body, without the token and the proof.
    pub body: Value,
}

/// What a call wants to have logged. The body is text: a tenth of the memory of a parsed value.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) page: String,
    pub(super) psid: String,
    pub(super) metadata: Option<String>,
    pub(super) body: Box<str>,
}

#[derive(Debug)]
pub(super) struct Log {
    kept: VecDeque<(u64, Timestamp, Entry)>,
    kept_max: usize,
    next: u64,
    /// Tells the ids of this run from those of another.
    prefix: String,
    file: Option<File>,
}

// === impl Log ===

impl Log {
    pub(super) fn new(file: Option<File>, kept_max: usize, now: Timestamp) -> Self {
        Self {
            kept: VecDeque::new(),
            kept_max,
            next: 1,
            prefix: format!("m_{:x}_", now.as_nanosecond()),
            file,
        }
    }

    /// Appends, and only then names the message: an answer without a log line cannot happen.
    pub(super) fn append(&mut self, entry: Entry, now: Timestamp) -> io::Result<String> {
        let sequence = self.next;
        if let Some(file) = &mut self.file {
            file.write_all(line(&self.prefix, sequence, now, &entry).as_bytes())?;
        }
        self.next += 1;
        self.kept.push_back((sequence, now, entry));
        if self.kept.len() > self.kept_max {
            self.kept.pop_front();
        }
        Ok(id(&self.prefix, sequence))
    }

    /// Messages after `after`, oldest first, at most `max`.
    pub(super) fn read(&self, after: u64, psid: Option<&str>, max: usize) -> Vec<Accepted> {
        let skip = self
            .kept
            .partition_point(|(sequence, ..)| *sequence <= after);
        self.kept
            .range(skip..)
            .filter(|(_, _, entry)| psid.is_none_or(|psid| psid == entry.psid))
            .take(max)
            .map(|(sequence, at, entry)| read(&self.prefix, *sequence, *at, entry))
            .collect()
    }

    /// Forgets what is in memory. Sequences go on, and the file stays: it is the reader's.
    pub(super) fn clear(&mut self) {
        self.kept.clear();
    }
}

fn read(prefix: &str, sequence: u64, at: Timestamp, entry: &Entry) -> Accepted {
    Accepted {
        sequence,
        message_id: id(prefix, sequence),
        page: entry.page.clone(),
        psid: entry.psid.clone(),
        metadata: entry.metadata.clone(),
        accepted_at: at,
        body: serde_json::from_str(&entry.body).unwrap_or(Value::Null),
    }
}

/// The same object as [`Accepted`], without parsing the body again while the lock is held.
fn line(prefix: &str, sequence: u64, at: Timestamp, entry: &Entry) -> String {
    let quoted = |text: &str| Value::from(text).to_string();
    format!(
        "{{\"sequence\":{sequence},\"message_id\":{},\"page\":{},\"psid\":{},\"metadata\":{},\
         \"accepted_at\":{},\"body\":{}}}\n",
        quoted(&id(prefix, sequence)),
        quoted(&entry.page),
        quoted(&entry.psid),
        entry
            .metadata
            .as_deref()
            .map_or_else(|| "null".to_owned(), quoted),
        quoted(&at.to_string()),
        entry.body,
    )
}

fn id(prefix: &str, sequence: u64) -> String {
    format!("{prefix}{sequence:x}")
}
