//! What is written reads back, whatever it is.

use proptest::prelude::*;

use super::yaml::{Entry, Yaml, write};
use crate::campaign::read::node;
use crate::campaign::read::source::SourceFile;

fn document(text: &str) -> String {
    let item = Yaml::Map(vec![Entry::text("a", text), Entry::text("b", text)]);
    let list = Yaml::List(vec![Yaml::Text(text.to_owned()), item]);
    write(
        &["A remark.".to_owned()],
        &[
            Entry::text("text", text),
            Entry::new("map", Yaml::Map(vec![Entry::text(text, "key")])),
            Entry::new("list", list),
        ],
    )
}

fn check(text: &str) {
    let yaml = document(text);
    let expected = serde_json::json!({
        "text": text,
        "map": { text: "key" },
        "list": [text, { "a": text, "b": text }],
    });
    let read: serde_json::Value =
        serde_yaml::from_str(&yaml).unwrap_or_else(|error| panic!("{error}\n{yaml}"));
    assert_eq!(read, expected, "{yaml}");
    let file = SourceFile {
        path: "a.yaml".to_owned(),
        text: yaml.clone(),
    };
    let read = node::parse(&file).unwrap_or_else(|error| panic!("{error:?}\n{yaml}"));
    assert_eq!(read.to_json(), expected, "{yaml}");
}

#[test]
fn every_style_reads_back() {
    for text in [
        "",
        " ",
        "plain words",
        "no",
        "12",
        "2026-11-23",
        "a: b",
        "a #b",
        "- x",
        "{{${x}}} it's \"both\"",
        "Hi {{${first_name} | default: 'there'}}",
        "one\ntwo\n",
        "one\n\n  two",
        "\none",
        "one\n\n",
        "\ttab\n\tx",
        "a\n\tb\n \n  c",
        "a\r\nb",
        "\u{feff}a\u{2028}b\u{7}\u{1F600}",
        "<<",
        "trailing ",
        "---",
        "a\n---\nb",
    ] {
        check(text);
    }
    check(&"word ".repeat(60));
    check(&format!("{}end", "word ".repeat(60)));
    check(&format!(
        "{}  two {{{{ a | default: 'x y z' }}}}",
        "word ".repeat(30)
    ));
}

#[test]
fn long_texts_break_outside_of_liquid() {
    let text = format!(
        "{}{{{{ a | default: 'x y z' }}}} end of it",
        "word ".repeat(18)
    );
    let yaml = write(&[], &[Entry::text("text", text)]);
    assert!(yaml.contains("{{ a | default: 'x y z' }}"), "{yaml}");
    assert!(yaml.starts_with("text: >-\n  word"), "{yaml}");
}

proptest! {
    #[test]
    fn any_text_reads_back(text in r#"[ a-c:#'"\\{}%,\[\]\n\t\r\-|>&*!?@`0-9.~\u{e9}\u{85}\u{1}]{0,40}"#) {
        check(&text);
    }

    #[test]
    fn any_long_text_reads_back(words in prop::collection::vec(r#"[ a#:'"-]{0,6}[a-z{}%|"']{1,12}"#, 0..60)) {
        check(&words.join(" "));
    }
}
