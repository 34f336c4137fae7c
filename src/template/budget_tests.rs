use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::budget::Budget;
use crate::model::Value;
use crate::model::id::ExternalId;
use crate::model::user::Profile;
use crate::template::{Contents, Context, Failure, Tree};

fn failure(tree: &Json) -> Option<String> {
    let numbers = (0..3000).map(Value::Int).collect();
    let attributes = [
        ("many", Value::List(numbers)),
        ("long", Value::String("ab".repeat(30_000))),
    ];
    let user = Profile {
        external_id: ExternalId::parse("u1").unwrap(),
        attributes: attributes
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
    };
    let tree = Tree::compile(tree).unwrap();
    let rendered = tree.render(&Context {
        user: &user,
        trigger_properties: &BTreeMap::new(),
        event_properties: None,
        campaign: "c",
        dispatch_id: "d",
        now: "2026-11-23T10:00:00Z".parse().unwrap(),
        contents: &Contents::none(),
        budget: &Budget::of_a_message(),
    });
    match rendered {
        Ok(_) => None,
        Err(Failure::Failed { message, .. }) => Some(message),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn what_would_take_long_ends_at_its_bound() {
    let (steps, built) = ("steps of Liquid", "values grow over");
    let (turns, grown) = ("loop iterations", "text grows");
    let each = |leaf: &str| json!([{"each": "n in ${many}", "do": leaf}]);
    let looped =
        |body: &str| json!({"text": format!("{{% for n in (1..10000) %}}{body}{{% endfor %}}")});
    let blank = r#"{{ "" }}"#;
    let cases = [
        (each(&"x".repeat(60_000)), grown),
        (each("{{ ${long} }}"), grown),
        (each("{% assign x = ${long} %}{{ x | size }}"), built),
        (each("{{ ${long} | size }}"), steps),
        (each("{{ ${long} | sha2 | sha2 | sha2 }}"), steps),
        (
            looped("{% ifchanged %}{{ ${long} }}{{ n }}{% endifchanged %}"),
            grown,
        ),
        (looped("{% assign x = ${many} | uniq %}"), built),
        (looped("{% assign x = ${long} | upcase %}"), built),
        (looped("{% if ${long} contains 'zz' %}{% endif %}"), steps),
        (looped("{% if ${many} contains 'zz' %}{% endif %}"), steps),
        (
            looped(&format!(
                "{{% case n %}}{{% else %}}{}{{% endcase %}}",
                blank.repeat(200)
            )),
            steps,
        ),
        (
            looped(&format!("{{% if n %}}{}{{% endif %}}", blank.repeat(200))),
            steps,
        ),
        (looped("{% for m in ${many} %}{% endfor %}"), turns),
        (
            json!({"a": looped("{{n}}")["text"], "b": looped("")["text"]}),
            turns,
        ),
        (looped(&"{% if 1 %}{% endif %}".repeat(60)), steps),
    ];
    end(cases.into());
}

/// What no step was paid for once: literals, paths, terms, items, and JSON before it is read.
#[test]
fn what_looks_free_is_paid_for() {
    let (steps, built) = ("steps of Liquid", "values grow over");
    let looped =
        |body: &str| json!({"text": format!("{{% for n in (1..10000) %}}{body}{{% endfor %}}")});
    let lines = |n: usize, line: &str| looped(&line.repeat(n));
    let free = [
        (lines(20, &format!("{{{{ x{} }}}}", ".a".repeat(60))), steps),
        (
            lines(20, &format!("{{% if x{} %}}{{% endif %}}", ".a".repeat(60))),
            steps,
        ),
        (
            looped(&format!(
                "{{% case 1 %}}{{% when {} %}}{{% endcase %}}",
                vec!["2"; 9_000].join(",")
            )),
            steps,
        ),
        (
            looped(&format!(
                "{{% if 1 == 2 %}}{}{{% endif %}}",
                "{% elsif 1 == 2 %}".repeat(3_000)
            )),
            steps,
        ),
        (
            looped(&format!(
                "{{% if {} %}}{{% endif %}}",
                vec!["1 == 1"; 99].join(" and ")
            )),
            steps,
        ),
        (
            looped(&format!(
                "{{% assign x = 'a' | split: '{}' %}}",
                "b".repeat(60_000)
            )),
            steps,
        ),
        (
            looped(&format!(
                "{{% assign x = 'a' | remove: '{}' %}}",
                "b".repeat(60_000)
            )),
            steps,
        ),
        (
            looped("{% for j in (1..10000) %}{% break %}{% endfor %}"),
            steps,
        ),
        (
            json!({"text": format!("{{% assign x = '{}' %}}{}{{% assign y = x | json_parse %}}",
            r#"{"":0},"#.repeat(4_000), "{% assign x = x | append: x %}".repeat(5))}),
            built,
        ),
    ];
    end(free.into());
}

/// Each fails, and says why.
fn end(cases: Vec<(Json, &str)>) {
    for (tree, expected) in cases {
        let found = failure(&tree);
        let text: String = tree.to_string().chars().take(90).collect();
        let found = found.unwrap_or_else(|| panic!("{text} ends nowhere"));
        assert!(found.contains(expected), "{text}: {found}");
    }
}

#[test]
fn what_people_write_is_far_from_any_bound() {
    let cards = json!([{"each": "n in ${many} limit:10", "do": {"title": "{{ n }} {{ ${long} | truncate: 60 }}"}}]);
    assert_eq!(failure(&cards), None);
    let list =
        "{% for n in ${many} limit:1000 %}{% if n > 10 %}{{ n | times: 2 }}{% endif %}{% endfor %}";
    assert_eq!(failure(&json!({"text": list})), None);
}
