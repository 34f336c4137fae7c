//! The command: files in, results out.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::generate::generate;
use super::run::{self, Report};
use super::{human, json, junit, tap};
use crate::api::pb;
use crate::campaign::{self, Loaded, Offline};
use crate::cli::beside::Beside;
use crate::cli::connect::Server;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::files::{self, Folder};
use crate::cli::{diagnostics, output};
use crate::diagnostic::Diagnostic;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  recado test campaigns
  recado test campaigns --filter order-shipped
  recado test campaigns --coverage
  recado test campaigns --beside ../orders     with what another owner has applied
  recado test campaigns --format junit > results.xml
  recado test --generate order-shipped --user ana > case.yaml

No server, no token and no network are needed to run cases: docs/testing.md has the language of cases. Exits with 1 when a case \
fails, when the files have errors, or when `--filter` leaves no case.")]
pub(in crate::cli) struct Test {
    /// The folder of campaign files
    #[arg(value_name = "DIR", required_unless_present = "generate")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    beside: Beside,
    /// Run only the cases with this text in `KIND NAME: CASE`
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Say which clauses of filters and branches of texts no case reached
    #[arg(long)]
    coverage: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Instead of running cases, write one for this campaign from a user of a server
    #[arg(long, value_name = "CAMPAIGN", requires = "user", conflicts_with_all = ["folder", "folders", "filter", "coverage", "format"])]
    generate: Option<String>,
    /// The user to write a case from; what is personal is made up
    #[arg(long, value_name = "ID", requires = "generate")]
    user: Option<String>,
    #[command(flatten)]
    server: Server,
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
    pub(in crate::cli) async fn run(self) -> Result<Exit, Error> {
        if let (Some(campaign), Some(user)) = (&self.generate, &self.user) {
            let client = self.server.connect().await?;
            return generate(client, campaign, user).await;
        }
        match &self.folder {
            Some(folder) => self.test(folder),
            None => Err(Error::Usage("`DIR` or `--generate` is needed".to_owned())),
        }
    }

    /// Runs the cases of a folder without telling of them: how many there are, and how many fail.
    pub(in crate::cli) fn measure(folder: &Path) -> Result<(usize, usize), Error> {
        let Folder { files, .. } = files::scan(folder)?;
        let loaded = campaign::load(&files);
        let loaded = loaded.map_err(|_| Error::Input("the files have errors".to_owned()))?;
        let report = Report::of(&loaded.set, &loaded.tests, folder);
        Ok((report.results.len(), report.failed()))
    }

    fn test(&self, folder: &Path) -> Result<Exit, Error> {
        let Folder { files, problems } = files::scan(folder)?;
        if files.len() + problems.len() == 0 {
            return Err(Error::NoFiles {
                folder: folder.to_owned(),
            });
        }
        let others = self.beside.read(&files)?;
        let offline = Offline {
            is_part: !problems.is_empty(),
            is_covered: self.coverage && problems.is_empty(),
            others: others.as_deref(),
        };
        let loaded = match campaign::load_offline(&files, offline) {
            Ok(loaded) if problems.is_empty() => loaded,
            Ok(loaded) => {
                return Ok(self.refuse(folder, problems.into_iter().chain(loaded.warnings)));
            }
            Err(found) => return Ok(self.refuse(folder, problems.into_iter().chain(found))),
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
    fn refuse(&self, folder: &Path, found: impl Iterator<Item = Diagnostic>) -> Exit {
        let errors: Vec<_> = found.filter(Diagnostic::is_error).collect();
        let told: Vec<pb::Diagnostic> = errors.iter().map(diagnostics::to_pb).collect();
        let told = diagnostics::located(told, folder);
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
