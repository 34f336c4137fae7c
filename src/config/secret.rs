//! Secrets, read where they are referred to at the moment they are used, and kept nowhere.
//!
//! So a rotated token works with the next call, and nothing that is stored or logged can hold one.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;
use secrecy::{ExposeSecret, SecretString};

use crate::campaign::SecretRef;
use crate::clock::Clock;

/// How long a value that was read may be used again: a busy channel would otherwise read a file
/// thousands of times a second.
const FRESH: Duration = Duration::from_secs(5);
/// Most references whose values are held at once.
const HELD_MAX: usize = 1_000;
/// Longest secret, in bytes.
const BYTES_MAX: usize = 64 * 1024;

/// Why there is no secret. Names the reference, never a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("the environment variable `{0}` is not set")]
    NoVariable(String),
    #[error("the environment variable `{0}` is not text")]
    NotText(String),
    #[error("the secret file `{path}` cannot be read: {cause}")]
    Unreadable { path: String, cause: String },
    #[error("the secret at {0} is empty")]
    Empty(String),
    #[error("the secret at {0} is longer than 64 KiB")]
    TooLong(String),
}

/// Where the values of references come from.
pub trait Secrets: Send + Sync + std::fmt::Debug {
    fn get(&self, reference: &SecretRef) -> Result<SecretString, Error>;
}

/// The process's environment and files.
#[derive(Debug)]
pub struct Process {
    clock: Arc<dyn Clock>,
    held: Mutex<BTreeMap<String, (Timestamp, SecretString)>>,
}

/// Given values: references to variables, by name.
#[derive(Debug, Clone, Default)]
pub struct Given(BTreeMap<String, SecretString>);

// === impl Process ===

impl Process {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            held: Mutex::default(),
        }
    }
}

impl Secrets for Process {
    fn get(&self, reference: &SecretRef) -> Result<SecretString, Error> {
        let now = self.clock.now();
        let key = reference.to_string();
        if let Some((read_at, secret)) = self.held.lock().get(&key)
            && now.duration_since(*read_at).unsigned_abs() < FRESH
        {
            return Ok(secret.clone());
        }
        let secret = read(reference)?;
        let mut held = self.held.lock();
        if held.len() >= HELD_MAX {
            held.clear();
        }
        held.insert(key, (now, secret.clone()));
        Ok(secret)
    }
}

// === impl Given ===

impl Given {
    pub fn new<N: Into<String>, V: Into<String>>(values: impl IntoIterator<Item = (N, V)>) -> Self {
        let secret = |value: V| SecretString::from(value.into());
        Self(
            values
                .into_iter()
                .map(|(name, value)| (name.into(), secret(value)))
                .collect(),
        )
    }
}

impl Secrets for Given {
    fn get(&self, reference: &SecretRef) -> Result<SecretString, Error> {
        match reference {
            SecretRef::Env(variable) => self
                .0
                .get(variable)
                .cloned()
                .ok_or_else(|| Error::NoVariable(variable.clone())),
            SecretRef::File(_) => read(reference),
        }
    }
}

fn read(reference: &SecretRef) -> Result<SecretString, Error> {
    let text = match reference {
        SecretRef::Env(variable) => from_env(variable)?,
        SecretRef::File(path) => from_file(path.as_ref(), reference)?,
    };
    // Files end in a line feed that nobody means.
    let text = text.expose_secret().trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(Error::Empty(reference.to_string()));
    }
    Ok(SecretString::from(text))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment for secrets"
)]
fn from_env(variable: &str) -> Result<SecretString, Error> {
    match std::env::var(variable) {
        Ok(text) => Ok(text.into()),
        Err(std::env::VarError::NotPresent) => Err(Error::NoVariable(variable.to_owned())),
        Err(std::env::VarError::NotUnicode(_)) => Err(Error::NotText(variable.to_owned())),
    }
}

fn from_file(path: &Path, reference: &SecretRef) -> Result<SecretString, Error> {
    let unreadable = |cause: &dyn std::fmt::Display| Error::Unreadable {
        path: path.display().to_string(),
        cause: cause.to_string(),
    };
    let size = std::fs::metadata(path).map_err(|e| unreadable(&e))?.len();
    if size > BYTES_MAX as u64 {
        return Err(Error::TooLong(reference.to_string()));
    }
    let bytes = std::fs::read(path).map_err(|e| unreadable(&e))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.into()),
        Err(_) => Err(unreadable(&"it is not UTF-8 text")),
    }
}

#[cfg(test)]
mod tests {
    use crate::clock::ManualClock;

    use super::*;

    fn file(path: &Path) -> SecretRef {
        SecretRef::File(path.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_rotated_file_is_seen_soon() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "first\n").unwrap();
        let clock = ManualClock::at(Timestamp::UNIX_EPOCH);
        let secrets = Process::new(clock.clone());
        let get = || {
            secrets
                .get(&file(&path))
                .unwrap()
                .expose_secret()
                .to_owned()
        };
        assert_eq!(get(), "first");
        std::fs::write(&path, "second\n").unwrap();
        assert_eq!(get(), "first");
        clock.advance(FRESH);
        assert_eq!(get(), "second");
    }

    #[test]
    fn errors_name_the_reference() {
        let folder = tempfile::tempdir().unwrap();
        let (empty, long, bytes) = (
            folder.path().join("empty"),
            folder.path().join("long"),
            folder.path().join("bytes"),
        );
        std::fs::write(&empty, "\n").unwrap();
        std::fs::write(&long, "x".repeat(BYTES_MAX + 1)).unwrap();
        std::fs::write(&bytes, [0xff, 0xfe]).unwrap();
        let secrets = Process::new(ManualClock::at(Timestamp::UNIX_EPOCH));
        let missing = folder.path().join("missing");
        for path in [&empty, &long, &bytes, &missing] {
            let error = secrets.get(&file(path)).unwrap_err().to_string();
            assert!(error.contains(path.to_str().unwrap()), "{error}");
        }
        let variable = SecretRef::Env("RECADO_TEST_NO_SUCH_SECRET".into());
        assert_eq!(
            secrets.get(&variable).unwrap_err().to_string(),
            "the environment variable `RECADO_TEST_NO_SUCH_SECRET` is not set"
        );
    }

    #[test]
    fn nothing_prints_a_value() {
        let given = Given::new([("TOKEN", "hush")]);
        let secret = given.get(&SecretRef::Env("TOKEN".into())).unwrap();
        assert!(!format!("{given:?} {secret:?}").contains("hush"));
    }
}
