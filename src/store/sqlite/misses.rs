//! What messages of a send missed: how many deliveries for each name.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::{Connection, params};

use super::error::corrupt;
use crate::model::delivery::Notes;
use crate::model::limits;
use crate::model::send::Miss;
use crate::store::contract::Result;

/// What a transaction adds to the misses of one send, by name; the names that are stored are there from the beginning.
///
/// Shared, since a copy of it is put aside before each job that may be undone.
#[derive(Debug, Clone)]
pub(super) struct Tally(Arc<BTreeMap<String, Added>>);

#[derive(Debug, Clone, Copy, Default)]
struct Added {
    deliveries: u64,
    gaps: u64,
}

/// All misses of a send's row as one value, so that they are of the same instant as its counts.
pub(super) const COLUMN: &str = "(SELECT json_group_array(json_array(name, deliveries, gaps)) FROM send_miss WHERE send = send.seq)";

// === impl Tally ===

impl Tally {
    pub(super) fn read(connection: &Connection, send: i64) -> Result<Self> {
        let mut statement =
            connection.prepare_cached("SELECT name FROM send_miss WHERE send = ?")?;
        let names = statement.query_map([send], |row| Ok((row.get(0)?, Added::default())))?;
        Ok(Self(Arc::new(names.collect::<rusqlite::Result<_>>()?)))
    }

    /// Counts one delivery.
    pub(super) fn add(&mut self, notes: &Notes) {
        let names = Arc::make_mut(&mut self.0);
        let (mut is_other, mut is_other_gap) = (false, false);
        // Two long names may be one once they are cut.
        let mut own: BTreeMap<&str, bool> = BTreeMap::new();
        for miss in &notes.misses {
            *own.entry(bounded(miss)).or_default() |= notes.gaps.contains(miss);
        }
        for (name, is_gap) in own {
            let n = names.len() - usize::from(names.contains_key(Miss::OTHERS));
            if n < limits::SEND_MISSES_MAX || names.contains_key(name) {
                names.entry(name.to_owned()).or_default().add(is_gap);
            } else {
                (is_other, is_other_gap) = (true, is_other_gap || is_gap);
            }
        }
        if is_other {
            let others = names.entry(Miss::OTHERS.to_owned()).or_default();
            others.add(is_other_gap);
        }
    }

    pub(super) fn write(&self, connection: &Connection, send: i64) -> Result<()> {
        let mut add = connection.prepare_cached(
            "INSERT INTO send_miss (send, name, deliveries, gaps) VALUES (?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET deliveries = deliveries + excluded.deliveries,
             gaps = gaps + excluded.gaps",
        )?;
        for (name, added) in self.0.iter().filter(|(_, added)| added.deliveries > 0) {
            add.execute(params![send, name, added.deliveries, added.gaps])?;
        }
        Ok(())
    }
}

// === impl Added ===

impl Added {
    fn add(&mut self, is_gap: bool) {
        self.deliveries += 1;
        self.gaps += u64::from(is_gap);
    }
}

/// What [`COLUMN`] reads, the most frequent first.
pub(super) fn parse(json: &str, send: i64) -> Result<Vec<Miss>> {
    if json == "[]" {
        return Ok(Vec::new());
    }
    let Ok(rows) = serde_json::from_str::<Vec<(String, u64, u64)>>(json) else {
        return corrupt("send_miss", "name", send);
    };
    let rows = rows.into_iter();
    let mut misses: Vec<Miss> = rows
        .map(|(name, deliveries, gaps)| Miss {
            name,
            deliveries,
            gaps,
        })
        .collect();
    // Those that stand for others come last.
    misses.sort_by(|a, b| {
        let key = |miss: &Miss| (miss.name == Miss::OTHERS, u64::MAX - miss.deliveries);
        key(a).cmp(&key(b)).then_with(|| a.name.cmp(&b.name))
    });
    Ok(misses)
}

fn bounded(name: &str) -> &str {
    &name[..name.floor_char_boundary(limits::MISS_BYTES_MAX)]
}
