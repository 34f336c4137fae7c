//! What there is of Liquid: the tags, blocks and filters, by name.

use std::sync::LazyLock;

use liquid_core::Language;
use liquid_core::parser::ParseFilter;
use liquid_lib::stdlib;

use super::filters::{self, Bounded};
use super::tags::{
    ABORT_MESSAGE, CAPTURE, CASE, CATALOG_ITEMS, CONNECTED_CONTENT, CONTENT_BLOCK, EACH, FOR, IF,
    IF_CHANGED, MESSAGE_EXTRAS, TABLE_ROW, UNLESS, VISIT,
};

pub(super) const TAGS: [&str; 12] = [
    "assign",
    "abort_message",
    "catalog_items",
    "connected_content",
    "echo",
    "liquid",
    "message_extras",
    "break",
    "continue",
    "cycle",
    "increment",
    "decrement",
];

/// With an end of their own; `raw` and `comment` are read as they stand.
pub(super) const BLOCKS: [&str; 7] = [
    "if",
    "unless",
    "case",
    "for",
    "tablerow",
    "capture",
    "ifchanged",
];

pub(super) const WITHIN_BLOCKS: [&str; 5] = ["else", "elsif", "when", "raw", "comment"];

pub(super) const FILTERS: [&str; 66] = [
    "abs",
    "append",
    "as_json_string",
    "at_least",
    "at_most",
    "base64",
    "base64_encode",
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
    "hmac_sha1",
    "hmac_sha1_base64",
    "hmac_sha1_hex",
    "hmac_sha256",
    "hmac_sha256_base64",
    "hmac_sha256_hex",
    "hmac_sha512",
    "join",
    "json_escape",
    "json_parse",
    "last",
    "map",
    "md5",
    "minus",
    "modulo",
    "money",
    "newline_to_br",
    "number_with_delimiter",
    "plus",
    "prepend",
    "property_accessor",
    "remove",
    "remove_first",
    "replace",
    "replace_first",
    "reverse",
    "round",
    "sha1",
    "sha2",
    "size",
    "slice",
    "sort",
    "sort_natural",
    "split",
    "strip",
    "strip_html",
    "strip_newlines",
    "time_zone",
    "times",
    "truncate",
    "truncatewords",
    "uniq",
    "upcase",
    "url_encode",
    "url_escape",
    "url_param_escape",
    "where",
];

/// Built once: parsing a text only looks names up in it.
pub(super) static LANGUAGE: LazyLock<Language> = LazyLock::new(language);

fn language() -> Language {
    let mut language = Language::empty();
    let tags = &mut language.tags;
    tags.register("assign".into(), stdlib::AssignTag.into());
    tags.register("abort_message".into(), ABORT_MESSAGE.into());
    tags.register("catalog_items".into(), CATALOG_ITEMS.into());
    // These three nobody can write: they are what others are rewritten to.
    tags.register("visit".into(), VISIT.into());
    tags.register("content_block".into(), CONTENT_BLOCK.into());
    tags.register("each".into(), EACH.into());
    tags.register("break".into(), stdlib::BreakTag.into());
    tags.register("continue".into(), stdlib::ContinueTag.into());
    tags.register("cycle".into(), stdlib::CycleTag.into());
    tags.register("increment".into(), stdlib::IncrementTag.into());
    tags.register("decrement".into(), stdlib::DecrementTag.into());
    let blocks = &mut language.blocks;
    blocks.register("if".into(), IF.into());
    blocks.register("unless".into(), UNLESS.into());
    blocks.register("case".into(), CASE.into());
    blocks.register("for".into(), FOR.into());
    blocks.register("tablerow".into(), TABLE_ROW.into());
    blocks.register("connected_content".into(), CONNECTED_CONTENT.into());
    blocks.register("message_extras".into(), MESSAGE_EXTRAS.into());
    blocks.register("ifchanged".into(), IF_CHANGED.into());
    blocks.register("capture".into(), CAPTURE.into());
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
        "compact" => stdlib::Compact.into(),
        "downcase" => stdlib::Downcase.into(),
        "escape" => stdlib::Escape.into(),
        "escape_once" => stdlib::EscapeOnce.into(),
        "first" => stdlib::First.into(),
        "last" => stdlib::Last.into(),
        "prepend" => stdlib::Prepend.into(),
        "remove" => stdlib::Remove.into(),
        "remove_first" => stdlib::RemoveFirst.into(),
        "replace_first" => stdlib::ReplaceFirst.into(),
        "reverse" => stdlib::Reverse.into(),
        "slice" => stdlib::Slice.into(),
        "sort" => stdlib::Sort.into(),
        "sort_natural" => stdlib::SortNatural.into(),
        "strip" => stdlib::Strip.into(),
        "strip_html" => stdlib::StripHtml.into(),
        "strip_newlines" => stdlib::StripNewlines.into(),
        "truncate" => stdlib::Truncate.into(),
        "upcase" => stdlib::Upcase.into(),
        "where" => stdlib::Where.into(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_every_filter_and_tag() {
        let page = include_str!("../../docs/liquid.md");
        let names = FILTERS.iter().chain(&TAGS).chain(&BLOCKS);
        for name in names {
            let is_named =
                page.contains(&format!("`{name}")) || page.contains(&format!("{{% {name}"));
            assert!(is_named, "docs/liquid.md does not name `{name}`");
        }
    }
}
