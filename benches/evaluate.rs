//! How long a filter takes over all users.

use std::sync::LazyLock;

use divan::Bencher;
use jiff::Timestamp;
use recado::audience::{self, Table};
use recado::model::Value;
use recado::model::id::ExternalId;
use recado::model::user::Change;
use recado::segment::{Declared, compile};

const USERS: u32 = 1_000_000;

#[expect(
    clippy::print_stderr,
    reason = "the memory is a result of this benchmark too"
)]
fn main() {
    eprintln!("{} bytes a user", TABLE.memory_bytes() / TABLE.len().max(1));
    divan::main();
}

/// Ten attributes a user, as a shop would keep them.
fn users() -> Table {
    let mut table = Table::new();
    let mut state = 7_u64;
    let mut next = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        i64::try_from((state >> 33) % below).unwrap_or(0)
    };
    for n in 0..USERS {
        let Ok(external_id) = ExternalId::parse(format!("{n:08x}-0000-4000-8000-{n:012x}")) else {
            continue;
        };
        let time = |seconds| Value::Timestamp(Timestamp::from_second(seconds).unwrap_or_default());
        let country =
            ["de", "fr", "es", "pt", "it", "pl", "nl", "br"][usize::try_from(next(8)).unwrap_or(0)];
        let cents = i32::try_from(next(50_000)).unwrap_or(0);
        let attributes = [
            ("country", Value::String(country.into())),
            ("age", Value::Int(18 + next(70))),
            ("is_subscribed", Value::Bool(next(3) > 0)),
            ("order_total", Value::Double(f64::from(cents) / 100.0)),
            ("n_orders", Value::Int(next(40))),
            ("last_seen", time(1_760_000_000 + next(30_000_000))),
            (
                "psid",
                Value::String(format!("{:016}", next(1 << 31) * 4_000_000)),
            ),
            ("plan", Value::String(format!("plan-{}", next(4)))),
            ("language", Value::String(country.into())),
            ("score", Value::Int(next(1_000))),
        ];
        let set = attributes
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Some(value)));
        table.apply(&Change {
            external_id,
            creates: true,
            set: set.collect(),
        });
    }
    table
}

const FILTERS: [(&str, &str); 7] = [
    (
        "and_of_3",
        "user.country == 'de' && user.age >= 30 && user.is_subscribed",
    ),
    (
        "in_and_time",
        "user.country in ['de', 'fr'] && user.last_seen > now - days(30) && user.n_orders > 3",
    ),
    (
        "or_not",
        "user.country == 'de' || !(user.age < 30) || user.n_orders == 7",
    ),
    ("double", "user.order_total >= 250"),
    ("contains", "user.language.contains('e')"),
    ("bucket", "user.random_bucket < 500"),
    ("unique_text", "user.psid.endsWith('7')"),
];

static TABLE: LazyLock<Table> = LazyLock::new(users);

/// `evaluate/and_of_3/1M_users` and its like; compiling is not in the time.
#[divan::bench(name = "evaluate/1M_users", args = FILTERS.map(|(name, _)| name), sample_count = 20, sample_size = 5)]
fn evaluate(bencher: Bencher, name: &str) {
    let text = FILTERS
        .iter()
        .find(|(known, _)| *known == name)
        .map_or("true", |(_, text)| *text);
    let Ok(filter) = compile(text, &Declared::default()) else {
        return;
    };
    let now = Timestamp::from_second(1_790_000_000).unwrap_or_default();
    let table = &*TABLE;
    bencher.bench_local(|| filter.count(table, now));
}

/// One user against the three clauses.
#[divan::bench(name = "matches/and_of_3/1_user")]
fn matches(bencher: Bencher) {
    let Ok(filter) = compile(FILTERS[0].1, &Declared::default()) else {
        return;
    };
    let now = Timestamp::from_second(1_790_000_000).unwrap_or_default();
    let table = &*TABLE;
    let row = audience::Row(USERS / 2);
    bencher.bench_local(|| filter.matches(table, divan::black_box(row), now));
}
