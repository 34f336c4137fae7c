//! `recado test`: the cases that campaign files hold, run by what sends, without a server.
//!
//! Begin here; `run` runs the cases, `human`, `junit`, `tap` and `json` tell what came of them.

mod human;
mod json;
mod junit;
mod run;
mod tap;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::error::Error;
use super::exit::Exit;
use super::files::{self, Folder};
use super::{diagnostics, output};
use crate::api::pb;
use crate::campaign::{self, Loaded};
use run::Report;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  recado test campaigns
  recado test campaigns --filter order-shipped
  recado test campaigns --format junit > results.xml

No server, no token and no network are needed: docs/testing.md has the language of cases. Exits with 1 when a case \
fails, when the files have errors, or when `--filter` leaves no case.")]
pub(super) struct Test {
    /// The folder of campaign files
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Run only the cases with this text in `KIND NAME: CASE`
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Failures with their differences, and a line a file
    Human,
    /// JUnit XML
    Junit,
    /// TAP version 14
    Tap,
    /// One JSON object
    Json,
}

// === impl Test ===

impl Test {
    pub(super) fn run(self) -> Result<Exit, Error> {
        let folder = &self.folder;
        let Folder { files, problems } = files::scan(folder)?;
        if files.len() + problems.len() == 0 {
            return Err(Error::NoFiles {
                folder: folder.clone(),
            });
        }
        let loaded = match campaign::load_part(&files, !problems.is_empty()) {
            Ok(loaded) if problems.is_empty() => loaded,
            Ok(loaded) => return Ok(self.refuse(problems.into_iter().chain(loaded.warnings))),
            Err(found) => return Ok(self.refuse(problems.into_iter().chain(found))),
        };
        let Loaded { set, mut tests, .. } = loaded;
        let n_all = tests.cases.len();
        if let Some(filter) = &self.filter {
            tests.cases.retain(|case| case.title().contains(filter));
            if tests.cases.is_empty() {
                let message = format!("none of the {n_all} cases has `{filter}` in its title");
                return Err(Error::Input(message));
            }
        }
        let report = Report::of(&set, &tests, folder);
        match self.format {
            Format::Human => human::print(&report),
            Format::Junit => output::raw(junit::text(&report).as_bytes()),
            Format::Tap => output::raw(tap::text(&report).as_bytes()),
            Format::Json => output::json(&json::value(&report)),
        }
        if n_all == 0 {
            output::note("no document has `tests:`; docs/testing.md shows how to write them");
        }
        Ok(if report.failed() == 0 {
            Exit::OK
        } else {
            Exit::FAILED
        })
    }

    /// Files with errors: nothing of them is run.
    fn refuse(&self, found: impl Iterator<Item = crate::diagnostic::Diagnostic>) -> Exit {
        let errors: Vec<_> = found
            .filter(crate::diagnostic::Diagnostic::is_error)
            .collect();
        let told: Vec<pb::Diagnostic> = errors.iter().map(diagnostics::to_pb).collect();
        let told = diagnostics::located(told, &self.folder);
        match self.format {
            Format::Human => {}
            Format::Junit => output::raw(junit::refused(&told).as_bytes()),
            Format::Tap => output::line("TAP version 14\nBail out! the files have errors"),
            Format::Json => output::json(&json::refused(&told)),
        }
        if self.format != Format::Json {
            diagnostics::print(&told);
        }
        output::error(format_args!(
            "no case was run: {} in the files",
            run::many(errors.len(), "error")
        ));
        Exit::FAILED
    }
}
