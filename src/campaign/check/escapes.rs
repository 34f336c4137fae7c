//! Values between the quotes of a raw JSON body: whatever they hold, the body should stay JSON.

use super::checker::Checker;
use crate::campaign::read::file::RawFile;
use crate::campaign::read::source::Read;
use crate::diagnostic::{Diagnostic, codes};
use crate::template::{Names, Output};

/// Filters whose result holds nothing that would end a text of JSON.
const HARMLESS: [&str; 25] = [
    "abs",
    "as_json_string",
    "at_least",
    "at_most",
    "base64",
    "base64_encode",
    "ceil",
    "divided_by",
    "floor",
    "hmac_sha1",
    "hmac_sha1_base64",
    "hmac_sha1_hex",
    "hmac_sha256",
    "hmac_sha256_base64",
    "hmac_sha256_hex",
    "hmac_sha512",
    "json_escape",
    "md5",
    "minus",
    "plus",
    "round",
    "sha1",
    "sha2",
    "size",
    "times",
];
const URLS: [&str; 3] = ["url_encode", "url_escape", "url_param_escape"];
/// What is read from these holds only what Recado itself writes.
const OWN: [&str; 3] = ["campaign", "forloop", "tablerowloop"];

// === impl Checker ===

impl Checker<'_> {
    pub(in crate::campaign) fn unescaped(&mut self, read: &Read<'_>, raw: &RawFile) {
        if !is_json(&raw.content_type) {
            return;
        }
        for output in between_quotes(&raw.body) {
            let message = "a quote or a line break in this value would end the text: the body is no JSON then";
            let warning = Diagnostic::warning(codes::LIQUID_UNESCAPED_JSON, message);
            let warning = warning.at("raw.body").spanning(output.span);
            let hint =
                "add `| json_escape`; or `| as_json_string`, and take the quotes around it away";
            self.report(read, warning.hint(hint));
        }
    }
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}

/// Outputs within texts of JSON that no filter makes harmless.
fn between_quotes(body: &str) -> Vec<Output> {
    let outputs = Names::of(body).outputs;
    let mut found = Vec::new();
    let (mut at, mut is_open) = (0, false);
    for output in outputs {
        // What stands between is JSON, but for its tags.
        let between = body.get(at..output.span.start).unwrap_or_default();
        is_open ^= n_quotes(between) % 2 == 1;
        at = at.max(output.span.end);
        if is_open && is_harmful(&output) {
            found.push(output);
        }
    }
    found
}

fn is_harmful(output: &Output) -> bool {
    let is_own = |root: &String| OWN.contains(&root.as_str());
    let last = output.filters.last().map_or("", String::as_str);
    let is_read = output.root.as_ref().is_some_and(|root| !is_own(root));
    is_read && root_is_text(output) && !HARMLESS.contains(&last) && !URLS.contains(&last)
}

/// A content block is a text that somebody wrote, and looked at.
fn root_is_text(output: &Output) -> bool {
    output.root.as_deref() != Some("content_blocks")
}

/// Quotes of JSON: those behind a backslash and those in tags are none.
fn n_quotes(text: &str) -> usize {
    let (mut n, mut rest) = (0, text);
    while let Some(at) = rest.find(['"', '\\', '{']) {
        let here = &rest[at..];
        let skipped = if here.starts_with("{%") {
            here.find("%}").map_or(here.len(), |close| close + 2)
        } else if let Some(escaped) = here.strip_prefix('\\') {
            1 + escaped.chars().next().map_or(0, char::len_utf8)
        } else {
            n += usize::from(here.starts_with('"'));
            1
        };
        rest = &here[skipped..];
    }
    n
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_between_quotes_are_to_be_escaped() {
        for (body, expected) in [
            (r#"{"a": "{{${x}}}"}"#, 1),
            (r#"{"a": "Hi {{${x} | upcase}}, {{y}}"}"#, 2),
            (r#"{"a": "{{${x} | upcase | json_escape}}"}"#, 0),
            (
                r#"{"a": {{${x} | as_json_string}}, "b": {{${n} | default: 0}}}"#,
                0,
            ),
            (r#"{"a\"": {{${x}}}}"#, 0),
            (r#"{"a": "{% if x == "y" %}{{z}}{% endif %}"}"#, 1),
            (
                r#"{"a": "{{campaign.${name}}} {{ 'x' }} {{forloop.index}}"}"#,
                0,
            ),
            (r#"{"a": "https://a.test/{{${x} | url_param_escape}}"}"#, 0),
        ] {
            assert_eq!(between_quotes(body).len(), expected, "{body}");
        }
        assert!(is_json("application/json; charset=utf-8") && is_json("application/LD+json"));
        assert!(!is_json("text/plain"));
    }
}
