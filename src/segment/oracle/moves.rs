//! Audiences before and after, against a walk over everybody; and what texts prove, against the users there are.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::audience::{Bitmap, Movement, Relation};
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

#[test]
fn who_enters_and_leaves_is_what_a_walk_over_everybody_says() {
    let mut runner = TestRunner::deterministic();
    let now = from_millis(5 * DAY);
    let (mut proofs, mut relations) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..TABLES {
        let users = users(&mut runner);
        let table = table_of(&users);
        for _ in 0..PAIRS {
            let (old, new) = pair().new_tree(&mut runner).unwrap().current();
            let (Ok(before), Ok(after)) = (compile(&old, &declared()), compile(&new, &declared()))
            else {
                continue;
            };
            let reach = compile("has(user.s)", &declared()).unwrap();
            let (old_ids, new_ids) = (naive(&before, &users), naive(&after, &users));
            let reach_ids = naive(&reach, &users);
            let mut reachable: Bitmap = after.members(&table, now);
            reachable.and(&reach.members(&table, now));
            let movement = Movement {
                before: before.members(&table, now),
                after: after.members(&table, now),
                reachable,
            };
            let counts = movement.counts();
            let entered: BTreeSet<&str> = new_ids.difference(&old_ids).copied().collect();
            let left: BTreeSet<&str> = old_ids.difference(&new_ids).copied().collect();
            let shown = || format!("{old}\n{new}");
            let n = |n: usize| n as u64;
            assert_eq!(
                (counts.before, counts.after),
                (n(old_ids.len()), n(new_ids.len())),
                "{}",
                shown()
            );
            assert_eq!(
                (counts.entered, counts.left),
                (n(entered.len()), n(left.len())),
                "{}",
                shown()
            );
            assert_eq!(
                counts.reachable,
                n(new_ids.intersection(&reach_ids).count()),
                "{}",
                shown()
            );
            assert_eq!(
                counts.entered_reachable,
                n(entered.intersection(&reach_ids).count()),
                "{}",
                shown()
            );
            for (rows, ids) in movement.samples(3).iter().zip([&entered, &left]) {
                assert_eq!(rows.len(), ids.len().min(3));
                assert!(
                    rows.iter()
                        .all(|row| ids.contains(table.name(*row).unwrap())),
                    "{}",
                    shown()
                );
            }
            let told = Difference::of(Some(&before), Some(&after));
            let holds = match told.proof {
                None => true,
                Some(Relation::Same) => entered.is_empty() && left.is_empty(),
                Some(Relation::Narrows) => entered.is_empty(),
                Some(Relation::Widens) => left.is_empty(),
                Some(Relation::Shifts) => false,
            };
            assert!(holds, "{:?} is not so: {}", told.proof, shown());
            assert!(
                before != after || told.proof == Some(Relation::Same),
                "{}",
                shown()
            );
            proofs.insert(format!("{:?}", told.proof));
            relations.insert(format!("{:?}", Relation::of(counts.entered, counts.left)));
        }
    }
    // Else this shows less than it seems to.
    assert_eq!(proofs.len(), 4, "{proofs:?}");
    assert_eq!(relations.len(), 4, "{relations:?}");
}
