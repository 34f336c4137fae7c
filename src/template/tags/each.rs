//! What `each:` of a message tree repeats over: the head of a `for`, without a body.

use std::io::Write;

use liquid_core::{Renderable, Result, Runtime, TagTokenIter};

use super::block::Tag;
use super::loops::Head;
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
        let items = self.head.items(runtime)?;
        let named = (self.head.name().clone(), items);
        runtime.registers().get_mut::<State>().collected = Some(named);
        Ok(())
    }
}
