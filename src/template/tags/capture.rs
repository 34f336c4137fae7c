//! Texts that are kept instead of shown.

use std::collections::BTreeMap;
use std::io::Write;

use liquid_core::model::{KString, Scalar, Value, ValueView};
use liquid_core::{
    Expression, Language, Renderable, Result, Runtime, TagBlock, TagTokenIter, Template,
};

use super::block::Block;
use crate::model::limits;
use crate::template::budget::Limited;
use crate::template::state::State;

pub(in crate::template) const CAPTURE: Block = Block {
    name: "capture",
    end: "endcapture",
    parse: captured,
};

#[derive(Debug)]
struct Captured {
    name: KString,
    body: Template,
}

/// `{% message_extras :key k :value v %}`: the value is the block's body by now.
pub(in crate::template) const MESSAGE_EXTRAS: Block = Block {
    name: "message_extras",
    end: "endmessage_extras",
    parse: extra,
};

#[derive(Debug)]
struct Extra {
    key: Expression,
    value: Template,
}

/// What a template adds to the record of its delivery.
#[derive(Debug, Default)]
pub(in crate::template) struct Extras(BTreeMap<String, String>);

fn captured(
    mut arguments: TagTokenIter<'_>,
    mut tokens: TagBlock<'_, '_>,
    language: &Language,
) -> Result<Box<dyn Renderable>> {
    let name = arguments
        .expect_next("a name is expected")?
        .expect_identifier()
        .into_result()?;
    let name = KString::from_ref(name);
    arguments.expect_nothing()?;
    let body = Template::new(tokens.parse_all(language)?);
    tokens.assert_empty();
    Ok(Box::new(Captured { name, body }))
}

impl Renderable for Captured {
    fn render_to(&self, _: &mut dyn Write, runtime: &dyn Runtime) -> Result<()> {
        let mut bytes = Vec::new();
        self.body
            .render_to(&mut Limited::new(&mut bytes), runtime)?;
        let registers = runtime.registers();
        registers.get_mut::<State>().budget.build(bytes.len())?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        runtime.set_global(self.name.clone(), Value::Scalar(Scalar::new(text)));
        Ok(())
    }
}

fn extra(
    mut arguments: TagTokenIter<'_>,
    mut tokens: TagBlock<'_, '_>,
    language: &Language,
) -> Result<Box<dyn Renderable>> {
    let key = arguments
        .expect_next("a key is expected")?
        .expect_value()
        .into_result()?;
    arguments.expect_nothing()?;
    let value = Template::new(tokens.parse_all(language)?);
    tokens.assert_empty();
    Ok(Box::new(Extra { key, value }))
}

impl Renderable for Extra {
    fn render_to(&self, _: &mut dyn Write, runtime: &dyn Runtime) -> Result<()> {
        let mut bytes = Vec::new();
        self.value
            .render_to(&mut Limited::new(&mut bytes), runtime)?;
        let key = self.key.evaluate(runtime)?.to_kstr().trim().to_owned();
        let value = String::from_utf8_lossy(&bytes).trim().to_owned();
        runtime
            .registers()
            .get_mut::<State>()
            .extras
            .add(key, &value);
        Ok(())
    }
}

// === impl Extras ===

impl Extras {
    pub(in crate::template) fn take(&mut self) -> BTreeMap<String, String> {
        std::mem::take(&mut self.0)
    }

    /// The first of two with one key stays, and what leaves the bound is cut off, as in Braze.
    fn add(&mut self, key: String, value: &str) {
        let used: usize = self
            .0
            .iter()
            .map(|(key, value)| key.len() + value.len())
            .sum();
        let left = limits::MESSAGE_EXTRAS_BYTES_MAX.saturating_sub(used);
        if key.is_empty() || key.len() > left || self.0.contains_key(&key) {
            return;
        }
        let mut end = value.len().min(left - key.len());
        while !value.is_char_boundary(end) {
            end -= 1;
        }
        self.0.insert(key, value[..end].to_owned());
    }
}
