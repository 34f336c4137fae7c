//! The tag at the beginning of a branch, in texts whose branches are counted.

use std::io::Write;

use liquid_core::model::ScalarCow;
use liquid_core::model::ValueView;
use liquid_core::{Error, Renderable, Result, Runtime, TagTokenIter};

use super::block::Tag;
use crate::template::state::State;

/// Nobody can write it.
pub(in crate::template) const VISIT: Tag = Tag {
    name: "visit",
    parse: visit,
};

#[derive(Debug)]
struct Visit {
    branch: u32,
}

fn visit(mut arguments: TagTokenIter<'_>) -> Result<Box<dyn Renderable>> {
    let branch = arguments.expect_next("a number is expected")?;
    let branch = branch.expect_literal().into_result()?;
    let branch = branch.as_scalar().as_ref().and_then(ScalarCow::to_integer);
    let branch = branch.and_then(|n| u32::try_from(n).ok());
    let branch = branch.ok_or_else(|| Error::with_msg("a number is expected"))?;
    arguments.expect_nothing()?;
    Ok(Box::new(Visit { branch }))
}

impl Renderable for Visit {
    fn render_to(&self, _: &mut dyn Write, runtime: &dyn Runtime) -> Result<()> {
        let state = runtime.registers().get_mut::<State>();
        let visits = state.library.as_ref().and_then(|library| library.visits());
        if let Some(visits) = visits {
            visits.add(self.branch);
        }
        Ok(())
    }
}
