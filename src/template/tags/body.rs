//! What stands within a block.

use std::io::Write;

use liquid_core::runtime::InterruptRegister;
use liquid_core::{Language, Renderable, Result, Runtime, TagBlock};

use crate::model::limits;
use crate::template::budget::Limited;
use crate::template::state::State;

/// Elements that are paid for each time that they are rendered.
#[derive(Debug, Default)]
pub(in crate::template) struct Body(Vec<Box<dyn Renderable>>);

// === impl Body ===

impl Body {
    pub(in crate::template) fn new(elements: Vec<Box<dyn Renderable>>) -> Self {
        Self(elements)
    }

    /// All that is left of a block.
    pub(super) fn parse(tokens: &mut TagBlock<'_, '_>, language: &Language) -> Result<Self> {
        Ok(Self(tokens.parse_all(language)?))
    }

    pub(super) fn push(&mut self, element: Box<dyn Renderable>) {
        self.0.push(element);
    }

    /// What it renders to, as a text that is kept and not shown.
    pub(super) fn text(&self, runtime: &dyn Runtime) -> Result<String> {
        let mut bytes = Vec::new();
        let mut out = Limited::new(&mut bytes, limits::RENDERED_BYTES_MAX);
        let done = self.render_to(&mut out, runtime);
        let is_full = out.is_full();
        let mut state = runtime.registers().get_mut::<State>();
        if is_full {
            state.budget.outgrow();
        }
        done?;
        state.budget.build(bytes.len())?;
        Ok(String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }
}

impl Renderable for Body {
    fn render_to(&self, out: &mut dyn Write, runtime: &dyn Runtime) -> Result<()> {
        let registers = runtime.registers();
        registers.get_mut::<State>().budget.step(1 + self.0.len())?;
        for element in &self.0 {
            element.render_to(out, runtime)?;
            // `break` and `continue` leave the rest out.
            if registers.get_mut::<InterruptRegister>().interrupted() {
                break;
            }
        }
        Ok(())
    }
}
