//! What everybody for whom a filter is true must have.

use super::tree::{Node, Term, Test};

/// Whether the filter can be true only for users who have the attribute.
///
/// False says nothing: a filter may require it in ways that are not seen here.
pub(super) fn requires(node: &Node, path: &[String]) -> bool {
    match &node.test {
        Test::And(nodes) => nodes.iter().any(|node| requires(node, path)),
        Test::Or(nodes) => !nodes.is_empty() && nodes.iter().all(|node| requires(node, path)),
        Test::InSegment(_, filter) => requires(filter.root(), path),
        Test::Has(term) => is(term, path),
        Test::Not(inner) => match &inner.test {
            Test::Blank(term) => is(term, path),
            // Of what is absent a comparison is unknown, and so is its negation.
            _ => reads(inner, path),
        },
        _ => reads(node, path),
    }
}

fn is(term: &Term, path: &[String]) -> bool {
    matches!(term, Term::Path(known) if known == path)
}

/// Whether a test by itself is unknown without the attribute.
fn reads(node: &Node, path: &[String]) -> bool {
    let is_test = matches!(
        node.test,
        Test::Truth(_)
            | Test::Compare(..)
            | Test::In(..)
            | Test::Text(..)
            | Test::Matches(..)
            | Test::Exists(..)
            | Test::All(..)
    );
    let mut sources = Vec::new();
    node.sources(&mut sources);
    is_test && sources.into_iter().any(|source| is(source, path))
}

#[cfg(test)]
mod tests {
    use crate::segment::{Declared, compile};

    #[test]
    fn what_a_filter_requires_is_seen_through_its_logic() {
        let cases = [
            ("!blank(user.name)", true),
            ("has(user.name)", true),
            ("user.name == 'Ana' && user.age > 3", true),
            ("user.age > 3 || user.name == 'Ana'", false),
            ("has(user.name) || user.name != 'Ana'", true),
            ("!(user.name == 'Ana')", true),
            ("blank(user.name)", false),
            ("!has(user.name)", false),
            ("user.name in ['Ana']", true),
            ("user.name.startsWith('A')", true),
            ("user.address.name == 'x'", false),
        ];
        for (text, expected) in cases {
            let filter = compile(text, &Declared::default()).unwrap();
            assert_eq!(filter.requires(&["name".to_owned()]), expected, "{text}");
        }
    }
}
