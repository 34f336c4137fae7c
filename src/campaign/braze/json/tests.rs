//! What is read of JSON with Liquid, and what is told of broken one.

use super::{Mode, Value, read};

fn of(text: &str) -> Value {
    read(text, Mode::Liquid).value.unwrap()
}

#[test]
fn strings_hold_liquid_with_quotes_of_its_own() {
    for text in [
        r#"{"text": "Hi {{${name} | default: "there"}}!"}"#,
        r#"{"text": "Hi {{${name} | default: \"there\"}}!"}"#,
    ] {
        assert_eq!(
            of(text).text("text"),
            Some("Hi {{${name} | default: \"there\"}}!")
        );
    }
    let replaced = r#"{"text": "{{${a} | replace: '"', '\"'}}"}"#;
    assert_eq!(
        of(replaced).text("text"),
        Some(r#"{{${a} | replace: '"', '\"'}}"#)
    );
    assert_eq!(
        of(r#"["\u00e9 \ud83d\ude00 \/ {{${x}"]"#),
        Value::List(vec![Value::Text("é 😀 / {{${x}".into())])
    );
}

#[test]
fn what_no_tree_can_hold_is_told_with_its_place() {
    let text = r#"{"a": {{x}}, {% if y %}"b": [1, {% for i in l %}{{i}}{% unless forloop.last %},{% endunless %}{% endfor %}],{% endif %} "{{k}}": 2, "n": 99999999999999999999, "a": 3}"#;
    let read = read(text, Mode::Liquid);
    let found: Vec<_> = read
        .outside
        .iter()
        .map(|one| (&text[one.span.clone()], one.path.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("{{x}}", "a"),
            ("{% if y %}", ""),
            ("{% for i in l %}", "b"),
            ("{{i}}", "b[1]"),
            ("{% unless forloop.last %}", "b"),
            ("{% endunless %}", "b"),
            ("{% endfor %}", "b"),
            ("{% endif %}", ""),
            ("\"{{k}}\"", "{{k}}"),
            ("99999999999999999999", "n"),
            ("\"a\"", "a"),
        ]
    );
    assert!(read.value.is_ok());
}

#[test]
fn a_prelude_stands_apart_when_it_is_closed() {
    let abort = "{% if ${x} == blank %}{% abort_message('no') %}{% endif %}";
    let whole = read(&format!("{abort}\n{{\"a\": 1}}"), Mode::Liquid);
    assert_eq!(whole.prelude.as_deref(), Some(abort));
    assert!(whole.outside.is_empty());
    let around = read("{% if ${x} %}{\"a\": 1}{% endif %}", Mode::Liquid);
    assert_eq!((around.prelude, around.outside.len()), (None, 2));
}

#[test]
fn broken_json_is_told_where_it_breaks() {
    for (text, at, message) in [
        ("{\"a\" 1}", 5, "`:` is expected here"),
        ("{“a”: 1}", 1, "this is not a quote that JSON knows"),
        (
            "{\"a\": [1, 2}",
            11,
            "`}` stands where `,` or `]` is expected",
        ),
        ("{\"a\": 1,}", 8, "`}` stands behind a comma"),
        ("{\"a\": \"b", 6, "a string is never closed"),
        (
            "{\"a\": \"\\x\"}",
            7,
            "this is not an escape that JSON knows",
        ),
        (
            "{\"a\": \"\\ud800\"}",
            7,
            "this escape stands for no character",
        ),
        ("{\"a\": 01}", 6, "this is not a number"),
        ("{} x", 3, "the JSON ends here, and more follows"),
        ("", 0, "the text ends where a value is expected"),
    ] {
        let broken = read(text, Mode::Strict).value.unwrap_err();
        assert_eq!(
            (broken.at, broken.message.as_str()),
            (at, message),
            "{text}"
        );
    }
    let deep = "[".repeat(100_000);
    assert!(
        read(&deep, Mode::Liquid)
            .value
            .unwrap_err()
            .message
            .contains("deeper")
    );
}

#[test]
fn numbers_are_written_as_every_yaml_reads_them() {
    for (text, written) in [
        ("1", "1"),
        ("1.50", "1.5"),
        ("1e30", "1.0e+30"),
        ("-2.5e-9", "-2.5e-9"),
    ] {
        assert_eq!(of(text), Value::Number(written.to_owned()));
    }
}
