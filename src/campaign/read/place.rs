//! From a part of a scalar's text to where it stands in the file.

use std::ops::Range;

/// The bytes of the file in which a part of a scalar's text stands, in whatever style it is written.
///
/// Walks the text and its source together: breaks that fold into a space, indentation, doubled quotes and
/// escapes take more room in the source than in the text.
pub(in crate::campaign) fn within(
    source: &str,
    scalar: Range<usize>,
    text: &str,
    part: Range<usize>,
) -> Option<Range<usize>> {
    let raw = source.get(scalar.clone())?;
    let quote = raw.chars().next().filter(|c| matches!(c, '"' | '\''));
    let mut at = quote.map_or(0, char::len_utf8);
    let (mut start, mut end) = (None, None);
    for (pos, c) in text.char_indices() {
        let rest = raw.get(at..)?;
        let taken = if c.is_whitespace() && !(quote == Some('"') && rest.starts_with('\\')) {
            blank(rest, c)
        } else {
            at += skipped(rest, quote);
            inked(raw.get(at..)?, c, quote)?
        };
        if pos == part.start {
            start = Some(at);
        }
        at += taken;
        if pos < part.end {
            end = Some(at);
        }
    }
    let start = start.unwrap_or(at);
    Some(scalar.start + start..scalar.start + end.unwrap_or(start).max(start))
}

/// What stands in the source before a character and has no part in the text: breaks with their
/// indentation, and in double quotes a backslash at a line's end.
fn skipped(rest: &str, quote: Option<char>) -> usize {
    let inked = |text: &str| text.len() - text.trim_start_matches(['\n', '\r', ' ', '\t']).len();
    let mut at = inked(rest);
    while quote == Some('"')
        && let Some(after) = rest[at..].strip_prefix('\\')
        && after.starts_with(['\n', '\r'])
    {
        at += 1 + inked(after);
    }
    at
}

/// What a character that is no blank takes in the source.
fn inked(rest: &str, c: char, quote: Option<char>) -> Option<usize> {
    match quote {
        Some('"') if rest.starts_with('\\') => {
            let escape = rest.chars().nth(1)?;
            Some(match escape {
                'x' => 4,
                'u' => 6,
                'U' => 10,
                other => 1 + other.len_utf8(),
            })
        }
        Some('\'') if rest.starts_with("''") => Some(2),
        _ => rest.starts_with(c).then_some(c.len_utf8()),
    }
}

/// What a blank of the text takes in the source: itself, or one break. The rest of a break, more of them
/// and the next line's indentation, is left to what follows.
fn blank(rest: &str, c: char) -> usize {
    let line = rest.trim_start_matches([' ', '\t']);
    let spaces = rest.len() - line.len();
    if line.starts_with("\r\n") {
        return spaces + 2;
    }
    if line.starts_with('\n') {
        return spaces + 1;
    }
    if rest.starts_with(c) {
        return c.len_utf8();
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Finds `word` in the scalar's text, and answers what the file has at its place.
    fn marked<'a>(source: &'a str, scalar: &str, text: &str, word: &str) -> Option<&'a str> {
        let start = source.find(scalar).unwrap();
        let part = text.find(word).unwrap();
        let found = within(
            source,
            start..start + scalar.len(),
            text,
            part..part + word.len(),
        );
        found.and_then(|span| source.get(span))
    }

    /// The source, its scalar, the scalar's text, a part of the text.
    const CASES: &[[&str; 4]] = &[
        ["a: one two", "one two", "one two", "two"],
        ["a: 'it''s two'", "'it''s two'", "it's two", "two"],
        [
            "a: \"say \\\"two\\\"\"",
            "\"say \\\"two\\\"\"",
            "say \"two\"",
            "two",
        ],
        [
            "a: \"\\x41\\u00e3\\U0001F600 two\"",
            "\"\\x41\\u00e3\\U0001F600 two\"",
            "A\u{e3}\u{1F600} two",
            "two",
        ],
        [
            "a: \"one \\\n   two\"",
            "\"one \\\n   two\"",
            "one two",
            "two",
        ],
        ["a: \"one\\ntwo\"", "\"one\\ntwo\"", "one\ntwo", "two"],
        ["a: >-\n  one\n  two\n", "one\n  two\n", "one two", "two"],
        [
            "a: >\n  one\n\n\n  two\n",
            "one\n\n\n  two\n",
            "one\n\ntwo\n",
            "two",
        ],
        [
            "a: |\n  one\n\n  two\n",
            "one\n\n  two\n",
            "one\n\ntwo\n",
            "two",
        ],
        [
            "a: |\n  one\n    two\n  three\n",
            "one\n    two\n  three\n",
            "one\n  two\nthree\n",
            "three",
        ],
        [
            "a: |\r\n  one\r\n  two\r\n",
            "one\r\n  two\r\n",
            "one\ntwo\n",
            "two",
        ],
        ["a: one\n  two\n", "one\n  two", "one two", "two"],
        [
            "a: \u{e7}\u{e3}o two",
            "\u{e7}\u{e3}o two",
            "\u{e7}\u{e3}o two",
            "two",
        ],
    ];

    #[test]
    fn each_style_of_scalar_is_walked() {
        for [source, scalar, text, word] in CASES {
            assert_eq!(
                marked(source, scalar, text, word),
                Some(*word),
                "{source:?}"
            );
        }
    }

    #[test]
    fn what_does_not_match_is_not_guessed() {
        assert_eq!(within("a: one", 3..6, "two", 0..3), None);
        assert_eq!(within("a: one", 3..99, "one", 0..3), None);
    }
}
