//! What `each:` of a message tree repeats over: the head of a `for`, without a body.

use std::io::Write;

use liquid_core::model::{KString, Value};
use liquid_core::{Renderable, Result, Runtime, TagTokenIter};

use super::block::Tag;
use super::loops::Head;

/// Nobody can write it: a tree makes it of its `each:`.
pub(in crate::template) const EACH: Tag = Tag {
    name: "each",
    parse: each,
};

#[derive(Debug)]
struct Each {
    head: Head,
}

/// The name that stands for an item, and the items.
#[derive(Debug, Default)]
pub(in crate::template) struct Collected(pub(in crate::template) Option<(KString, Vec<Value>)>);

fn each(mut arguments: TagTokenIter<'_>) -> Result<Box<dyn Renderable>> {
    let head = Head::parse(&mut arguments, false)?;
    Ok(Box::new(Each { head }))
}

impl Renderable for Each {
    fn render_to(&self, _: &mut dyn Write, runtime: &dyn Runtime) -> Result<()> {
        let items = self.head.items(runtime)?;
        let named = (self.head.name().clone(), items);
        runtime.registers().get_mut::<Collected>().0 = Some(named);
        Ok(())
    }
}
