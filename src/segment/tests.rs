//! What filters mean, what is refused, and that columns, rows and profiles agree.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::audience::{Row, Table};
use crate::diagnostic::Diagnostic;
use crate::model::Value;
use crate::model::id::ExternalId;
use crate::model::user::{Change, Profile};
use crate::model::value::Type;

use super::{Declared, compile};

pub(super) fn profile(json: &str) -> Profile {
    let json: BTreeMap<String, serde_json::Value> = serde_json::from_str(json).unwrap();
    let attributes = json
        .into_iter()
        .map(|(k, v)| (k, Value::from_json(v).unwrap().unwrap()));
    Profile {
        external_id: ExternalId::parse("u-1").unwrap(),
        attributes: attributes.collect(),
    }
}

fn declared() -> Declared {
    [
        (vec!["psid".to_owned()], Type::String),
        (vec!["age".to_owned()], Type::Int),
    ]
    .into_iter()
    .collect()
}

pub(super) fn now() -> Timestamp {
    "2026-11-23T10:00:00Z".parse().unwrap()
}

pub(super) const ANNA: &str = r#"{"name":"Anna","age":31,"score":2.5,"vip":true,"tags":["a","b"],"none":[],"empty":"",
    "address":{"city":"Köln","zip":"50667"},"zip code":"x","seen":"2026-11-20T10:00:00Z","mixed":["a",1]}"#;

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn a_filter_means_what_it_says() {
    let anna = profile(ANNA);
    let mut table = Table::new();
    let set = anna
        .attributes
        .clone()
        .into_iter()
        .map(|(k, v)| (k, Some(v)))
        .collect();
    let row = table.apply(&Change {
        external_id: anna.external_id.clone(),
        creates: true,
        set,
    });
    let (yes, no, unknown) = (Some(true), Some(false), None);
    for (text, expected) in [
        ("user.age == 31", yes),
        ("user.age == 31.0 && 30.5 < user.age", yes),
        ("user.age != 31", no),
        ("user.age == user.age", yes),
        ("user.absent != 31", unknown),
        ("!(user.absent == 31)", unknown),
        ("user.absent == 1 || user.vip", yes),
        ("user.absent == 1 && !user.vip", no),
        ("user.name > 3", unknown),
        ("user.name", unknown),
        ("user.name in ['Ben', 'Anna']", yes),
        ("!(user.name in ['Ben'])", yes),
        ("'a' in user.tags && !('c' in user.tags)", yes),
        ("'c' in user.mixed", unknown),
        ("'city' in user.address", yes),
        (
            "has(user.address) && has(user.address.city) && !has(user.address.street)",
            yes,
        ),
        (
            "user.address.city == 'Köln' && size(user.address.city) == 4",
            yes,
        ),
        ("user[\"zip code\"] == \"x\"", yes),
        (
            "blank(user.absent) && blank(user.none) && blank(user.empty) && !blank(user.age)",
            yes,
        ),
        (
            "size(user.tags) == 2 && user.tags.size() == 2 && size(user.address) == 2",
            yes,
        ),
        ("size(user.age) == 2", unknown),
        (
            "user.name.startsWith('An') && user.name.endsWith('na') && user.name.contains('nn')",
            yes,
        ),
        (
            "user.name.matches('^A.+a$') && !user.name.matches('b')",
            yes,
        ),
        (
            "user.tags.exists(t, t == 'b') && user.tags.all(t, t < 'c')",
            yes,
        ),
        ("user.mixed.exists(t, t == 'c')", unknown),
        ("user.none.all(t, t == 1)", yes),
        ("user.tags.exists(t, user.mixed.exists(m, m == t))", yes),
        ("user.id == 'u-1' && user.random_bucket < 10000", yes),
        (
            "user.seen > now - days(7) && now - user.seen == duration('72h')",
            yes,
        ),
        (
            "user.seen + days(3) == now && timestamp(user.seen) < timestamp('2026-11-21T00:00:00Z')",
            yes,
        ),
        ("user.tags == ['a', 'b'] && user.tags != ['a']", yes),
        ("true && !false", yes),
        ("user.score >= 2 && user.score < -1.5 == false", unknown),
    ] {
        let Ok(filter) = compile(text, &declared()) else {
            assert_eq!(
                expected,
                unknown,
                "{text}: {:?}",
                compile(text, &declared())
            );
            continue;
        };
        assert_eq!(filter.matches_person(&anna, now()), expected, "{text}");
        assert_eq!(filter.matches(&table, row, now()), expected, "{text}");
        assert_eq!(
            filter.count(&table, now()),
            u64::from(expected == yes),
            "{text}"
        );
        assert_eq!(
            filter.explain_person(&anna, now()).verdict,
            expected,
            "{text}"
        );
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn what_cannot_be_is_refused_where_it_stands() {
    for (text, code, marked) in [
        ("", "filter-syntax", None),
        ("user.a ==", "filter-syntax", Some("")),
        ("user.a = 1", "filter-syntax", Some("=")),
        (
            "user.a == 1 && user.name.startWith('A')",
            "filter-unknown-function",
            Some("user.name.startWith('A')"),
        ),
        ("count('order', 30) > 3", "filter-type", Some("30")),
        ("in_segment('x')", "filter-unknown-segment", Some("'x'")),
        ("count() > 3", "filter-type", Some("count()")),
        (
            "count('order', days(0)) > 3",
            "filter-type",
            Some("days(0)"),
        ),
        ("count(user.name) > 3", "filter-type", Some("user.name")),
        (
            "last('order', days(1)) > now",
            "filter-type",
            Some("last('order', days(1))"),
        ),
        ("sum('order') > 3", "filter-type", Some("sum('order')")),
        (
            "last('order') > 3",
            "filter-type",
            Some("last('order') > 3"),
        ),
        ("received()", "filter-type", Some("received()")),
        (
            "user.l.all(a, a.exists(b, b.all(c, c == 1)))",
            "filter-too-deep",
            None,
        ),
        ("usr.a == 1", "filter-unknown-name", Some("usr")),
        (
            "size(user.tags) > '3'",
            "filter-type",
            Some("size(user.tags) > '3'"),
        ),
        (
            "user.ok && (user.age > 'x')",
            "filter-type",
            Some("user.age > 'x'"),
        ),
        (
            "user.psid == 12345",
            "filter-type",
            Some("user.psid == 12345"),
        ),
        (
            "user.psid in [1, 2]",
            "filter-type",
            Some("user.psid in [1, 2]"),
        ),
        ("user.age", "filter-type", Some("user.age")),
        ("user.a + 1 > 2", "filter-not-supported", Some("user.a + 1")),
        ("user.a == null", "filter-not-supported", Some("null")),
        ("user.a == 3u", "filter-not-supported", Some("3u")),
        (
            "user.a ? true : false",
            "filter-not-supported",
            Some("user.a ? true : false"),
        ),
        ("user.t.map(x, x) == []", "filter-not-supported", None),
        ("user.t.exists_one(x, x == 1)", "filter-not-supported", None),
        ("user.name.matches('é(')", "filter-regex", Some("'é('")),
        ("user.name.matches('(a{1000}){1000}')", "filter-regex", None),
        (
            "user.seen > timestamp('2026-01-01')",
            "filter-type",
            Some("'2026-01-01'"),
        ),
        ("now + now > now", "filter-not-supported", Some("now + now")),
        (
            "duration('7d') < duration('1h')",
            "filter-type",
            Some("'7d'"),
        ),
        ("user", "filter-type", Some("user")),
        ("{'a': 1} == user.a", "filter-not-supported", None),
    ] {
        let problems = compile(text, &declared()).expect_err(text);
        let problem = problems.iter().find(|p| p.is_error()).unwrap();
        assert_eq!(problem.code.as_str(), code, "{text}: {problem:?}");
        if let Some(marked) = marked {
            let span = problem.span.clone().unwrap();
            assert_eq!(&text[span], marked, "{text}: {problem:?}");
        }
    }
}

#[test]
fn every_problem_is_told_at_once() {
    let problems = compile("usr.a == 1 && user.age > 'x' || foo()", &declared()).unwrap_err();
    assert_eq!(problems.len(), 3, "{problems:?}");
}

#[test]
fn texts_that_would_grow_deep_are_refused() {
    for text in [
        vec!["user.a == 1"; 10_000].join(" && "),
        vec!["user.a == 1"; 1_000].join(" && "),
        format!("{}true{}", "(".repeat(10_000), ")".repeat(10_000)),
        format!("{}true{}", "(".repeat(5_000), ")".repeat(5_000)),
        format!("{}user.a", "!".repeat(5_000)),
        format!("user{}", ".a".repeat(5_000)),
        format!("now{} > now", " - days(1)".repeat(1_000)),
        format!("{}1{}", "[".repeat(100), "]".repeat(100)),
        format!("{}true", "true ? true : ".repeat(500)),
        format!("'{}", "(".repeat(9_000)),
    ] {
        let problems = compile(&text, &Declared::default()).expect_err(&text);
        let codes = ["filter-too-long", "filter-too-deep", "filter-syntax"];
        assert!(
            codes.contains(&problems[0].code.as_str()),
            "{:?}",
            problems[0]
        );
    }
    let long = vec!["user.a == 1"; 300].join(" || ");
    assert!(compile(&long, &Declared::default()).is_ok());
}

#[test]
fn a_time_written_as_text_is_warned_of() {
    let filter = compile("user.seen > '2026-11-20T10:00:00Z'", &Declared::default()).unwrap();
    let codes: Vec<_> = filter
        .warnings()
        .iter()
        .map(|w: &Diagnostic| w.code.as_str())
        .collect();
    assert_eq!(codes, ["filter-time-text"]);
}

#[test]
fn an_explanation_shows_what_was_read() {
    let segment = compile(
        "user.vip && (user.absent == 1 || user.age < 18)",
        &Declared::default(),
    )
    .unwrap();
    let both = segment.and(&compile("user.id == 'u-1'", &Declared::default()).unwrap());
    let told = both.explain_person(&profile(ANNA), now());
    assert_eq!((told.verdict, told.children.len()), (None, 2));
    assert_eq!(told.children[0].text, segment.text());
    let or = &told.children[0].children[1];
    assert_eq!(
        or.text,
        "(user.absent == 1 || user.age < 18)".trim_matches(['(', ')'])
    );
    assert_eq!(or.children[0].reads[0].operand, "user.absent");
    assert_eq!(or.children[0].reads[0].value, None);
    assert_eq!(or.children[1].reads[0].value, Some(Value::Int(31)));
    assert_eq!(or.children[1].verdict, Some(false));
    assert_eq!(both.attributes().len(), 3);
    assert!(Table::new().profile(Row(0)).is_none());
}

/// The first text needs no plane, so that most rows have none when the second one comes.
#[test]
fn a_second_text_is_one_users() {
    let mut table = Table::new();
    let mut set = |n: u32, attribute: &str, value: Value| {
        let external_id = ExternalId::parse(format!("u{n}")).unwrap();
        let set = vec![(attribute.to_owned(), Some(value))];
        table.apply(&Change {
            external_id,
            creates: true,
            set,
        });
    };
    let text = |text: &str| Value::String(text.to_owned());
    let list = |items: &[&str]| Value::List(items.iter().map(|item| text(item)).collect());
    for n in 0..200 {
        set(n, "plan", text("free"));
        set(n, "tags", list(&[]));
    }
    set(3, "plan", text("pro"));
    set(3, "tags", list(&["vip"]));
    for (filter, expected) in [
        ("user.plan == 'pro'", 1),
        ("user.plan != 'pro'", 199),
        ("user.plan == 'free'", 199),
        ("user.plan.matches('^p')", 1),
        ("'vip' in user.tags", 1),
        ("!('vip' in user.tags)", 199),
    ] {
        let n = compile(filter, &Declared::default())
            .unwrap()
            .count(&table, now());
        assert_eq!(n, expected, "{filter}");
    }
}

#[test]
fn a_segment_is_not_asked_of_elements() {
    let mut declared = Declared::default();
    declared.add_segment("vips", compile("user.vip", &declared).unwrap());
    let problems = compile("user.tags.exists(t, in_segment('vips'))", &declared).unwrap_err();
    assert!(
        problems[0].message.contains("`in_segment` cannot stand"),
        "{problems:?}"
    );
}
