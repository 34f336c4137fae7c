//! `recado export`: the applied state back to files.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::ask::{self, Owned};
use crate::api::pb;
use crate::campaign;
use crate::cli::connect::Server;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output;

#[derive(Debug, Args)]
#[command(after_help = "\
Files come back as they were applied, comments and all, under the paths they had. Nothing is written when a file \
of another content stands in the way, unless `--force` says that it may go. Where there are several owners, the files \
of each come into a folder of its name.

Examples:
  recado export campaigns --owner growth
  recado export campaigns
  recado export /tmp/before --revision 11")]
pub(in crate::cli) struct Export {
    /// The folder to write to; it is made when there is none
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The revision; the newest without it
    #[arg(long, value_name = "REV", value_parser = clap::value_parser!(u64).range(1..))]
    revision: Option<u64>,
    /// Only the files of this owner, without a folder of its name; `''` for what nobody owns
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// Overwrite files of another content
    #[arg(long)]
    force: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

// === impl Export ===

impl Export {
    pub(in crate::cli) async fn run(self) -> Result<Exit, Error> {
        let mut client = self.server.connect().await?;
        let (revision, files) = ask::export(&mut client, self.revision).await?;
        let files = self.placed(files)?;
        let mut targets = Vec::with_capacity(files.len());
        for file in &files {
            targets.push((target(&self.folder, file)?, file));
        }
        self.check(&targets)?;
        for (path, file) in &targets {
            let folder = path.parent().unwrap_or(&self.folder);
            fs::create_dir_all(folder).map_err(Error::file(folder))?;
            fs::write(path, &file.text).map_err(Error::file(path))?;
        }
        if self.json {
            output::json(&json!({
                "revision": ask::to_json(&revision),
                "files": files.iter().map(|file| &file.path).collect::<Vec<_>>(),
            }));
        } else {
            let noun = if files.len() == 1 { "file" } else { "files" };
            output::line(format_args!(
                "{} {noun} of revision {} in `{}`",
                files.len(),
                revision.revision,
                self.folder.display()
            ));
        }
        Ok(Exit::OK)
    }

    /// The files that are wanted, each under a path of its own.
    fn placed(&self, files: Vec<Owned>) -> Result<Vec<pb::SourceFile>, Error> {
        let wanted = |one: &Owned| self.owner.as_ref().is_none_or(|owner| one.owner == *owner);
        let files: Vec<_> = files.into_iter().filter(wanted).collect();
        if let (Some(owner), true) = (&self.owner, files.is_empty()) {
            return Err(Error::Input(format!("`{owner}` owns nothing of it")));
        }
        let first = files.first().map(|one| one.owner.clone());
        let several = files.iter().any(|one| Some(&one.owner) != first.as_ref());
        let mut paths = BTreeSet::new();
        let mut placed = Vec::with_capacity(files.len());
        for Owned { owner, mut file } in files {
            if several && !owner.is_empty() {
                file.path = format!("{owner}/{}", file.path);
            }
            if !paths.insert(file.path.clone()) {
                return Err(Error::Input(format!(
                    "two owners have a file `{}`; nothing was written; `--owner` takes one of them",
                    file.path
                )));
            }
            placed.push(file);
        }
        Ok(placed)
    }

    /// Before anything is written.
    fn check(&self, targets: &[(PathBuf, &pb::SourceFile)]) -> Result<(), Error> {
        let is_other = |(path, file): &&(PathBuf, &pb::SourceFile)| {
            path.exists() && fs::read(path).ok().as_deref() != Some(file.text.as_bytes())
        };
        match targets.iter().find(is_other) {
            Some((path, _)) if !self.force => Err(Error::Input(format!(
                "`{}` is there already with another content; nothing was written; `--force` overwrites",
                path.display()
            ))),
            _ => Ok(()),
        }
    }
}

/// Paths come from the server, and from whoever applied there: none may lead out of the folder, on any system.
fn target(folder: &Path, file: &pb::SourceFile) -> Result<PathBuf, Error> {
    if campaign::is_writable(&file.path, cfg!(windows)) {
        return Ok(folder.join(&file.path));
    }
    Err(Error::Input(format!(
        "the applied path `{}` leads out of the folder, or to no file of this system; nothing was written",
        output::harmless(&file.path)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_of_a_server_leaves_the_folder() {
        let target = |path: &str| {
            let file = pb::SourceFile {
                path: path.to_owned(),
                text: String::new(),
            };
            target(Path::new("campaigns"), &file)
        };
        for path in [
            "",
            "/etc/x.yaml",
            "../x.yaml",
            "a/../../x.yaml",
            "..\\x.yaml",
            "C:..",
            "C:/x.yaml",
            "C:x.yaml",
            "c:\\x.yaml",
            ".. /x.yaml",
        ] {
            let refused = target(path).unwrap_err().to_string();
            assert!(refused.contains("nothing was written"), "{path}: {refused}");
        }
        let kept = target("a/b.yaml").unwrap();
        assert_eq!(kept, Path::new("campaigns").join("a/b.yaml"));
    }
}
