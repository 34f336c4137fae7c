//! Attribute paths: a tree of columns, so that `{"a.b": 1}` and `{"a": {"b": 1}}` stay apart.

use std::collections::BTreeMap;

use crate::model::Value;

use super::Row;
use super::column::Column;

/// One path with everything below it.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    pub(super) column: Column,
    /// Fields of the objects that are values here.
    pub(super) fields: BTreeMap<Box<str>, Node>,
}

// === impl Node ===

impl Node {
    pub(super) fn get(&self, row: Row) -> Option<Value> {
        match self.column.get(row)? {
            Value::Object(_) => {
                let fields = self.fields.iter();
                let read = fields.filter_map(|(key, n)| Some((String::from(&**key), n.get(row)?)));
                Some(Value::Object(read.collect()))
            }
            value => Some(value),
        }
    }

    /// The value's [`Value::weight`], without reading it whole.
    pub(super) fn weight(&self, row: Row) -> Option<usize> {
        let own = self.column.weight(row)?;
        let fields = self.fields.iter();
        let weighed = fields.filter_map(|(key, node)| Some(key.len() + 1 + node.weight(row)?));
        Some(own + weighed.sum::<usize>())
    }

    /// Stores `value` for a row that has none here.
    pub(super) fn set(&mut self, row: Row, value: &Value, rows_end: usize) {
        if let Value::Object(map) = value {
            for (key, item) in map {
                let field = self.fields.entry(key.as_str().into()).or_default();
                field.set(row, item, rows_end);
            }
        }
        self.column.set(row, value, rows_end);
    }

    pub(super) fn clear(&mut self, row: Row) {
        if !self.column.contains(row) {
            return;
        }
        self.column.clear(row);
        for field in self.fields.values_mut() {
            field.clear(row);
        }
        self.fields.retain(|_, field| !field.is_empty());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.column.len() == 0
    }

    pub(super) fn field(&self, path: &[String]) -> Option<&Self> {
        let mut node = self;
        for key in path {
            node = node.fields.get(key.as_str())?;
        }
        Some(node)
    }

    /// Every value of `rows`, objects whole; cost is the values read and the paths, not their product.
    pub(super) fn range(&self, rows: std::ops::Range<u32>) -> BTreeMap<Row, Value> {
        let mut values: BTreeMap<Row, Value> = self.column.range(rows.clone()).collect();
        if !values
            .values()
            .any(|value| matches!(value, Value::Object(_)))
        {
            return values;
        }
        for (key, field) in &self.fields {
            for (row, value) in field.range(rows.clone()) {
                if let Some(Value::Object(map)) = values.get_mut(&row) {
                    map.insert(key.to_string(), value);
                }
            }
        }
        values
    }

    pub(super) fn count(&self) -> usize {
        1 + self.fields.values().map(Self::count).sum::<usize>()
    }

    /// How many paths storing `value` here would add.
    pub(super) fn missing(node: Option<&Self>, value: &Value) -> usize {
        let fields = match value {
            Value::Object(map) => map
                .iter()
                .map(|(key, item)| {
                    Self::missing(node.and_then(|n| n.fields.get(key.as_str())), item)
                })
                .sum(),
            _ => 0,
        };
        fields + usize::from(node.is_none())
    }

    /// The paths that [`Node::missing`] counts, as `path` and keys with NUL between them.
    pub(super) fn name_missing(
        node: Option<&Self>,
        path: &str,
        value: &Value,
        found: &mut Vec<String>,
    ) {
        if node.is_none() {
            found.push(path.to_owned());
        }
        let Value::Object(map) = value else { return };
        for (key, item) in map {
            let field = node.and_then(|node| node.fields.get(key.as_str()));
            Self::name_missing(field, &format!("{path}\0{key}"), item, found);
        }
    }

    pub(super) fn bytes(&self) -> usize {
        let fields = self
            .fields
            .iter()
            .map(|(key, n)| key.len() + 16 + n.bytes());
        self.column.bytes() + fields.sum::<usize>()
    }
}
