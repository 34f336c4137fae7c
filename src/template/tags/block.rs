//! What all tags of ours have in common: a name, an end where they are blocks, and a way to be parsed.

use liquid_core::{
    BlockReflection, Language, ParseBlock, ParseTag, Renderable, Result, TagBlock, TagReflection,
    TagTokenIter,
};

type Parse = fn(TagTokenIter<'_>, TagBlock<'_, '_>, &Language) -> Result<Box<dyn Renderable>>;
type ParseAlone = fn(TagTokenIter<'_>) -> Result<Box<dyn Renderable>>;

/// A block of ours, for the language to register.
#[derive(Clone, Copy)]
pub(in crate::template) struct Block {
    pub(super) name: &'static str,
    pub(super) end: &'static str,
    pub(super) parse: Parse,
}

/// A tag without an end of its own.
#[derive(Clone, Copy)]
pub(in crate::template) struct Tag {
    pub(super) name: &'static str,
    pub(super) parse: ParseAlone,
}

// === impl Block ===

impl ParseBlock for Block {
    fn parse(
        &self,
        arguments: TagTokenIter<'_>,
        tokens: TagBlock<'_, '_>,
        language: &Language,
    ) -> Result<Box<dyn Renderable>> {
        (self.parse)(arguments, tokens, language)
    }

    fn reflection(&self) -> &dyn BlockReflection {
        self
    }
}

impl BlockReflection for Block {
    fn start_tag(&self) -> &'static str {
        self.name
    }

    fn end_tag(&self) -> &'static str {
        self.end
    }

    fn description(&self) -> &'static str {
        ""
    }
}

// === impl Tag ===

impl ParseTag for Tag {
    fn parse(&self, arguments: TagTokenIter<'_>, _: &Language) -> Result<Box<dyn Renderable>> {
        (self.parse)(arguments)
    }

    fn reflection(&self) -> &dyn TagReflection {
        self
    }
}

impl TagReflection for Tag {
    fn tag(&self) -> &'static str {
        self.name
    }

    fn description(&self) -> &'static str {
        ""
    }
}
