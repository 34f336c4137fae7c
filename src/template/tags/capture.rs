//! Texts that are kept instead of shown.

use std::io::Write;

use liquid_core::model::{KString, Scalar, Value, ValueView};
use liquid_core::{Expression, Language, Renderable, Result, Runtime, TagBlock, TagTokenIter};

use super::block::Block;
use super::body::Body;
use crate::model::delivery::add_extra;
use crate::template::state::State;

pub(in crate::template) const CAPTURE: Block = Block {
    name: "capture",
    end: "endcapture",
    parse: captured,
};

#[derive(Debug)]
struct Captured {
    name: KString,
    body: Body,
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
    value: Body,
}

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
    let body = Body::parse(&mut tokens, language)?;
    tokens.assert_empty();
    Ok(Box::new(Captured { name, body }))
}

impl Renderable for Captured {
    fn render_to(&self, _: &mut dyn Write, runtime: &dyn Runtime) -> Result<()> {
        let text = self.body.text(runtime)?;
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
    let value = Body::parse(&mut tokens, language)?;
    tokens.assert_empty();
    Ok(Box::new(Extra { key, value }))
}

impl Renderable for Extra {
    fn render_to(&self, _: &mut dyn Write, runtime: &dyn Runtime) -> Result<()> {
        let value = self.value.text(runtime)?;
        let key = self.key.evaluate(runtime)?.to_kstr().trim().to_owned();
        let mut state = runtime.registers().get_mut::<State>();
        add_extra(&mut state.extras, key, value.trim());
        Ok(())
    }
}
