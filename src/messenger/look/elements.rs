//! What messages are made of, each from its JSON: bubbles, cards, buttons, pictures, rows.

use serde_json::Value as Json;

use super::values::{ITEMS_MAX, items, line, of, text};
use super::{Bubble, Button, Card, Part, Picture, Row, clean};

/// How deep values without a look of their own are shown.
const DEPTH_MAX: usize = 4;

/// What has no look of its own: its values by path.
pub(super) fn rest(kind: &str, json: &Json) -> Card {
    fn walk(json: &Json, path: &str, depth: usize, rows: &mut Vec<Row>) {
        let below = |step: &str| match path {
            "" => step.to_owned(),
            path => format!("{path}.{step}"),
        };
        match json {
            _ if rows.len() >= ITEMS_MAX => {}
            Json::Object(map) if depth < DEPTH_MAX => {
                // What kind it is, the title says.
                let is_told = |key: &str| depth == 0 && matches!(key, "type" | "template_type");
                for (key, value) in map.iter().filter(|(key, _)| !is_told(key)) {
                    walk(value, &below(key), depth + 1, rows);
                }
            }
            Json::Array(list) if depth < DEPTH_MAX => {
                for (at, value) in list.iter().enumerate() {
                    walk(value, &below(&at.to_string()), depth + 1, rows);
                }
            }
            value => rows.push(row(path, &of(value))),
        }
    }
    let mut rows = Vec::new();
    walk(json, "", 0, &mut rows);
    Card {
        title: clean::line(kind),
        rows,
        ..Card::default()
    }
}

pub(super) fn titled(element: &Json) -> Card {
    Card {
        title: line(element, "title"),
        subtitle: clean::text(&text(element, "subtitle")),
        buttons: buttons(element),
        ..Card::default()
    }
}

pub(super) fn buttons(holder: &Json) -> Vec<Button> {
    items(&holder["buttons"]).map(button).collect()
}

fn button(button: &Json) -> Button {
    let kind = text(button, "type");
    let title = line(button, "title");
    let (usual, is_link) = match kind.as_str() {
        "web_url" => ("", true),
        "account_link" => ("Log in", true),
        "account_unlink" => ("Log out", false),
        _ => ("", false),
    };
    Button {
        title: if title.is_empty() {
            usual.to_owned()
        } else {
            title
        },
        is_link,
        leads: if is_link {
            clean::place(&text(button, "url"))
        } else {
            line(button, "payload")
        },
    }
}

pub(super) fn chip(reply: &Json) -> String {
    match text(reply, "content_type").as_str() {
        "user_phone_number" => "Send my phone number".to_owned(),
        "user_email" => "Send my e-mail address".to_owned(),
        _ if reply.get("image_url").is_some() => format!("● {}", line(reply, "title")),
        _ => line(reply, "title"),
    }
}

pub(super) fn pictures(list: &Json, payload: impl Fn(&Json) -> Json) -> Vec<Picture> {
    items(list)
        .map(|one| picture("image", &payload(one)))
        .collect()
}

pub(super) fn picture(kind: &'static str, payload: &Json) -> Picture {
    let id = payload.get("attachment_id").map(of);
    let place = id.map_or_else(
        || clean::place(&text(payload, "url")),
        |id| clean::line(&format!("attachment {id}")),
    );
    Picture { kind, place }
}

pub(super) fn image(url: &str) -> Picture {
    Picture {
        kind: "image",
        place: clean::place(url),
    }
}

pub(super) fn bubble(text: &str, buttons: Vec<Button>) -> Part {
    Part::Bubble(Bubble {
        text: clean::text(text),
        buttons,
    })
}

pub(super) fn card(card: Card) -> Part {
    Part::Cards(vec![card])
}

pub(super) fn cards(elements: &Json, card: impl Fn(&Json) -> Card) -> Part {
    Part::Cards(items(elements).map(card).collect())
}

pub(super) fn row(name: &str, value: &str) -> Row {
    Row {
        name: clean::line(name),
        value: clean::line(value),
        is_total: false,
    }
}
