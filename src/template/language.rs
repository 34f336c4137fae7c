//! What there is of Liquid: the tags, blocks and filters, by name.

use std::sync::LazyLock;

use liquid_core::Language;
use liquid_core::parser::ParseFilter;
use liquid_lib::stdlib;

use super::filters::{self, Bounded};
use super::tags::{AbortMessage, Capture, For};

pub(super) const TAGS: [&str; 7] = [
    "assign",
    "abort_message",
    "break",
    "continue",
    "cycle",
    "increment",
    "decrement",
];

/// With an end of their own; `raw` and `comment` are read as they stand.
pub(super) const BLOCKS: [&str; 5] = ["if", "unless", "case", "for", "capture"];

pub(super) const WITHIN_BLOCKS: [&str; 5] = ["else", "elsif", "when", "raw", "comment"];

pub(super) const FILTERS: [&str; 46] = [
    "abs",
    "append",
    "at_least",
    "at_most",
    "capitalize",
    "ceil",
    "compact",
    "concat",
    "date",
    "default",
    "divided_by",
    "downcase",
    "escape",
    "escape_once",
    "first",
    "floor",
    "join",
    "json_escape",
    "last",
    "map",
    "minus",
    "modulo",
    "money",
    "newline_to_br",
    "number_with_delimiter",
    "plus",
    "prepend",
    "remove",
    "remove_first",
    "replace",
    "replace_first",
    "reverse",
    "round",
    "size",
    "slice",
    "sort",
    "sort_natural",
    "split",
    "strip",
    "strip_html",
    "strip_newlines",
    "times",
    "truncate",
    "truncatewords",
    "uniq",
    "upcase",
];

/// Built once: parsing a text only looks names up in it.
pub(super) static LANGUAGE: LazyLock<Language> = LazyLock::new(language);

fn language() -> Language {
    let mut language = Language::empty();
    let tags = &mut language.tags;
    tags.register("assign".into(), stdlib::AssignTag.into());
    tags.register("abort_message".into(), AbortMessage.into());
    tags.register("break".into(), stdlib::BreakTag.into());
    tags.register("continue".into(), stdlib::ContinueTag.into());
    tags.register("cycle".into(), stdlib::CycleTag.into());
    tags.register("increment".into(), stdlib::IncrementTag.into());
    tags.register("decrement".into(), stdlib::DecrementTag.into());
    let blocks = &mut language.blocks;
    blocks.register("if".into(), stdlib::IfBlock.into());
    blocks.register("unless".into(), stdlib::UnlessBlock.into());
    blocks.register("case".into(), stdlib::CaseBlock.into());
    blocks.register("for".into(), For.into());
    blocks.register("capture".into(), Capture.into());
    blocks.register("raw".into(), stdlib::RawBlock.into());
    blocks.register("comment".into(), stdlib::CommentBlock.into());
    for name in FILTERS {
        if let Some(filter) = filter(name) {
            language
                .filters
                .register(name.into(), Bounded::boxed(filter));
        }
    }
    language
}

/// The library's filters where they are safe and do what Braze does, ours elsewhere.
fn filter(name: &str) -> Option<Box<dyn ParseFilter>> {
    if let Some(own) = filters::own(name) {
        return Some(own.into());
    }
    Some(match name {
        "append" => stdlib::Append.into(),
        "at_least" => stdlib::AtLeast.into(),
        "at_most" => stdlib::AtMost.into(),
        "ceil" => stdlib::Ceil.into(),
        "compact" => stdlib::Compact.into(),
        "concat" => stdlib::Concat.into(),
        "default" => stdlib::Default.into(),
        "downcase" => stdlib::Downcase.into(),
        "escape" => stdlib::Escape.into(),
        "escape_once" => stdlib::EscapeOnce.into(),
        "first" => stdlib::First.into(),
        "floor" => stdlib::Floor.into(),
        "last" => stdlib::Last.into(),
        "map" => stdlib::Map.into(),
        "newline_to_br" => stdlib::NewlineToBr.into(),
        "prepend" => stdlib::Prepend.into(),
        "remove" => stdlib::Remove.into(),
        "remove_first" => stdlib::RemoveFirst.into(),
        "replace_first" => stdlib::ReplaceFirst.into(),
        "reverse" => stdlib::Reverse.into(),
        "round" => stdlib::Round.into(),
        "slice" => stdlib::Slice.into(),
        "sort" => stdlib::Sort.into(),
        "sort_natural" => stdlib::SortNatural.into(),
        "split" => stdlib::Split.into(),
        "strip" => stdlib::Strip.into(),
        "strip_html" => stdlib::StripHtml.into(),
        "strip_newlines" => stdlib::StripNewlines.into(),
        "truncate" => stdlib::Truncate.into(),
        "truncatewords" => stdlib::TruncateWords.into(),
        "uniq" => stdlib::Uniq.into(),
        "upcase" => stdlib::Upcase.into(),
        _ => return None,
    })
}
