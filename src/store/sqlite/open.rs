//! Opening and closing a store.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::Store;
use super::load::{Loaded, load};
use super::lock::Lock;
use super::migrate::migrate;
use super::reader::Readers;
use super::writer::Writer;
use crate::store::contract::{Error, Result};

/// How long to wait for another program that has the file locked, such as a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct Settings {
    pub path: PathBuf,
    /// Connections that read at the same time.
    pub readers: usize,
    /// How large the file may get; beyond it writes answer that the disk is full.
    pub bytes_max: Option<u64>,
}

// === impl Settings ===

impl Settings {
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            readers: 4,
            bytes_max: None,
        }
    }
}

// === impl Store ===

impl Store {
    /// Opens or creates the store and reads all users into memory. Blocks.
    ///
    /// # Errors
    /// Another process has it, a newer program wrote it, or it is damaged.
    pub fn open(settings: &Settings, progress: &dyn Fn(Loaded)) -> Result<Arc<Self>> {
        let lock = Lock::take(&settings.path)?;
        let mut connection = connect(&settings.path)?;
        migrate(&mut connection)?;
        // What a dead process left there may be of people whom it had deleted.
        empty_wal(&connection)?;
        if let Some(bytes) = settings.bytes_max {
            limit(&connection, bytes)?;
        }
        let memory = Arc::new(load(&connection, progress)?);
        let readers = Readers::open(&settings.path, settings.readers)?;
        let writer = Writer::start(connection, Arc::clone(&memory))?;
        Ok(Arc::new(Self {
            memory,
            writer,
            readers,
            _lock: lock,
        }))
    }

    /// Finishes what waits and takes nothing more.
    pub fn close(&self) {
        self.writer.close();
    }

    /// An estimate of what the users take in memory, in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.memory.table.read().memory_bytes()
    }
}

pub(super) fn connect(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path).map_err(|error| {
        Error::Unavailable(format!("cannot open `{}`: {error}", path.display()).into())
    })?;
    prepare_once(&connection)?;
    // FULL: a commit is on disk before it is answered. The WAL may grow before it is copied back, so that a
    // page changed by many commits is copied once. What is deleted is overwritten, free pages too: it may be
    // a person's data.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA secure_delete = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -65536;
         PRAGMA wal_autocheckpoint = 8192;
         PRAGMA journal_size_limit = 67108864;",
    )?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// Keeps statements prepared: without a fixed plan SQLite prepares one again whenever a value is bound
/// that its planner might look at, which costs more than running it.
pub(super) fn prepare_once(connection: &Connection) -> Result<()> {
    connection.set_prepared_statement_cache_capacity(64);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Copies the write-ahead log into the file and cuts it to nothing. `false` while somebody reads from it.
pub(super) fn empty_wal(connection: &Connection) -> Result<bool> {
    // Not waited for: the writer has other things to do.
    connection.busy_timeout(Duration::ZERO)?;
    let is_busy: Result<bool> = connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .map_err(Error::from);
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(!is_busy?)
}

fn limit(connection: &Connection, bytes: u64) -> Result<()> {
    let page: u64 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    connection.query_row(
        &format!("PRAGMA max_page_count = {}", bytes / page),
        [],
        |_| Ok(()),
    )?;
    Ok(())
}
