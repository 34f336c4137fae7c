//! Validation: a folder of many campaigns, read and checked again and again, in turn with reading and parsing it
//! alone. No server is involved.

use std::fs;
use std::path::Path;

use clap::Args;
use serde_json::{Value as Json, json};

use super::folder;
use super::measure::{self, Report, Watch};
use crate::campaign;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::files;

#[derive(Debug, Args)]
pub(super) struct Validate {
    /// Campaigns in the folder; a third as many other resources come on top
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=1_500))]
    campaigns: u64,
    /// Rounds in which the two take turns
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    rounds: u16,
    /// Keep the folder there, to look at it or to validate it by hand
    #[arg(long, value_name = "DIR")]
    out: Option<std::path::PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

// === impl Validate ===

impl Validate {
    pub(super) fn run(self) -> Result<Exit, Error> {
        let made = tempfile::tempdir().map_err(Error::file(std::env::temp_dir()))?;
        let folder = self.out.as_deref().unwrap_or(made.path());
        folder::write(folder, self.campaigns)?;
        let (mut wholes, mut reads, mut plains) = (Vec::new(), Vec::new(), Vec::new());
        let (mut n_files, mut n_bytes) = (0, 0);
        for _ in 0..self.rounds {
            let watch = Watch::begin();
            let found = files::scan(folder)?;
            reads.push(millis(&watch));
            check(&found)?;
            wholes.push(millis(&watch));
            n_files = found.files.len();
            n_bytes = found.files.iter().map(|file| file.text.len()).sum();
            plains.push(plain(folder, &found)?);
        }
        let mut report = Report::default();
        report.add("campaigns", self.campaigns);
        report.add("files", n_files);
        report.add("bytes", n_bytes);
        report.add("rounds", self.rounds);
        report.add("validate", figures(wholes));
        report.add("of_it_reading", figures(reads));
        report.add("plain_yaml", figures(plains));
        report.print(self.json);
        Ok(Exit::OK)
    }
}

/// What is measured must be what people have: without problems.
fn check(found: &files::Folder) -> Result<(), Error> {
    let warnings = match campaign::load_part(&found.files, false) {
        Ok(loaded) => loaded.warnings,
        Err(problems) => problems,
    };
    match found.problems.first().or(warnings.first()) {
        None => Ok(()),
        Some(problem) => Err(Error::Input(format!("{problem:?}"))),
    }
}

/// The same files, read and parsed into values and no more.
fn plain(folder: &Path, found: &files::Folder) -> Result<f64, Error> {
    let watch = Watch::begin();
    for file in &found.files {
        let path = folder.join(&file.path);
        let text = fs::read_to_string(&path).map_err(Error::file(&path))?;
        if Path::new(&file.path)
            .extension()
            .is_none_or(|of| of != "csv")
        {
            serde_saphyr::from_str::<Json>(&text)
                .map_err(|error| Error::Input(format!("{}: {error}", file.path)))?;
        }
    }
    Ok(millis(&watch))
}

fn millis(watch: &Watch) -> f64 {
    watch.elapsed().as_secs_f64() * 1e3
}

fn figures(of: Vec<f64>) -> Json {
    let sorted = measure::sorted(of.into_iter());
    let best = sorted.first().copied().unwrap_or_default();
    json!({
        "best_ms": measure::rounded(best),
        "median_ms": measure::rounded(measure::median(&sorted)),
    })
}
