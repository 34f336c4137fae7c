//! `recado validate`: everything that is wrong with a folder, without a server.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::error::Error;
use super::exit::Exit;
use super::{diagnostics, files, output};
use crate::api::pb;
use crate::campaign::{self, SourceFile};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  recado validate campaigns
  recado validate campaigns --json | jq -r '.diagnostics[].message'

Exits with 1 when the files have errors.")]
pub(super) struct Validate {
    /// The folder of campaign files
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

// === impl Validate ===

impl Validate {
    pub(super) fn run(self) -> Result<Exit, Error> {
        let files: Vec<_> = files::read(&self.folder)?
            .into_iter()
            .map(|file| SourceFile {
                path: file.path,
                text: file.text,
            })
            .collect();
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        let (is_valid, problems) = match campaign::load(&files) {
            Ok(loaded) => {
                for document in &loaded.set.documents {
                    *kinds.entry(document.kind.as_str()).or_default() += 1;
                }
                (true, loaded.warnings)
            }
            Err(problems) => (false, problems),
        };
        let found: Vec<pb::Diagnostic> = problems.iter().map(diagnostics::to_pb).collect();
        if self.json {
            output::json(&json!({
                "valid": is_valid,
                "files": files.len(),
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
            output::line(format_args!(
                "{} files ({}): {errors} errors, {} warnings",
                files.len(),
                kinds.join(", "),
                found.len() - errors
            ));
        }
        Ok(if is_valid { Exit::OK } else { Exit::FAILED })
    }
}
