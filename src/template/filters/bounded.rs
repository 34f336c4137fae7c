//! A wrapper that bounds what any filter builds.

use std::fmt;

use liquid_core::model::{Value, ValueView};
use liquid_core::parser::{Filter, FilterArguments, FilterReflection, ParseFilter};
use liquid_core::{Expression, Result, Runtime};

use crate::template::budget::bytes;
use crate::template::state::State;

/// A filter whose result is paid for, and which takes an absent input as Braze does.
#[derive(Clone)]
pub(in crate::template) struct Bounded {
    filter: Box<dyn ParseFilter>,
}

#[derive(Debug)]
struct Paid {
    filter: Box<dyn Filter>,
    /// An absent input leaves the filter out: the library's would fail.
    skips_absent: bool,
    /// What its arguments take that nobody reads: literals.
    literals: usize,
}

// === impl Bounded ===

impl Bounded {
    pub(in crate::template) fn boxed(filter: Box<dyn ParseFilter>) -> Box<dyn ParseFilter> {
        Box::new(Self { filter })
    }
}

impl ParseFilter for Bounded {
    fn parse(&self, arguments: FilterArguments<'_>) -> Result<Box<dyn Filter>> {
        let skips_absent = matches!(
            self.filter.reflection().name(),
            "compact" | "first" | "last" | "reverse" | "sort" | "sort_natural" | "where"
        );
        let positional: Vec<Expression> = arguments.positional.collect();
        let keyword: Vec<_> = arguments.keyword.collect();
        let given = positional
            .iter()
            .chain(keyword.iter().map(|(_, value)| value));
        let literals = given.map(|value| match value {
            Expression::Literal(value) => bytes(value),
            Expression::Variable(_) => 0,
        });
        let literals = literals.sum();
        let arguments = FilterArguments {
            positional: Box::new(positional.into_iter()),
            keyword: Box::new(keyword.into_iter()),
        };
        Ok(Box::new(Paid {
            filter: self.filter.parse(arguments)?,
            skips_absent,
            literals,
        }))
    }

    fn reflection(&self) -> &dyn FilterReflection {
        self.filter.reflection()
    }
}

// === impl Paid ===

impl Filter for Paid {
    fn evaluate(&self, input: &dyn ValueView, runtime: &dyn Runtime) -> Result<Value> {
        if self.skips_absent && input.is_nil() {
            return Ok(Value::Nil);
        }
        runtime
            .registers()
            .get_mut::<State>()
            .budget
            .look(bytes(input) + self.literals)?;
        let output = self.filter.evaluate(input, runtime)?;
        runtime
            .registers()
            .get_mut::<State>()
            .budget
            .build(bytes(&output))?;
        Ok(output)
    }
}

impl fmt::Display for Paid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.filter.fmt(f)
    }
}
