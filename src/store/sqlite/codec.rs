//! Users as bytes: the log's changes, and what blocks and events are written with.
//!
//! Attribute names are written once for each blob. A checksum over the whole tells damage from data: one
//! flipped bit in an id would be another user. Decoding checks every length and depth too, so that a blob
//! is an error and never a panic or a huge allocation.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use crate::model::Value;
use crate::model::id::ExternalId;
use crate::model::limits;
use crate::model::user::Change;

const VERSION: u8 = 1;
/// The version and the checksum of what follows them.
const HEAD: usize = 1 + size_of::<u64>();

/// One thing that happened to a user.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Entry {
    Change(Change),
    Delete(ExternalId),
}

/// The bytes are not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Damaged;

pub(super) type Decoded<T> = Result<T, Damaged>;

pub(super) struct Writer<'a> {
    bytes: Vec<u8>,
    names: HashMap<&'a str, u64>,
}

pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    names: Vec<&'a str>,
}

pub(super) fn encode_entries(entries: &[Entry]) -> Vec<u8> {
    let mut out = Writer::new(entries.len());
    for entry in entries {
        match entry {
            Entry::Change(change) => {
                out.bytes.push(u8::from(change.creates));
                out.text(change.external_id.as_str());
                out.number(change.set.len() as u64);
                for (name, value) in &change.set {
                    out.name(name);
                    out.value(value.as_ref());
                }
            }
            Entry::Delete(id) => {
                out.bytes.push(2);
                out.text(id.as_str());
            }
        }
    }
    out.finish()
}

pub(super) fn decode_entries(bytes: &[u8]) -> Decoded<Vec<Entry>> {
    let mut input = Reader::new(bytes)?;
    let n = input.count()?;
    let mut entries = Vec::with_capacity(n);
    for _ in 0..n {
        let kind = input.byte()?;
        let external_id = input.external_id()?;
        entries.push(match kind {
            0 | 1 => {
                let n = input.count()?;
                let set = (0..n)
                    .map(|_| Ok((input.name()?, input.value(0)?)))
                    .collect::<Decoded<_>>()?;
                Entry::Change(Change {
                    external_id,
                    creates: kind == 1,
                    set,
                })
            }
            2 => Entry::Delete(external_id),
            _ => return Err(Damaged),
        });
    }
    input.end(entries)
}

// === impl Writer ===

impl<'a> Writer<'a> {
    pub(super) fn new(n: usize) -> Self {
        let mut writer = Self {
            bytes: Vec::with_capacity(64 + n * 128),
            names: HashMap::new(),
        };
        writer.bytes.push(VERSION);
        writer.bytes.resize(HEAD, 0);
        writer.number(n as u64);
        writer
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        let sum = checksum(&self.bytes[HEAD..]);
        self.bytes[1..HEAD].copy_from_slice(&sum.to_le_bytes());
        self.bytes
    }

    /// What was written, without a sum: no blob, but a key to compare by.
    pub(super) fn unsealed(self) -> Vec<u8> {
        self.bytes
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// LEB128.
    pub(super) fn number(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.bytes.push((n & 0x7f) as u8 | 0x80);
            n >>= 7;
        }
        self.bytes.push((n & 0x7f) as u8);
    }

    pub(super) fn signed(&mut self, n: i64) {
        self.number(((n << 1) ^ (n >> 63)).cast_unsigned());
    }

    pub(super) fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// The name's number, and its text the first time.
    pub(super) fn name(&mut self, name: &'a str) {
        let next = self.names.len() as u64;
        if let Some(n) = self.names.get(name) {
            let n = *n;
            self.number(n);
        } else {
            self.names.insert(name, next);
            self.number(next);
            self.text(name);
        }
    }

    pub(super) fn value(&mut self, value: Option<&Value>) {
        match value {
            None => self.bytes.push(0),
            Some(Value::Bool(false)) => self.bytes.push(1),
            Some(Value::Bool(true)) => self.bytes.push(2),
            Some(Value::Int(n)) => {
                self.bytes.push(3);
                self.signed(*n);
            }
            Some(Value::Double(n)) => {
                self.bytes.push(4);
                self.bytes.extend_from_slice(&n.to_le_bytes());
            }
            Some(Value::String(text)) => {
                self.bytes.push(5);
                self.text(text);
            }
            Some(Value::Timestamp(at)) => {
                self.bytes.push(6);
                self.signed(at.as_second());
                self.signed(at.subsec_nanosecond().into());
            }
            Some(Value::List(items)) => {
                self.bytes.push(7);
                self.number(items.len() as u64);
                for item in items {
                    self.value(Some(item));
                }
            }
            Some(Value::Object(map)) => {
                self.bytes.push(8);
                self.number(map.len() as u64);
                for (key, item) in map {
                    self.text(key);
                    self.value(Some(item));
                }
            }
        }
    }
}

// === impl Reader ===

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Decoded<Self> {
        let (version, bytes) = bytes.split_first().ok_or(Damaged)?;
        let (sum, bytes) = bytes.split_first_chunk().ok_or(Damaged)?;
        if *version != VERSION || u64::from_le_bytes(*sum) != checksum(bytes) {
            return Err(Damaged);
        }
        Ok(Self {
            bytes,
            names: Vec::new(),
        })
    }

    pub(super) fn end<T>(self, read: T) -> Decoded<T> {
        if self.bytes.is_empty() {
            Ok(read)
        } else {
            Err(Damaged)
        }
    }

    pub(super) fn byte(&mut self) -> Decoded<u8> {
        let (first, rest) = self.bytes.split_first().ok_or(Damaged)?;
        self.bytes = rest;
        Ok(*first)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Decoded<[u8; N]> {
        let (array, rest) = self.bytes.split_first_chunk().ok_or(Damaged)?;
        self.bytes = rest;
        Ok(*array)
    }

    pub(super) fn number(&mut self) -> Decoded<u64> {
        let mut n = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            n |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(n);
            }
        }
        Err(Damaged)
    }

    pub(super) fn signed(&mut self) -> Decoded<i64> {
        let n = self.number()?;
        Ok((n >> 1).cast_signed() ^ -(n & 1).cast_signed())
    }

    /// A number of things that follow, each at least a byte: more than there are bytes is damage.
    pub(super) fn count(&mut self) -> Decoded<usize> {
        let n = usize::try_from(self.number()?).map_err(|_| Damaged)?;
        if n <= self.bytes.len() {
            Ok(n)
        } else {
            Err(Damaged)
        }
    }

    pub(super) fn text(&mut self) -> Decoded<&'a str> {
        let n = self.count()?;
        let (text, rest) = self.bytes.split_at(n);
        self.bytes = rest;
        std::str::from_utf8(text).map_err(|_| Damaged)
    }

    pub(super) fn external_id(&mut self) -> Decoded<ExternalId> {
        ExternalId::parse(self.text()?).map_err(|_| Damaged)
    }

    pub(super) fn name(&mut self) -> Decoded<String> {
        let at = self.name_index()?;
        self.name_at(at).map(str::to_owned)
    }

    /// As [`Reader::name`]: what [`Reader::name_at`] takes.
    pub(super) fn name_index(&mut self) -> Decoded<usize> {
        let n = usize::try_from(self.number()?).map_err(|_| Damaged)?;
        if n == self.names.len() {
            let name = self.text()?;
            self.names.push(name);
        }
        Ok(n)
    }

    pub(super) fn name_at(&self, index: usize) -> Decoded<&'a str> {
        self.names.get(index).copied().ok_or(Damaged)
    }

    pub(super) fn value(&mut self, depth: usize) -> Decoded<Option<Value>> {
        if depth > limits::NESTING_MAX {
            return Err(Damaged);
        }
        Ok(Some(match self.byte()? {
            0 => return Ok(None),
            1 => Value::Bool(false),
            2 => Value::Bool(true),
            3 => Value::Int(self.signed()?),
            4 => Value::Double(f64::from_le_bytes(self.array()?)),
            5 => Value::String(self.text()?.to_owned()),
            6 => {
                let second = self.signed()?;
                let nanosecond = i32::try_from(self.signed()?).map_err(|_| Damaged)?;
                Value::Timestamp(Timestamp::new(second, nanosecond).map_err(|_| Damaged)?)
            }
            7 => {
                let n = self.count()?;
                Value::List(
                    (0..n)
                        .map(|_| self.present(depth))
                        .collect::<Decoded<_>>()?,
                )
            }
            8 => {
                let n = self.count()?;
                let fields = (0..n).map(|_| Ok((self.text()?.to_owned(), self.present(depth)?)));
                Value::Object(fields.collect::<Decoded<BTreeMap<_, _>>>()?)
            }
            _ => return Err(Damaged),
        }))
    }

    pub(super) fn present(&mut self, depth: usize) -> Decoded<Value> {
        self.value(depth + 1)?.ok_or(Damaged)
    }
}

/// A blob of these bytes, whatever they say.
#[cfg(test)]
pub(super) fn sealed(bytes: &[u8]) -> Vec<u8> {
    let sum = checksum(bytes).to_le_bytes();
    [&[VERSION], &sum[..], bytes].concat()
}

/// Each step is reversible, so that two blobs that differ in one word never have the same sum.
fn checksum(bytes: &[u8]) -> u64 {
    let mix = |sum: u64, word: u64| {
        (sum ^ word)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(29)
    };
    let (words, rest) = bytes.as_chunks::<8>();
    let sum = words.iter().fold(bytes.len() as u64, |sum, word| {
        mix(sum, u64::from_le_bytes(*word))
    });
    rest.iter()
        .fold(sum, |sum, byte| mix(sum, u64::from(*byte)))
}
