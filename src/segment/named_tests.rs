//! What filters name: attributes, events, campaigns and other segments.

use crate::diagnostic::Diagnostic;
use crate::model::value::Type;

use super::lower::FUNCTIONS;
use super::tests::{ANNA, now, profile};
use super::{Declared, compile};

/// Codes of the warnings, with the text that each stands under.
fn warned(text: &str, declared: &Declared) -> Vec<(&'static str, String)> {
    let filter = compile(text, declared).unwrap();
    let warnings = filter.warnings().iter();
    let under = |warning: &Diagnostic| {
        let span = warning.span.clone();
        span.map_or_else(String::new, |span| text[span].to_owned())
    };
    warnings
        .map(|warning| (warning.code.as_str(), under(warning)))
        .collect()
}

#[test]
fn a_negation_that_leaves_people_out_is_warned_of() {
    let nothing = Declared::default();
    for (text, under) in [
        ("user.x != 1", Some("user.x != 1")),
        ("user.a == 1 && !(user.x == 1)", Some("user.x == 1")),
        ("!('a' in user.tags)", Some("'a' in user.tags")),
        ("!(user.x < 3 || user.y)", Some("user.x < 3")),
        ("!(user.x != 1)", None),
        ("has(user.x) && user.x != 1", None),
        ("blank(user.x) || user.x != 1", None),
        ("!has(user.x)", None),
        ("!(count('a') > 3)", None),
        ("user.x == 1", None),
    ] {
        let found = warned(text, &nothing);
        let first = found.first().map(|(code, under)| {
            assert_eq!(*code, "filter-negation");
            under.as_str()
        });
        assert_eq!(first, under, "{text}");
    }
}

#[test]
fn what_nobody_listed_is_warned_of() {
    let mut declared: Declared = [
        (vec!["email".to_owned()], Type::String),
        (vec!["address".to_owned()], Type::Object),
        (vec!["car".to_owned(), "make".to_owned()], Type::String),
    ]
    .into_iter()
    .collect();
    declared.close_attributes();
    declared.see(vec!["age".to_owned()]);
    declared.add_event("order_placed");
    declared.add_campaign("welcome");
    for (text, expected) in [
        ("user.email == 'a' && user.age > 3", None),
        ("user.address.city == 'x' && has(user.car)", None),
        (
            "user.emial == 'a'",
            Some(("filter-unknown-attribute", "user.emial")),
        ),
        (
            "has(user.car.color)",
            Some(("filter-unknown-attribute", "has(user.car.color)")),
        ),
        (
            "count('order_placd') > 1",
            Some(("filter-unknown-event", "'order_placd'")),
        ),
        ("count('order_placed') > 1", None),
        (
            "received('welcom')",
            Some(("filter-unknown-campaign", "'welcom'")),
        ),
    ] {
        let found = warned(text, &declared);
        let first = found.first().map(|(code, under)| (*code, under.as_str()));
        assert_eq!(first, expected, "{text}");
    }
    let filter = compile("user.emial == 'a'", &declared).unwrap();
    let hint = filter.warnings()[0].hint.as_deref();
    assert_eq!(hint, Some("did you mean `user.email`?"));
}

#[test]
fn segments_that_name_each_other_stay_bounded() {
    let mut declared = Declared::default();
    let mut text = "user.a == 1 && user.b == 2".to_owned();
    for n in 0..30 {
        let Ok(filter) = compile(&text, &declared) else {
            assert!(n > 8, "{n}");
            return;
        };
        assert_eq!(filter.segments().len(), usize::from(n > 0));
        declared.add_segment(format!("s{n}"), filter);
        text = format!("in_segment('s{n}') || !in_segment('s{n}')");
    }
    panic!("a filter of a thousand million parts was accepted");
}

#[test]
fn segments_in_segments_have_an_end() {
    let mut declared = Declared::default();
    let mut text = "user.a == 1".to_owned();
    for n in 0..100 {
        match compile(&text, &declared) {
            Ok(filter) => declared.add_segment(format!("s{n}"), filter),
            Err(problems) => {
                assert_eq!((n, problems[0].code.as_str()), (17, "filter-too-deep"));
                return;
            }
        }
        text = format!("in_segment('s{n}')");
    }
    panic!("a hundred segments in each other were accepted");
}

#[test]
fn a_named_segment_is_explained_to_its_leaves() {
    let mut declared = Declared::default();
    let vips = compile("user.vip && user.absent > 3", &declared).unwrap();
    declared.add_segment("vips", vips);
    let filter = compile("!in_segment('vips')", &declared).unwrap();
    let anna = profile(ANNA);
    assert_eq!(filter.matches_person(&anna, now()), Some(true));
    let told = filter.explain_person(&anna, now());
    let named = &told.children[0];
    assert_eq!(
        (named.verdict, named.text.as_str()),
        (Some(false), "in_segment('vips')")
    );
    let inner = &named.children[0];
    assert_eq!((inner.verdict, inner.children.len()), (None, 2));
    assert_eq!(inner.children[1].reads[0].operand, "user.absent");
}

#[test]
fn what_is_wrong_is_told_with_what_to_write() {
    for (text, hint) in [
        ("blank() && user.a", "write `blank(user.x)`"),
        ("size(user.x, 3) > 1", "write `size(user.x)`"),
        ("days() > days(2)", "write `days(7)`"),
        (
            "user.t.all(t)",
            "write `user.tags.all(tag, tag == \"vip\")`",
        ),
        ("user.x.endsWith()", "write `user.x.endsWith(\"a\")`"),
        (
            "sum(\"order\") > 1",
            "write `sum(\"order_placed\", \"total\", days(30))`",
        ),
        ("subscribed()", "write `subscribed(\"news\")`"),
        ("has(user)", "`has` takes an attribute: `has(user.x)`"),
        (
            "user.x == 1e400",
            "whole numbers go up to 9223372036854775807, others to 1.79e308",
        ),
        (
            "user.x == 99999999999999999999",
            "whole numbers go up to 9223372036854775807, others to 1.79e308",
        ),
        (
            "user.x == \"Ana",
            "the text that begins here has no end: a quote is missing",
        ),
        ("user.x == “Ana”", "texts stand in straight quotes: `\"a\"`"),
    ] {
        let problems = compile(text, &Declared::default()).expect_err(text);
        assert_eq!(
            problems[0].hint.as_deref(),
            Some(hint),
            "{text}: {problems:?}"
        );
    }
}

#[test]
fn every_example_of_the_reference_page_is_a_filter() {
    let page = include_str!("../../docs/filters.md");
    let (_, table) = page.split_once("## Operators and functions").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let mut declared = Declared::default();
    let vips = compile("user.vip", &declared).unwrap();
    declared.add_segment("vips", vips);
    let mut used: Vec<&str> = Vec::new();
    for line in table.lines().filter(|line| line.starts_with("| `")) {
        let example = line.split('`').nth(1).unwrap().replace("\\|", "|");
        let filter = compile(&example, &declared).expect(&example);
        used.extend(
            FUNCTIONS
                .iter()
                .filter(|name| filter.text().contains(*name)),
        );
        assert_eq!(line.matches(" | ").count(), 3, "four columns: {line}");
    }
    // Times are told of before it.
    let mut missing: Vec<_> = FUNCTIONS
        .iter()
        .filter(|name| !used.contains(name))
        .collect();
    missing.retain(|name| !page.contains(&format!("`{name}(")));
    assert_eq!(missing, Vec::<&&str>::new(), "each function has an example");
}
