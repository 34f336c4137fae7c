//! Writes places and values, each column in the form that fits what is in it.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{ANY, BOOLS, CODED, INTS, NUMBERS, TEXTS, TIMES, UNITS};
use crate::model::{Value, limits};
use crate::store::sqlite::codec::Writer;

/// Strings and lists are written once each when there are so many times fewer of them than values.
const CODED_SHARE: usize = 8;

// === impl Writer ===

impl Writer<'_> {
    /// Places within the block, ascending; nothing but their number when they are all of `among`.
    pub(super) fn places(&mut self, places: &[u32], among: Option<&[u32]>) {
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
    pub(super) fn texts<'t>(&mut self, texts: impl Iterator<Item = &'t str> + Clone) {
        for text in texts.clone() {
            self.number(text.len() as u64);
        }
        let whole: Vec<&str> = texts.collect();
        self.text(&whole.concat());
    }

    pub(super) fn values(&mut self, values: &[&Value]) {
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
