//! Numbered, forward-only migrations; `PRAGMA user_version` says how far a file is.

use rusqlite::Connection;

use crate::store::contract::{Error, Result};

/// In order; the position, from 1, is the version.
const MIGRATIONS: [&str; 6] = [
    include_str!("migrations/0001_init.sql"),
    include_str!("migrations/0002_events.sql"),
    include_str!("migrations/0003_send_content.sql"),
    include_str!("migrations/0004_segment_size.sql"),
    include_str!("migrations/0005_misses.sql"),
    include_str!("migrations/0006_apply.sql"),
];

/// Brings the file to the newest version, each step in its own transaction.
///
/// # Errors
/// [`Error::TooNew`] for a file that a newer program wrote.
pub(super) fn migrate(connection: &mut Connection) -> Result<()> {
    let found: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    if found > known {
        return Err(Error::TooNew { found, known });
    }
    for (version, sql) in (1..).zip(MIGRATIONS).skip(found as usize) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}
