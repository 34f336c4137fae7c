//! A value as bytes, to store lists whole.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::Value;

/// Equal values give equal bytes.
pub(super) fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Bool(b) => out.extend([0, u8::from(*b)]),
        Value::Int(i) => put(out, 1, &i.to_le_bytes()),
        Value::Double(d) => put(out, 2, &d.to_bits().to_le_bytes()),
        Value::String(s) => {
            put(out, 3, &len(s.len()));
            out.extend_from_slice(s.as_bytes());
        }
        Value::Timestamp(at) => put(out, 4, &at.as_nanosecond().to_le_bytes()),
        Value::List(items) => {
            put(out, 5, &len(items.len()));
            for item in items {
                encode(item, out);
            }
        }
        Value::Object(map) => {
            put(out, 6, &len(map.len()));
            for (key, item) in map {
                out.extend(len(key.len()));
                out.extend_from_slice(key.as_bytes());
                encode(item, out);
            }
        }
    }
}

/// Reads what [`encode`] wrote; `None` for anything else.
pub(super) fn decode(bytes: &mut &[u8]) -> Option<Value> {
    let tag = *bytes.split_off_first()?;
    Some(match tag {
        0 => Value::Bool(*bytes.split_off_first()? == 1),
        1 => Value::Int(i64::from_le_bytes(take(bytes)?)),
        2 => Value::Double(f64::from_bits(u64::from_le_bytes(take(bytes)?))),
        3 => Value::String(text(bytes)?),
        4 => {
            let nanos = i128::from_le_bytes(take(bytes)?);
            Value::Timestamp(Timestamp::from_nanosecond(nanos).ok()?)
        }
        5 => {
            let n_items = u32::from_le_bytes(take(bytes)?);
            Value::List((0..n_items).map(|_| decode(bytes)).collect::<Option<_>>()?)
        }
        6 => {
            let n_keys = u32::from_le_bytes(take(bytes)?);
            let map = (0..n_keys).map(|_| Some((text(bytes)?, decode(bytes)?)));
            Value::Object(map.collect::<Option<BTreeMap<_, _>>>()?)
        }
        _ => return None,
    })
}

fn put(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    out.extend_from_slice(bytes);
}

fn len(n: usize) -> [u8; 4] {
    u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes()
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    bytes.split_off(..N)?.try_into().ok()
}

fn text(bytes: &mut &[u8]) -> Option<String> {
    let n = u32::from_le_bytes(take(bytes)?);
    String::from_utf8(bytes.split_off(..n as usize)?.to_vec()).ok()
}
