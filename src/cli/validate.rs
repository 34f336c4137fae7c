//! `recado validate`: everything that is wrong with a folder, without a server.

use std::collections::BTreeMap;
use std::path::Path;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::beside::Beside;
use super::error::Error;
use super::exit::Exit;
use super::files::{self, Campaigns, Folder};
use super::{diagnostics, github, output, sarif};
use crate::api::pb;
use crate::campaign::{self, Offline};
use crate::diagnostic::Diagnostic;
use crate::model::resource::Document;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  recado validate campaigns
  recado validate campaigns/welcome.yaml     one file by itself, without what it refers to
  recado validate campaigns --beside ../orders     what another owner has applied can be referred to
  recado validate campaigns --json | jq -r '.diagnostics[].message'
  recado validate campaigns --format github  lines of a pull request are annotated
  recado validate campaigns --format sarif > recado.sarif

Exits with 1 when the files have errors. `recado explain CODE` says more of a problem.")]
pub(super) struct Validate {
    #[command(flatten)]
    campaigns: Campaigns,
    #[command(flatten)]
    beside: Beside,
    /// How problems are told
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
    /// Print one JSON object, as `--format json` does
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Human,
    /// One JSON object
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Workflow commands of GitHub Actions
    Github,
}

/// What became of a folder.
struct Verdict {
    is_valid: bool,
    n_files: usize,
    /// How many resources of each kind there are; none while there are errors.
    kinds: BTreeMap<&'static str, usize>,
    found: Vec<pb::Diagnostic>,
}

// === impl Validate ===

impl Validate {
    pub(super) fn run(self) -> Result<Exit, Error> {
        let path = &self.campaigns.folder;
        let is_one = path.is_file();
        let (read, folder) = if is_one {
            (files::one(path)?, path.parent().unwrap_or(path))
        } else {
            (files::scan(path)?, path.as_path())
        };
        let is_limited = read.files.is_empty() && !read.problems.is_empty();
        if !is_limited {
            self.campaigns.check(read.files.len())?;
        }
        let others = self.beside.read(&read.files)?;
        let verdict = Verdict::of(read, is_one, folder, others.as_deref());
        match self.format {
            _ if self.json => verdict.print_json(),
            Format::Json => verdict.print_json(),
            Format::Human => verdict.print(),
            Format::Sarif => {
                let found = diagnostics::from_here(verdict.found.clone());
                output::json(&sarif::log(&found));
            }
            Format::Github => {
                let found = diagnostics::from_here(verdict.found.clone());
                for command in github::commands(&found) {
                    output::line(command);
                }
                output::note(verdict.summary());
            }
        }
        Ok(if verdict.is_valid {
            Exit::OK
        } else {
            Exit::FAILED
        })
    }
}

// === impl Verdict ===

impl Verdict {
    fn of(read: Folder, is_one: bool, folder: &Path, others: Option<&[Document]>) -> Self {
        let Folder { files, problems } = read;
        let n_files = files.len() + problems.len();
        let mut kinds = BTreeMap::new();
        let offline = Offline {
            is_part: is_one || !problems.is_empty(),
            others,
            ..Offline::default()
        };
        let (loaded, found) = match campaign::load_offline(&files, offline) {
            Ok(loaded) => (Some(loaded.set), loaded.warnings),
            Err(problems) => (None, problems),
        };
        let is_valid = loaded.is_some() && problems.is_empty();
        let is_other = |it: &Document| {
            let mut others = others.unwrap_or_default().iter();
            others.any(|other| (other.kind, &other.name) == (it.kind, &it.name))
        };
        let documents = loaded.iter().flat_map(|set| &set.documents);
        for document in documents.filter(|it| !is_other(it)) {
            *kinds.entry(document.kind.as_str()).or_default() += 1;
        }
        let problems: Vec<Diagnostic> = problems.into_iter().chain(found).collect();
        let found = problems.iter().map(diagnostics::to_pb).collect();
        Self {
            is_valid,
            n_files,
            kinds,
            found: diagnostics::located(found, folder),
        }
    }

    fn print(&self) {
        diagnostics::print(&self.found);
        let mut errors = self.found.iter();
        let error = errors.find(|it| it.severity() == pb::DiagnosticSeverity::Error);
        if let Some(first) = error.or(self.found.first()) {
            output::note(format_args!("`recado explain {}` says more", first.code));
        }
        output::line(self.summary());
    }

    fn print_json(&self) {
        output::json(&json!({
            "valid": self.is_valid,
            "files": self.n_files,
            "resources": self.kinds,
            "diagnostics": diagnostics::to_json(&self.found),
        }));
    }

    fn summary(&self) -> String {
        let errors = self.found.iter();
        let errors = errors
            .filter(|d| d.severity() != pb::DiagnosticSeverity::Warning)
            .count();
        let kinds = self.kinds.iter().map(|(kind, n)| format!("{n} {kind}"));
        let kinds: Vec<_> = kinds.collect();
        let of = if kinds.is_empty() {
            String::new()
        } else {
            format!(" ({})", kinds.join(", "))
        };
        format!(
            "{}{of}: {}, {}",
            many(self.n_files, "file"),
            many(errors, "error"),
            many(self.found.len() - errors, "warning")
        )
    }
}

fn many(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}
