//! Reading a folder of campaign files.

use std::fs;
use std::path::Path;

use super::error::Error;
use crate::api::pb::SourceFile;
use crate::model::limits;

/// All `.yaml` and `.yml` files below `folder`, by path. Names that begin with a dot are left out.
pub(super) fn read(folder: &Path) -> Result<Vec<SourceFile>, Error> {
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
            } else if is_yaml(&path) {
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
    found.iter().map(|path| source(folder, path)).collect()
}

pub(super) fn is_yaml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|ext| ext == "yaml" || ext == "yml")
}

fn source(folder: &Path, path: &Path) -> Result<SourceFile, Error> {
    let size = fs::metadata(path).map_err(Error::file(path))?.len();
    if size > limits::FILE_BYTES_MAX as u64 {
        return Err(Error::Input(format!(
            "`{}` is larger than 1 MiB",
            path.display()
        )));
    }
    let text = fs::read_to_string(path).map_err(Error::file(path))?;
    let relative = path.strip_prefix(folder).unwrap_or(path);
    let steps: Vec<_> = relative
        .iter()
        .map(|step| step.to_string_lossy().into_owned())
        .collect();
    Ok(SourceFile {
        path: steps.join("/"),
        text,
    })
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
        assert_eq!(seen, [("a/x.yml", "x"), ("b.yaml", "b")]);
    }
}
