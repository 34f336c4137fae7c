//! What became of a filter, as far as its text tells.

use super::Filter;
use super::implies::Proof;
use super::tree::{Node, Test};
use crate::audience::Relation;

/// Clauses that came and went between two filters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub added: Vec<String>,
    pub removed: Vec<String>,
    /// What joins them to those that stay; none when none stays.
    pub join: Option<Join>,
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
        let proof = proof(roots);
        let [(all, stays_all), (any, stays_any)] =
            [Join::All, Join::Any].map(|join| Self::by(join, roots));
        // The reading in which more stays tells more.
        let (told, stays) = if stays_all >= stays_any {
            (all, stays_all)
        } else {
            (any, stays_any)
        };
        let is_whole = stays == 0 && before.is_some() && after.is_some();
        Self {
            join: told.join.filter(|_| !is_whole),
            proof,
            ..told
        }
    }

    /// And how many clauses stay.
    fn by(join: Join, (before, after): (Option<&Node>, Option<&Node>)) -> (Self, usize) {
        let [old, new] =
            [before, after].map(|node| node.map_or_else(Vec::new, |node| clauses(node, join)));
        let (removed, added) = (without(&old, &new), without(&new, &old));
        let stays = old.len().saturating_sub(removed.len());
        let texts = |nodes: Vec<&Node>| nodes.into_iter().map(|node| text(node, join)).collect();
        let told = Self {
            added: texts(added),
            removed: texts(removed),
            join: Some(join),
            proof: None,
        };
        (told, stays)
    }
}

/// What the texts alone prove.
fn proof((before, after): (Option<&Node>, Option<&Node>)) -> Option<Relation> {
    let is_in = |a: Option<&Node>, b: Option<&Node>| match (a, b) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(a), Some(b)) => {
            // In brackets or not: each clause by itself.
            let mut proof = Proof::new();
            clauses(b, Join::All).iter().all(|b| proof.implies(a, b))
        }
    };
    match (is_in(after, before), is_in(before, after)) {
        (true, true) => Some(Relation::Same),
        (true, false) => Some(Relation::Narrows),
        (false, true) => Some(Relation::Widens),
        (false, false) => None,
    }
}

/// In brackets where the clause would fall apart beside others.
fn text(node: &Node, join: Join) -> String {
    match (&node.test, join) {
        (Test::Or(_), Join::All) | (Test::And(_), Join::Any) => format!("({})", node.text),
        _ => node.text.clone(),
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
        let cases: [(&str, &str, &str, Option<Relation>); 11] = [
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
            (
                "user.a > 1",
                "user.a > 2",
                "+user.a > 2-user.a > 1",
                Some(Narrows),
            ),
            ("user.a > 1", "user.b > 2", "+user.b > 2-user.a > 1", None),
            (
                "user.a > 1 && user.b",
                "user.a > 0 && user.b && user.c",
                "+user.a > 0+user.c-user.a > 1",
                None,
            ),
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
                Some(Narrows),
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
