//! Any text as a filter: it is refused or it works, the same for columns, rows and profiles.

#![no_main]

use std::sync::LazyLock;

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use recado::audience::{Happening, Row, Table};
use recado::model::Value;
use recado::model::event::{Event, millis};
use recado::model::id::ExternalId;
use recado::model::user::{Change, Profile};
use recado::model::value::Type;
use recado::segment::{Declared, Filter, Person, compile};

/// Each with attributes of other types under the same names.
const PEOPLE: [&str; 5] = [
    "{}",
    r#"{"name":"Anna","age":31,"score":2.5,"vip":true,"tags":["a","b"],"none":[],"empty":"",
        "address":{"city":"Köln","zip":"50667"},"zip code":"x","last_seen":"2026-11-20T10:00:00Z"}"#,
    r#"{"name":"ß\u0000😀","age":-9007199254740991,"score":0,"vip":false,"tags":["churned",1,true,["a"],{"k":1}],
        "address":{},"last_seen":"0001-01-01T00:00:00Z","messenger_id":"1001"}"#,
    r#"{"name":7,"age":"31","score":4503599627370495.5,"vip":"true","tags":"a","address":["city"],"last_seen":1,"none":0.5,
        "empty":[[]],"messenger_id":""}"#,
    r#"{"name":["Anna"],"age":{"years":31},"tags":[0.5,-0.5,2,"2026-11-20T10:00:00Z"],"country":"BR",
        "last_seen":"9999-12-30T00:00:00Z","subscriptions":{"news":true,"offers":false}}"#,
];

struct People {
    table: Table,
    people: Vec<(Row, Profile, Vec<Event>)>,
    declared: [Declared; 2],
    now: Timestamp,
}

static PEOPLE_READ: LazyLock<People> = LazyLock::new(people);

fuzz_target!(init: let_the_compiler_catch(), |bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    for declared in &PEOPLE_READ.declared {
        check(text, declared);
    }
});

/// The compiler refuses what its parser panics on. libFuzzer's hook would abort before that; what nobody
/// catches still ends the run.
fn let_the_compiler_catch() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map_or("", |at| at.file());
        if !place.contains("/cel-") && !place.contains("/antlr4rust-") {
            eprintln!("{info}");
        }
    }));
}

fn check(text: &str, declared: &Declared) {
    let filter = match compile(text, declared) {
        Ok(filter) => filter,
        Err(problems) => {
            assert!(!problems.is_empty(), "refused without a word");
            for problem in problems {
                // A span that cuts a character would panic where the problem is shown.
                assert!(problem.span.is_none_or(|span| text.get(span).is_some()));
            }
            return;
        }
    };
    assert_eq!(filter.text(), text);
    for warning in filter.warnings() {
        assert!(
            warning
                .span
                .clone()
                .is_none_or(|span| text.get(span).is_some())
        );
    }
    agree(&filter);
    let Ok(again) = compile(filter.text(), declared) else {
        panic!("what compiled does not compile again");
    };
    assert_eq!(format!("{again:?}"), format!("{filter:?}"));
}

fn agree(filter: &Filter) {
    let People {
        table, people, now, ..
    } = &*PEOPLE_READ;
    let members = filter.members(table, *now);
    for (row, profile, events) in people {
        let person = Person { profile, events };
        let verdict = filter.matches_person(person, *now);
        assert_eq!(
            filter.matches(table, *row, *now),
            verdict,
            "the row of {profile:?}"
        );
        assert_eq!(
            members.contains(*row),
            verdict == Some(true),
            "the columns of {profile:?}"
        );
        assert_eq!(filter.explain_person(person, *now).verdict, verdict);
        assert_eq!(filter.explain(table, *row, *now).verdict, verdict);
    }
}

fn people() -> People {
    let now = "2026-11-23T10:00:00Z".parse().expect("a time");
    let mut table = Table::new();
    let people = PEOPLE.iter().enumerate().map(|(n, json)| {
        let profile = profile(n, json);
        let set = profile.attributes.clone().into_iter();
        let row = table.apply(&Change {
            external_id: profile.external_id.clone(),
            creates: true,
            set: set.map(|(name, value)| (name, Some(value))).collect(),
        });
        let events = events(n, &profile.external_id, now);
        for event in &events {
            let numbers = event.numbers().map(|(name, number)| (name.into(), number));
            let happening = Happening {
                at: millis(event.at),
                batch: 1,
                id: 0,
                numbers: numbers.collect(),
            };
            table.track(row, &event.name, &happening);
        }
        (row, profile, events)
    });
    let people = people.collect();
    let mut strict: Declared = [
        (vec!["age".to_owned()], Type::Int),
        (vec!["name".to_owned()], Type::String),
        (vec!["tags".to_owned()], Type::List),
        (vec!["last_seen".to_owned()], Type::Timestamp),
    ]
    .into_iter()
    .collect();
    strict.add_event("order_placed");
    strict.add_campaign("hello");
    strict.add_segment(
        "adults",
        compile("user.age >= 18", &Declared::default()).expect("a filter"),
    );
    strict.close_attributes();
    People {
        table,
        people,
        declared: [Declared::default(), strict],
        now,
    }
}

fn profile(n: usize, json: &str) -> Profile {
    let json: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(json).expect("an object");
    let attributes = json.into_iter().map(|(name, value)| {
        let value = Value::from_json(value).expect("a value");
        (name, value.expect("no null"))
    });
    Profile {
        external_id: ExternalId::parse(format!("u-{n}")).expect("an id"),
        attributes: attributes.collect(),
    }
}

/// In the order of time: the borders of usual windows among them.
fn events(n: usize, user: &ExternalId, now: Timestamp) -> Vec<Event> {
    let ages = [90 * 24, 30 * 24, 7 * 24, 24, 1, 0];
    let taken = ages.iter().enumerate().filter(|(at, _)| at % (n + 1) == 0);
    let events = taken.map(|(at, hours)| Event {
        external_id: user.clone(),
        name: ["order_placed", "page view", "$received/hello"][at % 3].to_owned(),
        at: Timestamp::from_second(now.as_second() - hours * 3_600).expect("a time"),
        properties: [("total".to_owned(), Value::Double(12.5))].into(),
        id: None,
    });
    events.collect()
}
