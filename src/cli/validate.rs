//! `recado validate`: everything that is wrong with a folder, without a server.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::json;

use super::error::Error;
use super::exit::Exit;
use super::files::{self, Campaigns, Folder};
use super::{diagnostics, output};
use crate::api::pb;
use crate::campaign;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  recado validate campaigns
  recado validate campaigns/welcome.yaml     one file by itself, without what it refers to
  recado validate campaigns --json | jq -r '.diagnostics[].message'

Exits with 1 when the files have errors.")]
pub(super) struct Validate {
    #[command(flatten)]
    campaigns: Campaigns,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

// === impl Validate ===

impl Validate {
    pub(super) fn run(self) -> Result<Exit, Error> {
        let path = &self.campaigns.folder;
        let is_one = path.is_file();
        let (Folder { files, problems }, folder) = if is_one {
            (files::one(path)?, path.parent().unwrap_or(path))
        } else {
            (files::scan(path)?, path.as_path())
        };
        let n_files = files.len() + problems.len();
        self.campaigns.check(n_files)?;
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        let (loaded, found) = match campaign::load_part(&files, is_one || !problems.is_empty()) {
            Ok(loaded) => (Some(loaded.set), loaded.warnings),
            Err(problems) => (None, problems),
        };
        let is_valid = loaded.is_some() && problems.is_empty();
        for document in loaded.iter().flat_map(|set| &set.documents) {
            *kinds.entry(document.kind.as_str()).or_default() += 1;
        }
        let problems: Vec<_> = problems.into_iter().chain(found).collect();
        let found: Vec<pb::Diagnostic> = problems.iter().map(diagnostics::to_pb).collect();
        let found = diagnostics::located(found, folder);
        if self.json {
            output::json(&json!({
                "valid": is_valid,
                "files": n_files,
                "resources": kinds,
                "diagnostics": diagnostics::to_json(&found),
            }));
        } else {
            diagnostics::print(&found);
            let errors = problems.iter().filter(|problem| problem.is_error()).count();
            let kinds: Vec<_> = kinds
                .iter()
                .map(|(kind, n)| format!("{n} {kind}"))
                .collect();
            let of = if kinds.is_empty() {
                String::new()
            } else {
                format!(" ({})", kinds.join(", "))
            };
            output::line(format_args!(
                "{}{of}: {}, {}",
                many(n_files, "file"),
                many(errors, "error"),
                many(found.len() - errors, "warning")
            ));
        }
        Ok(if is_valid { Exit::OK } else { Exit::FAILED })
    }
}

fn many(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}
