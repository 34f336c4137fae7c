//! Read-only connections, used on blocking threads.

use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use crate::store::contract::{Error, Result};

/// A few connections, each used by one read at a time.
#[derive(Debug, Clone)]
pub(super) struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    free: Arc<Semaphore>,
}

// === impl Readers ===

impl Readers {
    pub(super) fn open(path: &Path, n: usize) -> Result<Self> {
        let connections = (0..n.max(1))
            .map(|_| open(path))
            .collect::<Result<Vec<_>>>()?;
        let free = Arc::new(Semaphore::new(connections.len()));
        Ok(Self {
            idle: Arc::new(Mutex::new(connections)),
            free,
        })
    }

    /// Runs `read` off the async threads. It sees everything that was committed before.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let permit = Arc::clone(&self.free)
            .acquire_owned()
            .await
            .map_err(|_| Error::Closed)?;
        let idle = Arc::clone(&self.idle);
        let work = tokio::task::spawn_blocking(move || {
            let connection = idle.lock().pop().ok_or(Error::Closed)?;
            let done = read(&connection);
            idle.lock().push(connection);
            drop(permit);
            done
        });
        work.await
            .map_err(|error| Error::Unavailable(error.into()))?
    }
}

fn open(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    super::open::prepare_once(&connection)?;
    connection.execute_batch(
        "PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA busy_timeout = 5000;",
    )?;
    Ok(connection)
}
