//! `recado events`: importing what users did, and listing the names of events.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use futures_util::stream::{self, StreamExt};
use indicatif::ProgressBar;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::connect::Server;
use super::error::Error;
use super::exit::Exit;
use super::{json, output};
use crate::api::client::Client;
use crate::api::pb;
use crate::model::limits;
use crate::model::value::parse_timestamp;

/// Calls under way at once: enough to keep the disk busy.
const IN_FLIGHT_MAX: usize = 8;
/// Refused lines that are listed; the rest are counted.
const LISTED_MAX: usize = 1_000;
/// Longest line.
const LINE_BYTES_MAX: u64 = 256 * 1024;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  recado events import events.jsonl
  recado events list")]
pub(super) struct Events {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Track the events of a JSONL file
    Import(Import),
    /// List the names under which events are kept
    #[command(after_help = "Example:\n  recado events list")]
    List(List),
}

#[derive(Debug, Args)]
#[command(after_help = "\
A line is an event:
  {\"external_id\":\"ana\",\"name\":\"order_placed\",\"time\":\"2026-11-23T10:00:00Z\",\"properties\":{\"total\":80},\"event_id\":\"A1\"}

An event with an `event_id` counts once, however often the file is imported; one without counts each time. Lines that \
are refused are listed; the exit code is then 6.

Example:
  recado events import events.jsonl")]
struct Import {
    /// The file
    file: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

#[derive(Debug, Args)]
struct List {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    external_id: String,
    name: String,
    time: Option<String>,
    #[serde(default)]
    properties: Map<String, Value>,
    #[serde(default)]
    event_id: String,
}

/// Reads a file into batches.
struct Lines {
    path: PathBuf,
    file: BufReader<File>,
    line: u64,
    offset: u64,
    outcome: Outcome,
}

/// Events of one call, with their lines.
struct Batch {
    events: Vec<pb::Event>,
    lines: Vec<u64>,
    offset: u64,
}

#[derive(Debug, Default)]
struct Outcome {
    tracked: u64,
    repeated: u64,
    n_refused: u64,
    refused: Vec<(u64, String)>,
}

// === impl Events ===

impl Events {
    pub(super) async fn run(self) -> Result<Exit, Error> {
        match self.command {
            Command::Import(import) => import.run().await,
            Command::List(list) => list.run().await,
        }
    }
}

// === impl Import ===

impl Import {
    async fn run(self) -> Result<Exit, Error> {
        let mut lines = Lines::open(&self.file)?;
        let size = lines
            .file
            .get_ref()
            .metadata()
            .map_err(Error::file(&self.file))?;
        let client = self.server.connect().await?;
        let bar = output::progress(
            size.len(),
            "{bar:30} {bytes}/{total_bytes}  {msg}  {eta} left",
        );
        bar.enable_steady_tick(Duration::from_millis(250));
        let done = lines.track(&client, &bar).await;
        bar.finish_and_clear();
        done?;
        let mut outcome = lines.outcome;
        outcome.refused.sort();
        self.report(&outcome);
        Ok(match outcome.n_refused {
            0 => Exit::OK,
            _ => Exit::PARTLY,
        })
    }

    fn report(&self, outcome: &Outcome) {
        let file = self.file.display();
        for (line, message) in &outcome.refused {
            output::note(format_args!("{file}:{line}: {message}"));
        }
        let unlisted = outcome.n_refused - outcome.refused.len() as u64;
        if unlisted > 0 {
            output::note(format_args!("and {unlisted} more lines"));
        }
        if self.json {
            let refused = outcome.refused.iter();
            let refused = refused.map(|(line, message)| json!({"line": line, "message": message}));
            output::json(&json!({
                "tracked": outcome.tracked,
                "repeated": outcome.repeated,
                "refused": outcome.n_refused,
                "refused_lines": refused.collect::<Vec<_>>(),
            }));
        } else {
            output::line(format_args!(
                "{} tracked, {} repeated, {} refused",
                output::count(outcome.tracked),
                output::count(outcome.repeated),
                output::count(outcome.n_refused)
            ));
        }
    }
}

// === impl List ===

impl List {
    async fn run(self) -> Result<Exit, Error> {
        let mut client = self.server.connect().await?;
        let request = pb::ListEventNamesRequest {};
        let names = client
            .users
            .list_event_names(request)
            .await?
            .into_inner()
            .events;
        if self.json {
            let names = names.iter().map(|name| {
                json!({
                    "name": name.name,
                    "events": name.events,
                    "retention_s": name.retention_s,
                    "numeric_properties": name.numeric_properties,
                    "declared": name.declared,
                    "description": name.description,
                })
            });
            output::json(&json!({ "events": names.collect::<Vec<_>>() }));
            return Ok(Exit::OK);
        }
        let rows = names.into_iter().map(|name| {
            [
                name.name,
                output::count(name.events),
                days(name.retention_s),
                name.numeric_properties.join(", "),
                name.description,
            ]
        });
        output::table(["event", "kept", "for", "numbers", "description"], rows);
        Ok(Exit::OK)
    }
}

/// A retention in days, or in hours where it is none of whole days.
fn days(seconds: i64) -> String {
    if seconds % 86_400 == 0 {
        format!("{} days", seconds / 86_400)
    } else {
        format!("{} hours", seconds / 3_600)
    }
}

// === impl Lines ===

impl Lines {
    fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self {
            path: path.to_owned(),
            file: BufReader::new(File::open(path).map_err(Error::file(path))?),
            line: 0,
            offset: 0,
            outcome: Outcome::default(),
        })
    }

    /// Sends the whole file, some batches at once: events are independent of each other.
    async fn track(&mut self, client: &Client, bar: &ProgressBar) -> Result<(), Error> {
        let mut under_way = stream::FuturesUnordered::new();
        loop {
            while under_way.len() < IN_FLIGHT_MAX {
                let Some(batch) = self.batch()? else { break };
                let mut client = client.users.clone();
                under_way.push(async move {
                    let events = batch.events;
                    let request = pb::TrackEventsRequest { events };
                    let answer = client.track_events(request).await?;
                    Ok::<_, Error>((answer.into_inner(), batch.lines, batch.offset))
                });
            }
            let Some(done) = under_way.next().await else {
                return Ok(());
            };
            let (answer, lines, offset) = done?;
            self.outcome.take(answer, &lines);
            bar.set_position(offset.max(bar.position()));
            let message = format!("{} events", output::count(self.outcome.tracked));
            bar.set_message(message);
        }
    }

    fn batch(&mut self) -> Result<Option<Batch>, Error> {
        let mut batch = Batch {
            events: Vec::with_capacity(limits::BATCH_EVENTS_MAX),
            lines: Vec::with_capacity(limits::BATCH_EVENTS_MAX),
            offset: self.offset,
        };
        while batch.events.len() < limits::BATCH_EVENTS_MAX {
            let Some(text) = self.next_line()? else { break };
            match parse(&text) {
                Ok(event) => {
                    batch.events.push(event);
                    batch.lines.push(self.line);
                }
                Err(message) => self.outcome.refuse(self.line, message),
            }
        }
        batch.offset = self.offset;
        Ok((!batch.events.is_empty()).then_some(batch))
    }

    /// The next line that is not empty.
    fn next_line(&mut self) -> Result<Option<Vec<u8>>, Error> {
        loop {
            let mut text = Vec::new();
            let mut file = (&mut self.file).take(LINE_BYTES_MAX);
            let n = file.read_until(b'\n', &mut text);
            let n = n.map_err(Error::file(&self.path))? as u64;
            if n == 0 {
                return Ok(None);
            }
            self.line += 1;
            self.offset += n;
            if n == LINE_BYTES_MAX && text.last() != Some(&b'\n') {
                let (path, line) = (self.path.display(), self.line);
                let message = format!("`{path}`: line {line} is longer than 256 KiB");
                return Err(Error::Input(message));
            }
            if self.line == 1 {
                text = json::without_mark(&text).to_vec();
            }
            if !text.trim_ascii().is_empty() {
                return Ok(Some(text));
            }
        }
    }
}

// === impl Outcome ===

impl Outcome {
    fn take(&mut self, answer: pb::TrackEventsResponse, lines: &[u64]) {
        self.tracked += u64::from(answer.tracked);
        self.repeated += u64::from(answer.repeated_events);
        for rejected in answer.rejected {
            let line = lines.get(rejected.index as usize).copied().unwrap_or(0);
            // The field begins with the item's index, which says nothing to who reads a file.
            let field = rejected
                .field
                .split_once("].")
                .map_or("", |(_, field)| field);
            self.refuse(line, format!("{field}: {}", rejected.message));
        }
    }

    fn refuse(&mut self, line: u64, message: String) {
        self.n_refused += 1;
        if self.refused.len() < LISTED_MAX {
            self.refused.push((line, message));
        }
    }
}

fn parse(text: &[u8]) -> Result<pb::Event, String> {
    let line: Line = serde_json::from_slice(text).map_err(|error| {
        let whole = error.to_string();
        let what = whole.split(" at line ").next().unwrap_or_default();
        format!("column {}: {what}", error.column())
    })?;
    let time = line.time.as_deref().map(time).transpose()?;
    Ok(pb::Event {
        external_id: line.external_id,
        name: line.name,
        time,
        properties: Some(json::to_struct(line.properties)?),
        event_id: line.event_id,
    })
}

fn time(text: &str) -> Result<prost_types::Timestamp, String> {
    let wrong =
        || format!("time: `{text}` is not a time; write `2026-11-23T10:00:00Z`, with the zone");
    let at: Timestamp = parse_timestamp(text).ok_or_else(wrong)?;
    let nanos = at.as_nanosecond();
    Ok(prost_types::Timestamp {
        seconds: i64::try_from(nanos.div_euclid(1_000_000_000)).map_err(|_| wrong())?,
        nanos: i32::try_from(nanos.rem_euclid(1_000_000_000)).map_err(|_| wrong())?,
    })
}
