//! The platform's templates: one card or a row of them.

use serde_json::Value as Json;

use super::elements::{bubble, buttons, card, cards, image, picture, pictures, rest, row, titled};
use super::values::{ITEMS_MAX, items, line, of, text};
use super::{Button, Card, Part, Picture, Row, clean};

pub(super) fn template(payload: &Json) -> Vec<Part> {
    match text(payload, "template_type").as_str() {
        "generic" => vec![generic(payload)],
        "button" => vec![bubble(&text(payload, "text"), buttons(payload))],
        "media" => vec![cards(&payload["elements"], |element| Card {
            pictures: vec![picture(media(element), element)],
            buttons: buttons(element),
            ..Card::default()
        })],
        "receipt" => vec![card(receipt(payload))],
        "coupon" => coupon(payload),
        "product" => vec![cards(&payload["elements"], |element| Card {
            pictures: vec![Picture {
                kind: "product",
                place: line(element, "id"),
            }],
            is_square: true,
            ..Card::default()
        })],
        "image_grid" => vec![cards(&payload["elements"], |element| Card {
            pictures: pictures(&element["images"], Json::clone),
            is_square: true,
            ..titled(element)
        })],
        "customer_feedback" => vec![card(feedback(payload))],
        other => vec![card(rest(other, payload))],
    }
}

fn generic(payload: &Json) -> Part {
    let is_square = payload["image_aspect_ratio"] == "square";
    cards(&payload["elements"], |element| Card {
        pictures: element
            .get("image_url")
            .map(|url| image(&of(url)))
            .into_iter()
            .collect(),
        is_square,
        ..titled(element)
    })
}

fn coupon(payload: &Json) -> Vec<Part> {
    let mut coupon = titled(payload);
    let url = payload.get("image_url").map(of);
    coupon.pictures = url.map(|url| image(&url)).into_iter().collect();
    coupon.rows = vec![row("Code", &text(payload, "coupon_code"))];
    if let Some(url) = payload.get("coupon_url") {
        let title = payload.get("coupon_url_button_title");
        coupon.buttons.push(Button {
            title: title.map_or_else(|| "Shop now".to_owned(), |title| clean::line(&of(title))),
            is_link: true,
            leads: clean::place(&of(url)),
        });
    }
    let before = payload.get("coupon_pre_message");
    let before = before.map(|before| bubble(&of(before), Vec::new()));
    before.into_iter().chain([card(coupon)]).collect()
}

fn receipt(payload: &Json) -> Card {
    let currency = line(payload, "currency");
    let money = |amount: &Json| format!("{} {currency}", clean::line(&of(amount)));
    let mut rows = Vec::new();
    for element in items(&payload["elements"]) {
        let mut name = text(element, "title");
        if let Some(n) = element.get("quantity") {
            name = format!("{name} × {}", of(n));
        }
        rows.push(row(&name, &money(&element["price"])));
    }
    let all = payload["elements"].as_array().map_or(0, Vec::len);
    if all > ITEMS_MAX {
        rows.push(row(&format!("… and {} more", all - ITEMS_MAX), ""));
    }
    let summary = &payload["summary"];
    for (key, name) in [
        ("subtotal", "Subtotal"),
        ("shipping_cost", "Shipping"),
        ("total_tax", "Tax"),
    ] {
        rows.extend(summary.get(key).map(|amount| row(name, &money(amount))));
    }
    for adjustment in items(&payload["adjustments"]) {
        let amount = format!("-{}", money(&adjustment["amount"]));
        rows.push(row(&text(adjustment, "name"), &amount));
    }
    rows.push(Row {
        is_total: true,
        ..row("Total", &money(&summary["total_cost"]))
    });
    rows.push(row("Paid with", &text(payload, "payment_method")));
    if let Some(address) = payload.get("address") {
        let keys = [
            "street_1",
            "street_2",
            "postal_code",
            "city",
            "state",
            "country",
        ];
        let lines = keys.map(|key| text(address, key));
        let lines: Vec<_> = lines.into_iter().filter(|line| !line.is_empty()).collect();
        rows.push(row("Ship to", &lines.join(", ")));
    }
    let merchant = line(payload, "merchant_name");
    Card {
        title: if merchant.is_empty() {
            "Receipt".to_owned()
        } else {
            merchant
        },
        subtitle: clean::line(&format!(
            "Order {} for {}",
            text(payload, "order_number"),
            text(payload, "recipient_name")
        )),
        rows,
        ..Card::default()
    }
}

fn feedback(payload: &Json) -> Card {
    let screens = items(&payload["feedback_screens"]);
    let questions = screens.flat_map(|screen| items(&screen["questions"]));
    let button = line(payload, "button_title");
    Card {
        rows: questions
            .take(ITEMS_MAX)
            .map(|question| row(&text(question, "title"), &text(question, "type")))
            .collect(),
        buttons: vec![Button {
            title: if button.is_empty() {
                "Give feedback".to_owned()
            } else {
                button
            },
            is_link: false,
            leads: String::new(),
        }],
        ..titled(payload)
    }
}

/// A utility template: its words are the platform's, only the parameters are ours.
pub(super) fn approved(template: &Json) -> Part {
    let mut rows = Vec::new();
    for component in items(&template["components"]) {
        for (at, parameter) in items(&component["parameters"]).enumerate() {
            let name = parameter
                .get("parameter_name")
                .map_or_else(|| (at + 1).to_string(), of);
            let keys = ["text", "payload", "url"];
            let value = keys.into_iter().find_map(|key| parameter.get(key));
            let name = format!("{} {name}", text(component, "type"));
            rows.push(row(&name, &value.map_or_else(String::new, of)));
        }
    }
    card(Card {
        title: clean::line(&format!("Template {}", text(template, "name"))),
        subtitle: clean::line(&of(&template["language"]["code"])),
        rows,
        ..Card::default()
    })
}

fn media(element: &Json) -> &'static str {
    if element["media_type"] == "video" {
        "video"
    } else {
        "image"
    }
}
