//! Reads and gifts of texts, in every spelling.

use super::Names;

/// `root.steps`, with `…` where it goes on.
fn reads(source: &str) -> Vec<String> {
    let reads = Names::of(source).reads.into_iter().map(|read| {
        let text = &source[read.span.clone()];
        assert!(!text.is_empty() && text.trim() == text, "{text:?}");
        let more = if read.is_cut { "…" } else { "" };
        let path = std::iter::once(read.root).chain(read.steps);
        path.collect::<Vec<_>>().join(".") + more
    });
    reads.collect()
}

#[test]
fn names_are_read_however_they_are_written() {
    let cases: [(&str, &[&str]); 17] = [
        ("Hi ${no} {{${first_name}}}", &["user.first_name"]),
        (
            "{{ custom_attribute.${zip code} | upcase }}",
            &["user.zip code"],
        ),
        (
            "{{user[\"zip code\"]}} {{user.a.b}}",
            &["user.zip code", "user.a.b"],
        ),
        (
            "{{custom_attribute.${address}.city}}",
            &["user.address.city"],
        ),
        ("{{custom_attribute.${tags}[0].name}}", &["user.tags…"]),
        ("{{${prices}[${plan}].eur}}", &["user.prices…", "user.plan"]),
        (
            "{{event_properties.${a} | default: b, allow_false: true}}",
            &["event_properties.a", "b"],
        ),
        (
            "{% if a == 'x' and b contains c or d.e %}",
            &["a", "b", "c", "d.e"],
        ),
        (
            "{% for i in (1..n) reversed limit:m offset:continue %}{{i}}",
            &["n", "m", "i"],
        ),
        ("{% assign x = {{${a} | plus: 9}} %}", &["user.a"]),
        (
            "{% catalog_items Games 1234 {{id}} %}{{items[0].title}}",
            &["id", "items…"],
        ),
        (
            "{% connected_content https://a.test/{{x}} :save w %}",
            &["x"],
        ),
        (
            "{% raw %}{{a}}{% endraw %}{% comment %}{{b}}{% endcomment %}{{c}}",
            &["c"],
        ),
        ("{% liquid\n assign a = b\n # c\n echo d\n%}", &["b", "d"]),
        (
            "{% cycle 'group': 'a', x %}{{ nil }}{{ empty }}{{ 1.5 }}",
            &["x"],
        ),
        // What is broken hides nothing behind it.
        ("{{ a {{ b }} {% if c", &["a", "b", "c"]),
        ("{{ ${a }}{{ x[ }}{{ y[\"é }}", &["user.a", "x", "y"]),
    ];
    for (source, expected) in cases {
        assert_eq!(reads(source), expected, "{source}");
    }
}

#[test]
fn names_are_given_by_tags() {
    let source = "{% assign a = 1 %}{% capture b %}{% endcapture %}{% for c in x %}{% endfor %}\
                  {% increment d %}{% connected_content https://a.test/ :save e :retry %}\
                  {% connected_content https://a.test/ %}{% catalog_items Games 1 %}{% tablerow f in x %}\
                  {% liquid\n assign g = 1\n capture 'h' %}{{content_blocks.${Foot} | id: 'cb1'}}";
    let names = Names::of(source);
    let given = names.given.iter().map(|(name, _)| name.as_str());
    let expected = ["a", "b", "c", "d", "e", "connected", "items", "f", "g", "h"];
    assert_eq!(given.collect::<Vec<_>>(), expected);
    assert_eq!(names.blocks[0].0, "Foot");
    let head = Names::of_head("wish in ${wishes} limit:3");
    assert_eq!(head.given, [("wish".to_owned(), 0)]);
}

#[test]
fn any_text_is_gone_through() {
    let parts = [
        "{{", "}}", "{%", "%}", "${", "}", "[", "]", "\"", "é", "-", "for x in", "liquid\n", ".a",
        "|",
    ];
    for a in parts {
        for b in parts {
            for c in parts {
                for d in parts {
                    Names::of(&format!("{a}{b}x{c}{d}"));
                }
            }
        }
    }
}

#[test]
fn hostile_texts_cost_no_more_than_they_are_long() {
    for part in [
        "{% ",
        "{{",
        "{{ ${",
        "{{x[",
        "{% x '",
        "${",
        "{% liquid\n",
        "{{ a.",
        "{% raw %}",
        "[x",
        "{{'",
    ] {
        let many = part.repeat(1_000_000 / part.len());
        for text in [
            many.clone(),
            format!("{{{{ {many}"),
            format!("{{% if {many} %}} }}}}"),
        ] {
            Names::of(&text);
        }
    }
    let deep = format!("{{{{ {} }}}}", "x[".repeat(100_000) + &"]".repeat(100_000));
    Names::of(&deep);
}
