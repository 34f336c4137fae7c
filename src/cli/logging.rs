//! What the server says while it runs, on stderr.

use std::io::{IsTerminal, stderr};

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

use super::error::Error;

#[derive(Debug, Clone, Args)]
pub(super) struct Logging {
    /// What to log: a level, or levels by module as in `warn,recado=debug`
    #[arg(
        long,
        value_name = "LEVELS",
        env = "RECADO_LOG",
        default_value = "info",
        value_parser = levels
    )]
    log: String,
    /// How lines look
    #[arg(
        long,
        value_name = "FORMAT",
        env = "RECADO_LOG_FORMAT",
        default_value = "text"
    )]
    log_format: Format,
}

/// A mere word would be taken for a module, and everything else be silent.
fn levels(text: &str) -> Result<String, String> {
    let levels = ["off", "error", "warn", "info", "debug", "trace"];
    let is_level = |word: &str| levels.iter().any(|level| level.eq_ignore_ascii_case(word));
    let stray = text
        .split(',')
        .map(str::trim)
        .find(|part| !part.contains('=') && !is_level(part));
    match stray {
        None => Ok(text.to_owned()),
        Some(part) => Err(format!(
            "`{part}` is no level; one of: {}",
            levels.join(", ")
        )),
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

// === impl Logging ===

impl Logging {
    pub(super) fn start(&self) -> Result<(), Error> {
        let filter = EnvFilter::try_new(&self.log)
            .map_err(|error| Error::Usage(format!("`--log {}`: {error}", self.log)))?;
        let lines = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(stderr)
            .with_ansi(stderr().is_terminal());
        // Only the first subscriber of a process counts; a second is none of the user's business.
        drop(match self.log_format {
            Format::Text => lines.try_init(),
            Format::Json => lines.json().try_init(),
        });
        Ok(())
    }
}
