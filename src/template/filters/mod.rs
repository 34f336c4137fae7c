//! Filters: ours, and a wrapper that bounds what any filter builds.

mod date;
mod number;
mod text;

use std::fmt;

use liquid_core::model::{Value, ValueView};
use liquid_core::parser::{
    Filter, FilterArguments, FilterReflection, ParameterReflection, ParseFilter,
};
use liquid_core::{Error, Expression, Result, Runtime};

use super::budget::Budget;
use super::scope::Now;

/// What a filter of ours works on besides its input.
pub(super) struct Call<'a> {
    args: Vec<Value>,
    now: Option<jiff::Timestamp>,
    budget: &'a mut Budget,
}

type Body = fn(&dyn ValueView, &mut Call<'_>) -> Result<Value>;

/// A filter of ours: its name, how many arguments it takes, and what it does.
#[derive(Clone, Copy)]
pub(super) struct Own {
    name: &'static str,
    least: usize,
    most: usize,
    body: Body,
}

/// A filter whose result is paid for, and which takes an absent input as Braze does.
#[derive(Clone)]
pub(super) struct Bounded {
    filter: Box<dyn ParseFilter>,
}

/// An own filter with its arguments.
struct Applied {
    own: Own,
    args: Vec<Expression>,
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

/// Our filters by name.
pub(super) fn own(name: &str) -> Option<Own> {
    let (least, most, body): (usize, usize, Body) = match name {
        "abs" => (0, 0, number::abs),
        "plus" => (1, 1, number::plus),
        "minus" => (1, 1, number::minus),
        "times" => (1, 1, number::times),
        "divided_by" => (1, 1, number::divided_by),
        "modulo" => (1, 1, number::modulo),
        "money" => (0, 0, number::money),
        "number_with_delimiter" => (0, 0, number::number_with_delimiter),
        "capitalize" => (0, 0, text::capitalize),
        "join" => (0, 1, text::join),
        "json_escape" => (0, 0, text::json_escape),
        "replace" => (1, 2, text::replace),
        "size" => (0, 0, text::size),
        "date" => (1, 1, date::date),
        _ => return None,
    };
    let name = super::language::FILTERS
        .into_iter()
        .find(|known| *known == name)?;
    Some(Own {
        name,
        least,
        most,
        body,
    })
}

// === impl Own ===

impl ParseFilter for Own {
    fn parse(&self, arguments: FilterArguments<'_>) -> Result<Box<dyn Filter>> {
        if arguments.keyword.count() > 0 {
            return Err(Error::with_msg(format!(
                "`{}` takes no named arguments",
                self.name
            )));
        }
        let args: Vec<Expression> = arguments.positional.collect();
        if args.len() < self.least || args.len() > self.most {
            let takes = match (self.least, self.most) {
                (0, 0) => "no arguments".to_owned(),
                (1, 1) => "one argument".to_owned(),
                (least, most) => format!("{least} to {most} arguments"),
            };
            return Err(Error::with_msg(format!(
                "`{}` takes {takes}, not {}",
                self.name,
                args.len()
            )));
        }
        Ok(Box::new(Applied { own: *self, args }))
    }

    fn reflection(&self) -> &dyn FilterReflection {
        self
    }
}

impl FilterReflection for Own {
    fn name(&self) -> &str {
        self.name
    }

    fn description(&self) -> &'static str {
        ""
    }

    fn positional_parameters(&self) -> &'static [ParameterReflection] {
        &[]
    }

    fn keyword_parameters(&self) -> &'static [ParameterReflection] {
        &[]
    }
}

// === impl Applied ===

impl Filter for Applied {
    fn evaluate(&self, input: &dyn ValueView, runtime: &dyn Runtime) -> Result<Value> {
        let args = self
            .args
            .iter()
            .map(|arg| Ok(arg.evaluate(runtime)?.into_owned()))
            .collect::<Result<_>>()?;
        let now = runtime.registers().get_mut::<Now>().0;
        let mut budget = runtime.registers().get_mut::<Budget>();
        (self.own.body)(
            input,
            &mut Call {
                args,
                now,
                budget: &mut budget,
            },
        )
    }
}

impl fmt::Debug for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.own.name)
    }
}

impl fmt::Display for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.own.name)
    }
}

// === impl Bounded ===

impl Bounded {
    pub(super) fn boxed(filter: Box<dyn ParseFilter>) -> Box<dyn ParseFilter> {
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
pub(super) fn bytes(value: &Value) -> usize {
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
