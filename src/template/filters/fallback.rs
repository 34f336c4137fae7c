//! `default`, which also tells that an absent name was reckoned with.

use liquid_core::model::{State, Value, ValueView};
use liquid_core::parser::{Filter, FilterArguments, FilterReflection, ParseFilter};
use liquid_core::{Result, Runtime};
use liquid_lib::stdlib;

use crate::template::misses::Misses;

/// The library's `default`, watched.
#[derive(Clone, Copy)]
pub(in crate::template) struct Fallback;

/// One with its argument.
#[derive(Debug)]
struct Applied(Box<dyn Filter>);

// === impl Fallback ===

impl ParseFilter for Fallback {
    fn parse(&self, arguments: FilterArguments<'_>) -> Result<Box<dyn Filter>> {
        Ok(Box::new(Applied(stdlib::Default.parse(arguments)?)))
    }

    fn reflection(&self) -> &dyn FilterReflection {
        &stdlib::Default
    }
}

// === impl Applied ===

impl Filter for Applied {
    fn evaluate(&self, input: &dyn ValueView, runtime: &dyn Runtime) -> Result<Value> {
        // Before the argument is read: that is absent on its own account.
        if input.query_state(State::DefaultValue) {
            runtime.registers().get_mut::<Misses>().fill();
        }
        self.0.evaluate(input, runtime)
    }
}

impl std::fmt::Display for Applied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
