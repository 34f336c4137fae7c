//! `ifchanged`: the library's renders into a buffer without a bound.

use std::io::Write;

use liquid_core::{Language, Renderable, Result, Runtime, TagBlock, TagTokenIter};

use super::block::Block;
use super::body::Body;
use crate::template::budget::overgrown;
use crate::template::state::State;

pub(in crate::template) const IF_CHANGED: Block = Block {
    name: "ifchanged",
    end: "endifchanged",
    parse: if_changed,
};

/// Shown where it differs from what the last one of them showed.
#[derive(Debug)]
struct IfChanged {
    body: Body,
}

fn if_changed(
    mut arguments: TagTokenIter<'_>,
    mut tokens: TagBlock<'_, '_>,
    language: &Language,
) -> Result<Box<dyn Renderable>> {
    arguments.expect_nothing()?;
    let body = Body::parse(&mut tokens, language)?;
    tokens.assert_empty();
    Ok(Box::new(IfChanged { body }))
}

impl Renderable for IfChanged {
    fn render_to(&self, out: &mut dyn Write, runtime: &dyn Runtime) -> Result<()> {
        let text = self.body.text(runtime)?;
        let mut state = runtime.registers().get_mut::<State>();
        if state.changed.as_ref() == Some(&text) {
            return Ok(());
        }
        out.write_all(text.as_bytes()).map_err(|_| overgrown())?;
        state.changed = Some(text);
        Ok(())
    }
}
