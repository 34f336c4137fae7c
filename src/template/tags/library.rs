//! What stands in the library: content blocks and the items of catalogs.

use std::io::Write;
use std::sync::Arc;

use liquid_core::model::{KString, Value, ValueView};
use liquid_core::{Error, Expression, Renderable, Result, Runtime, TagTokenIter};

use super::block::Tag;
use crate::template::budget::bytes;
use crate::template::library::Library;
use crate::template::misses::note_miss;
use crate::template::state::State;

/// `{{content_blocks.${name}}}`, rewritten.
pub(in crate::template) const CONTENT_BLOCK: Tag = Tag {
    name: "content_block",
    parse: content_block,
};

/// `{% catalog_items games 1234 {{ id }} %}`, rewritten: it fills the list `items`.
pub(in crate::template) const CATALOG_ITEMS: Tag = Tag {
    name: "catalog_items",
    parse: catalog_items,
};

#[derive(Debug)]
struct ContentBlock {
    name: String,
}

#[derive(Debug)]
struct CatalogItems {
    catalog: String,
    ids: Vec<Expression>,
}

fn content_block(mut arguments: TagTokenIter<'_>) -> Result<Box<dyn Renderable>> {
    let name = literal(&mut arguments)?;
    arguments.expect_nothing()?;
    Ok(Box::new(ContentBlock { name }))
}

fn catalog_items(mut arguments: TagTokenIter<'_>) -> Result<Box<dyn Renderable>> {
    let catalog = literal(&mut arguments)?;
    let mut ids = Vec::new();
    for token in arguments {
        ids.push(token.expect_value().into_result()?);
    }
    Ok(Box::new(CatalogItems { catalog, ids }))
}

fn literal(arguments: &mut TagTokenIter<'_>) -> Result<String> {
    let name = arguments.expect_next("a name is expected")?;
    let name = name.expect_literal().into_result()?;
    Ok(name.to_kstr().into_string())
}

/// The text was compiled with the library, so that what it names is there.
fn library(runtime: &dyn Runtime) -> Result<Arc<Library>> {
    let state = runtime.registers().get_mut::<State>();
    state
        .library
        .clone()
        .ok_or_else(|| Error::with_msg("there are no content blocks and catalogs here"))
}

impl Renderable for ContentBlock {
    fn render_to(&self, out: &mut dyn Write, runtime: &dyn Runtime) -> Result<()> {
        // Blocks of blocks multiply: each counts like a turn of a loop.
        runtime.registers().get_mut::<State>().budget.iterate()?;
        let library = library(runtime)?;
        let block = library
            .block(&self.name)
            .ok_or_else(|| Error::with_msg(format!("there is no content block `{}`", self.name)))?;
        block.render_to(out, runtime)
    }
}

impl Renderable for CatalogItems {
    fn render_to(&self, _: &mut dyn Write, runtime: &dyn Runtime) -> Result<()> {
        let library = library(runtime)?;
        let catalog = library
            .catalog(&self.catalog)
            .ok_or_else(|| Error::with_msg(format!("there is no catalog `{}`", self.catalog)))?;
        let mut items = Vec::with_capacity(self.ids.len());
        for id in &self.ids {
            let id = id.evaluate(runtime)?;
            if id.is_nil() {
                continue;
            }
            match catalog.item(&id.to_kstr()) {
                Some(item) => {
                    let mut state = runtime.registers().get_mut::<State>();
                    state.budget.build(bytes(item))?;
                    items.push(item.clone());
                }
                None => note_miss(
                    runtime.registers(),
                    format!("an item of the catalog `{}`", self.catalog),
                ),
            }
        }
        runtime.set_global(KString::from_static("items"), Value::Array(items));
        Ok(())
    }
}
