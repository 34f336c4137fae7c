//! Attributes that an output shows as they are: nothing stands in their place when they are absent.

use std::ops::Range;

/// An attribute without a `default`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bare {
    pub attribute: String,
    /// Where the output stands in the author's text.
    pub span: Range<usize>,
}

#[cfg(test)]
mod tests {
    use crate::template::Text;

    #[test]
    fn every_spelling_of_an_attribute_without_a_default_is_seen() {
        let cases = [
            ("Hi {{${first_name}}}!", vec!["first_name"]),
            (
                "{{- custom_attribute.${zip code} | upcase -}}",
                vec!["zip code"],
            ),
            ("{{user.first_name}} {{ ${b} }}", vec!["first_name", "b"]),
            ("{{${first_name} | upcase | default: 'you'}}", vec![]),
            ("{% if ${a} %}{{${a}}}{% endif %}{{${b}}}", vec!["b"]),
            (
                "{{custom_attribute.${a}[0].b}} {{api_trigger_properties.${x}}} {{name}}",
                vec![],
            ),
            ("{% assign a = ${b} %}{{a}}", vec![]),
            // Another name that it is a part of is another name.
            (
                "{% if ${first_name_known} %}x{% endif %}{{${first_name}}}",
                vec!["first_name"],
            ),
            (
                "{% if x == 'first_name' %}x{% endif %}{{${first_name}}}",
                vec!["first_name"],
            ),
            (
                "{% liquid\n if user.a\n echo ${a}\n endif\n echo ${b} %}",
                vec!["b"],
            ),
            (
                "{% raw %}{{${a}}}{% endraw %}{% comment %}{{${b}}}{% endcomment %}",
                vec![],
            ),
            (
                "{{ 'default' | append: ${a} }}{{${b} | append: 'default'}}",
                vec!["b"],
            ),
        ];
        for (source, expected) in cases {
            let text = Text::compile(source).unwrap();
            let found: Vec<_> = text
                .bare()
                .iter()
                .map(|bare| bare.attribute.as_str())
                .collect();
            assert_eq!(found, expected, "{source}");
        }
    }
}
