//! Templates as people write them, and as people should not.

#![expect(clippy::too_many_lines, reason = "a table of cases is long")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::{Budget, Contents, Context, Failure, Library, Rendered, Text, Tree};
use crate::model::Value;
use crate::model::id::ExternalId;
use crate::model::limits;
use crate::model::user::Profile;

static NONE: Contents = Contents::none();

fn ana() -> Profile {
    let json = json!({
        "first_name": "Ana", "zip code": "1234", "age": 31, "balance": 17.8, "tags": ["vip", "new"],
        "address": {"city": "Lisboa"}, "last_seen": "2026-11-20T08:30:00Z", "empty": "", "quoted": "a\"b\\c",
    });
    let Ok(Some(Value::Object(attributes))) = Value::from_json(json) else {
        panic!("an object")
    };
    Profile {
        external_id: ExternalId::parse("u1").unwrap(),
        attributes,
    }
}

fn render(source: &str) -> Result<Rendered, Failure> {
    let text = Text::compile(source);
    render_text(&text.unwrap_or_else(|problems| panic!("{source}: {problems:?}")))
}

fn render_text(text: &Text) -> Result<Rendered, Failure> {
    let profile = ana();
    let properties = BTreeMap::from([("order_id".to_owned(), Value::String("A1".into()))]);
    let context = Context {
        user: &profile,
        trigger_properties: &properties,
        event_properties: None,
        campaign: "welcome",
        dispatch_id: "d1",
        now: "2026-11-23T10:00:00Z".parse().unwrap(),
        contents: &NONE,
        budget: &Budget::of_a_message(),
    };
    text.render(&context)
}

#[test]
fn what_people_write_renders_as_in_braze() {
    let cases = [
        ("Hi {{${first_name}}}!", "Hi Ana!"),
        ("{{ ${first_name} | default: 'there' }}", "Ana"),
        ("{{${nobody} | default: 'there'}}", "there"),
        ("{{${empty} | default: \"there\"}}", "there"),
        ("{{custom_attribute.${zip code}}}", "1234"),
        ("{{ api_trigger_properties.${ order_id } }}", "A1"),
        ("{{trigger_properties.order_id}}", "A1"),
        ("{{campaign.${name}}} {{${user_id}}}", "welcome u1"),
        ("{{user.first_name}} {{user[\"zip code\"]}}", "Ana 1234"),
        ("{{custom_attribute.${address}.city}}", "Lisboa"),
        (
            "{{custom_attribute.${tags}[0]}} {{custom_attribute.${tags}.size}}",
            "vip 2",
        ),
        (
            "{% if custom_attribute.${age} == 31 %}y{% else %}n{% endif %}",
            "y",
        ),
        (
            "{% if {{custom_attribute.${age}}} > 40 %}y{% else %}n{% endif %}",
            "n",
        ),
        ("{% if ${nobody} == 1 %}y{% else %}n{% endif %}", "n"),
        ("{% if ${nobody} %}y{% else %}n{% endif %}", "n"),
        (
            "{% assign v = {{custom_attribute.${age} | plus: 9}} %}{{v}}",
            "40",
        ),
        (
            "{% assign b = 2 %}{{custom_attribute.${age} | plus: {{b}}}}",
            "33",
        ),
        (
            "{% for t in {{custom_attribute.${tags}}} %}{{t}}{% unless forloop.last %},{% endunless %}{% endfor %}",
            "vip,new",
        ),
        (
            "{% for t in custom_attribute.${nobody} %}{{t}}{% else %}none{% endfor %}",
            "none",
        ),
        (
            "{% for i in (1..5) offset:3 limit:5 %}{{i}}{% endfor %}",
            "45",
        ),
        ("{% for i in (1..3) reversed %}{{i}}{% endfor %}", "321"),
        ("{%\tif\ttrue %}{{\t'x' }}{% endif %}", "x"),
        (
            "{% raw %}{{${first_name}}}{% endraw %}",
            "{{${first_name}}}",
        ),
        ("a{% comment %}{{ nothing {% endcomment %}b", "ab"),
        (
            "{% capture c %}<{{${first_name}}}>{% endcapture %}{{c}}{{c}}",
            "<Ana><Ana>",
        ),
        ("{{ '2026-11-23' | date: '%d/%m/%Y' }}", "23/11/2026"),
        (
            "{{ custom_attribute.${last_seen} | date: '%B %-d' }}",
            "November 20",
        ),
        ("{{ 'now' | date: '%H:%M' }}", "10:00"),
        ("{{ 'soon' | date: '%H:%M' }}", "soon"),
        (
            "{{ 123456.789 | number_with_delimiter }} {{ 123456 | number_with_delimiter }}",
            "123,456.789 123,456",
        ),
        (
            "{{ 145 | money }} {{ custom_attribute.${balance} | money }}",
            "145.00 17.80",
        ),
        ("{{ '123\"456' | json_escape }}", "123\\\"456"),
        (
            "{{ 7 | divided_by: 2 }} {{ -7 | divided_by: 2 }} {{ 7 | divided_by: 2.0 }}",
            "3 -4 3.5",
        ),
        ("{{ -7 | modulo: 3 }}", "2"),
        ("{{ ${nobody} | plus: 1 }} {{ ${nobody} | round }}", "1 0"),
        ("{{ 'hELLO wORLD' | capitalize }}", "Hello world"),
        ("{{ custom_attribute.${tags} | join: '+' }}", "vip+new"),
        ("{{ 'a-b' | replace: '-', '/' | upcase }}", "A/B"),
        ("{{ 'São' | size }}", "3"),
        ("{{ 'x' -}}   y", "xy"),
        ("price: $5 {not} liquid", "price: $5 {not} liquid"),
    ];
    for (source, expected) in cases {
        let rendered = render(source).unwrap_or_else(|failure| panic!("{source}: {failure:?}"));
        assert_eq!(rendered.text, expected, "{source}");
    }
}

#[test]
fn what_is_absent_is_written_down() {
    let Rendered { misses, .. } =
        render("{{${nobody} | default: 'x'}}{{trigger_properties.why}}{{${first_name}}}").unwrap();
    assert_eq!(misses, ["nobody", "trigger_properties.why"]);
    let Rendered { misses, .. } = render("{% if ${nobody} %}{{${nobody}}}{% endif %}").unwrap();
    assert!(
        misses.is_empty(),
        "an existence test is no miss: {misses:?}"
    );
}

#[test]
fn a_miss_names_what_the_author_wrote_and_no_value() {
    let cases = [
        ("{{${nobody}}}", "nobody"),
        (
            "{{custom_attribute.${zip code}.first[\"a b\"]}}",
            "zip code.first.a b",
        ),
        ("{{custom_attribute.${tags}[7]}}", "tags.7"),
        ("{{event_properties.${a b}}}", "event_properties.a b"),
        (
            "{{custom_attribute.${address}[${first_name}]}}",
            "address.[…]",
        ),
        (
            "{% for tag in ${tags} limit:1 %}{{${address}[tag]}}{% endfor %}",
            "address.[…]",
        ),
        (
            "{% assign key = ${age} %}{{${address}[key].name}}",
            "address.[…].name",
        ),
    ];
    for (source, miss) in cases {
        assert_eq!(render(source).unwrap().misses, [miss], "{source}");
    }
    // A content block's words are its author's too.
    let mut library = Library::default();
    library.add_block("sign", "{{${address}.street}}").unwrap();
    let text = Text::compile_with("{{content_blocks.${sign}}}", &library.into()).unwrap();
    assert_eq!(render_text(&text).unwrap().misses, ["address.street"]);
}

#[test]
fn what_a_default_fills_is_no_gap() {
    let cases: [(&str, &[&str]); 9] = [
        ("{{${nobody} | default: 'x'}}", &[]),
        ("{{${nobody} | upcase | default: 'x'}}", &[]),
        ("{{${nobody}}}", &["nobody"]),
        ("{{${nobody}}}{{${nobody} | default: 'x'}}", &["nobody"]),
        ("{{${nobody} | default: 'x'}}{{${nobody}}}", &["nobody"]),
        ("{{${nobody}}}{{${empty} | default: 'x'}}", &["nobody"]),
        ("{{${nobody} | default: ${none}}}", &["none"]),
        (
            "{% assign a = ${nobody} %}{{a | default: 'x'}}",
            &["nobody"],
        ),
        ("{{${first_name}}}", &[]),
    ];
    for (source, gaps) in cases {
        assert_eq!(render(source).unwrap().gaps, gaps, "{source}");
    }
}

#[test]
fn a_message_is_aborted_with_its_reason() {
    let spellings = [
        ("{% abort_message('no city') %}", "no city"),
        ("{% abort_message(\"no city\") %}", "no city"),
        ("{% abort_message 'no city' %}", "no city"),
        ("{%- abort_message ('no city') -%}", "no city"),
        ("{% abort_message() %}", "the template called abort_message"),
        ("{% abort_message %}", "the template called abort_message"),
        (
            "{% if true %}a{% abort_message('no city') %}b{% endif %}",
            "no city",
        ),
    ];
    for (source, reason) in spellings {
        assert_eq!(
            render(source),
            Err(Failure::Aborted {
                reason: reason.into()
            }),
            "{source}"
        );
    }
}

#[test]
fn mistakes_are_found_where_they_stand() {
    // The marked part of each text is what the problem points at.
    let cases = [
        (
            "Hi {{ ${first_name} | «defualt»: 'x' }}",
            "liquid-unknown-filter",
            Some("did you mean `default`?"),
        ),
        (
            "{{ a }} {% «fore» x in y %}",
            "liquid-unknown-tag",
            Some("did you mean `for`?"),
        ),
        (
            "{% «promotion»('spring') %}",
            "liquid-unknown-tag",
            Some("`promotion` is not supported"),
        ),
        ("a «{{» ${first_name} ", "liquid-syntax", Some("add `}}`")),
        (
            "{% «if» true %}a",
            "liquid-syntax",
            Some("add `{% endif %}`"),
        ),
        ("a{% «endif» %}", "liquid-syntax", None),
        (
            "{{ «$»{first_name | upcase }}",
            "liquid-syntax",
            Some("write `${attribute_name}`"),
        ),
        (
            "{% if a «&&» b %}{% endif %}",
            "liquid-syntax",
            Some("write `and`"),
        ),
        ("{{ «“»x” }}", "liquid-syntax", Some("use straight quotes")),
        ("{{ «'»x }}", "liquid-syntax", None),
        ("{{«éc».${name}}}", "liquid-syntax", None),
    ];
    for (marked, code, hint) in cases {
        let start = marked.find('«').unwrap();
        let source = marked.replace(['«', '»'], "");
        let problems = Text::compile(&source).expect_err(&source);
        assert_eq!(problems[0].code.as_str(), code, "{source}: {problems:?}");
        assert_eq!(
            problems[0].span.as_ref().unwrap().start,
            start,
            "{source}: {problems:?}"
        );
        assert_eq!(problems[0].hint.as_deref(), hint, "{source}");
    }
}

#[test]
fn the_parsers_own_errors_point_into_the_authors_text() {
    let source = "Hello {{custom_attribute.${zip code}}} {% assign x 5 %}";
    let problems = Text::compile(source).unwrap_err();
    let span = problems[0].span.clone().unwrap();
    assert!(
        source[..span.start].starts_with("Hello {{custom_attribute.${zip code}}} {% assign"),
        "{problems:?}"
    );
}

#[test]
fn hostile_templates_end() {
    let doubling = format!(
        "{{% assign x = 'xxxxxxxx' %}}{}{{{{x}}}}",
        "{% assign x = x | append: x %}".repeat(40)
    );
    let chain = format!(
        "{{% assign x = 'abcdefgh' %}}{{{{ x{} }}}}",
        " | append: x | replace: 'a', 'aaaaaaaaaaaaaaaa'".repeat(60)
    );
    let cases = [
        "{% for i in (1..2000000000) %}x{% endfor %}".to_owned(),
        "{% for i in (1..9000) %}{% for j in (1..9000) %}x{% endfor %}{% endfor %}".to_owned(),
        "{% for i in (-9223372036854775808..9223372036854775807) %}{% endfor %}".to_owned(),
        "{{ 9223372036854775807 | plus: 1 }}".to_owned(),
        "{{ 5 | divided_by: 0 }}{{ 5 | modulo: 0 }}".to_owned(),
        "{% capture c %}{% for i in (1..9999) %}0123456789012345678901234567890123456789{% endfor %}{% endcapture %}".to_owned(),
        doubling,
        chain,
    ];
    for source in cases {
        let short: String = source.chars().take(60).collect();
        assert!(
            matches!(render(&source), Err(Failure::Failed { .. })),
            "{short}"
        );
    }
    let deep = "{% if true %}".repeat(limits::TEMPLATE_DEPTH_MAX + 1);
    assert!(Text::compile(&deep).is_err());
    let brackets =
        |n: usize| Text::compile(&format!("{{{{ {}1{} }}}}", "a[".repeat(n), "]".repeat(n)));
    assert!(brackets(limits::BRACKET_DEPTH_MAX).is_ok());
    assert!(brackets(limits::BRACKET_DEPTH_MAX + 1).is_err() && brackets(9_000).is_err());
    let path = |n: usize| render(&format!("{{{{ a{} }}}}", ".b".repeat(n)));
    let missed = path(limits::PATH_STEPS_MAX).unwrap().misses;
    assert!(missed[0].chars().count() <= limits::QUOTED_CHARS_MAX + 1);
    let long = format!("{{{{ a{} }}}}", ".size".repeat(9_000));
    assert!(
        Text::compile(&long).is_err() && Text::compile(&long.replace(".size", " .size")).is_err()
    );
    assert!(Text::compile(&"{{x}}".repeat(limits::TEMPLATE_BYTES_MAX)).is_err());
    let blank = |n: usize| Text::compile(&format!("a {{{{x}}}}{}\tb", "\n".repeat(n - 1)));
    assert!(blank(limits::TEMPLATE_BLANKS_MAX).is_ok());
    let refused = blank(limits::TEMPLATE_BLANKS_MAX + 1).unwrap_err();
    assert_eq!(
        refused[0].span,
        Some(7..7 + limits::TEMPLATE_BLANKS_MAX + 1)
    );
}

#[test]
fn a_tree_reports_every_leaf_by_its_path() {
    let tree = json!({"text": "{{ a | nope }}", "quick_replies": [{"title": "ok"}, {"title": "{% nope %}"}], "n": 3});
    let problems = Tree::compile(&tree).unwrap_err();
    let paths: Vec<&str> = problems
        .iter()
        .map(|problem| problem.path.as_str())
        .collect();
    assert_eq!(paths, ["quick_replies[1].title", "text"]);
    let tree = Tree::compile(&json!({"a": ["x", "{{y}}"]})).unwrap();
    assert!(tree.is_dynamic("a[1]") && !tree.is_dynamic("a[0]"));
}

proptest! {
    #[test]
    fn a_rendered_message_is_json_whatever_a_name_holds(name in any::<String>()) {
        let profile = Profile {
            external_id: ExternalId::parse("u").unwrap(),
            attributes: BTreeMap::from([("first_name".to_owned(), Value::String(name.clone()))]),
        };
        let none = BTreeMap::new();
        let context = Context {
            user: &profile, trigger_properties: &none, event_properties: None, campaign: "c", dispatch_id: "d1",
            now: "2026-11-23T10:00:00Z".parse().unwrap(), contents: &NONE, budget: &Budget::of_a_message(),
        };
        let tree = Tree::compile(&json!({"text": "<{{${first_name}}}>", "n": 1})).unwrap();
        let text = tree.render(&context).unwrap().json.to_string();
        let back: serde_json::Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(back, json!({"text": format!("<{name}>"), "n": 1}));
    }

    #[test]
    fn any_text_compiles_or_is_refused_and_never_panics(
        parts in proptest::collection::vec(prop_oneof![
            Just("{{"), Just("}}"), Just("{%"), Just("%}"), Just("${"), Just("}"), Just("|"), Just(" "), Just("'"),
            Just("\""), Just("if"), Just("endif"), Just("for"), Just("a"), Just("é"), Just("-"), Just("."), Just("["),
            Just("abort_message"), Just("("), Just(")"), Just("raw"), Just("endraw"), Just("custom_attribute."), Just("1"),
        ], 0..24)
    ) {
        let source: String = parts.concat();
        if let Ok(text) = Text::compile(&source) {
            let (profile, none) = (ana(), BTreeMap::new());
            let now = "2026-11-23T10:00:00Z".parse().unwrap();
            let context =
                Context { user: &profile, trigger_properties: &none, event_properties: None, campaign: "c", dispatch_id: "d1", now, contents: &NONE, budget: &Budget::of_a_message() };
            drop(text.render(&context));
        }
    }
}
