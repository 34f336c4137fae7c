//! A block of users as bytes: attribute by attribute, each as its type needs it, so that a start reads columns
//! and makes no values.

use std::borrow::Cow;
use std::collections::HashMap;

use super::codec::{Damaged, Decoded, Reader, Writer};
use super::users::BLOCK_ROWS;
use crate::audience::{Placed, Row, Slab, Table, Typed, Values};
use crate::model::Value;
use crate::model::id::ExternalId;
use crate::model::limits;

/// Strings and lists are written once each when there are so many times fewer of them than values.
const CODED_SHARE: usize = 8;
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
        let n = input.count()?;
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

// === impl Writer ===

impl Writer<'_> {
    /// Places within the block, ascending; nothing but their number when they are all of `among`.
    fn places(&mut self, places: &[u32], among: Option<&[u32]>) {
        if among.is_some() {
            self.number(places.len() as u64);
        }
        if among.is_some_and(|all| all.len() == places.len()) {
            return;
        }
        let mut next = 0;
        for place in places {
            self.number((place - next).into());
            next = place + 1;
        }
    }

    /// The lengths, then all texts as one.
    fn texts<'t>(&mut self, texts: impl Iterator<Item = &'t str> + Clone) {
        for text in texts.clone() {
            self.number(text.len() as u64);
        }
        let whole: Vec<&str> = texts.collect();
        self.text(&whole.concat());
    }

    fn values(&mut self, values: &[&Value]) {
        let each = |is: fn(&Value) -> bool| values.iter().all(|value| is(value));
        if each(|value| matches!(value, Value::Bool(_))) {
            self.byte(BOOLS);
            let bits = values.iter().map(|value| **value == Value::Bool(true));
            self.bits(&bits.collect::<Vec<_>>());
        } else if each(|value| matches!(value, Value::Int(_))) {
            self.byte(INTS);
            let ints = values.iter().filter_map(|value| match value {
                Value::Int(n) => Some(*n),
                _ => None,
            });
            self.ints(&ints.collect::<Vec<_>>());
        } else if each(|value| matches!(value, Value::Int(_) | Value::Double(_))) {
            self.numbers(values);
        } else if let Some((unit, ticks)) = ticks(values) {
            self.byte(TIMES);
            self.byte(unit);
            self.ints(&ticks);
        } else if each(|value| matches!(value, Value::String(_)))
            || each(|value| matches!(value, Value::List(_)))
        {
            self.repeated(values);
        } else {
            self.any(values);
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "those that are not exact are left out"
    )]
    fn numbers(&mut self, values: &[&Value]) {
        let numbers = values.iter().filter_map(|value| match value {
            Value::Int(n) if n.abs() <= limits::EXACT_INTEGER_MAX => Some((*n as f64, true)),
            Value::Double(d) => Some((*d, false)),
            _ => None,
        });
        let numbers: Vec<_> = numbers.collect();
        if numbers.len() < values.len() {
            self.any(values);
            return;
        }
        self.byte(NUMBERS);
        for (number, _) in &numbers {
            self.bytes(&number.to_le_bytes());
        }
        self.bits(&numbers.iter().map(|(_, whole)| *whole).collect::<Vec<_>>());
    }

    /// Strings, or lists: each once with a code a value where they repeat.
    fn repeated(&mut self, values: &[&Value]) {
        let (mut codes, mut entries) = (Vec::with_capacity(values.len()), Vec::new());
        let mut known: HashMap<Cow<'_, [u8]>, u16> = HashMap::new();
        for value in values {
            let next = u16::try_from(entries.len()).unwrap_or(u16::MAX);
            let code = *known.entry(key(value)).or_insert(next);
            if code == next {
                entries.push(*value);
            }
            codes.push(code);
            if entries.len() * CODED_SHARE > values.len() {
                break;
            }
        }
        if codes.len() == values.len() && entries.len() * CODED_SHARE <= values.len() {
            self.byte(CODED);
            self.number(entries.len() as u64);
            for entry in entries {
                self.value(Some(entry));
            }
            for code in codes {
                self.number(code.into());
            }
            return;
        }
        let texts = values.iter().filter_map(|value| match value {
            Value::String(text) => Some(text.as_str()),
            _ => None,
        });
        if texts.clone().count() == values.len() {
            self.byte(TEXTS);
            self.texts(texts);
        } else {
            self.any(values);
        }
    }

    fn any(&mut self, values: &[&Value]) {
        self.byte(ANY);
        for value in values {
            self.value(Some(value));
        }
    }

    /// The least of them, then how much more each is.
    fn ints(&mut self, ints: &[i64]) {
        let least = ints.iter().copied().min().unwrap_or(0);
        self.signed(least);
        for n in ints {
            self.number(n.wrapping_sub(least).cast_unsigned());
        }
    }

    fn bits(&mut self, bits: &[bool]) {
        for eight in bits.chunks(8) {
            let byte = eight
                .iter()
                .rev()
                .fold(0, |byte, bit| byte << 1 | u8::from(*bit));
            self.byte(byte);
        }
    }
}

/// Equal for equal strings, and for equal lists.
fn key(value: &Value) -> Cow<'_, [u8]> {
    if let Value::String(text) = value {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut out = Writer::new(0);
    out.value(Some(value));
    Cow::Owned(out.unsealed())
}

/// Times as whole units of the coarsest kind that loses nothing; none when they are not all times, or too far off.
fn ticks(values: &[&Value]) -> Option<(u8, Vec<i64>)> {
    let nanos = values.iter().map(|value| match value {
        Value::Timestamp(at) => Some(at.as_nanosecond()),
        _ => None,
    });
    let nanos: Vec<i128> = nanos.collect::<Option<_>>()?;
    (0..).zip(UNITS).find_map(|(at, unit)| {
        let unit = i128::from(unit);
        let ticks = nanos.iter().map(|nanos| {
            let is_whole = nanos % unit == 0;
            is_whole.then(|| i64::try_from(nanos / unit).ok()).flatten()
        });
        Some((at, ticks.collect::<Option<_>>()?))
    })
}

// === impl Reader ===

impl<'a> Reader<'a> {
    fn places(&mut self, n: usize, among: Option<&[u16]>) -> Decoded<Vec<u16>> {
        if let Some(all) = among.filter(|all| all.len() == n) {
            return Ok(all.to_vec());
        }
        let mut next = 0;
        let mut places = Vec::with_capacity(n);
        for _ in 0..n {
            let place = self.number()?.checked_add(next).ok_or(Damaged)?;
            if place >= u64::from(BLOCK_ROWS) {
                return Err(Damaged);
            }
            places.push(u16::try_from(place).map_err(|_| Damaged)?);
            next = place + 1;
        }
        let is_known = |place: &u16| among.is_none_or(|all| all.binary_search(place).is_ok());
        places.iter().all(is_known).then_some(places).ok_or(Damaged)
    }

    fn texts(&mut self, n: usize) -> Decoded<Vec<&'a str>> {
        let ends = (0..n).scan(0_usize, |end, _| {
            let len = self.number().ok().and_then(|n| usize::try_from(n).ok());
            *end = len
                .and_then(|len| end.checked_add(len))
                .unwrap_or(usize::MAX);
            Some(*end)
        });
        let ends: Vec<usize> = ends.collect();
        let whole = self.text()?;
        let mut begin = 0;
        let texts = ends.iter().map(|end| {
            let text = whole.get(begin..*end);
            begin = *end;
            text.ok_or(Damaged)
        });
        let texts = texts.collect::<Decoded<Vec<_>>>()?;
        if begin == whole.len() {
            Ok(texts)
        } else {
            Err(Damaged)
        }
    }

    fn typed(&mut self, n: usize) -> Decoded<Typed<'a>> {
        Ok(match self.byte()? {
            BOOLS => Typed::Bools(self.bits(n)?),
            INTS => Typed::Ints(self.ints(n)?),
            NUMBERS => {
                let numbers = (0..n).map(|_| Ok(f64::from_le_bytes(self.array()?)));
                let numbers: Vec<f64> = numbers.collect::<Decoded<_>>()?;
                let whole = self.bits(n)?;
                Typed::Numbers(numbers.into_iter().zip(whole).collect())
            }
            TIMES => Typed::Times {
                unit: *UNITS.get(usize::from(self.byte()?)).ok_or(Damaged)?,
                ticks: self.ints(n)?,
            },
            TEXTS => Typed::Texts(self.texts(n)?),
            CODED => {
                let n_entries = self.count()?;
                let entries: Vec<Value> = (0..n_entries)
                    .map(|_| self.present(0))
                    .collect::<Decoded<_>>()?;
                let codes = (0..n).map(|_| {
                    let code = usize::try_from(self.number()?).map_err(|_| Damaged)?;
                    if code >= entries.len() {
                        return Err(Damaged);
                    }
                    u16::try_from(code).map_err(|_| Damaged)
                });
                let codes = codes.collect::<Decoded<_>>()?;
                Typed::Coded { entries, codes }
            }
            ANY => Typed::Any((0..n).map(|_| self.present(0)).collect::<Decoded<_>>()?),
            _ => return Err(Damaged),
        })
    }

    fn ints(&mut self, n: usize) -> Decoded<Vec<i64>> {
        let least = self.signed()?;
        let ints = (0..n).map(|_| Ok(least.wrapping_add(self.number()?.cast_signed())));
        ints.collect()
    }

    fn bits(&mut self, n: usize) -> Decoded<Vec<bool>> {
        let mut bits = Vec::with_capacity(n);
        while bits.len() < n {
            let byte = self.byte()?;
            let left = (n - bits.len()).min(8);
            bits.extend((0..left).map(|bit| byte >> bit & 1 == 1));
        }
        Ok(bits)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::model::user::Change;
    use crate::store::sqlite::codec::sealed;
    use crate::store::sqlite::tests::codec::value;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Users of a few blocks, some rows without one; attributes mostly of one type.
        #[test]
        fn tables_come_back_as_they_were(
            users in prop::collection::vec(
                prop::option::weighted(0.9, prop::collection::btree_map("[a-d]", value(), 0..4)), 1..200),
            same in prop::collection::vec(value(), 1..4),
        ) {
            let mut table = Table::new();
            for (n, attributes) in users.iter().enumerate() {
                let external_id = ExternalId::parse(format!("user-{n}")).unwrap();
                let mut set: BTreeMap<_, _> = attributes.clone().unwrap_or_default();
                // One that everybody has, of few values.
                set.insert("same".into(), same[n % same.len()].clone());
                set.insert("n".into(), Value::Int(i64::try_from(n).unwrap() * 7 - 90));
                let set = set.into_iter().map(|(name, value)| (name, Some(value)));
                table.apply(&Change { external_id, creates: true, set: set.collect() });
            }
            for (n, _) in users.iter().enumerate().filter(|(_, user)| user.is_none()) {
                table.delete(&ExternalId::parse(format!("user-{n}")).unwrap());
            }
            let n_blocks = u32::try_from(users.len()).unwrap().div_ceil(BLOCK_ROWS);
            let blocks: Vec<_> = (0..n_blocks).map(|block| encode(&table, block).0).collect();
            let slabs: Vec<_> =
                (0..).zip(&blocks).map(|(block, bytes)| decode(bytes, block).unwrap()).collect();
            let mut back = Table::new();
            // In two goes, so that lanes are met as they are.
            let (some, others) = slabs.split_at(slabs.len() / 2);
            prop_assert_eq!(back.take_in(some), vec![]);
            prop_assert_eq!(back.take_in(others), vec![]);
            back.free_holes();
            prop_assert_eq!(back.len(), table.len());
            for row in table.live().iter() {
                prop_assert_eq!(back.profile(row), table.profile(row));
                prop_assert_eq!(back.weight(row), table.weight(row));
                prop_assert_eq!(back.bucket(row), table.bucket(row));
            }
            // Everybody again, at rows behind: each is left out, and told.
            let twice: Vec<_> = slabs.into_iter().map(|slab| Slab {
                first: Row(slab.first.0 + n_blocks * BLOCK_ROWS),
                ..slab
            }).collect();
            prop_assert_eq!(back.take_in(&twice).len(), table.len());
            prop_assert_eq!(back.attributes(), table.attributes());
        }

        #[test]
        fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            drop(decode(&sealed(&bytes), 1));
        }
    }
}
