//! What is told of a text that is broken in several places.

use crate::template::Text;

#[test]
fn one_mistake_hides_no_other() {
    let cases: [(&str, &[&str]); 11] = [
        (
            "{{ a | uppcase }}{% if x && y %}{{ b | foo }}{% endif %}",
            &["uppcase", "&&", "foo"],
        ),
        (
            "{% if x == “a | b” %}{{ b | foo }}{% endif %}",
            &["“", "foo"],
        ),
        (
            "{{ 'open }}{{ b | foo }}{% fro x in y %}",
            &["'", "foo", "fro"],
        ),
        ("{{ a | foo {{ b | bar }} c", &["foo", "bar", "{{"]),
        (
            "{% for x in y %}{% endif %}{{ b | foo }}{% endfor %}",
            &["endif", "foo"],
        ),
        (
            "{% for x in y %}{% if z %}{% endfor %}{{ b | foo }}",
            &["endfor", "foo"],
        ),
        ("{% if a %}{{ b | foo }}", &["foo", "if"]),
        (
            "{{ ${} }}{{ content_blocks.x }}{{ b | foo }}",
            &["${}", "content_blocks", "foo"],
        ),
        (
            "{% connected_content %}{% catalog_items %}{{ b | foo }}",
            &["connected", "{% catalog", "foo"],
        ),
        (
            "{% liquid\n echo 'a\n echo b | foo\n%}{{ c | bar }}",
            &["'", "foo", "bar"],
        ),
        ("{{ a | foo }}{% raw %}{{ b | bar }}", &["foo", "{% raw"]),
    ];
    for (source, expected) in cases {
        let mut problems = Text::compile(source).unwrap_err();
        problems.sort_by_key(|problem| problem.span.clone().unwrap().start);
        let at = |begin: &str| source.find(begin).unwrap();
        let mut starts: Vec<_> = expected.iter().map(|begin| at(begin)).collect();
        starts.sort_unstable();
        let found: Vec<_> = problems
            .iter()
            .map(|problem| problem.span.clone().unwrap().start)
            .collect();
        assert_eq!(found, starts, "{source}: {problems:#?}");
    }
}
