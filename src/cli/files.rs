//! Reading a folder of campaign files.

use std::collections::BTreeSet;
use std::fs::{self, DirEntry};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;

use super::diagnostics;
use super::error::Error;
use crate::api::pb::SourceFile;
use crate::campaign;
use crate::diagnostic::{Code, Diagnostic, Place, codes};
use crate::model::limits;

/// The folder that a command is about.
#[derive(Debug, Args)]
pub(super) struct Campaigns {
    /// The folder of campaign files
    #[arg(value_name = "DIR")]
    pub(super) folder: PathBuf,
    /// Take a folder without any campaign file for what is meant: an empty one
    #[arg(long)]
    pub(super) allow_empty: bool,
}

/// A folder as it was read.
pub(super) struct Folder {
    pub(super) files: Vec<campaign::SourceFile>,
    /// What keeps a file from being looked into at all.
    pub(super) problems: Vec<Diagnostic>,
}

/// A folder while it is read.
struct Reader<'a> {
    folder: &'a Path,
    /// The same without links: what is read stays below it.
    root: PathBuf,
    read: Folder,
}

// === impl Campaigns ===

impl Campaigns {
    /// As [`read`]; a folder without files is refused unless it was said to be meant.
    pub(super) fn read(&self) -> Result<Vec<SourceFile>, Error> {
        let files = read(&self.folder)?;
        self.check(files.len())?;
        Ok(files)
    }

    /// A wrong path must not be taken for an empty folder.
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
            "not all of `{}` can be read",
            folder.display()
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
    let mut reader = Reader::new(folder)?;
    let mut found = reader.find();
    found.sort();
    for path in &found {
        reader.add(path);
    }
    reader.add_catalogs();
    Ok(reader.read)
}

/// One file by itself; it may be a link, since it was named.
pub(super) fn one(path: &Path) -> Result<Folder, Error> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut reader = Reader::new(folder)?;
    reader.add_from(path, path);
    reader.add_catalogs();
    Ok(reader.read)
}

// === impl Reader ===

impl<'a> Reader<'a> {
    fn new(folder: &'a Path) -> Result<Self, Error> {
        Ok(Self {
            folder,
            root: fs::canonicalize(folder).map_err(Error::file(folder))?,
            read: Folder {
                files: Vec::new(),
                problems: Vec::new(),
            },
        })
    }

    /// The campaign files, in no order.
    fn find(&mut self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.to_owned()];
        while let Some(next) = folders.pop() {
            let entries = match fs::read_dir(&next) {
                Ok(entries) => entries,
                Err(error) => {
                    self.unreadable(&next, &error);
                    continue;
                }
            };
            for entry in entries {
                match entry {
                    Ok(entry) => self.look(&entry, &mut folders, &mut found),
                    Err(error) => self.unreadable(&next, &error),
                }
            }
            if found.len() > limits::FILES_MAX {
                let folder = self.folder.display();
                let message = format!("`{folder}` holds more than {} files", limits::FILES_MAX);
                let problem = Diagnostic::error(codes::FILE_LIMIT, message);
                self.read
                    .problems
                    .push(problem.hint("is it the right folder?"));
                return Vec::new();
            }
        }
        found
    }

    fn look(&mut self, entry: &DirEntry, folders: &mut Vec<PathBuf>, found: &mut Vec<PathBuf>) {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            return;
        }
        let kind = match entry.file_type() {
            Ok(kind) => kind,
            Err(error) => return self.unreadable(&path, &error),
        };
        if kind.is_dir() {
            folders.push(path);
        } else if kind.is_symlink() && path.is_dir() {
            // One to a parent would never end; to leave it out, with `--prune`, would delete what it holds.
            let hint = "put the files there, or begin the link's name with a dot to leave it out";
            self.refuse(
                &path,
                codes::FILE_LINK,
                "links to folders are not followed",
                hint,
            );
        } else if is_yaml(&path) {
            found.push(path);
        }
    }

    fn add(&mut self, path: &Path) {
        match self.within(path) {
            Ok(from) => self.add_from(path, &from),
            Err((message, hint)) => self.refuse(path, codes::FILE_LINK, message, hint),
        }
    }

    /// The file that a path leads to, through links too, if it is one of the folder.
    fn within(&self, path: &Path) -> Result<PathBuf, (&'static str, &'static str)> {
        let leads = fs::canonicalize(path);
        match leads {
            Ok(leads) if leads.starts_with(&self.root) => Ok(leads),
            Ok(_) => Err((
                "this is a link out of the folder",
                "put the file itself there, or begin its name with a dot to leave it out",
            )),
            // What is wrong with a file that is no link is found when it is read.
            Err(_) if !path.is_symlink() => Ok(path.to_owned()),
            Err(_) => Err((
                "this is a link to nowhere",
                "remove it, or put the file there",
            )),
        }
    }

    /// Reads `from`, as the file `path` of the folder.
    fn add_from(&mut self, path: &Path, from: &Path) {
        let relative = path.strip_prefix(self.folder).unwrap_or(path);
        if relative.to_str().is_none() {
            let message = "the file's name is not UTF-8";
            return self.refuse(path, codes::FILE_ENCODING, message, "rename the file");
        }
        // On Windows no step holds one.
        if relative
            .iter()
            .any(|step| step.to_string_lossy().contains('\\'))
        {
            let message = "its name holds a `\\`, which divides folders on Windows";
            return self.refuse(
                path,
                codes::FILE_PATH,
                message,
                "rename it, or put it into that folder",
            );
        }
        match content(from) {
            Err(error) => self.unreadable(path, &error),
            Ok(bytes) => match campaign::SourceFile::from_bytes(name(relative), bytes) {
                Ok(file) => self.read.files.push(file),
                Err(problem) => self.read.problems.push(*problem),
            },
        }
    }

    /// The CSV files that catalogs name, and no others: any may lie in the folder. What is missing is told when
    /// the catalog is checked.
    fn add_catalogs(&mut self) {
        let named = campaign::catalog_files(&self.read.files);
        for name in named.into_iter().collect::<BTreeSet<String>>() {
            let path = self.folder.join(&name);
            if path.is_file() {
                self.add(&path);
            }
        }
    }

    fn unreadable(&mut self, path: &Path, error: &io::Error) {
        let message = format!("this cannot be read: {error}");
        let hint = "mend that, or begin its name with a dot to leave it out";
        self.refuse(path, codes::FILE_UNREADABLE, message, hint);
    }

    fn refuse(&mut self, path: &Path, code: Code, message: impl Into<String>, hint: &str) {
        let relative = path.strip_prefix(self.folder).unwrap_or(path);
        let mut problem = Diagnostic::error(code, message);
        problem.place = Some(Place::of(&name(relative), "", 0..0));
        self.read.problems.push(problem.hint(hint));
    }
}

/// A path of the folder, as files are named everywhere.
fn name(relative: &Path) -> String {
    let steps: Vec<_> = relative.iter().map(|step| step.to_string_lossy()).collect();
    steps.join("/")
}

fn content(path: &Path) -> io::Result<Vec<u8>> {
    // A pipe would be waited for.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut bytes = Vec::new();
    // One byte more than allowed: enough to tell that a file is too large, whatever its size.
    let file = fs::File::open(path)?;
    file.take(limits::FILE_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

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
