//! Keeps a second process off a store.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use crate::store::contract::{Error, Result};

/// Held as long as the store is open; the system lets go of it when the process dies.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

// === impl Lock ===

impl Lock {
    /// SQLite's own locks would let two servers take turns, and each would believe its own memory.
    pub(super) fn take(store: &Path) -> Result<Self> {
        // A link and what it points to are one store.
        let real = store.canonicalize();
        let path = beside(real.as_deref().unwrap_or(store));
        let file = File::create(&path).map_err(|error| {
            Error::Unavailable(format!("cannot create `{}`: {error}", path.display()).into())
        })?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Error::InUse {
                path: store.display().to_string(),
            }),
            Err(TryLockError::Error(error)) => Err(Error::Unavailable(
                format!("cannot lock `{}`: {error}", path.display()).into(),
            )),
        }
    }
}

fn beside(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}
