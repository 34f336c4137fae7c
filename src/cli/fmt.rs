//! `recado fmt`: campaign files laid out in one way, their comments kept.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;

use super::error::Error;
use super::exit::Exit;
use super::{diagnostics, files, output, write};
use crate::campaign::{self, SourceFile};
use crate::model::limits;

#[derive(Debug, Args)]
#[command(after_help = "\
Indents by two spaces, leaves one blank line at most, and puts `kind`, `name`, `description`, `owner`, `team` and `tags` \
first and `tests` last. Comments stay with what they stand above, and every value is the same afterwards: \
a file for which that cannot be said, one with anchors for example, stays as it is and is told.

Examples:
  recado fmt campaigns
  recado fmt --check campaigns   in a pull request: nothing is written, 1 when there is something to write
  recado fmt - < welcome.yaml    for editors

Exits with 1 when a file could not be laid out.")]
pub(super) struct Fmt {
    /// Folders, files, or `-` for standard input to standard output
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Write nothing; list the files that are not laid out
    #[arg(long)]
    check: bool,
}

/// What became of the files.
#[derive(Default)]
struct Done {
    changed: usize,
    same: usize,
    failed: usize,
}

// === impl Fmt ===

impl Fmt {
    pub(super) fn run(self) -> Result<Exit, Error> {
        if self.paths == [Path::new("-")] {
            return self.stdin();
        }
        if let Some(path) = self.paths.iter().find(|path| !path.exists()) {
            return Err(Error::Usage(format!("there is no `{}`", path.display())));
        }
        let mut done = Done::default();
        for path in &self.paths {
            self.path(path, &mut done)?;
        }
        output::note(done.summary(self.check));
        let is_wrong = done.failed > 0 || (self.check && done.changed > 0);
        Ok(if is_wrong { Exit::FAILED } else { Exit::OK })
    }

    fn stdin(&self) -> Result<Exit, Error> {
        let mut bytes = Vec::new();
        let most = limits::FILE_BYTES_MAX as u64 + 1;
        let read = std::io::stdin().lock().take(most).read_to_end(&mut bytes);
        read.map_err(Error::file("-"))?;
        let file =
            SourceFile::from_bytes("-", bytes).map_err(|problem| Error::Input(problem.message))?;
        let text = campaign::format(&file).map_err(|why| Error::Input(why.to_string()))?;
        if !self.check {
            output::raw(text.as_bytes());
        }
        let is_wrong = self.check && text != file.text;
        Ok(if is_wrong { Exit::FAILED } else { Exit::OK })
    }

    fn path(&self, path: &Path, done: &mut Done) -> Result<(), Error> {
        let (read, folder) = if path.is_file() {
            let folder = path.parent().filter(|folder| *folder != Path::new(""));
            (files::one(path)?, folder.unwrap_or(Path::new(".")))
        } else {
            (files::scan(path)?, path)
        };
        let found = read.problems.iter().map(diagnostics::to_pb).collect();
        diagnostics::print(&diagnostics::located(found, folder));
        done.failed += read.problems.len();
        let mut changed = Vec::new();
        for file in read.files.into_iter().filter(|file| !file.is_csv()) {
            match campaign::format(&file) {
                Ok(text) if text == file.text => done.same += 1,
                Ok(text) => changed.push(SourceFile { text, ..file }),
                Err(why) => {
                    done.failed += 1;
                    output::error(format_args!("{}: {why}", folder.join(&file.path).display()));
                }
            }
        }
        if !self.check {
            write::all(folder, &changed, true)?;
        }
        for file in &changed {
            output::line(folder.join(&file.path).display());
        }
        done.changed += changed.len();
        Ok(())
    }
}

// === impl Done ===

impl Done {
    fn summary(&self, is_check: bool) -> String {
        let verb = if is_check { "to lay out" } else { "laid out" };
        let text = format!("{} {verb}, {} as they should be", self.changed, self.same);
        match self.failed {
            0 => text,
            failed => format!("{text}, {failed} left as they are"),
        }
    }
}
