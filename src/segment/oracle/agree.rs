//! Columns, rows and profiles against a naive walk with the parser's own interpreter.

use std::io::Write;
use std::sync::Arc;

use cel::common::ast::operators as op;
use cel::extractors::Arguments;
use cel::parser::Parser;
use cel::{Context, ExecutionError, Value as Cel};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::audience::{Happening, Table};
use crate::model::event::{Event, from_millis, millis};
use crate::model::id::ExternalId;
use crate::model::user::{Change, Profile};
use crate::model::{Value, bucket};

use super::super::{Declared, Person, compile};
use super::generate::{DAY, deeds, filter, user};
use super::walk::{Reached, Walk, to_cel};

/// Enough users for every lane to be in use, and then some rows of a last word.
const USERS: usize = 100;
const TABLES: usize = 3;
const FILTERS: usize = 40;

/// The segment that random filters name.
const OTHER: &str = "user.i > 0 || user.s == \"a\"";

/// The first or the last of some times.
type Pick = fn(std::vec::IntoIter<i64>) -> Option<i64>;

/// Somebody, and what they did in the order of time.
pub(super) struct Subject {
    pub(super) profile: Profile,
    events: Vec<Event>,
}

pub(super) fn table_of(users: &[Subject]) -> Table {
    let mut table = Table::new();
    for Subject { profile, events } in users {
        let set = profile
            .attributes
            .clone()
            .into_iter()
            .map(|(name, value)| (name, Some(value)));
        let row = table.apply(&Change {
            external_id: profile.external_id.clone(),
            creates: true,
            set: set.collect(),
        });
        for event in events {
            let numbers = event.numbers().map(|(name, n)| (name.into(), n));
            let happening = Happening {
                at: millis(event.at),
                batch: 1,
                id: 0,
                numbers: numbers.collect(),
            };
            table.track(row, &event.name, &happening);
        }
    }
    table
}

pub(super) fn users(runner: &mut TestRunner) -> Vec<Subject> {
    let users = (0..USERS).map(|n| {
        let id = ExternalId::parse(format!("u{n}")).unwrap();
        let mut deeds = deeds().new_tree(runner).unwrap().current();
        deeds.sort_by_key(|(_, at, _)| *at);
        let events = deeds.into_iter().map(|(name, at, number)| Event {
            external_id: id.clone(),
            name,
            at: from_millis(at),
            properties: number
                .map(|n| ("n".to_owned(), Value::Double(n)))
                .into_iter()
                .collect(),
            id: None,
        });
        Subject {
            events: events.collect(),
            profile: Profile {
                attributes: user().new_tree(runner).unwrap().current(),
                external_id: id,
            },
        }
    });
    users.collect()
}

// === impl Subject ===

impl Subject {
    pub(super) fn person(&self) -> Person<'_> {
        Person {
            profile: &self.profile,
            events: &self.events,
        }
    }

    /// The user as the interpreter sees it, with our functions counting along a plain list.
    fn context(&self, now: i64) -> Context<'static, 'static> {
        let mut seen = self.profile.attributes.clone();
        // The interpreter is built without times: they are milliseconds there, and `t` stands beside times alone.
        let at = match seen.remove("t") {
            Some(Value::Timestamp(at)) => Some(millis(at)),
            _ => None,
        };
        seen.extend(at.map(|at| ("t".to_owned(), Value::Int(at))));
        let id = self.profile.external_id.as_str();
        seen.insert("id".into(), Value::String(id.into()));
        seen.insert("random_bucket".into(), Value::Int(bucket(id).into()));
        let mut context = Context::default();
        context.add_variable_from_value("user", to_cel(&Value::Object(seen)));
        context.add_variable_from_value("now", Cel::Int(now));
        context.add_function("days", |n: i64| n * DAY).unwrap();
        let time = |text: Arc<String>| millis(text.parse().unwrap());
        context.add_function("timestamp", time).unwrap();
        let hours =
            |text: Arc<String>| text.trim_end_matches('h').parse::<i64>().unwrap() * DAY / 24;
        context.add_function("duration", hours).unwrap();
        for (name, pick) in [
            ("first", Iterator::min as Pick),
            ("last", Iterator::max as Pick),
        ] {
            let times = self.times(now);
            let found = move |event: Arc<String>| match pick(times(&event).into_iter()) {
                Some(at) => Ok(Cel::Int(at)),
                None => Err(ExecutionError::function_error(name, "there is no event")),
            };
            context.add_function(name, found).unwrap();
        }
        let within = self.within(now);
        let count = move |Arguments(args): Arguments| {
            Cel::Int(i64::try_from(within("", &args, 1).len()).unwrap())
        };
        context.add_function("count", count).unwrap();
        let within = self.within(now);
        let sum = move |Arguments(args): Arguments| {
            Cel::Float(within("", &args, 2).into_iter().flatten().sum())
        };
        context.add_function("sum", sum).unwrap();
        let within = self.within(now);
        let received =
            move |Arguments(args): Arguments| Cel::Bool(!within("$received/", &args, 1).is_empty());
        context.add_function("received", received).unwrap();
        context
    }

    /// When the events of a name were, those of the future left out.
    fn times(&self, now: i64) -> impl Fn(&str) -> Vec<i64> + use<> {
        let events = self.events.clone();
        move |name| {
            let own = events.iter().filter(|event| event.name == name);
            let times = own.map(|event| millis(event.at));
            times.filter(|at| *at <= now).collect()
        }
    }

    /// The property `n` of the events that are named by the first argument and not longer ago than argument `at`.
    fn within(&self, now: i64) -> impl Fn(&str, &[Cel], usize) -> Vec<Option<f64>> + use<> {
        let events = self.events.clone();
        move |prefix, args, at| {
            let Cel::String(name) = &args[0] else {
                panic!("no name")
            };
            let after = match args.get(at) {
                Some(Cel::Int(span)) => now - span,
                _ => i64::MIN,
            };
            let own = events.iter().filter(|event| {
                event.name == format!("{prefix}{name}")
                    && millis(event.at) > after
                    && millis(event.at) <= now
            });
            own.map(|event| event.numbers().next().map(|(_, n)| n))
                .collect()
        }
    }
}

pub(super) fn declared() -> Declared {
    let mut declared = Declared::default();
    let other = compile(OTHER, &declared).unwrap();
    declared.add_segment("other", other);
    declared
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story: judge, compare, count")]
fn columns_rows_and_the_interpreter_agree() {
    let mut runner = TestRunner::deterministic();
    let parse = |text: &str| Parser::new().parse(text).unwrap();
    let (equality, other, news) = (
        parse("l == r"),
        parse(OTHER),
        parse("user.subscriptions.news"),
    );
    let (mut reached, mut n_filters) = (Reached::new(), 0);
    let now = from_millis(5 * DAY);
    for _ in 0..TABLES {
        let users = users(&mut runner);
        let table = table_of(&users);
        for _ in 0..FILTERS {
            let text = filter().new_tree(&mut runner).unwrap().current();
            // What is refused as never true has no verdict to compare.
            let Ok(filter) = compile(&text, &declared()) else {
                continue;
            };
            n_filters += 1;
            let expr = parse(&text);
            let members = filter.members(&table, now);
            assert!(!filter.is_never() || members.is_empty(), "{text}");
            let others = compile(&format!("!({text})"), &declared()).unwrap();
            let others = others.members(&table, now);
            for user in &users {
                let context = user.context(5 * DAY);
                let mut walk = Walk {
                    equality: &equality,
                    other: &other,
                    news: &news,
                    reached: &mut reached,
                };
                let expected = walk.judge(&expr, &context);
                let shown = || format!("{text}\n{:?}\n{:?}", user.profile, user.events);
                let row = table.row(&user.profile.external_id).unwrap();
                assert_eq!(
                    filter.matches_person(user.person(), now),
                    expected,
                    "{}",
                    shown()
                );
                assert_eq!(filter.matches(&table, row, now), expected, "{}", shown());
                assert_eq!(members.contains(row), expected == Some(true), "{}", shown());
                assert_eq!(others.contains(row), expected == Some(false), "{}", shown());
            }
        }
    }
    assert!(n_filters > TABLES * FILTERS / 3, "{n_filters}");
    // Into the test's own output: what was reached, true, false and unknown.
    let mut told = std::io::stderr().lock();
    writeln!(told, "{n_filters} filters over {} users", TABLES * USERS).unwrap();
    let line = |name: &str, [no, yes, unknown]: [&str; 3]| {
        format!("  {name:<14} {yes:>7} {no:>7} {unknown:>7}")
    };
    writeln!(told, "{}", line("", ["false", "true", "unknown"])).unwrap();
    for (name, seen) in &reached {
        let seen = seen.map(|n| n.to_string());
        writeln!(told, "{}", line(name, seen.each_ref().map(String::as_str))).unwrap();
    }
    drop(told);
    let total = [
        op::LOGICAL_AND,
        op::LOGICAL_OR,
        op::LOGICAL_NOT,
        op::EQUALS,
        op::NOT_EQUALS,
        op::LESS,
        op::LESS_EQUALS,
        op::GREATER,
        op::GREATER_EQUALS,
        op::IN,
        "startsWith",
        "endsWith",
        "contains",
        "matches",
        "exists",
        "all",
        "subscribed",
        "size",
        "first",
        "last",
        "timestamp",
        "duration",
        "now",
        op::ADD,
        op::SUBSTRACT,
        "days",
        "user.id",
        "user.random_bucket",
    ];
    for name in total {
        let seen = reached.get(name).copied().unwrap_or_default();
        assert!(seen.iter().all(|n| *n >= 5), "{name}: {seen:?}");
    }
    for name in ["has", "blank", "received", "in_segment", "count", "sum"] {
        let seen = reached.get(name).copied().unwrap_or_default();
        assert!(
            seen[..2].iter().all(|n| *n >= 5) && seen[2] == 0,
            "{name}: {seen:?}"
        );
    }
}
