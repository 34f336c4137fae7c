//! Attributes that an output shows as they are: nothing stands in their place when they are absent.

use std::ops::Range;

use super::scanner::identifier;

/// An attribute without a `default`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bare {
    pub attribute: String,
    /// Where the output stands in the author's text.
    pub span: Range<usize>,
}

/// Tags that test what they read.
const CONDITIONS: [&str; 4] = ["if", "elsif", "unless", "case"];

/// The outputs of a text that show an attribute and have no `default`, and no condition on it anywhere.
pub(super) fn bare(source: &str, outputs: &[Range<usize>]) -> Vec<Bare> {
    let tested = tested(source);
    let found = outputs.iter().filter_map(|span| {
        let output = &source[span.clone()];
        let inside = output.strip_prefix("{{")?.strip_suffix("}}")?;
        let inside = inside.trim_matches(['-', ' ', '\n', '\t']);
        let (read, filters) = inside.split_once('|').unwrap_or((inside, ""));
        let has_default = filters
            .split('|')
            .any(|filter| identifier(filter.trim_start()) == "default");
        let attribute = attribute(read.trim())?;
        let is_tested = tested.iter().any(|tag| tag.contains(attribute));
        (!has_default && !is_tested).then(|| Bare {
            attribute: attribute.to_owned(),
            span: span.clone(),
        })
    });
    found.collect()
}

/// The attribute that a read begins with; none where it reads something else, or a part of one.
fn attribute(read: &str) -> Option<&str> {
    if let Some(name) = read.strip_prefix("user.") {
        let is_name = !name.is_empty() && identifier(name) == name;
        return is_name.then_some(name);
    }
    let name = read.strip_prefix("custom_attribute.").unwrap_or(read);
    let name = name.strip_prefix("${")?.strip_suffix('}')?.trim();
    (!name.is_empty() && !name.contains(['{', '}'])).then_some(name)
}

fn tested(source: &str) -> Vec<&str> {
    let tags = source.split("{%").skip(1);
    let bodies = tags.filter_map(|tag| tag.split_once("%}").map(|(body, _)| body));
    bodies
        .filter(|body| CONDITIONS.contains(&identifier(body.trim_start_matches(['-', ' ']))))
        .collect()
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
