//! Files that are written whole or not at all: who reads them meanwhile finds the one before.

use std::io::Write;
use std::path::Path;

use super::error::Error;

/// Whether a file can stand there, before what is to be in it is made.
///
/// # Errors
/// There is no such folder, or a folder has that name.
pub(super) fn check(path: &Path) -> Result<(), Error> {
    let why = if path.is_dir() {
        "it is a folder".to_owned()
    } else if folder(path).is_dir() {
        return Ok(());
    } else {
        format!("there is no folder `{}`", folder(path).display())
    };
    let path = path.display();
    Err(Error::Input(format!("`{path}` cannot be written: {why}")))
}

pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    check(path)?;
    let folder = folder(path);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".recado-");
    // Others read it: an exporter of metrics, the next job of a pipeline.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let mut file = builder.tempfile_in(folder).map_err(Error::file(folder))?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.as_file().sync_all());
    written.map_err(Error::file(path))?;
    let kept = file.persist(path);
    kept.map_err(|error| Error::file(path)(error.error))?;
    Ok(())
}

fn folder(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    folder.unwrap_or(Path::new("."))
}
