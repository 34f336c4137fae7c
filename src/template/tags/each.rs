//! What `each:` of a message tree repeats over: the head of a `for`, without a body.

use std::io::Write;

use liquid_core::model::ValueCow;
use liquid_core::{Renderable, Result, Runtime, TagTokenIter};

use super::block::Tag;
use super::head::Head;
use crate::template::budget::bytes;
use crate::template::state::State;

/// Nobody can write it: a tree makes it of its `each:`.
pub(in crate::template) const EACH: Tag = Tag {
    name: "each",
    parse: each,
};

#[derive(Debug)]
struct Each {
    head: Head,
}

fn each(mut arguments: TagTokenIter<'_>) -> Result<Box<dyn Renderable>> {
    let head = Head::parse(&mut arguments, false)?;
    Ok(Box::new(Each { head }))
}

impl Renderable for Each {
    fn render_to(&self, _: &mut dyn Write, runtime: &dyn Runtime) -> Result<()> {
        let over = self.head.over(runtime)?;
        let items = self.head.items(&over, runtime)?;
        let mut state = runtime.registers().get_mut::<State>();
        // They outlive what they come from.
        for item in &items {
            state.budget.build(bytes(item.as_view()))?;
        }
        let items = items.into_iter().map(ValueCow::into_owned).collect();
        state.collected = Some((self.head.name().clone(), items));
        Ok(())
    }
}
