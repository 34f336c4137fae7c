//! SQLite's errors as the contract's.

use rusqlite::ErrorCode;

use crate::store::contract::{Error, Result};

/// Why a whole group failed; every waiter gets an error made from it.
#[derive(Debug, Clone)]
pub(super) enum Failure {
    DiskFull(String),
    Unavailable(String),
    Damaged(String),
    Corrupt {
        table: &'static str,
        column: &'static str,
        key: String,
    },
}

// === impl Failure ===

impl Failure {
    pub(super) fn to_error(&self) -> Error {
        match self {
            Self::DiskFull(why) => Error::DiskFull(why.clone().into()),
            Self::Unavailable(why) => Error::Unavailable(why.clone().into()),
            Self::Damaged(why) => Error::Damaged(why.clone().into()),
            Self::Corrupt { table, column, key } => Error::Corrupt {
                table,
                column,
                key: key.clone(),
            },
        }
    }
}

impl From<&rusqlite::Error> for Failure {
    fn from(error: &rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull(error.to_string()),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged(error.to_string())
            }
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        match error {
            Error::DiskFull(why) => Self::DiskFull(why.to_string()),
            Error::Damaged(why) => Self::Damaged(why.to_string()),
            Error::Unavailable(why) => Self::Unavailable(why.to_string()),
            Error::Corrupt { table, column, key } => Self::Corrupt {
                table,
                column,
                key: key.clone(),
            },
            other => Self::Unavailable(other.to_string()),
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Failure::from(&error).to_error()
    }
}

/// A stored value that does not parse.
pub(super) fn corrupt<T>(
    table: &'static str,
    column: &'static str,
    key: impl std::fmt::Display,
) -> Result<T> {
    Err(Error::Corrupt {
        table,
        column,
        key: key.to_string(),
    })
}
