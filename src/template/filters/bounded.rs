//! A wrapper that bounds what any filter builds.

use std::fmt;

use liquid_core::model::{Value, ValueView};
use liquid_core::parser::{Filter, FilterArguments, FilterReflection, ParseFilter};
use liquid_core::{Result, Runtime};

use crate::template::budget::Budget;

/// A filter whose result is paid for, and which takes an absent input as Braze does.
#[derive(Clone)]
pub(in crate::template) struct Bounded {
    filter: Box<dyn ParseFilter>,
}

#[derive(Debug)]
struct Paid {
    filter: Box<dyn Filter>,
    absent: Absent,
}

/// What an absent input counts as.
#[derive(Debug, Clone, Copy)]
enum Absent {
    Itself,
    Zero,
    /// The filter is left out.
    Nothing,
}

// === impl Bounded ===

impl Bounded {
    pub(in crate::template) fn boxed(filter: Box<dyn ParseFilter>) -> Box<dyn ParseFilter> {
        Box::new(Self { filter })
    }
}

impl ParseFilter for Bounded {
    fn parse(&self, arguments: FilterArguments<'_>) -> Result<Box<dyn Filter>> {
        let absent = match self.filter.reflection().name() {
            "at_least" | "at_most" | "ceil" | "floor" | "round" => Absent::Zero,
            "compact" | "concat" | "first" | "last" | "map" | "reverse" | "sort"
            | "sort_natural" | "uniq" => Absent::Nothing,
            _ => Absent::Itself,
        };
        Ok(Box::new(Paid {
            filter: self.filter.parse(arguments)?,
            absent,
        }))
    }

    fn reflection(&self) -> &dyn FilterReflection {
        self.filter.reflection()
    }
}

// === impl Paid ===

impl Filter for Paid {
    fn evaluate(&self, input: &dyn ValueView, runtime: &dyn Runtime) -> Result<Value> {
        let zero = Value::scalar(0);
        let input = match self.absent {
            Absent::Zero if input.is_nil() => &zero,
            Absent::Nothing if input.is_nil() => return Ok(Value::Nil),
            _ => input,
        };
        let output = self.filter.evaluate(input, runtime)?;
        runtime
            .registers()
            .get_mut::<Budget>()
            .build(bytes(&output))?;
        Ok(output)
    }
}

impl fmt::Display for Paid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.filter.fmt(f)
    }
}

/// About what a value takes.
fn bytes(value: &Value) -> usize {
    match value {
        Value::Scalar(scalar) => 16 + scalar.to_kstr().len(),
        Value::Array(items) => 16 + items.iter().map(bytes).sum::<usize>(),
        Value::Object(map) => {
            16 + map
                .iter()
                .map(|(key, item)| key.len() + bytes(item))
                .sum::<usize>()
        }
        Value::State(_) | Value::Nil => 8,
    }
}
