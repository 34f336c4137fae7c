//! The words of a template: what it says itself, unlike what it makes of somebody's data.

use std::collections::BTreeSet;
use std::sync::Arc;

/// The identifiers, numbers and quoted texts between the braces of a text. Cheap to clone.
///
/// `${prices}[${plan}]` reads a name that is partly a value. What is not among the words is such a part, and has no
/// place in a report.
#[derive(Debug, Clone, Default)]
pub(super) struct Words(Arc<BTreeSet<Box<str>>>);

// === impl Words ===

impl Words {
    pub(super) fn of(text: &str) -> Self {
        let mut words = BTreeSet::new();
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            rest = match &rest[at + 1..] {
                inside if inside.starts_with(['{', '%']) => within(&inside[1..], &mut words),
                text => text,
            };
        }
        Self(Arc::new(words))
    }

    pub(super) fn add(&mut self, others: &Self) {
        Arc::make_mut(&mut self.0).extend(others.0.iter().cloned());
    }

    pub(super) fn contains(&self, word: &str) -> bool {
        self.0.contains(word)
    }
}

/// Takes the words up to the end of the braces, and answers what stands behind them.
fn within<'a>(text: &'a str, words: &mut BTreeSet<Box<str>>) -> &'a str {
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if rest.starts_with("}}") || rest.starts_with("%}") {
            return &rest[2..];
        }
        let behind = &rest[first.len_utf8()..];
        if matches!(first, '"' | '\'') {
            let (quoted, after) = behind.split_once(first).unwrap_or((behind, ""));
            words.insert(quoted.into());
            rest = after;
        } else {
            let end = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
            if end > 0 {
                words.insert(rest[..end].into());
            }
            rest = if end > 0 { &rest[end..] } else { behind };
        }
    }
    rest
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_stands_between_the_braces() {
        let words = Words::of(
            "Rome {{ user[\"favorite city\"].a-b[0] | default: 'it }} is' }} it's {% if x == \"y",
        );
        for word in [
            "user",
            "favorite city",
            "a-b",
            "0",
            "default",
            "it }} is",
            "if",
            "x",
            "y",
        ] {
            assert!(words.contains(word), "{word}");
        }
        for other in ["Rome", "it's", "is", "city", ""] {
            assert!(!words.contains(other), "{other}");
        }
    }
}
