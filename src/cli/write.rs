//! Putting files into a folder, all of them or none.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::campaign::SourceFile;
use crate::cli::error::Error;

/// A file that stands beside its place.
struct Staged {
    temporary: NamedTempFile,
    path: PathBuf,
    /// What stood there.
    before: Option<Vec<u8>>,
}

/// Writes the files below `folder`.
///
/// # Errors
/// A file stands there already, or cannot be written: then the folder is as it was.
pub(super) fn all(folder: &Path, files: &[SourceFile], force: bool) -> Result<(), Error> {
    let path = |file: &SourceFile| folder.join(&file.path);
    let taken: Vec<_> = files
        .iter()
        .map(path)
        .filter(|path| path.symlink_metadata().is_ok())
        .collect();
    if let Some(first) = taken.first().filter(|_| !force) {
        return Err(Error::Usage(format!(
            "`{}` is there already: `--force` writes over it, `--name` and `--channel` give other names",
            first.display()
        )));
    }
    let mut staged = Vec::new();
    for file in files {
        staged.push(stage(path(file), &file.text)?);
    }
    let mut done: Vec<(PathBuf, Option<Vec<u8>>)> = Vec::new();
    for one in staged {
        let Staged {
            temporary,
            path,
            before,
        } = one;
        let moved = if force {
            temporary.persist(&path)
        } else {
            temporary.persist_noclobber(&path)
        };
        if let Err(error) = moved {
            undo(done);
            return Err(Error::file(path)(error.error));
        }
        done.push((path, before));
    }
    Ok(())
}

fn stage(path: PathBuf, text: &str) -> Result<Staged, Error> {
    // What a link leads to is written, and the link stays.
    let path = fs::canonicalize(&path).unwrap_or(path);
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(Error::file(folder))?;
    let mut builder = tempfile::Builder::new();
    // A name with a dot is no campaign file, should it be left behind.
    builder.prefix(".recado-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let mut temporary = builder.tempfile_in(folder).map_err(Error::file(folder))?;
    temporary
        .write_all(text.as_bytes())
        .map_err(Error::file(&path))?;
    let before = fs::read(&path).ok();
    if let Ok(meta) = fs::metadata(&path) {
        let kept = temporary.as_file().set_permissions(meta.permissions());
        kept.map_err(Error::file(&path))?;
    }
    Ok(Staged {
        temporary,
        path,
        before,
    })
}

/// Puts back what stood there; what fails here too is told by what failed first.
fn undo(done: Vec<(PathBuf, Option<Vec<u8>>)>) {
    for (path, before) in done {
        drop(match before {
            Some(bytes) => fs::write(&path, bytes),
            None => fs::remove_file(&path),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn nothing_is_written_over_unless_it_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let read = |path: &str| fs::read_to_string(folder.path().join(path)).ok();
        all(folder.path(), &[file("a/x.yaml", "one")], false).unwrap();
        let two = [file("a/new.yaml", "two"), file("a/x.yaml", "two")];
        let refused = all(folder.path(), &two, false).unwrap_err();
        assert!(refused.to_string().contains("x.yaml"), "{refused}");
        assert_eq!(read("a/x.yaml").as_deref(), Some("one"));
        assert_eq!(read("a/new.yaml"), None);
        all(folder.path(), &two, true).unwrap();
        assert_eq!(read("a/x.yaml").as_deref(), Some("two"));
    }

    #[test]
    fn a_failure_leaves_the_folder_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("first.yaml"), "one").unwrap();
        // A folder stands where the second file belongs.
        fs::create_dir(folder.path().join("second.yaml")).unwrap();
        let files = [
            file("first.yaml", "two"),
            file("new.yaml", "two"),
            file("second.yaml", "two"),
        ];
        assert!(all(folder.path(), &files, true).is_err());
        let mut names: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["first.yaml", "second.yaml"]);
        assert_eq!(
            fs::read_to_string(folder.path().join("first.yaml")).unwrap(),
            "one"
        );
    }
}
