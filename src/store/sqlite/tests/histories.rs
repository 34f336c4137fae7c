//! Random histories against a map: what was answered is there, whatever was folded and whenever the process died.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::load::load;
use super::super::users::Memory;
use super::super::writer::tidy;
use super::{Bare, End, open, set, user};
use crate::model::Value;
use crate::model::user::{Profile, Upserted};
use crate::store::contract::Users;

type Oracle = BTreeMap<u16, BTreeMap<&'static str, Value>>;

const ATTRIBUTES: [&str; 3] = ["name", "n", "tags"];
/// Some fifteen blocks.
const USERS: u16 = 60;

/// What happens to one user.
#[derive(Debug, Clone)]
enum Act {
    Set(usize, Option<Value>),
    Delete,
}

/// What happens to a store.
#[derive(Debug, Clone)]
enum Step {
    /// A group of acts that folds some blocks on its way.
    Group(Vec<(u16, Act)>, usize, End),
    /// Some blocks are folded.
    Fold(usize, End),
    /// What the writer does while nobody waits.
    Tidy,
    Die,
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i32>().prop_map(|n| Value::Int(n.into())),
        "[a-d]{0,3}".prop_map(Value::String),
        prop::collection::vec("[a-c]".prop_map(Value::String), 0..3).prop_map(Value::List),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => (0..ATTRIBUTES.len(), prop::option::of(value())).prop_map(|(at, v)| Act::Set(at, v)),
        1 => Just(Act::Delete),
    ]
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![4 => Just(End::Answered), 1 => Just(End::Died), 1 => Just(End::RolledBack)]
}

fn step() -> impl Strategy<Value = Step> {
    let acts = prop::collection::vec((0..USERS, act()), 1..30);
    prop_oneof![
        5 => (acts, 0..4_usize, end()).prop_map(|(acts, folds, end)| Step::Group(acts, folds, end)),
        2 => (0..6_usize, end()).prop_map(|(n, end)| Step::Fold(n, end)),
        1 => Just(Step::Tidy),
        1 => Just(Step::Die),
    ]
}

/// Does to the map what the act does to a user; answers what the store must answer.
fn expect(oracle: &mut Oracle, n: u16, act: &Act) -> std::result::Result<Upserted, bool> {
    match act {
        Act::Delete => Err(oracle.remove(&n).is_some()),
        Act::Set(at, value) => {
            let answer = if oracle.contains_key(&n) {
                Upserted::Updated
            } else {
                Upserted::Created
            };
            let held = oracle.entry(n).or_default();
            match value {
                Some(value) => held.insert(ATTRIBUTES[*at], value.clone()),
                None => held.remove(ATTRIBUTES[*at]),
            };
            Ok(answer)
        }
    }
}

fn run(store: &mut Bare, oracle: &mut Oracle, step: &Step) {
    match step {
        Step::Group(acts, folds, end) => {
            let mut after = oracle.clone();
            store.group(*folds, *end, |users| {
                for (n, act) in acts {
                    let answer = match act {
                        Act::Delete => Err(users.delete(user(*n))),
                        Act::Set(at, value) => {
                            let update = set(*n, ATTRIBUTES[*at], value.clone());
                            Ok(users.upsert(vec![update]).remove(0).unwrap())
                        }
                    };
                    assert_eq!(answer, expect(&mut after, *n, act));
                }
            });
            if *end != End::RolledBack {
                *oracle = after;
            }
        }
        Step::Fold(n, end) => store.fold(*n, *end),
        Step::Tidy => drop(tidy(&store.connection, &store.memory).unwrap()),
        Step::Die => store.die(),
    }
}

fn read(memory: &Memory) -> BTreeMap<String, Profile> {
    let table = memory.table.read();
    let profiles = table.live().iter().filter_map(|row| table.profile(row));
    profiles
        .map(|profile| (profile.external_id.to_string(), profile))
        .collect()
}

fn expected(oracle: &Oracle) -> BTreeMap<String, Profile> {
    let profiles = oracle.iter().map(|(n, held)| {
        let attributes = held.iter();
        let attributes = attributes.map(|(name, value)| ((*name).to_owned(), value.clone()));
        let profile = Profile {
            external_id: user(*n),
            attributes: attributes.collect(),
        };
        (profile.external_id.to_string(), profile)
    });
    profiles.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn users_outlive_every_history(steps in prop::collection::vec(step(), 1..40)) {
        let (mut store, mut oracle) = (Bare::in_memory(), Oracle::new());
        for step in &steps {
            run(&mut store, &mut oracle, step);
            let expected = expected(&oracle);
            prop_assert_eq!(&read(&store.memory), &expected, "in memory");
            // Were the process to die now.
            let loaded = load(&store.connection, &|_| {}).unwrap();
            prop_assert_eq!(&read(&loaded), &expected, "on disk");
        }
    }
}

proptest! {
    // Each commit waits for the disk.
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn users_outlive_their_store(groups in prop::collection::vec(
        (prop::collection::vec((0..USERS, act()), 1..12), any::<bool>()), 1..12)
    ) {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (mut store, mut oracle) = (open(folder.path()), Oracle::new());
        for (acts, is_reopened) in &groups {
            runtime.block_on(async {
                for (n, act) in acts {
                    let answer = match act {
                        Act::Delete => Err(store.delete_users(vec![user(*n)]).await.unwrap()[0]),
                        Act::Set(at, value) => {
                            let update = set(*n, ATTRIBUTES[*at], value.clone());
                            Ok(store.upsert_users(vec![update]).await.unwrap().remove(0).unwrap())
                        }
                    };
                    assert_eq!(answer, expect(&mut oracle, *n, act));
                }
            });
            if *is_reopened {
                drop(store);
                store = open(folder.path());
            }
            prop_assert_eq!(read(&store.memory), expected(&oracle));
        }
    }
}
