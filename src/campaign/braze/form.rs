//! Form-encoded bodies: a Send API call may have its JSON in fields.

use super::json::{self, Mode, Value};
use super::liquid;
use super::secrets::percent_decoded;
use super::url;

/// Whether a body without a content type reads as a form.
pub(super) fn is_form(text: &str) -> bool {
    let text = text.trim();
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_-.[]%".contains(c))
    };
    !text.contains('\n')
        && !text.starts_with(['{', '[', '<'])
        && url::pairs(text)
            .iter()
            .all(|pair| pair.contains('=') && is_name(url::split(pair).0))
}

/// The fields, decoded outside of Liquid; those that hold JSON as what they hold.
pub(super) fn read(text: &str) -> Value {
    let field = |pair: &str| {
        let (name, value) = url::split(pair);
        let value = liquid::without(liquid::FORM_ESCAPES, &decoded(value)).0;
        let json =
            value.trim_start().starts_with(['{', '[']) && !liquid::is_markup(value.trim_start());
        let read = json.then(|| json::read(&value, Mode::Liquid));
        let value = match read {
            Some(json::Read {
                value: Ok(value),
                outside,
                prelude: None,
                ..
            }) if outside.is_empty() => value,
            _ => Value::Text(value),
        };
        (decoded(name), value)
    };
    Value::Map(url::pairs(text.trim()).into_iter().map(field).collect())
}

/// Without its encoding, except in Liquid, which writes what it means.
fn decoded(text: &str) -> String {
    let mut out = String::new();
    for piece in liquid::pieces(text) {
        let part = &text[piece.span];
        if piece.kind == liquid::Kind::Text {
            out.push_str(&percent_decoded(&part.replace('+', " ")));
        } else {
            out.push_str(part);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_with_the_json_in_them() {
        let text = "recipient=%7B%22id%22%3A%22{{custom_attribute.${messenger_id}}}%22%7D&message={\"text\":\"Hi+{{${first_name} | url_encode}}%21\"}&tag=A%26B";
        assert!(is_form(text));
        let read = read(text);
        assert_eq!(
            read.get("recipient").and_then(|v| v.text("id")),
            Some("{{custom_attribute.${messenger_id}}}")
        );
        assert_eq!(
            read.get("message").and_then(|v| v.text("text")),
            Some("Hi {{${first_name}}}!")
        );
        assert_eq!(read.text("tag"), Some("A&B"));
    }

    #[test]
    fn other_texts_are_no_forms() {
        for text in ["{\"a\":1}", "<a b=\"c\"/>", "hello there", "a=b\nc=d", ""] {
            assert!(!is_form(text), "{text}");
        }
    }
}
