//! Reading a folder of campaign files.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;

use super::diagnostics;
use super::error::Error;
use crate::api::pb::SourceFile;
use crate::campaign;
use crate::diagnostic::Diagnostic;
use crate::model::limits;

/// The folder that a command is about.
#[derive(Debug, Args)]
pub(super) struct Campaigns {
    /// The folder of campaign files
    #[arg(value_name = "DIR")]
    pub(super) folder: PathBuf,
    /// Take a folder without any campaign file for what is meant: to apply it deletes everything
    #[arg(long)]
    allow_empty: bool,
}

/// A folder as it was read.
pub(super) struct Folder {
    pub(super) files: Vec<campaign::SourceFile>,
    /// What keeps a file from being looked into at all.
    pub(super) problems: Vec<Diagnostic>,
}

// === impl Campaigns ===

impl Campaigns {
    /// As [`read`]; a folder without files is refused unless it was said to be meant.
    pub(super) fn read(&self) -> Result<Vec<SourceFile>, Error> {
        let files = read(&self.folder)?;
        self.check(files.len())?;
        Ok(files)
    }

    /// A wrong path must not be taken for the wish to delete everything.
    pub(super) fn check(&self, n_files: usize) -> Result<(), Error> {
        if n_files > 0 || self.allow_empty {
            return Ok(());
        }
        Err(Error::NoFiles {
            folder: self.folder.clone(),
        })
    }
}

/// As [`scan`], for a server: problems are printed and end it.
pub(super) fn read(folder: &Path) -> Result<Vec<SourceFile>, Error> {
    let Folder { files, problems } = scan(folder)?;
    if !problems.is_empty() {
        let found = problems.iter().map(diagnostics::to_pb).collect();
        let found = diagnostics::located(found, folder);
        diagnostics::print(&found);
        return Err(Error::Input(format!(
            "{} files cannot be read",
            found.len()
        )));
    }
    let told = |file: campaign::SourceFile| SourceFile {
        path: file.path,
        text: file.text,
    };
    Ok(files.into_iter().map(told).collect())
}

/// All `.yaml` and `.yml` files below `folder`, by path, and the CSV files that catalogs name. Names that begin
/// with a dot are left out.
pub(super) fn scan(folder: &Path) -> Result<Folder, Error> {
    if !folder.is_dir() {
        return Err(Error::Usage(format!(
            "`{}` is not a folder",
            folder.display()
        )));
    }
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).map_err(Error::file(&next))? {
            let entry = entry.map_err(Error::file(&next))?;
            let path = entry.path();
            let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
            // Links to folders are not followed: one to a parent would never end.
            let kind = entry.file_type().map_err(Error::file(&path))?;
            if is_hidden {
                continue;
            }
            if kind.is_dir() {
                folders.push(path);
            } else if is_yaml(&path) && path.is_file() {
                found.push(path);
            }
        }
        if found.len() > limits::FILES_MAX {
            return Err(Error::Input(format!(
                "`{}` holds more than {} files",
                folder.display(),
                limits::FILES_MAX
            )));
        }
    }
    found.sort();
    let mut read = Folder {
        files: Vec::new(),
        problems: Vec::new(),
    };
    for path in &found {
        read.add(source(folder, path)?);
    }
    read.add_catalogs(folder)?;
    Ok(read)
}

/// One file by itself.
pub(super) fn one(path: &Path) -> Result<Folder, Error> {
    let mut read = Folder {
        files: Vec::new(),
        problems: Vec::new(),
    };
    let folder = path.parent().unwrap_or(path);
    read.add(source(folder, path)?);
    read.add_catalogs(folder)?;
    Ok(read)
}

// === impl Folder ===

impl Folder {
    fn add(&mut self, source: Source) {
        match source {
            Ok(file) => self.files.push(file),
            Err(problem) => self.problems.push(*problem),
        }
    }

    /// The CSV files that catalogs name, and no others: any may lie in the folder. What is missing is told when
    /// the catalog is checked.
    fn add_catalogs(&mut self, folder: &Path) -> Result<(), Error> {
        let named: BTreeSet<String> = campaign::catalog_files(&self.files).into_iter().collect();
        for name in named {
            let path = folder.join(&name);
            if path.is_file() {
                self.add(source(folder, &path)?);
            }
        }
        Ok(())
    }
}

/// A file, or why it cannot be looked into.
type Source = Result<campaign::SourceFile, Box<Diagnostic>>;

/// Whether a change of the file may change what is applied.
pub(super) fn is_ours(path: &Path) -> bool {
    let is_csv = path
        .extension()
        .is_some_and(|ext| ext.eq_ignore_ascii_case("csv"));
    is_csv || is_yaml(path)
}

fn is_yaml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|ext| ext.eq_ignore_ascii_case("yaml") || ext.eq_ignore_ascii_case("yml"))
}

fn source(folder: &Path, path: &Path) -> Result<Source, Error> {
    let relative = path.strip_prefix(folder).unwrap_or(path);
    let steps: Vec<_> = relative
        .iter()
        .map(|step| step.to_string_lossy().into_owned())
        .collect();
    let mut bytes = Vec::new();
    // One byte more than allowed: enough to tell that a file is too large, whatever its size.
    let file = fs::File::open(path).map_err(Error::file(path))?;
    file.take(limits::FILE_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(Error::file(path))?;
    Ok(campaign::SourceFile::from_bytes(steps.join("/"), bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_read_by_path_without_hidden_and_other_files() {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("b.yaml", "b"),
            ("a/x.yml", "x"),
            ("a/y.YAML", "y"),
            (".git/c.yaml", "no"),
            ("notes.txt", "no"),
        ] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let files = read(folder.path()).unwrap();
        let seen: Vec<_> = files
            .iter()
            .map(|file| (file.path.as_str(), file.text.as_str()))
            .collect();
        assert_eq!(seen, [("a/x.yml", "x"), ("a/y.YAML", "y"), ("b.yaml", "b")]);
    }
}
