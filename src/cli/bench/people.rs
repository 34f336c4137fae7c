//! Users for measuring: the same for the same number, with shapes as real ones have.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::api::pb::UserUpdate;
use crate::cli::error::Error;
use crate::cli::json;

const COUNTRIES: [&str; 8] = ["BR", "PT", "DE", "FR", "US", "MX", "ES", "IT"];
const PLANS: [&str; 4] = ["free", "free", "plus", "pro"];
/// Attributes that have a meaning; those above are plain strings.
pub(super) const MEANT: usize = 10;

/// A well mixed number from `n`: data looks random and is the same in every run.
pub(super) fn mix(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// User `n` with so many attributes.
pub(super) fn user(n: u64, attributes: usize, now: Timestamp) -> Result<UserUpdate, Error> {
    let of = |salt: u64, below: u64| mix(n.wrapping_mul(31).wrapping_add(salt)) % below;
    let pick = |salt, from: &[&str]| json!(from[index(of(salt, from.len() as u64))]);
    let seen = now - Duration::from_hours(of(6, 90 * 24));
    let meant = [
        ("messenger_id", json!((1_000_000 + n).to_string())),
        ("country", pick(1, &COUNTRIES)),
        ("age", json!(16 + of(2, 60))),
        ("plan", pick(3, &PLANS)),
        ("order_total", json!(of(4, 50_000))),
        ("city", json!(format!("city-{}", of(5, 5_000)))),
        ("last_seen", json!(seen.to_string())),
        ("opted_in", json!(of(7, 10) > 1)),
        ("first_name", json!(format!("name-{}", of(8, 2_000)))),
        ("email", json!(format!("user{n}@example.com"))),
    ];
    let more = (MEANT..attributes).map(|at| {
        let value = json!(format!("value-{}", of(at as u64, 100)));
        (format!("attribute_{at}"), value)
    });
    let map: Map<String, Value> = meant
        .into_iter()
        .take(attributes)
        .map(|(name, value)| (name.to_owned(), value))
        .chain(more)
        .collect();
    update(n, map)
}

/// A change of eight attributes of user `n`; another one for another `turn`.
pub(super) fn change(n: u64, turn: u64, now: Timestamp) -> Result<UserUpdate, Error> {
    let of = |salt: u64, below: u64| mix(turn.wrapping_add(salt << 40)) % below;
    let pick = |salt, from: &[&str]| json!(from[index(of(salt, from.len() as u64))]);
    let seen = now - Duration::from_hours(of(4, 90 * 24));
    let map = [
        ("age", json!(16 + of(1, 60))),
        ("order_total", json!(of(2, 50_000))),
        ("city", json!(format!("city-{}", of(3, 5_000)))),
        ("last_seen", json!(seen.to_string())),
        ("country", pick(5, &COUNTRIES)),
        ("plan", pick(6, &PLANS)),
        ("opted_in", json!(of(7, 10) > 1)),
        ("first_name", json!(format!("name-{}", of(8, 2_000)))),
    ];
    let map = map.map(|(name, value)| (name.to_owned(), value));
    update(n, map.into_iter().collect())
}

pub(super) fn id(n: u64) -> String {
    format!("user-{n:08}")
}

fn update(n: u64, attributes: Map<String, Value>) -> Result<UserUpdate, Error> {
    Ok(UserUpdate {
        external_id: id(n),
        attributes: Some(json::to_struct(attributes).map_err(Error::Input)?),
        ..UserUpdate::default()
    })
}

fn index(n: u64) -> usize {
    usize::try_from(n).unwrap_or_default()
}
