//! `recado import braze`: from a webhook, Messenger template, content block or catalog to files and a report.

use std::fs::File;
use std::io::{Read, stdin};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use crate::api::pb;
use crate::campaign::SourceFile;
use crate::campaign::braze::{self, Imported, Options, Report};
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::write;
use crate::cli::{diagnostics, files, output};
use crate::model::limits;

#[derive(Debug, Args)]
#[command(after_help = "\
FILE is one of:
  - JSON of Braze's API: a webhook object (`url`, `request_headers`, `body`), an answer of /campaigns/details, a call \
of /messages/send
  - text: `POST https://…` in the first line, headers, an empty line, the body; or a curl command
  - the body of a Messenger template alone
  - a content block: the answer of /content_blocks/info
  - a catalog: a file whose name ends with .csv

Tokens and keys are left out: the files refer to environment variables instead, and the report says which to set. What \
was not carried over, and what must be rewritten by hand, is told too; the exit code is then 6, and the files are \
written all the same. Hosts of connected content go into settings.yaml, unless the folder has Settings. Without `--out` \
the files are printed.

Examples:
  recado import braze template.json --out campaigns
  recado import braze order-shipped.txt --name order-shipped --channel acme-page --out campaigns
  recado import braze games.csv --out campaigns
  pbpaste | recado import braze - --json | jq -r '.files[].text'")]
pub(super) struct Braze {
    /// The template, or `-` for the standard input
    file: PathBuf,
    /// The campaign folder to write into; made if it is not there
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The campaign's name, or that of the content block or catalog [default: made of its name in Braze]
    #[arg(long, value_parser = any_name)]
    name: Option<String>,
    /// The channel's name; one that stands in the folder and sends to the same place is kept
    #[arg(long, value_parser = name)]
    channel: Option<String>,
    /// Write over campaign files that stand there already
    #[arg(long, requires = "out")]
    force: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

// === impl Braze ===

impl Braze {
    pub(super) fn run(self) -> Result<Exit, Error> {
        let bytes = self.read()?;
        let existing = match &self.out {
            Some(folder) if folder.exists() => files::scan(folder)?.files,
            _ => Vec::new(),
        };
        let options = Options {
            file: self.file.display().to_string(),
            name: self.name.clone(),
            channel: self.channel.clone(),
            existing,
        };
        let imported = match braze::convert(&bytes, &options) {
            Ok(imported) => imported,
            Err(problem) => return self.refuse(&diagnostics::to_pb(&problem)),
        };
        if let Some(folder) = &self.out {
            write::all(folder, &imported.files, self.force)?;
        }
        let found: Vec<pb::Diagnostic> = imported
            .report
            .problems
            .iter()
            .map(diagnostics::to_pb)
            .collect();
        let found = diagnostics::located(found, self.out.as_deref().unwrap_or(Path::new(".")));
        if self.json {
            output::json(&self.to_json(&imported, &found));
        } else {
            self.print(&imported, &found);
        }
        Ok(if imported.report.is_partial() {
            Exit::PARTLY
        } else {
            Exit::OK
        })
    }

    /// As much as an import may have, and one byte that says that there was more.
    fn read(&self) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        let most = limits::FILE_BYTES_MAX as u64 + 1;
        let read = if self.file == Path::new("-") {
            stdin().take(most).read_to_end(&mut bytes)
        } else {
            let file = File::open(&self.file).map_err(Error::file(&self.file))?;
            file.take(most).read_to_end(&mut bytes)
        };
        read.map_err(Error::file(&self.file))?;
        Ok(bytes)
    }

    fn refuse(&self, problem: &pb::Diagnostic) -> Result<Exit, Error> {
        let problem = std::slice::from_ref(problem);
        if self.json {
            output::json(&json!({ "files": [], "diagnostics": diagnostics::to_json(problem) }));
        } else {
            diagnostics::print(problem);
        }
        Err(Error::Input("nothing was imported".to_owned()))
    }

    fn to_json(&self, imported: &Imported, found: &[pb::Diagnostic]) -> Value {
        let report = &imported.report;
        let file = |file: &SourceFile| json!({ "path": file.path, "text": file.text });
        json!({
            "files": imported.files.iter().map(file).collect::<Vec<_>>(),
            "kept": imported.kept,
            "written": self.out.is_some(),
            "carried_over": report.carried,
            "changed": report.changed,
            "not_carried_over": report.left,
            "to_do": self.to_do(report),
            "diagnostics": diagnostics::to_json(found),
        })
    }

    fn print(&self, imported: &Imported, found: &[pb::Diagnostic]) {
        match &self.out {
            Some(folder) => {
                for file in &imported.files {
                    output::line(folder.join(&file.path).display());
                }
            }
            None => output::raw(printed(&imported.files).as_bytes()),
        }
        let report = &imported.report;
        for (title, lines) in [
            ("Carried over", &report.carried),
            ("Changed", &report.changed),
            ("Not carried over", &report.left),
        ] {
            list(title, lines, |_| "- ".to_owned());
        }
        list("To do", &self.to_do(report), |at| format!("{}. ", at + 1));
        if !found.is_empty() {
            output::note("");
            diagnostics::print(found);
        }
    }

    fn to_do(&self, report: &Report) -> Vec<String> {
        let mut lines = report.next.clone();
        if report.is_partial() {
            lines.insert(0, "rewrite by hand what the errors point at".to_owned());
        }
        if self.out.is_none() {
            let line = "put each document into the file that stands above it, or repeat the command with `--out DIR`";
            lines.push(line.to_owned());
        }
        let folder = self.out.as_deref().unwrap_or(Path::new("DIR")).display();
        lines.push(format!(
            "look at it: `recado validate {folder}`, then `recado plan {folder}`"
        ));
        lines
    }
}

fn list(title: &str, lines: &[String], mark: impl Fn(usize) -> String) {
    if lines.is_empty() {
        return;
    }
    output::note(format_args!("\n{}", output::bold(title)));
    for (at, line) in lines.iter().enumerate() {
        output::note(format_args!("  {}{line}", mark(at)));
    }
}

/// The files one after the other, each behind its path. The lines of each count from there, as its problems do.
fn printed(files: &[SourceFile]) -> String {
    let texts = files.iter();
    let texts = texts.map(|file| format!("--- # {}\n{}", file.path, file.text));
    texts.collect::<Vec<_>>().concat()
}

fn name(text: &str) -> Result<String, String> {
    any_name(text).and_then(|name| {
        if name.bytes().any(|c| c.is_ascii_uppercase()) {
            return Err("no capitals: lower-case letters, digits, `-` and `_`".to_owned());
        }
        Ok(name)
    })
}

/// Blocks and catalogs may have capitals.
fn any_name(text: &str) -> Result<String, String> {
    let is_good = text.len() <= limits::NAME_BYTES_MAX
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'));
    if is_good {
        Ok(text.to_owned())
    } else {
        Err("letters, digits, `-` and `_`, beginning with a letter or digit".to_owned())
    }
}
