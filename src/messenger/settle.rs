//! A rendered message as the Send API wants it: what came out empty goes, numbers and booleans are such.

use serde_json::{Map, Number, Value as Json};

use super::shapes::{ENVELOPE, Field, MESSAGE, Shape};

/// Puts a rendered message right, as far as its shape says how.
///
/// An optional key whose text or list came out empty is dropped; a required one stays, for the check to refuse.
/// A text where a number or a boolean belongs becomes one, if it is one: a template makes nothing but texts.
pub fn settle(mut message: Json) -> Json {
    if let Json::Object(map) = &mut message {
        fields(map, &[MESSAGE, ENVELOPE]);
    }
    message
}

fn fields(map: &mut Map<String, Json>, groups: &[&'static [Field]]) {
    let known = || groups.iter().copied().flatten();
    for field in known() {
        if let Some(value) = map.get_mut(field.name) {
            settled(value, field.shape);
        }
    }
    let optional = |key: &str| known().any(|field| field.name == key && !field.is_required);
    map.retain(|key, value| !(is_empty(value) && optional(key)));
}

fn settled(value: &mut Json, shape: &'static Shape) {
    match (shape, &mut *value) {
        (Shape::Number, Json::String(text)) => {
            if let Some(number) = number(text.trim()) {
                *value = Json::Number(number);
            }
        }
        (Shape::Bool, Json::String(text)) => {
            if let Ok(word) = text.trim().parse::<bool>() {
                *value = Json::Bool(word);
            }
        }
        (Shape::Map(known), Json::Object(map)) => fields(map, &[known]),
        (Shape::List(_, _, item), Json::Array(items)) => {
            for value in items {
                settled(value, item);
            }
        }
        (Shape::Tagged(tag, cases), Json::Object(map)) => {
            let named = map.get(*tag).and_then(Json::as_str);
            let case = cases.iter().find(|case| Some(case.tag) == named);
            if let Some(case) = case {
                fields(map, &[case.fields]);
            }
        }
        _ => {}
    }
}

/// As JSON writes it: `1e3` and `7.50` are numbers, `0x10`, `inf` and `1,000` are none.
pub(super) fn number(text: &str) -> Option<Number> {
    serde_json::from_str(text).ok()
}

fn is_empty(value: &Json) -> bool {
    match value {
        Json::String(text) => text.trim().is_empty(),
        Json::Array(items) => items.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_came_out_empty_is_dropped_where_it_may_be_absent() {
        let rendered = json!({
            "attachment": {"type": "template", "payload": {"template_type": "generic", "elements": [
                {"title": "One", "subtitle": " ", "buttons": []},
                {"title": "", "subtitle": "Two"},
            ]}},
            "quick_replies": [],
            "persona_id": "",
        });
        let expected = json!({
            "attachment": {"type": "template", "payload": {"template_type": "generic", "elements": [
                {"title": "One"},
                {"title": "", "subtitle": "Two"},
            ]}},
        });
        assert_eq!(settle(rendered), expected);
    }

    #[test]
    fn numbers_and_booleans_are_typed_where_the_shape_wants_them() {
        let receipt = |price: Json, sharable: Json| {
            json!({"attachment": {"type": "template", "payload": {
                "template_type": "receipt", "recipient_name": "Ana", "order_number": "1", "currency": "EUR",
                "payment_method": "card", "sharable": sharable, "summary": {"total_cost": price},
            }}})
        };
        let cases = [
            (json!(" 7.50 "), json!("true"), json!(7.5), json!(true)),
            (json!("80"), json!("FALSE"), json!(80), json!("FALSE")),
            (json!("1,000"), json!("yes"), json!("1,000"), json!("yes")),
            (json!("NaN"), json!(true), json!("NaN"), json!(true)),
        ];
        for (price, sharable, typed_price, typed_sharable) in cases {
            let settled = settle(receipt(price, sharable));
            assert_eq!(settled, receipt(typed_price, typed_sharable));
        }
        // What stays a text is refused: the check takes for a number what becomes one.
        for (price, is_number) in [
            ("7.50", true),
            ("NaN", false),
            ("inf", false),
            ("1,000", false),
            ("+1", false),
        ] {
            let problems = super::super::check(&receipt(json!(price), json!(true)), &|_| false);
            let mut told = problems.iter().map(|problem| problem.path.as_str());
            let is_told = told.any(|path| path.ends_with("total_cost"));
            assert_eq!(is_told, !is_number, "{price}: {problems:?}");
        }
    }
}
