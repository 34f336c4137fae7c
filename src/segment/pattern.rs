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
    literals: Vec<Literal>,
    /// And that is all there is to it.
    is_exact: bool,
}

/// A literal whose outer eight bytes are compared as one number, before anything is called.
#[derive(Debug, Clone)]
struct Literal {
    bytes: Vec<u8>,
    outer: u64,
    mask: u64,
}

// === impl Pattern ===

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.regex.as_str() == other.regex.as_str()
    }
}

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
            // Most texts are done with here: a look at an end costs a tenth of a regular expression.
            Some(plain) if !plain.is_met(text) => false,
            Some(plain) => plain.is_exact || self.regex.is_match(text),
        }
    }
}

// === impl Plain ===

impl Plain {
    fn is_met(&self, text: &[u8]) -> bool {
        let outer = if self.is_start {
            text.first_chunk()
        } else {
            text.last_chunk()
        };
        let Some(outer) = outer.map(|bytes| u64::from_le_bytes(*bytes)) else {
            return self.literals.iter().any(|one| self.stands(one, text));
        };
        self.literals.iter().any(|one| {
            let differs = (outer ^ one.outer) & one.mask;
            differs == 0 && (one.bytes.len() <= 8 || self.stands(one, text))
        })
    }

    fn stands(&self, literal: &Literal, text: &[u8]) -> bool {
        if self.is_start {
            text.starts_with(&literal.bytes)
        } else {
            text.ends_with(&literal.bytes)
        }
    }

    /// How much of a text the literals tell at least.
    fn least_bytes(&self) -> usize {
        let lengths = self.literals.iter().map(|one| one.bytes.len());
        lengths.min().unwrap_or(0)
    }
}

// === impl Literal ===

impl Literal {
    fn new(bytes: &[u8], is_start: bool) -> Self {
        let mut outer = [0; 8];
        let mut mask = [0; 8];
        let n = bytes.len().min(8);
        let (from, to) = if is_start {
            (&bytes[..n], 0..n)
        } else {
            (&bytes[bytes.len() - n..], 8 - n..8)
        };
        outer[to.clone()].copy_from_slice(from);
        mask[to].fill(u8::MAX);
        Self {
            bytes: bytes.to_vec(),
            outer: u64::from_le_bytes(outer),
            mask: u64::from_le_bytes(mask),
        }
    }
}

/// `(@a\.com|@b\.com)$` and `^(Mr|Mrs) ` are a few literals at one end; of `^u[0-9]+@a\.com$` the longer end is
/// told.
fn plain(hir: &Hir) -> Option<Plain> {
    let HirKind::Concat(parts) = hir.kind() else {
        return None;
    };
    let start = match parts.as_slice() {
        [first, rest @ ..] if is_look(first, Look::Start) => at_end(rest, true),
        _ => None,
    };
    let end = match parts.as_slice() {
        [rest @ .., last] if is_look(last, Look::End) => at_end(rest, false),
        _ => None,
    };
    [start, end]
        .into_iter()
        .flatten()
        .max_by_key(|plain| (plain.is_exact, plain.least_bytes()))
}

fn at_end(rest: &[Hir], is_start: bool) -> Option<Plain> {
    let rest = Hir::concat(rest.to_vec());
    let kind = if is_start {
        ExtractKind::Prefix
    } else {
        ExtractKind::Suffix
    };
    let extract = |extractor: &mut Extractor| {
        let found = extractor.kind(kind.clone()).extract(&rest);
        let literals = found.literals()?;
        let plain = Plain {
            is_start,
            literals: literals
                .iter()
                .map(|one| Literal::new(one.as_bytes(), is_start))
                .collect(),
            // A second anchor or a word boundary is more than literals say.
            is_exact: found.is_exact() && rest.properties().look_set().is_empty(),
        };
        let is_worth_it = plain.is_exact || plain.least_bytes() > 0;
        (is_worth_it && (1..=LITERALS_MAX).contains(&plain.literals.len())).then_some(plain)
    };
    // A digit before the literals multiplies them by ten: then up to it.
    extract(&mut Extractor::new()).or_else(|| extract(Extractor::new().limit_class(1)))
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
            let plain = pattern.plain.filter(|plain| plain.is_exact);
            let found = plain.map_or(0, |plain| plain.literals.len());
            assert_eq!(found, literals, "{text}");
        }
        for (text, end) in [
            ("^u[0-9]+@a\\.com$", "@a.com"),
            ("^long-name-[0-9]+x$", "long-name-"),
            ("^abc$", "abc"),
        ] {
            let plain = Pattern::new(text).unwrap().plain.unwrap();
            assert!(!plain.is_exact, "{text}");
            assert_eq!(plain.literals.len(), 1, "{text}");
            assert_eq!(plain.literals[0].bytes, end.as_bytes(), "{text}");
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
            pattern in "\\^?(\\((a|b|é|ab)\\|(ba|abababaab|\\.)\\)|a|b\\?|é|\\.){1,2}\\$?",
            text in "([abé\n]{0,5}|(ab|a){0,8}[bé]?)",
        ) {
            let Ok(expected) = regex::Regex::new(&pattern) else { return Ok(()) };
            let ours = Pattern::new(&pattern).unwrap();
            prop_assert_eq!(ours.is_match(text.as_bytes()), expected.is_match(&text), "{}", pattern);
        }
    }
}
