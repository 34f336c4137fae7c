//! Users and events for measuring: the same for the same number, with shapes as real ones have. The set of twenty
//! attributes is that of `benches/compare`.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value};

use crate::api::pb::{Event, UserUpdate};

const COUNTRIES: [&str; 14] = [
    "AR", "CL", "CO", "DE", "ES", "FR", "GB", "IN", "IT", "MX", "NL", "PE", "PL", "US",
];
const LANGUAGES: [&str; 8] = ["de", "en", "es", "fr", "it", "nl", "pl", "pt"];
const DEVICES: [&str; 3] = ["android", "ios", "web"];
const SOURCES: [&str; 12] = [
    "ads", "blog", "email", "event", "friend", "import", "partner", "press", "qr", "search",
    "shop", "social",
];
const TAGS: [&str; 12] = [
    "active",
    "beta",
    "churned",
    "coupon",
    "gift",
    "large",
    "lapsed",
    "local",
    "new",
    "refund",
    "vip",
    "wholesale",
];
/// Attributes of users who are not measured for their own sake.
pub(super) const TYPICAL: usize = 10;
const EVENT_DAYS: u64 = 90;

/// The random choices of one user, event or change.
#[derive(Clone, Copy)]
struct Dice(u64);

// === impl Dice ===

impl Dice {
    /// Below `n`; another number for another `salt`.
    fn below(self, salt: u64, n: u64) -> u64 {
        mix(self.0.wrapping_mul(31).wrapping_add(salt)) % n
    }

    fn pick(self, salt: u64, from: &[&str]) -> Value {
        let n = self.below(salt, from.len() as u64);
        text(from[usize::try_from(n).unwrap_or_default()])
    }

    fn is_one_of(self, salt: u64, share: u64) -> bool {
        self.below(salt, 100) < share
    }

    fn country(self) -> Value {
        match self.below(1, 1_000) {
            0..100 => text("BR"),
            100..125 => text("PT"),
            _ => self.pick(21, &COUNTRIES),
        }
    }

    fn plan(self) -> Value {
        text(match self.below(4, 10) {
            0 => "pro",
            1 | 2 => "basic",
            _ => "free",
        })
    }

    /// Two decimals, few of them large.
    fn ltv(self) -> Value {
        let cents = self.below(13, 100) * self.below(22, 100) * self.below(23, 100) / 45;
        decimal(cents)
    }

    fn last_seen(self, now: Timestamp) -> Value {
        let at = now - Duration::from_millis(self.below(18, 28 * 86_400_000));
        text(&at.round(jiff::Unit::Millisecond).unwrap_or(at).to_string())
    }

    fn city(self) -> Value {
        text(&format!("city-{:04}", self.below(2, 5_000)))
    }

    fn first_name(self) -> Value {
        text(&format!("name-{:04}", self.below(3, 2_000)))
    }

    fn tags(self) -> Value {
        let (first, n) = (self.below(19, 12), self.below(20, 4));
        // Steps of 5 round a list of 12 never meet the same tag twice.
        let tags = (0..n).map(|step| (first + 5 * step) % 12);
        let values = tags.map(|at| text(TAGS[usize::try_from(at).unwrap_or_default()]));
        Value {
            kind: Some(Kind::ListValue(ListValue {
                values: values.collect(),
            })),
        }
    }
}

/// A well mixed number from `n`: data looks random and is the same in every run.
pub(super) fn mix(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// User `n` with so many attributes: twenty have a meaning, those above are texts of few values.
pub(super) fn user(n: u64, attributes: usize, now: Timestamp) -> UserUpdate {
    let dice = Dice(n);
    let domain = match dice.below(9, 40) {
        0 => "gmail.com".to_owned(),
        1 => "outlook.com".to_owned(),
        other => format!("mail-{other}.example"),
    };
    let messenger_id = match dice.below(11, 20) {
        0..16 => Some(psid(n)),
        16 => Some(text("")),
        _ => None,
    };
    let meant = [
        ("messenger_id", messenger_id),
        ("country", Some(dice.country())),
        ("age", Some(number(18 + dice.below(12, 70)))),
        ("plan", Some(dice.plan())),
        ("ltv", Some(dice.ltv())),
        ("city", Some(dice.city())),
        ("last_seen", Some(dice.last_seen(now))),
        ("opted_in", Some(boolean(dice.is_one_of(16, 70)))),
        ("first_name", Some(dice.first_name())),
        ("email", Some(text(&format!("user.{n}@{domain}")))),
        ("tags", Some(dice.tags())),
        ("n_orders", Some(number(dice.below(14, 40)))),
        ("score", Some(number(dice.below(15, 1_000)))),
        ("basket", Some(decimal(500 + dice.below(24, 19_500)))),
        ("is_tester", Some(boolean(dice.is_one_of(17, 1)))),
        ("language", Some(dice.pick(5, &LANGUAGES))),
        ("device", Some(dice.pick(6, &DEVICES))),
        ("source", Some(dice.pick(7, &SOURCES))),
        (
            "timezone",
            Some(text(&format!("UTC+{}", dice.below(8, 24)))),
        ),
        (
            "phone",
            Some(text(&format!("+55{:09}", n * 7_919 % 1_000_000_000))),
        ),
    ];
    let more = (meant.len()..attributes).map(|at| {
        let value = text(&format!("value-{}", dice.below(100 + at as u64, 100)));
        (format!("attribute_{at}"), value)
    });
    let named = meant.into_iter().take(attributes);
    let named = named.filter_map(|(name, value)| Some((name.to_owned(), value?)));
    update(n, named.chain(more).collect())
}

/// The same user, who can be written to whatever the dice say.
pub(super) fn reachable(n: u64, attributes: usize, now: Timestamp) -> UserUpdate {
    let mut user = self::user(n, attributes, now);
    let attributes = user.attributes.get_or_insert_default();
    attributes.fields.insert("messenger_id".to_owned(), psid(n));
    user
}

fn psid(n: u64) -> Value {
    text(&(1_000_000_000_000_000 + n * 2_654_435_761).to_string())
}

/// A change of eight attributes of user `n`; another one for another `turn`.
pub(super) fn change(n: u64, turn: u64, now: Timestamp) -> UserUpdate {
    let dice = Dice(mix(turn ^ 0x5eed));
    let changed = [
        ("age", number(18 + dice.below(12, 70))),
        ("ltv", dice.ltv()),
        ("city", dice.city()),
        ("last_seen", dice.last_seen(now)),
        ("country", dice.country()),
        ("plan", dice.plan()),
        ("opted_in", boolean(dice.is_one_of(16, 70))),
        ("first_name", dice.first_name()),
    ];
    let changed = changed.map(|(name, value)| (name.to_owned(), value));
    update(n, changed.into_iter().collect())
}

/// Event `n` of one of so many users: 20 names over 90 days, one in twelve an order with a total.
pub(super) fn event(n: u64, users: u64, now: Timestamp) -> Event {
    let dice = Dice(mix(n ^ 0xe7e47));
    let at = now - Duration::from_millis(dice.below(1, EVENT_DAYS * 86_400_000));
    let (name, properties) = if dice.is_one_of(2, 8) {
        let total = decimal(500 + dice.below(4, 19_500));
        ("order_placed".to_owned(), vec![("total".to_owned(), total)])
    } else {
        (format!("event_{:02}", 1 + dice.below(3, 19)), Vec::new())
    };
    Event {
        external_id: id(dice.below(5, users)),
        name,
        time: Some(prost_types::Timestamp {
            seconds: at.as_second(),
            nanos: at.subsec_nanosecond(),
        }),
        properties: Some(Struct {
            fields: properties.into_iter().collect(),
        }),
        event_id: String::new(),
    }
}

/// Shaped as a UUID, as most callers' ids are.
pub(super) fn id(n: u64) -> String {
    format!("{n:08x}-0000-4000-8000-{n:012x}")
}

fn update(n: u64, fields: BTreeMap<String, Value>) -> UserUpdate {
    UserUpdate {
        external_id: id(n),
        attributes: Some(Struct { fields }),
        ..UserUpdate::default()
    }
}

fn text(text: &str) -> Value {
    Value {
        kind: Some(Kind::StringValue(text.to_owned())),
    }
}

fn boolean(value: bool) -> Value {
    Value {
        kind: Some(Kind::BoolValue(value)),
    }
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn number(n: u64) -> Value {
    Value {
        kind: Some(Kind::NumberValue(n as f64)),
    }
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn decimal(cents: u64) -> Value {
    Value {
        kind: Some(Kind::NumberValue(cents as f64 / 100.0)),
    }
}
