//! `recado users import`: a file of any size, in chunks, each durable before it counts.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use indicatif::ProgressBar;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use super::cells::{Separator, Types};
use super::rows::{self, Chunk, Chunks};
use crate::api::pb::import_users_request::Message;
use crate::api::pb::{
    ImportChunk, ImportFinish, ImportStart, ImportUsersRequest, ImportUsersResponse, RejectedUser,
};
use crate::cli::connect::Server;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output;

/// Chunks under way at once: enough to keep the disk busy while the next is read.
const IN_FLIGHT_MAX: usize = 4;
/// Refused lines that are listed; the rest are counted.
const LISTED_MAX: usize = 1_000;

#[derive(Debug, Args)]
#[command(after_help = "\
A line of a JSONL file is an UpsertUsers item:
  {\"external_id\":\"ana\",\"attributes\":{\"first_name\":\"Ana\",\"messenger_id\":\"1001\"}}

In a CSV file the header names the attributes. The column `external_id`, or else the first, names the user. Numbers and \
true/false (or TRUE/FALSE) are read as such, RFC 3339 times as timestamps, an empty cell is left out. `messenger_id` is always text.

An import that was interrupted goes on where it stopped when the command is repeated with the same file; one that \
came to its end begins anew. Lines that are refused are listed; the exit code is then 6.

Examples:
  recado users import users.jsonl
  recado users import crm.csv --types zip=string --import-id crm-2026-11-23
  recado users import sheet.csv --separator semicolon")]
pub(super) struct Import {
    /// The file, `.jsonl` or `.csv`
    file: PathBuf,
    /// The import's name, to which a digest of the file is added [default: file]
    #[arg(long = "import-id", value_name = "ID")]
    id: Option<String>,
    /// How a CSV column is read: string, number, bool, timestamp or json
    #[arg(long, value_name = "NAME=TYPE", value_delimiter = ',')]
    types: Vec<String>,
    /// What stands between the cells of a CSV file
    #[arg(long, value_name = "WORD", default_value = "comma")]
    separator: Separator,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

/// A stream with the chunks that are not answered yet.
struct Upload {
    to_server: mpsc::Sender<ImportUsersRequest>,
    answers: Streaming<ImportUsersResponse>,
    under_way: VecDeque<(u64, Chunk)>,
}

/// What came of it so far.
#[derive(Debug, Default)]
struct Outcome {
    created: u64,
    updated: u64,
    refused: Vec<Refused>,
    n_refused: u64,
    /// Lines that an earlier run had got through.
    resumed: u64,
    /// Where the import stood before this run.
    before: ImportUsersResponse,
    sent: u64,
    /// What is worth a look, by attribute.
    warnings: BTreeMap<String, String>,
}

/// A line that was refused.
#[derive(Debug)]
struct Refused {
    line: u64,
    external_id: String,
    message: String,
}

// === impl Import ===

impl Import {
    pub(super) async fn run(self) -> Result<Exit, Error> {
        let types = Types::parse(&self.types)?;
        let mut chunks = Chunks::open(&self.file, &types, self.separator)?;
        // The content is part of the name: another file is another import, whatever it is called.
        let content = rows::digest(&self.file)?;
        let name = self.id.as_deref().unwrap_or("file");
        let import_id = format!("{name}-{content}");
        let size = fs::metadata(&self.file).map_err(Error::file(&self.file))?;
        let bar = output::progress(
            size.len(),
            "{bar:30} {bytes}/{total_bytes}  {msg}  {eta} left",
        );
        bar.enable_steady_tick(Duration::from_millis(250));
        let mut outcome = Outcome::default();
        let uploaded = self
            .upload(&import_id, &mut chunks, &bar, &mut outcome)
            .await;
        bar.finish_and_clear();
        uploaded.inspect_err(|_| {
            output::note(format_args!(
                "{} users of this run are stored; repeat the command to go on behind them",
                output::count(outcome.sent - outcome.n_refused)
            ));
        })?;
        outcome.add_bad_lines(chunks);
        self.report(&import_id, &outcome);
        Ok(if outcome.n_refused + outcome.before.rejected_total == 0 {
            Exit::OK
        } else {
            Exit::PARTLY
        })
    }

    async fn upload(
        &self,
        import_id: &str,
        chunks: &mut Chunks,
        bar: &ProgressBar,
        outcome: &mut Outcome,
    ) -> Result<(), Error> {
        let (mut upload, before) = Upload::open(&self.server, import_id).await?;
        let durable = before.durable_sequence;
        outcome.before = before;
        let mut sequence = 0;
        while let Some(chunk) = chunks.next()? {
            sequence += 1;
            if sequence <= durable {
                outcome.resumed += chunk.users.len() as u64;
                bar.set_position(chunk.offset);
                bar.reset_eta();
                continue;
            }
            if upload.under_way.len() == IN_FLIGHT_MAX {
                upload.settle(outcome, bar).await?;
            }
            upload.send(sequence, chunk).await?;
        }
        while !upload.under_way.is_empty() {
            upload.settle(outcome, bar).await?;
        }
        upload.finish().await
    }

    fn report(&self, import_id: &str, outcome: &Outcome) {
        let file = self.file.display();
        for refused in &outcome.refused {
            let Refused {
                line,
                external_id,
                message,
            } = refused;
            match external_id.as_str() {
                "" => output::note(format_args!("{file}:{line}: {message}")),
                id => output::note(format_args!("{file}:{line}: user `{id}`: {message}")),
            }
        }
        let unlisted = outcome.n_refused - outcome.refused.len() as u64;
        if unlisted > 0 {
            output::note(format_args!("and {unlisted} more lines"));
        }
        for warning in outcome.warnings.values() {
            output::warn(output::harmless(warning));
        }
        if outcome.resumed > 0 {
            output::note(format_args!(
                "resumed behind the first {} lines of users, which an earlier run had got through: {} created, {} updated, {} refused",
                output::count(outcome.resumed),
                output::count(outcome.before.created_total),
                output::count(outcome.before.updated_total),
                output::count(outcome.before.rejected_total)
            ));
        }
        if self.json {
            output::json(&outcome.to_json(import_id));
        } else {
            output::line(format_args!(
                "{} created, {} updated, {} refused",
                output::count(outcome.created),
                output::count(outcome.updated),
                output::count(outcome.n_refused)
            ));
        }
    }
}

// === impl Upload ===

impl Upload {
    /// Opens the import and learns which chunk was durable last.
    async fn open(server: &Server, import_id: &str) -> Result<(Self, ImportUsersResponse), Error> {
        let mut client = server.connect().await?;
        let (to_server, requests) = mpsc::channel(IN_FLIGHT_MAX + 1);
        let start = ImportStart {
            import_id: import_id.to_owned(),
        };
        // Before the call: the server may wait for the first message before it answers at all.
        drop(to_server.send(request(Message::Start(start))).await);
        let answers = client.users.import_users(ReceiverStream::new(requests));
        let mut answers = answers.await?.into_inner();
        let first = answers.message().await?;
        let first = first.ok_or(Error::Answer("answer to `start`"))?;
        let upload = Self {
            to_server,
            answers,
            under_way: VecDeque::new(),
        };
        Ok((upload, first))
    }

    async fn send(&mut self, sequence: u64, mut chunk: Chunk) -> Result<(), Error> {
        let users = std::mem::take(&mut chunk.users);
        let message = Message::Chunk(ImportChunk { sequence, users });
        self.under_way.push_back((sequence, chunk));
        // A closed channel means that the call has ended: its status comes with the next answer.
        drop(self.to_server.send(request(message)).await);
        Ok(())
    }

    /// Frees the import's name: the same file may be imported again.
    async fn finish(&mut self) -> Result<(), Error> {
        drop(
            self.to_server
                .send(request(Message::Finish(ImportFinish {})))
                .await,
        );
        let answer = self.answers.message().await?;
        answer.map(drop).ok_or(Error::Answer("answer to `finish`"))
    }

    /// Waits for the answer to one chunk.
    async fn settle(&mut self, outcome: &mut Outcome, bar: &ProgressBar) -> Result<(), Error> {
        let answer = self.answers.message().await?;
        let answer = answer.ok_or(Error::Answer("answer to a chunk"))?;
        let position = self
            .under_way
            .iter()
            .position(|(sequence, _)| *sequence == answer.sequence)
            .ok_or(Error::Answer("chunk of that number"))?;
        let Some((_, chunk)) = self.under_way.remove(position) else {
            return Err(Error::Answer("chunk of that number"));
        };
        outcome.created = answer.created_total - outcome.before.created_total;
        outcome.updated = answer.updated_total - outcome.before.updated_total;
        outcome.sent += chunk.lines.len() as u64;
        for warning in answer.warnings {
            outcome.warnings.insert(warning.attribute, warning.message);
        }
        for rejected in answer.rejected {
            outcome.reject(&chunk, rejected);
        }
        bar.set_position(chunk.offset);
        let per_sec = f64_of(outcome.sent) / bar.elapsed().as_secs_f64().max(0.001);
        bar.set_message(format!(
            "{} users, {per_sec:.0}/s",
            output::count(outcome.sent)
        ));
        Ok(())
    }
}

// === impl Outcome ===

impl Outcome {
    fn reject(&mut self, chunk: &Chunk, rejected: RejectedUser) {
        let line = usize::try_from(rejected.index)
            .ok()
            .and_then(|index| chunk.lines.get(index));
        // The field begins with the item's index, which says nothing to who reads a file.
        let field = rejected
            .field
            .split_once("].")
            .map_or("", |(_, field)| field);
        self.refuse(Refused {
            line: line.copied().unwrap_or_default(),
            external_id: rejected.external_id,
            message: match field {
                "" => rejected.message,
                field => format!("{field}: {}", rejected.message),
            },
        });
    }

    fn add_bad_lines(&mut self, chunks: Chunks) {
        for bad in chunks.bad {
            self.refuse(Refused {
                line: bad.line,
                external_id: String::new(),
                message: bad.message,
            });
        }
        self.refused.sort_by_key(|refused| refused.line);
    }

    fn refuse(&mut self, refused: Refused) {
        self.n_refused += 1;
        if self.refused.len() < LISTED_MAX {
            self.refused.push(refused);
        }
    }

    fn to_json(&self, import_id: &str) -> Value {
        let refused: Vec<Value> = self
            .refused
            .iter()
            .map(|r| json!({ "line": r.line, "external_id": r.external_id, "message": r.message }))
            .collect();
        json!({
            "import_id": import_id,
            "created": self.created,
            "updated": self.updated,
            "resumed": self.resumed,
            "refused_before": self.before.rejected_total,
            "refused": self.n_refused,
            "refused_lines": refused,
            "warnings": self.warnings.values().collect::<Vec<_>>(),
        })
    }
}

fn request(message: Message) -> ImportUsersRequest {
    ImportUsersRequest {
        message: Some(message),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate that people read")]
fn f64_of(n: u64) -> f64 {
    n as f64
}
