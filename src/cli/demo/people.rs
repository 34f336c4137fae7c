//! Two hundred sample users, the same in every run, and the few whom Messenger treats differently.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, json};

use crate::api::pb::UserUpdate;
use crate::cli::error::Error;
use crate::cli::json;
use crate::sandbox::{Fault, Person, Rule, Settings, Standing};

/// How many there are.
pub(super) const COUNT: u32 = 200;
/// Users whose messages meet something, by their number.
pub(super) const WINDOW_CLOSED: u32 = 7;
pub(super) const BLOCKED: u32 = 16;
pub(super) const ONE_ERROR: u32 = 21;
pub(super) const NO_ANSWER: u32 = 28;

/// The page that stands for every page in the sandbox.
const PAGE: &str = "me";
const DAY: Duration = Duration::from_hours(24);
const NAMES: [&str; 10] = [
    "João", "Ana", "Ben", "Carla", "Davi", "Eva", "Filipe", "Gabi", "Hugo", "Inês",
];
const CITIES: [(&str, &str); 5] = [
    ("Recife", "BR"),
    ("São Paulo", "BR"),
    ("Lisboa", "PT"),
    ("Porto", "PT"),
    ("Berlin", "DE"),
];
const PLANS: [&str; 3] = ["free", "plus", "pro"];

pub(super) fn users(now: Timestamp) -> Result<Vec<UserUpdate>, Error> {
    (1..=COUNT).map(|n| user(n, now)).collect()
}

/// The external id of user `n`; the first is easy to type.
pub(super) fn id(n: u32) -> String {
    match n {
        1 => "ana".to_owned(),
        n => format!("user-{n:03}"),
    }
}

/// A sandbox in which one window is closed, one person has blocked the page, one call fails once and one
/// message is taken without an answer.
pub(super) fn sandbox() -> Settings {
    let person = |n, standing| Person::new(PAGE, psid(n)).standing(standing);
    Settings {
        people: vec![
            person(WINDOW_CLOSED, Standing::WindowClosed),
            person(BLOCKED, Standing::Blocked),
        ],
        faults: vec![
            Rule::once(Fault::error(2)).psid(psid(ONE_ERROR)),
            Rule::once(Fault::Reset)
                .after_accept()
                .psid(psid(NO_ANSWER)),
        ],
        ..Settings::default()
    }
}

fn psid(n: u32) -> String {
    (1_000 + n).to_string()
}

fn user(n: u32, now: Timestamp) -> Result<UserUpdate, Error> {
    let pick = |of: usize| n as usize % of;
    let (city, country) = CITIES[pick(CITIES.len())];
    let seen = now.checked_sub(DAY * (n % 40)).unwrap_or(now);
    let tags: &[&str] = if n.is_multiple_of(4) {
        &["newsletter"]
    } else {
        &[]
    };
    let attributes = [
        ("first_name", json!(NAMES[pick(NAMES.len())])),
        ("city", json!(city)),
        ("country", json!(country)),
        ("plan", json!(PLANS[pick(PLANS.len())])),
        ("order_total", json!(50 + n * 37 % 400)),
        ("tags", json!(tags)),
        ("last_seen", json!(seen.to_string())),
        ("opted_in", json!(!n.is_multiple_of(10))),
    ];
    let mut attributes: Map<_, _> = attributes
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    if !n.is_multiple_of(9) {
        attributes.insert("messenger_id".to_owned(), psid(n).into());
    }
    Ok(UserUpdate {
        external_id: id(n),
        attributes: Some(json::to_struct(attributes).map_err(Error::Input)?),
        ..UserUpdate::default()
    })
}
