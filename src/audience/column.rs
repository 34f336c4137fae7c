//! One attribute path over all users: a typed lane for most values and a map for the rest.

use std::collections::BTreeMap;

use crate::model::Value;
use crate::model::value::Type;

use super::bitmap::grow;
use super::numbers::{Ints, Times};
use super::strings::Strings;
use super::{Bitmap, Row, encode};

/// Below this many values a lane costs more than the map.
const DENSE_MIN: usize = 64;
/// A lane pays once one row in this many has a value.
const DENSE_SHARE: usize = 16;

#[derive(Debug, Clone, Default)]
pub(super) struct Column {
    pub(super) lane: Lane,
    /// Rows whose value is in the lane.
    pub(super) main: Bitmap,
    /// Values of another type than the lane's, and all values of a column that few users have.
    /// An object is here with its own fields in columns of their own.
    pub(super) others: BTreeMap<u32, Value>,
    n_main: usize,
    /// How many `others` make it worth to look again what the lane should be.
    patience: usize,
}

#[derive(Debug, Clone, Default)]
pub(super) enum Lane {
    #[default]
    Empty,
    /// Rows that are true.
    Bools(Bitmap),
    Ints(Ints),
    /// Doubles, with the rows that were whole numbers: a column of prices holds both.
    Doubles(Vec<f64>, Bitmap),
    Times(Times),
    Texts(Strings),
    /// Encoded whole.
    Lists(Strings),
    /// Markers: the fields are columns of their own.
    Objects,
}

// === impl Column ===

impl Column {
    pub(super) fn len(&self) -> usize {
        self.n_main + self.others.len()
    }

    pub(super) fn contains(&self, row: Row) -> bool {
        self.main.contains(row) || self.others.contains_key(&row.0)
    }

    /// An object comes back empty: it is a marker.
    pub(super) fn get(&self, row: Row) -> Option<Value> {
        if self.main.contains(row) {
            self.lane.get(row)
        } else {
            self.others.get(&row.0).cloned()
        }
    }

    /// An object weighs nothing by itself.
    pub(super) fn weight(&self, row: Row) -> Option<usize> {
        if self.main.contains(row) {
            Some(self.lane.weight(row))
        } else {
            self.others.get(&row.0).map(Value::weight)
        }
    }

    /// Stores `value` for a row that has none. Of an object only the marker is kept.
    pub(super) fn set(&mut self, row: Row, value: &Value, rows_end: usize) {
        if self.lane.put(row, value, &self.main) {
            self.main.insert(row);
            self.n_main += 1;
            return;
        }
        let kept = match value {
            Value::Object(_) => Value::Object(BTreeMap::new()),
            other => other.clone(),
        };
        self.others.insert(row.0, kept);
        let crowded = DENSE_MIN.max(rows_end / DENSE_SHARE).max(self.patience);
        if self.others.len() > crowded {
            self.settle();
        }
    }

    /// Counts values that were put into the lane and into `main`.
    pub(super) fn add_main(&mut self, n: usize) {
        self.n_main += n;
    }

    pub(super) fn clear(&mut self, row: Row) {
        if self.others.remove(&row.0).is_none() && self.main.contains(row) {
            self.lane.clear(row);
            self.main.remove(row);
            self.n_main -= 1;
        }
        if self.len() == 0 {
            *self = Self::default();
        }
    }

    /// Values of rows in `rows`, each part ascending.
    pub(super) fn range(&self, rows: std::ops::Range<u32>) -> impl Iterator<Item = (Row, Value)> {
        let main = self
            .main
            .within(rows.clone())
            .filter_map(|row| Some((row, self.lane.get(row)?)));
        main.chain(
            self.others
                .range(rows)
                .map(|(row, value)| (Row(*row), value.clone())),
        )
    }

    /// How many values have each type.
    /// Whether some value is of a type that fits.
    pub(super) fn holds(&self, fits: &dyn Fn(Type) -> bool) -> bool {
        let main: &[Type] = match &self.lane {
            Lane::Empty => &[],
            Lane::Bools(_) => &[Type::Bool],
            Lane::Ints(_) => &[Type::Int],
            Lane::Doubles(..) => &[Type::Int, Type::Double],
            Lane::Times(_) => &[Type::Timestamp],
            Lane::Texts(_) => &[Type::String],
            Lane::Lists(_) => &[Type::List],
            Lane::Objects => &[Type::Object],
        };
        self.n_main > 0 && main.iter().any(|kind| fits(*kind))
            || self.others.values().any(|value| fits(value.type_of()))
    }

    pub(super) fn types(&self) -> BTreeMap<Type, usize> {
        let mut types = BTreeMap::new();
        for value in self.others.values() {
            *types.entry(value.type_of()).or_insert(0) += 1;
        }
        let mut main = |kind, n: usize| {
            if n > 0 {
                *types.entry(kind).or_insert(0) += n;
            }
        };
        match &self.lane {
            Lane::Empty => {}
            Lane::Bools(_) => main(Type::Bool, self.n_main),
            Lane::Ints(_) => main(Type::Int, self.n_main),
            Lane::Doubles(_, whole) => {
                let n_whole = whole.len();
                main(Type::Int, n_whole);
                main(Type::Double, self.n_main - n_whole);
            }
            Lane::Times(_) => main(Type::Timestamp, self.n_main),
            Lane::Texts(_) => main(Type::String, self.n_main),
            Lane::Lists(_) => main(Type::List, self.n_main),
            Lane::Objects => main(Type::Object, self.n_main),
        }
        types
    }

    pub(super) fn bytes(&self) -> usize {
        let others: usize = self.others.values().map(|value| 48 + value.weight()).sum();
        size_of::<Self>() + self.lane.bytes() + self.main.bytes() + others
    }

    /// Gives the lane to the type that most values have, and moves the values where they now belong.
    fn settle(&mut self) {
        let types = self.types();
        let count = |wanted: &[Type]| wanted.iter().filter_map(|t| types.get(t)).sum::<usize>();
        let numbers = count(&[Type::Int, Type::Double]);
        let most = types
            .iter()
            .max_by_key(|(_, n)| **n)
            .map_or(Type::String, |(kind, _)| *kind);
        let is_number = numbers > 0 && numbers >= types.get(&most).copied().unwrap_or(0);
        let lane = if is_number && types.contains_key(&Type::Double) {
            Lane::Doubles(Vec::new(), Bitmap::new())
        } else {
            Lane::for_type(if is_number { Type::Int } else { most }, self)
        };
        // The lane stays when it is of the right type already: what is outside does not fit in it.
        if std::mem::discriminant(&lane) != std::mem::discriminant(&self.lane) {
            let old = std::mem::replace(
                self,
                Self {
                    lane,
                    ..Self::default()
                },
            );
            for (row, value) in old.range(0..u32::MAX) {
                if self.lane.put(row, &value, &self.main) {
                    self.main.insert(row);
                    self.n_main += 1;
                } else {
                    self.others.insert(row.0, value);
                }
            }
        }
        self.patience = self.others.len() * 2;
    }
}

// === impl Lane ===

impl Lane {
    fn for_type(kind: Type, column: &Column) -> Self {
        let first = column.others.values().find(|value| value.type_of() == kind);
        match (kind, first) {
            (Type::Bool, _) => Self::Bools(Bitmap::new()),
            (Type::Int, Some(Value::Int(first))) => Self::Ints(Ints::new(*first)),
            (Type::Int, _) => Self::Ints(Ints::new(0)),
            (Type::Double, _) => Self::Doubles(Vec::new(), Bitmap::new()),
            (Type::Timestamp, Some(Value::Timestamp(first))) => {
                Times::new(*first).map_or(Self::Empty, Self::Times)
            }
            // Most values are in the lane already.
            (Type::Timestamp, _) => column.lane.clone(),
            (Type::String, _) => Self::Texts(Strings::new()),
            (Type::List, _) => Self::Lists(Strings::new()),
            (Type::Object, _) => Self::Objects,
        }
    }

    fn get(&self, row: Row) -> Option<Value> {
        Some(match self {
            Self::Empty => return None,
            Self::Bools(yes) => Value::Bool(yes.contains(row)),
            Self::Ints(ints) => Value::Int(ints.get(row)),
            Self::Doubles(numbers, whole) => {
                number(*numbers.get(row.index())?, whole.contains(row))
            }
            Self::Times(times) => Value::Timestamp(times.get(row)),
            Self::Texts(texts) => text(texts.get(row)),
            Self::Lists(lists) => encode::decode(&mut lists.get(row))?,
            Self::Objects => Value::Object(BTreeMap::new()),
        })
    }

    /// As [`Value::weight`], of a row in the lane.
    fn weight(&self, row: Row) -> usize {
        match self {
            Self::Empty | Self::Objects => 0,
            Self::Bools(_) => 1,
            Self::Ints(_) | Self::Doubles(..) | Self::Times(_) => 8,
            Self::Texts(texts) => texts.get(row).len(),
            Self::Lists(_) => self.get(row).map_or(0, |list| list.weight()),
        }
    }

    /// False when the value is not of this lane.
    fn put(&mut self, row: Row, value: &Value, main: &Bitmap) -> bool {
        match (self, value) {
            (Self::Bools(yes), Value::Bool(b)) => yes.put(row, *b),
            (Self::Ints(ints), Value::Int(n)) => ints.set(row, *n, main.iter()),
            (Self::Doubles(numbers, whole), Value::Int(_) | Value::Double(_)) => {
                return put_number(numbers, whole, row, value);
            }
            (Self::Times(times), Value::Timestamp(at)) => {
                let present = if times.fits(*at) {
                    Vec::new()
                } else {
                    main.iter().collect()
                };
                return times.set(row, *at, &present);
            }
            (Self::Texts(texts), Value::String(s)) => texts.set(row, s.as_bytes(), main.iter()),
            (Self::Lists(lists), Value::List(_)) => {
                let mut bytes = Vec::new();
                encode::encode(value, &mut bytes);
                lists.set(row, &bytes, main.iter());
            }
            (Self::Objects, Value::Object(_)) => {}
            _ => return false,
        }
        true
    }

    fn clear(&mut self, row: Row) {
        match self {
            Self::Doubles(_, whole) => whole.remove(row),
            Self::Texts(strings) | Self::Lists(strings) => strings.clear(row),
            // The row's bits mean nothing once it is not in `main`.
            Self::Empty | Self::Bools(_) | Self::Ints(_) | Self::Times(_) | Self::Objects => {}
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Empty | Self::Objects => 0,
            Self::Bools(yes) => yes.bytes(),
            Self::Ints(ints) => ints.packed.bytes(),
            Self::Doubles(numbers, whole) => numbers.capacity() * 8 + whole.bytes(),
            Self::Times(times) => times.ticks.packed.bytes(),
            Self::Texts(strings) | Self::Lists(strings) => strings.bytes(),
        }
    }
}

/// Bytes of a text lane, which only ever took in `str`s.
pub(super) fn text(bytes: &[u8]) -> Value {
    Value::String(String::from_utf8_lossy(bytes).into_owned())
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "only exact integers are marked whole"
)]
pub(super) fn number(number: f64, is_whole: bool) -> Value {
    if is_whole {
        Value::Int(number as i64)
    } else {
        Value::Double(number)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "integers that are not exact are refused"
)]
fn put_number(numbers: &mut Vec<f64>, whole: &mut Bitmap, row: Row, value: &Value) -> bool {
    let number = match value {
        Value::Int(n) if n.abs() <= crate::model::limits::EXACT_INTEGER_MAX => {
            whole.insert(row);
            *n as f64
        }
        Value::Double(d) => *d,
        _ => return false,
    };
    if numbers.len() <= row.index() {
        grow(numbers, row.index() + 1, 0.0);
    }
    numbers[row.index()] = number;
    true
}
