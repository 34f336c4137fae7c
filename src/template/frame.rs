//! The names that a loop has for its body.

use std::collections::BTreeSet;

use liquid_core::model::{KString, KStringCow, KStringRef, ScalarCow, Value as Liquid, ValueCow};
use liquid_core::runtime::{PartialStore, Registers};
use liquid_core::{Result, Runtime, ValueView};

use super::misses::{note_question, note_read};
use super::view::find;

/// A few names more, as a loop has them for its body.
pub(super) struct Frame<'a> {
    pub(super) parent: &'a dyn Runtime,
    pub(super) names: [(&'a str, &'a dyn ValueView); 2],
}

// === impl Frame ===

impl Frame<'_> {
    fn named(&self, path: &[ScalarCow<'_>]) -> Option<&dyn ValueView> {
        let root = path.first()?.to_kstr();
        let named = self.names.iter().find(|(name, _)| *name == root.as_str());
        named.map(|(_, value)| *value)
    }

    /// Nothing where the name is not one of these.
    fn find(&self, path: &[ScalarCow<'_>]) -> Option<Option<ValueCow<'_>>> {
        let value = self.named(path)?;
        Some(match path {
            [_] => Some(ValueCow::Borrowed(value)),
            _ => find(value, &path[1..]),
        })
    }
}

impl Runtime for Frame<'_> {
    fn partials(&self) -> &dyn PartialStore {
        self.parent.partials()
    }

    fn name(&self) -> Option<KStringRef<'_>> {
        self.parent.name()
    }

    fn roots(&self) -> BTreeSet<KStringCow<'_>> {
        self.parent.roots()
    }

    fn try_get(&self, path: &[ScalarCow<'_>]) -> Option<ValueCow<'_>> {
        let Some(found) = self.find(path) else {
            return self.parent.try_get(path);
        };
        note_question(
            self.registers(),
            path,
            found.as_ref().map(ValueCow::as_view),
        );
        found
    }

    fn get(&self, path: &[ScalarCow<'_>]) -> Result<ValueCow<'_>> {
        let Some(found) = self.find(path) else {
            return self.parent.get(path);
        };
        note_read(
            self.registers(),
            path,
            found.as_ref().map(ValueCow::as_view),
        )?;
        Ok(found.unwrap_or(ValueCow::Owned(Liquid::Nil)))
    }

    fn set_global(&self, name: KString, value: Liquid) -> Option<Liquid> {
        self.parent.set_global(name, value)
    }

    fn set_index(&self, name: KString, value: Liquid) -> Option<Liquid> {
        self.parent.set_index(name, value)
    }

    fn get_index<'b>(&'b self, name: &str) -> Option<ValueCow<'b>> {
        self.parent.get_index(name)
    }

    fn registers(&self) -> &Registers {
        self.parent.registers()
    }
}
