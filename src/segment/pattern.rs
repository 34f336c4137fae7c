//! Patterns of `matches`, asked of bytes: of a million texts most patterns only want to know an ending.

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::hir::literal::{ExtractKind, Extractor};
use regex_syntax::hir::{Hir, HirKind, Look};

use crate::model::limits;

/// Beyond so many literals the regular expression is faster than one after the other.
const LITERALS_MAX: usize = 8;

#[derive(Debug, Clone)]
pub(super) struct Pattern {
    regex: Regex,
    plain: Option<Plain>,
}

/// One of these must stand at one end of the text.
#[derive(Debug, Clone)]
struct Plain {
    is_start: bool,
    literals: Vec<Vec<u8>>,
}

// === impl Pattern ===

impl Pattern {
    /// # Errors
    /// What is wrong with it, in a line.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        // One over texts accepts exactly what is meant for texts; the one over bytes would take more.
        let checked = regex::RegexBuilder::new(text)
            .size_limit(limits::REGEX_BYTES_MAX)
            .build();
        let built = checked.and_then(|_| {
            RegexBuilder::new(text)
                .size_limit(limits::REGEX_BYTES_MAX)
                .build()
        });
        let regex = built.map_err(|error| {
            let reason = error.to_string();
            let last = reason.lines().last().unwrap_or_default();
            last.trim_start_matches("error: ").to_owned()
        })?;
        let plain = regex_syntax::parse(text).ok().and_then(|hir| plain(&hir));
        Ok(Self { regex, plain })
    }

    /// Of UTF-8.
    pub(super) fn is_match(&self, text: &[u8]) -> bool {
        match &self.plain {
            None => self.regex.is_match(text),
            Some(Plain { is_start, literals }) => literals.iter().any(|literal| {
                if *is_start {
                    text.starts_with(literal)
                } else {
                    text.ends_with(literal)
                }
            }),
        }
    }
}

/// `(@a\.com|@b\.com)$` and `^(Mr|Mrs) ` are a few literals at one end.
fn plain(hir: &Hir) -> Option<Plain> {
    let HirKind::Concat(parts) = hir.kind() else {
        return None;
    };
    let (is_start, rest) = match parts.as_slice() {
        [first, rest @ ..] if is_look(first, Look::Start) => (true, rest),
        [rest @ .., last] if is_look(last, Look::End) => (false, rest),
        _ => return None,
    };
    let rest = Hir::concat(rest.to_vec());
    // A second anchor or a word boundary is more than literals say.
    if !rest.properties().look_set().is_empty() {
        return None;
    }
    let kind = if is_start {
        ExtractKind::Prefix
    } else {
        ExtractKind::Suffix
    };
    let found = Extractor::new().kind(kind).extract(&rest);
    let literals = found.literals().filter(|_| found.is_exact())?;
    let literals: Vec<_> = literals.iter().map(|one| one.as_bytes().to_vec()).collect();
    (1..=LITERALS_MAX)
        .contains(&literals.len())
        .then_some(Plain { is_start, literals })
}

fn is_look(hir: &Hir, look: Look) -> bool {
    matches!(hir.kind(), HirKind::Look(found) if *found == look)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_ends_are_told_from_patterns() {
        for (text, literals) in [
            ("(@a\\.com|@b\\.com)$", 2),
            ("abc$", 1),
            ("^(Mr|Mrs) ", 2),
            ("^é", 1),
            ("^abc$", 0),
            ("abc", 0),
            ("a+$", 0),
            ("a.$", 0),
            ("\\bbc$", 0),
            ("(?m)abc$", 0),
            ("(?i)ab$", 4),
            ("(a|b$)", 0),
        ] {
            let pattern = Pattern::new(text).unwrap();
            let found = pattern.plain.map_or(0, |plain| plain.literals.len());
            assert_eq!(found, literals, "{text}");
        }
        assert!(Pattern::new("é(").is_err());
        assert!(
            Pattern::new("(?-u:\\xff)").is_err(),
            "texts hold no such byte"
        );
    }

    proptest! {
        #[test]
        fn a_pattern_matches_as_over_texts(
            pattern in "\\^?(\\((a|b|é|ab)\\|(ba|\\.)\\)|a|b\\?|é|\\.){1,2}\\$?",
            text in "[abé\n]{0,5}",
        ) {
            let Ok(expected) = regex::Regex::new(&pattern) else { return Ok(()) };
            let ours = Pattern::new(&pattern).unwrap();
            prop_assert_eq!(ours.is_match(text.as_bytes()), expected.is_match(&text), "{}", pattern);
        }
    }
}
