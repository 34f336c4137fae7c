use proptest::prelude::*;

use super::{Unformatted, format};
use crate::campaign::SourceFile;

fn formatted(text: &str) -> std::result::Result<String, Unformatted> {
    format(&SourceFile {
        path: "a.yaml".into(),
        text: text.into(),
    })
}

#[test]
fn layout_becomes_one_and_comments_stay() {
    let before = "# Of the file.\n\n\n# Of the name.\nname:   a   # behind\ntests:\n- {a: 1}\nkind: Segment\n\n\n\ndescription: |\n     one\n       two\n\n     three\n# Of the list.\nlist:\n- x\n# Of y.\n-    b: 1\n     c:\n         - 'it''s\n              two'\nmap:\n    deep:\n        - plain\n          text\n    flow: {a: [1,\n      2],\n         b: \"}\"}\nempty:\n";
    let after = "# Of the file.\n\nkind: Segment\n# Of the name.\nname: a   # behind\n\ndescription: |\n  one\n    two\n\n  three\n# Of the list.\nlist:\n  - x\n  # Of y.\n  - b: 1\n    c:\n      - 'it''s\n        two'\nmap:\n  deep:\n    - plain\n      text\n  flow: {a: [1,\n      2],\n    b: \"}\"}\nempty:\ntests:\n  - {a: 1}\n";
    let found = formatted(before).unwrap();
    assert_eq!(found, after, "{found}");
    assert_eq!(formatted(after).unwrap(), after);
    assert_eq!(formatted(&before.replace('\n', "\r\n")).unwrap(), after);
}

#[test]
fn what_is_not_laid_out_is_said_with_its_place() {
    for (text, line) in [
        ("kind: Segment\nname: &a x\n", 2),
        ("kind: !str Segment\n", 1),
        ("a:\n  - - 1\n", 2),
        ("a: |2\n   x\n", 1),
        ("- 1\n", 1),
        ("a: [1\n", 1),
    ] {
        let found = match formatted(text).unwrap_err() {
            Unformatted::Invalid(problem) => problem.place.unwrap().line as usize,
            Unformatted::Unclear { line, .. } => line,
        };
        assert_eq!(found, line, "{text}");
    }
}

#[test]
fn comments_stay_where_they_were_meant() {
    let cases = [
        (
            "tests:\n  - name: a\n  # - name: b\n\n  # - name: c\nkind: Campaign\n",
            "kind: Campaign\ntests:\n  - name: a\n  # - name: b\n\n  # - name: c\n",
        ),
        (
            "kind: A\nmessage:\n    text: a\n    # other: b\n# of x\nx: 1\n",
            "kind: A\nmessage:\n  text: a\n  # other: b\n# of x\nx: 1\n",
        ),
        (
            "l:\n  - a: 1\n    # b: 2\n  # - a: 3\nkind: A\n",
            "kind: A\nl:\n  - a: 1\n    # b: 2\n  # - a: 3\n",
        ),
        (
            "# License\n  \nname: x\nkind: A\n",
            "# License\n\nkind: A\nname: x\n",
        ),
        (
            "# yaml-language-server: $schema=s.json\nname: a\nkind: A\n",
            "# yaml-language-server: $schema=s.json\nkind: A\nname: a\n",
        ),
        ("---\nkind: A\n", "kind: A\n"),
        ("a:\n-\n  x: 5\n", "a:\n  - x: 5\n"),
        (
            "a: [1, # one\n  2, # two {\n  3]\n",
            "a: [1, # one\n  2, # two {\n  3]\n",
        ),
        (
            "a: {t: \"\\\" }\", u: [\n x]}\n",
            "a: {t: \"\\\" }\", u: [\n    x]}\n",
        ),
    ];
    for (before, after) in cases {
        let found = formatted(before).unwrap();
        assert_eq!(found, after, "{before}\n{found}");
        assert_eq!(formatted(after).unwrap(), after);
    }
}

fn yaml() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("plain text".to_owned()),
        Just("'it''s # no comment'".to_owned()),
        Just("\"a: \\\"b\\\" {\"".to_owned()),
        Just("{a: [1, 'x]'], b: {}}".to_owned()),
        Just("|\n{i}  one\n{i}   two\n\n{i}  three".to_owned()),
        Just(">-\n{i}  one\n{i}  two".to_owned()),
        Just("one\n{i}   two".to_owned()),
        Just("x # behind".to_owned()),
        Just(String::new()),
    ];
    let entry = (scalar, 0..3_usize, any::<bool>(), 1..5_usize);
    proptest::collection::vec(entry, 1..12).prop_map(|entries| {
        let mut text = String::new();
        for (n, (scalar, blanks, is_commented, indent)) in entries.iter().enumerate() {
            text.push_str(&"\n".repeat(*blanks));
            if *is_commented {
                text.push_str("  # a comment\n");
            }
            let pad = " ".repeat(*indent);
            let value = scalar.replace("{i}", &pad);
            match n % 3 {
                0 => text.extend([format!("k{n}: {}\n", scalar.replace("{i}", ""))]),
                1 => text.extend([format!("k{n}:\n{pad}in: {value}\n{pad}too: 1\n")]),
                _ => text.extend([format!("k{n}:\n{pad}- {value}\n{pad}- 2\n")]),
            }
        }
        text
    })
}

proptest! {
    /// That it means the same is checked by `format` itself: it would be an error here.
    #[test]
    fn laid_out_twice_is_laid_out_once(text in yaml()) {
        let once = formatted(&text);
        prop_assert!(once.is_ok(), "{:?}\n{}", once, text);
        let once = once.unwrap();
        prop_assert_eq!(formatted(&once).unwrap(), once);
    }
}
