//! Names as campaign files want them.

use crate::model::limits;

/// Room for what tells two of one name apart.
const SUFFIX_BYTES: usize = 20;
/// Words that are none of CEL's names.
const RESERVED: [&str; 20] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "namespace",
    "null",
    "package",
    "return",
    "true",
    "var",
    "while",
];

/// A resource's name made of any text; empty when nothing of it can be kept.
pub(super) fn resource(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        match plain(c) {
            Some(c) if !(out.is_empty() && c == '_') => out.push(c),
            _ if !out.is_empty() && !out.ends_with('-') => out.push('-'),
            _ => {}
        }
    }
    out.truncate(limits::NAME_BYTES_MAX - SUFFIX_BYTES);
    out.trim_end_matches(['-', '_']).to_owned()
}

/// Whether a text can be a block's or a catalog's name as it stands.
pub(super) fn is_name(text: &str) -> bool {
    text.len() <= limits::NAME_BYTES_MAX
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

/// A file's name without its folder and ending.
pub(super) fn stem(file: &str) -> &str {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    name.split('.').next().unwrap_or(name)
}

/// The first of `name`, `name-2`, `name-3` and so on that is not taken.
pub(super) fn free(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let later = (2_u32..).map(|n| format!("{name}-{n}"));
    let mut names = std::iter::once(name.to_owned()).chain(later);
    names.find(|name| !is_taken(name)).unwrap_or_default()
}

/// The environment variable for a secret of a channel.
pub(super) fn variable(channel: &str, what: &str) -> String {
    let upper = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_uppercase()
        } else {
            '_'
        }
    };
    let what = what.trim_start_matches("X-").trim_start_matches("x-");
    format!("RECADO_{channel}_{what}")
        .chars()
        .map(upper)
        .collect()
}

/// An attribute as a filter reads it.
pub(super) fn attribute(name: &str) -> String {
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !RESERVED.contains(&name);
    if is_name {
        format!("user.{name}")
    } else {
        format!("user[{}]", serde_json::Value::from(name))
    }
}

/// Letters without their accents; `None` for what no name may hold.
fn plain(c: char) -> Option<char> {
    Some(match c {
        'a'..='z' | '0'..='9' | '_' => c,
        'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'č' => 'c',
        'ď' | 'đ' => 'd',
        'è'..='ë' | 'ē' | 'ę' | 'ě' => 'e',
        'ğ' => 'g',
        'ì'..='ï' | 'ī' | 'ı' => 'i',
        'ł' => 'l',
        'ñ' | 'ń' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ő' => 'o',
        'ř' => 'r',
        'ś' | 'ş' | 'š' | 'ș' | 'ß' => 's',
        'ţ' | 'ť' | 'ț' => 't',
        'ù'..='ü' | 'ū' | 'ů' | 'ű' => 'u',
        'ý' | 'ÿ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_becomes_a_name() {
        for (text, name) in [
            ("Order Shipped (v2)", "order-shipped-v2"),
            ("  Olá, João! ", "ola-joao"),
            ("_private_", "private"),
            ("🎉", ""),
            ("a___b", "a___b"),
        ] {
            assert_eq!(resource(text), name);
        }
        assert_eq!(resource(&"a".repeat(500)).len(), 80);
        assert_eq!(free("a", |name| name != "a-3"), "a-3");
    }

    #[test]
    fn variables_and_filters_name_what_they_should() {
        assert_eq!(variable("acme-page", "token"), "RECADO_ACME_PAGE_TOKEN");
        assert_eq!(variable("acme", "X-Api-Key"), "RECADO_ACME_API_KEY");
        assert_eq!(attribute("messenger_id"), "user.messenger_id");
        assert_eq!(attribute("Messenger ID"), "user[\"Messenger ID\"]");
        assert_eq!(attribute("in"), "user[\"in\"]");
    }
}
