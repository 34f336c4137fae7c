//! The table against a map of maps.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::model::Value;
use crate::model::id::ExternalId;
use crate::model::user::{Change, Current, Profile, weight};

use super::{Bitmap, Question, Row, Shape, Table};

type Oracle = BTreeMap<ExternalId, BTreeMap<String, Value>>;

#[derive(Debug, Clone)]
enum Step {
    Apply(Change),
    Delete(ExternalId),
}

fn id(n: u16) -> ExternalId {
    ExternalId::parse(format!("user-{n}")).unwrap()
}

fn value() -> impl Strategy<Value = Value> {
    let time = |nanos: i64| jiff::Timestamp::from_nanosecond(nanos.into()).unwrap();
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        (-5_i64..5).prop_map(Value::Int),
        (-(1_i64 << 53)..1 << 53).prop_map(Value::Int),
        (-4_i32..4).prop_map(|n| Value::Double(f64::from(n) / 4.0)),
        "[a-c]{0,2}".prop_map(Value::String),
        ".{0,12}".prop_map(Value::String),
        (0_i64..9).prop_map(move |n| Value::Timestamp(time(n * 86_400_000_000_000))),
        any::<i64>().prop_map(move |n| Value::Timestamp(time(n))),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::List),
            prop::collection::btree_map("[a-c](\\.b)?", inner, 0..3).prop_map(Value::Object),
        ]
    })
}

fn step(n_users: u16) -> impl Strategy<Value = Step> {
    let set = prop::collection::btree_map("[a-e](\\.b)?", prop::option::of(value()), 0..4);
    prop_oneof![
        6 => (0..n_users, set).prop_map(|(n, set)| Step::Apply(Change {
            external_id: id(n),
            creates: false,
            set: set.into_iter().collect(),
        })),
        1 => (0..n_users).prop_map(|n| Step::Delete(id(n))),
    ]
}

fn run(table: &mut Table, oracle: &mut Oracle, step: Step) {
    match step {
        Step::Apply(change) => {
            let held = oracle.entry(change.external_id.clone()).or_default();
            table.apply(&change);
            for (name, value) in change.set {
                match value {
                    Some(value) => held.insert(name, value),
                    None => held.remove(&name),
                };
            }
        }
        Step::Delete(id) => {
            assert_eq!(table.delete(&id).is_some(), oracle.remove(&id).is_some());
        }
    }
}

fn assert_agree(table: &Table, oracle: &Oracle) {
    assert_eq!(table.len(), oracle.len());
    assert_eq!(table.live().len(), oracle.len());
    for (external_id, attributes) in oracle {
        let row = table.row(external_id).unwrap();
        assert!(table.live().contains(row));
        assert_eq!(table.external_id(row).as_ref(), Some(external_id));
        let profile = Profile {
            external_id: external_id.clone(),
            attributes: attributes.clone(),
        };
        assert_eq!(table.profile(row), Some(profile));
        let weighed: usize = attributes.iter().map(|(name, v)| weight(name, v)).sum();
        assert_eq!(table.current(table.row(external_id)).weight(), weighed);
    }
    let all = table.live().iter().filter_map(|row| table.profile(row));
    let all: Oracle = all.map(|p| (p.external_id, p.attributes)).collect();
    assert_eq!(&all, oracle);
    let counted: usize = table
        .attributes()
        .iter()
        .filter(|attribute| attribute.path.len() == 1)
        .flat_map(|attribute| attribute.types.values())
        .sum();
    assert_eq!(counted, oracle.values().map(BTreeMap::len).sum::<usize>());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_table_is_a_map_of_maps(steps in prop::collection::vec(step(90), 1..300)) {
        let (mut table, mut oracle) = (Table::new(), Oracle::new());
        for step in steps {
            run(&mut table, &mut oracle, step);
        }
        assert_agree(&table, &oracle);
    }
}

/// One attribute of one type for many users, so that each lane is in use, then of another type.
#[test]
fn lanes_change_with_the_values() {
    let time = |n: i64| Value::Timestamp(jiff::Timestamp::from_second(n).unwrap());
    let kinds: [&dyn Fn(i64) -> Value; 8] = [
        &|n| Value::Int(n * 1000 - 90_000),
        &|n| Value::Double(f64::from(i32::try_from(n).unwrap()) / 2.0 + 0.25),
        &|n| Value::String(format!("unique-{n}")),
        &|n| Value::String(format!("group-{}", n % 7)),
        &|n| Value::Bool(n % 3 == 0),
        &|n| time(n * 1_000_003),
        &|n| Value::List(vec![Value::Int(n % 5), Value::String("x".into())]),
        &|n| Value::Object(BTreeMap::from([("n".into(), Value::Int(n))])),
    ];
    let (mut table, mut oracle) = (Table::new(), Oracle::new());
    for kind in kinds {
        for n in 0..3000_u16 {
            let change = Change {
                external_id: id(n),
                creates: false,
                set: vec![("a".into(), Some(kind(n.into())))],
            };
            run(&mut table, &mut oracle, Step::Apply(change));
        }
        assert_agree(&table, &oracle);
    }
}

#[test]
fn a_deleted_users_row_goes_to_the_next_user() {
    let mut table = Table::new();
    let user = |n| Change {
        external_id: id(n),
        creates: true,
        set: vec![("a".into(), Some(Value::Int(1)))],
    };
    let first = table.apply(&user(1));
    let second = table.apply(&user(2));
    assert_eq!(
        (table.delete(&id(1)), table.delete(&id(1))),
        (Some(first), None)
    );
    let bare = Change {
        external_id: id(3),
        creates: true,
        set: Vec::new(),
    };
    assert_eq!(table.apply(&bare), first);
    assert_eq!(table.get(first, "a"), None);
    assert_eq!((table.weight(first), table.weight(second)), (0, 9));
    assert_eq!(table.rows_end(), Row(2));
}

/// Nearly every string once, so that they are not in a dictionary, and empty ones come and go.
#[test]
fn empty_strings_are_found_among_unique_ones() {
    let mut table = Table::new();
    let mut oracle = Oracle::new();
    for (n, turn) in (0..3_000_u16).zip(0_u32..).chain((0..500).zip(3_000..)) {
        let text = if turn % 7 == 3 {
            String::new()
        } else {
            format!("text-{turn}")
        };
        let change = Change {
            external_id: id(n),
            creates: false,
            set: vec![("a".into(), Some(Value::String(text)))],
        };
        run(&mut table, &mut oracle, Step::Apply(change));
    }
    for n in (0..3_000).step_by(11) {
        run(&mut table, &mut oracle, Step::Delete(id(n)));
    }
    let is_blank = |value: Option<&Value>| match value {
        None => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(_) => false,
    };
    let question = Question {
        text: None,
        shape: Shape::Emptiness,
        holds: Box::new(is_blank),
    };
    let blocks = 0..table.live().blocks();
    let test = table.test(&["a".to_owned()], question, blocks.clone());
    let mut words: Vec<_> = blocks.map(|block| table.live().word(block)).collect();
    test(0, &mut words);
    let found = Bitmap::from_words(words);
    let expected: Bitmap = oracle
        .iter()
        .filter(|(_, attributes)| is_blank(attributes.get("a")))
        .filter_map(|(id, _)| table.row(id))
        .collect();
    assert!(!expected.is_empty());
    let rows = |set: &Bitmap| set.iter().collect::<Vec<_>>();
    assert_eq!(rows(&found), rows(&expected));
}
