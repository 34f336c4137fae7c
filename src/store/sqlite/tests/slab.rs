//! Blocks of users as bytes, and back.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::codec::value;
use crate::audience::{Row, Slab, Table};
use crate::model::user::Change;
use crate::model::{Value, id::ExternalId};
use crate::store::sqlite::codec::sealed;
use crate::store::sqlite::slab::{decode, encode};
use crate::store::sqlite::users::BLOCK_ROWS;

/// Whatever type the last column of a block has: fewer bytes than values may be left there.
#[test]
fn a_block_may_end_with_any_type() {
    for value in [
        Value::Bool(true),
        Value::Int(7),
        Value::Double(0.5),
        Value::String("x".into()),
        Value::Timestamp("2026-11-23T10:00:00Z".parse().unwrap()),
        Value::List(vec![Value::Int(1)]),
    ] {
        let mut table = Table::new();
        for n in 0..BLOCK_ROWS {
            let external_id = ExternalId::parse(format!("user-{n}")).unwrap();
            let set = vec![("only".to_owned(), Some(value.clone()))];
            table.apply(&Change {
                external_id,
                creates: true,
                set,
            });
        }
        let bytes = encode(&table, 0).0;
        let mut back = Table::new();
        assert_eq!(back.take_in(&[decode(&bytes, 0).unwrap()]), vec![]);
        assert_eq!(back.profile(Row(0)), table.profile(Row(0)), "{value:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Users of a few blocks, some rows without one; attributes mostly of one type.
    #[test]
    fn tables_come_back_as_they_were(
        users in prop::collection::vec(
            prop::option::weighted(0.9, prop::collection::btree_map("[a-d]", value(), 0..4)), 1..200),
        same in prop::collection::vec(value(), 1..4),
    ) {
        let mut table = Table::new();
        for (n, attributes) in users.iter().enumerate() {
            let external_id = ExternalId::parse(format!("user-{n}")).unwrap();
            let mut set: BTreeMap<_, _> = attributes.clone().unwrap_or_default();
            // One that everybody has, of few values.
            set.insert("same".into(), same[n % same.len()].clone());
            set.insert("n".into(), Value::Int(i64::try_from(n).unwrap() * 7 - 90));
            let set = set.into_iter().map(|(name, value)| (name, Some(value)));
            table.apply(&Change { external_id, creates: true, set: set.collect() });
        }
        for (n, _) in users.iter().enumerate().filter(|(_, user)| user.is_none()) {
            table.delete(&ExternalId::parse(format!("user-{n}")).unwrap());
        }
        let n_blocks = u32::try_from(users.len()).unwrap().div_ceil(BLOCK_ROWS);
        let blocks: Vec<_> = (0..n_blocks).map(|block| encode(&table, block).0).collect();
        let slabs: Vec<_> =
            (0..).zip(&blocks).map(|(block, bytes)| decode(bytes, block).unwrap()).collect();
        let mut back = Table::new();
        // In two goes, so that lanes are met as they are.
        let (some, others) = slabs.split_at(slabs.len() / 2);
        prop_assert_eq!(back.take_in(some), vec![]);
        prop_assert_eq!(back.take_in(others), vec![]);
        back.free_holes();
        prop_assert_eq!(back.len(), table.len());
        for row in table.live().iter() {
            prop_assert_eq!(back.profile(row), table.profile(row));
            prop_assert_eq!(back.weight(row), table.weight(row));
            prop_assert_eq!(back.bucket(row), table.bucket(row));
        }
        // Everybody again, at rows behind: each is left out, and told.
        let twice: Vec<_> = slabs.into_iter().map(|slab| Slab {
            first: Row(slab.first.0 + n_blocks * BLOCK_ROWS),
            ..slab
        }).collect();
        prop_assert_eq!(back.take_in(&twice).len(), table.len());
        prop_assert_eq!(back.attributes(), table.attributes());
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(decode(&sealed(&bytes), 1));
    }
}
