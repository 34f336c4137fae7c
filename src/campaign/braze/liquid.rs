//! Where Liquid stands in a text, without understanding it: what is cut, lifted or named has to leave it whole.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::model::limits;

/// Filters that make a text fit into JSON or a form. A message is encoded once it is rendered, so that with
/// them it would be encoded twice.
pub(super) const JSON_ESCAPES: &[&str] = &["json_escape"];
pub(super) const FORM_ESCAPES: &[&str] = &["url_encode", "url_escape", "url_param_escape"];

/// `custom_attribute.${name}`: what stands before the dot, if anything, and the name.
static NAME: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:([a-z_]+)\s*\.\s*)?\$\{\s*([^{}|\n]+?)\s*\}").ok());
/// What a tag gives a name to.
static GIVEN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?:\b(?:assign|capture|increment|decrement)|:save)\s+([A-Za-z_][A-Za-z0-9_-]*)")
        .ok()
});
static EVENT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\bevent_properties(\s*[.\[])").ok());

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// `{{ … }}`
    Output,
    /// `{% … %}`
    Tag,
}

#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) kind: Kind,
    pub(super) span: Range<usize>,
}

/// Where markup ends that begins somewhere.
#[derive(Debug, Clone, Copy)]
pub(super) struct Close {
    pub(super) end: usize,
    /// Quotes in it are written `\"`, as an author of JSON writes them.
    pub(super) is_escaped: bool,
}

/// A name that a template reads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    /// `custom_attribute` and the like; empty for an attribute.
    pub(super) root: String,
    pub(super) name: String,
}

pub(super) fn is_markup(text: &str) -> bool {
    text.starts_with("{{") || text.starts_with("{%")
}

/// The end of the markup that begins at `at`; `None` when it is never closed.
pub(super) fn close(text: &str, at: usize) -> Option<Close> {
    let end = if text[at..].starts_with("{{") {
        "}}"
    } else {
        "%}"
    };
    let (mut at, mut nested, mut is_escaped) = (at + 2, 0_usize, false);
    loop {
        let rest = &text[at..];
        let next = rest.chars().next()?;
        if nested == 0 && rest.starts_with(end) {
            let end = at + end.len();
            return Some(Close { end, is_escaped });
        }
        at += if rest.starts_with("${") {
            rest.find('}')? + 1
        } else if rest.starts_with("{{") {
            nested += 1;
            2
        } else if nested > 0 && rest.starts_with("}}") {
            nested -= 1;
            2
        } else if let Some(string) = rest.strip_prefix("\\\"") {
            is_escaped = true;
            string.find("\\\"")? + 4
        } else if matches!(next, '"' | '\'') {
            rest[1..].find(next)? + 2
        } else {
            next.len_utf8()
        };
    }
}

/// The text in order; markup that is never closed is text.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let (mut pieces, mut begin, mut at, mut n_unclosed) = (Vec::new(), 0, 0, 0);
    while n_unclosed < limits::IMPORT_UNCLOSED_MAX
        && let Some(brace) = text[at..].find('{')
    {
        let open = at + brace;
        if !is_markup(&text[open..]) {
            at = open + 1;
            continue;
        }
        let Some(Close { end, .. }) = close(text, open) else {
            n_unclosed += 1;
            at = open + 1;
            continue;
        };
        if begin < open {
            let span = begin..open;
            pieces.push(Piece {
                kind: Kind::Text,
                span,
            });
        }
        let is_output = text[open..].starts_with("{{");
        let kind = if is_output { Kind::Output } else { Kind::Tag };
        let span = open..end;
        pieces.push(Piece { kind, span });
        (begin, at) = (end, end);
    }
    if begin < text.len() {
        let span = begin..text.len();
        pieces.push(Piece {
            kind: Kind::Text,
            span,
        });
    }
    pieces
}

/// The name of a tag from its `{%` on.
pub(super) fn tag(markup: &str) -> &str {
    let inner = markup
        .trim_start_matches("{%")
        .trim_start_matches('-')
        .trim_start();
    let len = inner
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(inner.len());
    &inner[..len]
}

/// Without these filters at the end of outputs, and whether there were any.
pub(super) fn without(escapes: &[&str], text: &str) -> (String, bool) {
    let (mut out, mut found) = (String::with_capacity(text.len()), false);
    for piece in pieces(text) {
        let mut part = &text[piece.span];
        if piece.kind == Kind::Output {
            let close = if part.ends_with("-}}") { "-}}" } else { "}}" };
            let mut inner = &part[..part.len() - close.len()];
            while let Some(bar) = last_bar(inner)
                && escapes.contains(&inner[bar + 1..].trim())
            {
                inner = inner[..bar].trim_end();
                found = true;
            }
            out.push_str(inner);
            part = close;
        }
        out.push_str(part);
    }
    (out, found)
}

/// Where the last filter of an output begins, outside of strings.
fn last_bar(inner: &str) -> Option<usize> {
    let (mut quote, mut last) = (None, None);
    for (at, c) in inner.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c == '|' => last = Some(at),
            Some(_) | None => {}
        }
    }
    last
}

/// With `api_trigger_properties` for `event_properties`, and whether there were any.
pub(super) fn without_event_properties(text: &str) -> (String, bool) {
    let Some(event) = EVENT.as_ref().filter(|event| event.is_match(text)) else {
        return (text.to_owned(), false);
    };
    let (mut out, mut found) = (String::with_capacity(text.len()), false);
    for piece in pieces(text) {
        let part = &text[piece.span];
        if piece.kind == Kind::Text || !event.is_match(part) {
            out.push_str(part);
        } else {
            found = true;
            out.push_str(&event.replace_all(part, "api_trigger_properties$1"));
        }
    }
    (out, found)
}

/// The names that a text reads, each with the bytes of the first place that does.
pub(super) fn names(text: &str) -> Vec<(Name, Range<usize>)> {
    let (mut names, mut known) = (Vec::new(), BTreeSet::new());
    let markup = pieces(text)
        .into_iter()
        .filter(|piece| piece.kind != Kind::Text);
    for piece in markup {
        let part = &text[piece.span.clone()];
        for found in NAME.iter().flat_map(|pattern| pattern.captures_iter(part)) {
            let group = |n: usize| found.get(n).map_or("", |group| group.as_str());
            let name = Name {
                root: group(1).to_owned(),
                name: group(2).to_owned(),
            };
            if known.insert(name.clone()) {
                let whole = found.get(0).map_or(0..0, |whole| whole.range());
                let start = piece.span.start;
                names.push((name, start + whole.start..start + whole.end));
            }
        }
    }
    names
}

/// The names that a text's tags give.
pub(super) fn given(text: &str) -> BTreeSet<String> {
    let tags = pieces(text)
        .into_iter()
        .filter(|piece| piece.kind == Kind::Tag);
    let mut given = BTreeSet::new();
    for piece in tags {
        let part = &text[piece.span];
        let found = GIVEN.iter().flat_map(|pattern| pattern.captures_iter(part));
        given.extend(found.filter_map(|found| found.get(1).map(|name| name.as_str().to_owned())));
        // These give names that nobody writes.
        if part.contains("catalog_items") {
            given.insert("items".to_owned());
        }
        if part.contains("connected_content") && !part.contains(":save") {
            given.insert("connected".to_owned());
        }
    }
    given
}

/// Whether the markup of a text has one of these words in it.
pub(super) fn mentions(text: &str, words: &BTreeSet<String>) -> bool {
    let markup = pieces(text)
        .into_iter()
        .filter(|piece| piece.kind != Kind::Text);
    markup.into_iter().any(|piece| {
        let is_part = |c: char| !c.is_alphanumeric() && c != '_' && c != '-';
        let mut found = text[piece.span].split(is_part);
        found.any(|word| words.contains(word.trim_matches('-')))
    })
}

/// The tags before a body in one line, when that is all there is: what they render must be nothing.
pub(super) fn prelude(text: &str) -> Option<String> {
    let mut out = String::new();
    // What stands in these is not rendered where it stands.
    let (mut captured, mut remarked) = (0_usize, false);
    for piece in pieces(text) {
        let part = &text[piece.span];
        let name = if piece.kind == Kind::Tag {
            tag(part)
        } else {
            ""
        };
        match name {
            "comment" => remarked = true,
            "endcomment" => remarked = false,
            _ if remarked => {}
            "raw" => return None,
            "" if captured == 0 && piece.kind == Kind::Output => return None,
            "" if captured == 0 && piece.kind == Kind::Text => {
                if !part.trim().is_empty() {
                    return None;
                }
            }
            _ => {
                match name {
                    "capture" => captured += 1,
                    "endcapture" => captured = captured.saturating_sub(1),
                    "echo" | "cycle" | "increment" | "decrement" if captured == 0 => return None,
                    _ => {}
                }
                out.push_str(part);
            }
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        pieces(text)
            .into_iter()
            .map(|piece| &text[piece.span])
            .collect()
    }

    #[test]
    fn markup_ends_where_liquid_ends_it() {
        assert_eq!(
            cut("a {{${x} | default: \"}}\"}} b"),
            ["a ", "{{${x} | default: \"}}\"}}", " b"]
        );
        assert_eq!(
            cut("{% assign v = {{custom_attribute.${a} | plus: 1}} %}x"),
            ["{% assign v = {{custom_attribute.${a} | plus: 1}} %}", "x"]
        );
        assert_eq!(
            cut(r#"{{${x} | default: \"a}}\"}}b"#),
            [r#"{{${x} | default: \"a}}\"}}"#, "b"]
        );
        assert_eq!(cut("{{${never} closed"), ["{{${never} closed"]);
    }

    #[test]
    fn escapes_go_from_the_end_of_outputs_only() {
        for (text, expected) in [
            ("{{${x} | json_escape}}!", "{{${x}}}!"),
            ("{{ ${x} | json_escape | json_escape -}}", "{{ ${x}-}}"),
            ("?a={{${x} | url_encode}}", "?a={{${x} | url_encode}}"),
            ("{{ 'a|json_escape' }}", "{{ 'a|json_escape' }}"),
            (
                "{{ ${x} | json_escape | upcase }}",
                "{{ ${x} | json_escape | upcase }}",
            ),
        ] {
            assert_eq!(without(JSON_ESCAPES, text).0, expected);
        }
    }

    #[test]
    fn a_prelude_is_tags_alone() {
        assert_eq!(
            prelude("{% comment %}x{% endcomment %}\n{% assign a = 1 %}\n").as_deref(),
            Some("{% assign a = 1 %}")
        );
        assert_eq!(
            prelude("{% capture a %} b {{${c}}}{% endcapture %}").as_deref(),
            Some("{% capture a %} b {{${c}}}{% endcapture %}")
        );
        assert_eq!(prelude("{% assign a = 1 %} text"), None);
        assert_eq!(prelude("{{ a }}"), None);
    }
}
