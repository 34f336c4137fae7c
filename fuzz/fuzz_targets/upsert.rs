//! Any bytes as an `UpsertUsersRequest`: each item is refused or applied within its bounds, and what a user
//! then has can be read and sent again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use prost::Message;
use recado::api::{self, pb};
use recado::audience::Table;
use recado::model::Value;
use recado::model::limits;
use recado::model::registry::Registry;
use recado::model::user::{Change, Profile, Rejected};

fuzz_target!(|bytes: &[u8]| {
    let Ok(request) = pb::UpsertUsersRequest::decode(bytes) else {
        return;
    };
    let mut table = Table::new();
    for item in request.users {
        if let Ok(change) = resolve(item, &table) {
            apply(&change, &mut table);
        }
    }
});

/// The way of an item up to the store.
fn resolve(item: pb::UserUpdate, table: &Table) -> Result<Change, Rejected> {
    let update = api::decode_update(item, &Registry::default())?;
    update.check()?;
    let id = update.external_id.clone();
    update.resolve(&table.current(table.row(&id)))
}

fn apply(change: &Change, table: &mut Table) {
    let mut expected = table
        .row(&change.external_id)
        .and_then(|row| table.profile(row))
        .unwrap_or_else(|| Profile {
            external_id: change.external_id.clone(),
            attributes: [].into(),
        });
    for (name, value) in &change.set {
        match value {
            Some(value) => expected.attributes.insert(name.clone(), value.clone()),
            None => expected.attributes.remove(name),
        };
    }
    let row = table.apply(change);
    assert!(table.weight(row) as usize <= limits::PROFILE_BYTES_MAX);
    let profile = table.profile(row).expect("the user is there");
    assert_eq!(profile, expected, "the table holds what it was given");
    sent_again(profile);
}

/// What is read of a user is accepted as an upsert and changes nothing.
fn sent_again(profile: Profile) {
    let user = api::encode_user(profile.clone());
    let bytes = user.encode_to_vec();
    let user = pb::User::decode(bytes.as_slice()).expect("our own encoding");
    let item = pb::UserUpdate {
        external_id: user.external_id,
        attributes: user.attributes,
        ..pb::UserUpdate::default()
    };
    let change = resolve(item, &Table::new()).expect("what was read is accepted");
    assert_eq!(change.external_id, profile.external_id);
    assert_eq!(change.set.len(), profile.attributes.len());
    for (name, value) in &change.set {
        let value = value.as_ref().expect("no null is read");
        let known = profile.attributes.get(name).expect("a known name");
        assert!(
            is_same(known, value),
            "`{name}`: {known:?} became {value:?}"
        );
    }
}

/// Numbers are one type: a whole double comes back as an integer.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Int(a), Value::Double(b)) | (Value::Double(b), Value::Int(a)) => *a as f64 == *b,
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .zip(b)
                    .all(|(a, b)| a.0 == b.0 && is_same(a.1, b.1))
        }
        _ => a == b,
    }
}
