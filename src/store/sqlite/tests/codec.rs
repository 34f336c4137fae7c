//! What is written is read, and damage is seen.

use jiff::Timestamp;
use proptest::prelude::*;

use super::super::codec::{Damaged, Entry, decode_entries, encode_entries, sealed};
use crate::model::Value;
use crate::model::id::ExternalId;
use crate::model::user::Change;

pub(in super::super) fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any::<f64>()
            .prop_filter("finite", |n| n.is_finite())
            .prop_map(Value::Double),
        ".{0,12}".prop_map(Value::String),
        (-4_000_000_000_i64..4_000_000_000, 0..1_000_000_000_i32)
            .prop_map(|(s, n)| Value::Timestamp(Timestamp::new(s, n).unwrap())),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
            proptest::collection::btree_map("[a-z]{1,4}", inner, 0..4).prop_map(Value::Object),
        ]
    })
}

fn entry() -> impl Strategy<Value = Entry> {
    let id = "[a-z0-9]{1,8}".prop_map(|text| ExternalId::parse(text).unwrap());
    let set = proptest::collection::vec(("[a-z]{1,6}", proptest::option::of(value())), 0..6);
    prop_oneof![
        4 => (id.clone(), any::<bool>(), set)
            .prop_map(|(external_id, creates, set)| Entry::Change(Change { external_id, creates, set })),
        1 => id.prop_map(Entry::Delete),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read(entries in proptest::collection::vec(entry(), 0..12)) {
        prop_assert_eq!(decode_entries(&encode_entries(&entries)).unwrap(), entries);
    }

    #[test]
    fn any_damage_is_seen(
        entries in proptest::collection::vec(entry(), 0..6), at in any::<prop::sample::Index>(), flip in 1..=u8::MAX
    ) {
        let mut bytes = encode_entries(&entries);
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert_eq!(decode_entries(&bytes), Err(Damaged));
        bytes[at] ^= flip;
        bytes.truncate(at);
        prop_assert_eq!(decode_entries(&bytes), Err(Damaged));
    }

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        // With a right checksum, so that they are read to where they make no sense.
        let bytes = sealed(&bytes);
        drop(decode_entries(&bytes));
    }
}
