//! Audiences before and after, against a walk over everybody; and what texts prove, against the users there are.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::audience::{Bitmap, Counts, Movement, Relation, Row, Table};
use crate::model::event::from_millis;

use super::super::{Difference, Filter, compile};
use super::agree::{Subject, declared, table_of, users};
use super::generate::{DAY, filter};

const TABLES: usize = 4;
const PAIRS: usize = 120;

/// Two filters as pull requests make them: another one, a clause more or less, a bound that moves.
fn pair() -> impl Strategy<Value = (String, String)> {
    let bound = ("[<>]=?", -3_i64..4, "[<>]=?", -3_i64..4);
    let bounds =
        bound.prop_map(|(a, n, b, m)| (format!("user.i {a} {n}"), format!("user.i {b} {m}")));
    let any = (filter(), filter());
    prop_oneof![
        2 => any.clone(),
        1 => any.clone().prop_map(|(a, b)| (format!("({a}) && ({b})"), a)),
        1 => any.clone().prop_map(|(a, b)| (a.clone(), format!("({a}) && ({b})"))),
        1 => any.clone().prop_map(|(a, b)| (a.clone(), format!("({b}) || ({a})"))),
        1 => any.prop_map(|(a, b)| (format!("({a}) && ({b})"), format!("({b}) && ({a})"))),
        2 => bounds.clone(),
        1 => (bounds, filter()).prop_map(|((a, b), c)| (format!("{a} && ({c})"), format!("({c}) && {b}"))),
    ]
}

fn naive<'a>(filter: &Filter, users: &'a [Subject]) -> BTreeSet<&'a str> {
    let now = from_millis(5 * DAY);
    let members = users
        .iter()
        .filter(|user| filter.matches_person(user.person(), now) == Some(true));
    members
        .map(|user| user.profile.external_id.as_str())
        .collect()
}

/// What is said of two audiences, against their ids.
struct Audiences<'a> {
    old: BTreeSet<&'a str>,
    new: BTreeSet<&'a str>,
    reach: BTreeSet<&'a str>,
}

// === impl Audiences ===

impl Audiences<'_> {
    fn entered(&self) -> BTreeSet<&str> {
        self.new.difference(&self.old).copied().collect()
    }

    fn left(&self) -> BTreeSet<&str> {
        self.old.difference(&self.new).copied().collect()
    }

    fn check(&self, movement: &Movement, table: &Table, texts: &str) {
        let (counts, entered, left) = (movement.counts(), self.entered(), self.left());
        let n = |n: usize| n as u64;
        let reach = |ids: &BTreeSet<&str>| n(ids.intersection(&self.reach).count());
        let expected = Counts {
            before: n(self.old.len()),
            after: n(self.new.len()),
            entered: n(entered.len()),
            left: n(left.len()),
            reachable: reach(&self.new),
            entered_reachable: reach(&entered),
        };
        assert_eq!(counts, expected, "{texts}");
        for (rows, ids) in movement.samples(3).iter().zip([&entered, &left]) {
            assert_eq!(rows.len(), ids.len().min(3));
            let is_one = |row: &Row| ids.contains(table.name(*row).unwrap());
            assert!(rows.iter().all(is_one), "{texts}");
        }
    }

    fn holds(&self, proof: Option<Relation>) -> bool {
        let (entered, left) = (self.entered(), self.left());
        match proof {
            None => true,
            Some(Relation::Same) => entered.is_empty() && left.is_empty(),
            Some(Relation::Narrows) => entered.is_empty(),
            Some(Relation::Widens) => left.is_empty(),
            Some(Relation::Shifts) => false,
        }
    }
}

#[test]
fn who_enters_and_leaves_is_what_a_walk_over_everybody_says() {
    let mut runner = TestRunner::deterministic();
    let now = from_millis(5 * DAY);
    let reach = compile("has(user.s)", &declared()).unwrap();
    let (mut proofs, mut relations) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..TABLES {
        let users = users(&mut runner);
        let table = table_of(&users);
        for _ in 0..PAIRS {
            let (old, new) = pair().new_tree(&mut runner).unwrap().current();
            let compiled = [&old, &new].map(|text| compile(text, &declared()));
            let [Ok(before), Ok(after)] = compiled else {
                continue;
            };
            let texts = format!("{old}\n{new}");
            let [old, new, reach_ids] = [&before, &after, &reach].map(|it| naive(it, &users));
            let audiences = Audiences {
                old,
                new,
                reach: reach_ids,
            };
            let mut reachable: Bitmap = after.members(&table, now);
            reachable.and(&reach.members(&table, now));
            let movement = Movement {
                before: before.members(&table, now),
                after: after.members(&table, now),
                reachable,
            };
            audiences.check(&movement, &table, &texts);
            let proof = Difference::of(Some(&before), Some(&after)).proof;
            assert!(audiences.holds(proof), "{proof:?} is not so: {texts}");
            assert!(before != after || proof == Some(Relation::Same), "{texts}");
            let counts = movement.counts();
            proofs.insert(format!("{proof:?}"));
            relations.insert(format!("{:?}", Relation::of(counts.entered, counts.left)));
        }
    }
    // Else this shows less than it seems to.
    assert_eq!(proofs.len(), 4, "{proofs:?}");
    assert_eq!(relations.len(), 4, "{relations:?}");
}
