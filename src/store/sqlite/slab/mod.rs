//! A block of users as bytes: attribute by attribute, each as its type needs it, so that a start reads columns
//! and makes no values.

mod read;
mod write;

use super::codec::{Damaged, Decoded, Reader, Writer};
use super::users::BLOCK_ROWS;
use crate::audience::{Placed, Row, Slab, Table, Values};
use crate::model::id::ExternalId;

/// Nanoseconds that times are counted in, the coarsest first.
const UNITS: [i64; 4] = [1_000_000_000, 1_000_000, 1_000, 1];

const BOOLS: u8 = 0;
const INTS: u8 = 1;
const NUMBERS: u8 = 2;
const TIMES: u8 = 3;
const TEXTS: u8 = 4;
const CODED: u8 = 5;
const ANY: u8 = 6;

/// The users of one block, and how many there are.
pub(super) fn encode(table: &Table, block: u32) -> (Vec<u8>, usize) {
    let first = Row(block * BLOCK_ROWS);
    let rows = first..Row((block + 1) * BLOCK_ROWS);
    let place = |row: Row| row.0 - first.0;
    let users: Vec<_> = table.users(rows.clone()).collect();
    let mut out = Writer::new(users.len());
    let places: Vec<u32> = users.iter().map(|(row, ..)| place(*row)).collect();
    out.places(&places, None);
    out.texts(users.iter().map(|(_, id, _)| *id));
    for (.., weight) in &users {
        out.number((*weight).into());
    }
    let columns: Vec<_> = table.columns(rows).collect();
    out.number(columns.len() as u64);
    for (name, values) in &columns {
        out.text(name);
        let at: Vec<u32> = values.iter().map(|(row, _)| place(*row)).collect();
        out.places(&at, Some(&places));
        out.values(&values.iter().map(|(_, value)| value).collect::<Vec<_>>());
    }
    (out.finish(), users.len())
}

pub(super) fn decode(bytes: &[u8], block: u32) -> Decoded<Slab<'_>> {
    let mut input = Reader::new(bytes)?;
    let n = input.count()?;
    let places = input.places(n, None)?;
    let ids = input.texts(n)?;
    let mut users = Vec::with_capacity(n);
    for (place, id) in places.iter().zip(ids) {
        ExternalId::check(id).map_err(|_| Damaged)?;
        let weight = u32::try_from(input.number()?).map_err(|_| Damaged)?;
        users.push(Placed {
            place: *place,
            id,
            weight,
        });
    }
    let n_columns = input.count()?;
    let mut attributes: Vec<(&str, Values<'_>)> = Vec::with_capacity(n_columns);
    for _ in 0..n_columns {
        let name = input.text()?;
        // In order, so that they are found by halving.
        if attributes.last().is_some_and(|(before, _)| *before >= name) {
            return Err(Damaged);
        }
        // Not a count of bytes that follow: eight of yes and no are one.
        let n = usize::try_from(input.number()?).map_err(|_| Damaged)?;
        if n > users.len() {
            return Err(Damaged);
        }
        let places = input.places(n, Some(&places))?;
        let typed = input.typed(n)?;
        attributes.push((name, Values { places, typed }));
    }
    let slab = Slab {
        first: Row(block.checked_mul(BLOCK_ROWS).ok_or(Damaged)?),
        users,
        attributes,
    };
    input.end(slab)
}
