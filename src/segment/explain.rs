//! Why a user is in or not.

use crate::model::{Value, clipped};

use super::tree::{Node, Test};
use super::verdict::{Datum, Scope, read, verdict};

/// Why a user is in or not: one test, with the tests it is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// As it was written.
    pub text: String,
    /// `None` is unknown: something it reads is absent or of another type.
    pub verdict: Option<bool>,
    /// What it reads of the user; empty for a test that is made of others.
    pub reads: Vec<Read>,
    pub children: Vec<Explained>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// Such as `user.address.city` or `count("order", days(30))`.
    pub operand: String,
    pub value: Option<Value>,
}

// === impl Explained ===

impl Explained {
    /// What keeps a user out, in a phrase that quotes the filter and no value of the user's.
    pub fn culprit(&self) -> String {
        let part = self.smallest();
        let words: Vec<_> = part.text.split_whitespace().collect();
        let text = clipped(&words.join(" "));
        if part.verdict == Some(false) {
            return format!("`{text}` is false for the user");
        }
        let absent = part.reads.iter().filter(|read| read.value.is_none());
        let absent: Vec<_> = absent.map(|read| format!("`{}`", read.operand)).collect();
        let why = match absent.as_slice() {
            [] => "something it reads is absent or of another type".to_owned(),
            [one] => format!("{one} is absent"),
            many => format!("{} are absent", many.join(" and ")),
        };
        format!("`{text}` is unknown for the user: {why}")
    }

    /// The smallest test that alone decides: one of several that all decide is none.
    fn smallest(&self) -> &Self {
        let mut same = self.children.iter().filter(|it| it.verdict == self.verdict);
        match (same.next(), same.next()) {
            (Some(first), None) => first.smallest(),
            (Some(first), Some(_)) if self.children.iter().any(|it| it.verdict == Some(true)) => {
                first.smallest()
            }
            _ => self,
        }
    }
}

pub(super) fn explain(node: &Node, scope: Scope<'_>) -> Explained {
    let children: Vec<_> = node
        .children()
        .iter()
        .map(|child| explain(child, scope))
        .collect();
    let mut sources = Vec::new();
    if children.is_empty() && !matches!(node.test, Test::InSegment(..)) {
        node.sources(&mut sources);
    }
    let reads = sources.into_iter().map(|source| Read {
        operand: source.source_text(),
        value: match read(source, scope) {
            Some(Datum::Value(value)) => Some(value.into_owned()),
            _ => None,
        },
    });
    Explained {
        text: node.text.clone(),
        verdict: verdict(node, scope),
        reads: reads.collect(),
        children,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::model::Value;
    use crate::model::id::ExternalId;
    use crate::model::user::Profile;
    use crate::segment::{Declared, compile};

    #[test]
    fn the_smallest_part_that_decides_is_named_and_no_value() {
        let profile = Profile {
            external_id: ExternalId::parse("ana").unwrap(),
            attributes: BTreeMap::from([
                ("age".to_owned(), Value::Int(17)),
                ("city".to_owned(), Value::String("Lisboa".into())),
            ]),
        };
        let cases = [
            (
                "user.city == 'Lisboa' && user.age >= 18",
                "`user.age >= 18` is false for the user",
            ),
            (
                "user.age > 5 && (user.n > 1 || user.age > 20)",
                "`user.n > 1` is unknown for the user: `user.n` is absent",
            ),
            (
                "user.age > 20 || user.age < 3",
                "`user.age > 20 || user.age < 3` is false for the user",
            ),
            ("!(user.age > 5)", "`!(user.age > 5)` is false for the user"),
            (
                "user.city > 3",
                "`user.city > 3` is unknown for the user: something it reads is absent or of another type",
            ),
        ];
        for (text, expected) in cases {
            let filter = compile(text, &Declared::default()).unwrap();
            let now = "2026-01-01T00:00:00Z".parse().unwrap();
            assert_eq!(
                filter.explain_person(&profile, now).culprit(),
                expected,
                "{text}"
            );
        }
    }
}
