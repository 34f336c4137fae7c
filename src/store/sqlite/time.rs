//! Instants as microseconds since 1970.

use jiff::Timestamp;

use super::error::corrupt;
use crate::store::contract::Result;

pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(super) fn instant(micros: i64, table: &'static str, column: &'static str) -> Result<Timestamp> {
    match Timestamp::from_microsecond(micros) {
        Ok(at) => Ok(at),
        Err(_) => corrupt(table, column, micros),
    }
}
