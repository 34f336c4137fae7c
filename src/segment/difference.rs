//! What became of a filter, as far as its text tells.

use super::Filter;
use super::tree::{Node, Test};
use crate::audience::Relation;

/// Clauses that came and went between two filters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub added: Vec<String>,
    pub removed: Vec<String>,
    /// What joins them to the rest.
    pub join: Join,
    /// What holds whoever the users are; none where only they can tell.
    pub proof: Option<Relation>,
}

/// How clauses stand beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    /// With `&&`: each clause more leaves fewer people.
    All,
    /// With `||`: each clause more takes in more.
    Any,
}

// === impl Difference ===

impl Difference {
    /// From everybody (`None`) or a filter to another.
    pub fn of(before: Option<&Filter>, after: Option<&Filter>) -> Self {
        let roots = (before.map(Filter::root), after.map(Filter::root));
        let all = Self::by(Join::All, roots);
        let any = Self::by(Join::Any, roots);
        // The reading that finds more in common tells more.
        if all.changed() <= any.changed() {
            all
        } else {
            any
        }
    }

    fn by(join: Join, (before, after): (Option<&Node>, Option<&Node>)) -> Self {
        let old = before.map_or_else(Vec::new, |node| clauses(node, join));
        let new = after.map_or_else(Vec::new, |node| clauses(node, join));
        let removed = without(&old, &new);
        let added = without(&new, &old);
        let has_all = before.is_some() && after.is_some();
        let proof = match (join, added.is_empty(), removed.is_empty()) {
            (_, true, true) => Some(Relation::Same),
            (Join::All, false, true) => Some(Relation::Narrows),
            (Join::All, true, false) => Some(Relation::Widens),
            // Of `||` no clause at all is nobody, and not everybody.
            (Join::Any, false, true) if has_all => Some(Relation::Widens),
            (Join::Any, true, false) if has_all => Some(Relation::Narrows),
            _ => None,
        };
        let texts = |nodes: Vec<&Node>| nodes.into_iter().map(|node| node.text.clone()).collect();
        Self {
            added: texts(added),
            removed: texts(removed),
            join,
            proof,
        }
    }

    fn changed(&self) -> usize {
        self.added.len() + self.removed.len()
    }
}

fn clauses(node: &Node, join: Join) -> Vec<&Node> {
    match (&node.test, join) {
        (Test::And(nodes), Join::All) | (Test::Or(nodes), Join::Any) => {
            nodes.iter().flat_map(|node| clauses(node, join)).collect()
        }
        _ => vec![node],
    }
}

/// Saying a clause twice says nothing more.
fn without<'a>(these: &[&'a Node], those: &[&Node]) -> Vec<&'a Node> {
    let mut left: Vec<&Node> = Vec::new();
    for node in these {
        if !those.contains(node) && !left.contains(node) {
            left.push(node);
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::{Declared, compile};

    #[test]
    fn clauses_that_come_and_go_tell_what_becomes_of_people() {
        use Relation::{Narrows, Same, Widens};
        let cases: [(&str, &str, &str, Option<Relation>); 9] = [
            ("user.a == 1", "user.a  ==  1", "", Some(Same)),
            (
                "user.a == 1",
                "user.a == 1 && user.b",
                "+user.b",
                Some(Narrows),
            ),
            (
                "user.a == 1 && user.b",
                "user.b",
                "-user.a == 1",
                Some(Widens),
            ),
            (
                "user.a == 1",
                "user.a == 1 || user.b",
                "+user.b",
                Some(Widens),
            ),
            (
                "user.a == 1 || user.b",
                "user.b",
                "-user.a == 1",
                Some(Narrows),
            ),
            ("user.a > 1", "user.a > 2", "+user.a > 2-user.a > 1", None),
            (
                "user.b && user.a > 1",
                "user.a > 1 && user.b",
                "",
                Some(Same),
            ),
            (
                "user.a && (user.b || user.c)",
                "user.a && user.b",
                "+user.b-(user.b || user.c)",
                None,
            ),
            ("user.a == 1 && user.a == 1", "user.a == 1", "", Some(Same)),
        ];
        for (before, after, changed, proof) in cases {
            let [before, after] =
                [before, after].map(|text| compile(text, &Declared::default()).unwrap());
            let told = Difference::of(Some(&before), Some(&after));
            let added = told.added.iter().map(|text| format!("+{text}"));
            let removed = told.removed.iter().map(|text| format!("-{text}"));
            let shown: String = added.chain(removed).collect();
            assert_eq!(
                (shown.as_str(), told.proof),
                (changed, proof),
                "{before:?} {after:?}"
            );
        }
    }

    #[test]
    fn from_everybody_a_filter_narrows() {
        let some = compile("user.a == 1 || user.b", &Declared::default()).unwrap();
        let told = Difference::of(None, Some(&some));
        assert_eq!(told.proof, Some(Relation::Narrows));
        assert_eq!(
            Difference::of(Some(&some), None).proof,
            Some(Relation::Widens)
        );
        assert_eq!(Difference::of(None, None).proof, Some(Relation::Same));
    }

    #[test]
    fn a_segment_of_the_same_name_is_not_the_same_filter() {
        let within = |text: &str| {
            let mut declared = Declared::default();
            declared.add_segment("vip", compile(text, &Declared::default()).unwrap());
            compile("in_segment('vip')", &declared).unwrap()
        };
        assert_eq!(within("user.a == 1"), within("user.a == 1"));
        assert_ne!(within("user.a == 1"), within("user.a == 2"));
    }
}
