//! Messages of every shape, and texts that should do no harm.

use serde_json::{Value as Json, json};
use unicode_width::UnicodeWidthStr;

use super::Look;

fn button(title: &str) -> Json {
    json!({"type": "postback", "title": title, "payload": "P"})
}

fn template(payload: &Json) -> Json {
    json!({"attachment": {"type": "template", "payload": payload}})
}

/// One message of each shape.
#[expect(clippy::too_many_lines, reason = "a table")]
fn shapes() -> Vec<(&'static str, Json)> {
    let link =
        json!({"type": "web_url", "title": "Track it", "url": "https://acme.example/t/A1?token=x"});
    let reply = |title: &str| json!({"content_type": "text", "title": title, "payload": "P"});
    let shoe = |name: &str, price: &str| {
        json!({
            "title": name, "subtitle": price, "image_url": "https://cdn.acme.example/shoes/1.png",
            "buttons": [link.clone(), button("Not for me")],
        })
    };
    let media = json!({"media_type": "video", "url": "https://www.facebook.com/acme/videos/1", "buttons": [link]});
    vec![
        (
            "text",
            json!({
                "text": "Hi Ana, your order A1 is on its way 🚚 and should be with you on Tuesday.\n\nTap below to follow it.",
                "quick_replies": [
                    reply("Track it"), reply("Change address"), reply("Talk to us"),
                    {"content_type": "user_email"},
                    {"content_type": "text", "title": "Olá", "payload": "P", "image_url": "https://a.example/x.png"},
                ],
            }),
        ),
        (
            "generic",
            template(&json!({
                "template_type": "generic",
                "elements": [
                    shoe("Trail runner", "Light and quick, for dry paths and long days in the hills"),
                    shoe("City walker, the long name of a shoe that does not fit on one line", "€ 80"),
                    {"title": "Sandal", "subtitle": "Only 2 left", "image_url": "https://cdn.acme.example/shoes/3.png"},
                ],
            })),
        ),
        (
            "button",
            template(&json!({
                "template_type": "button",
                "text": "Your parcel is at the shop around the corner. What should happen with it?",
                "buttons": [
                    {"type": "web_url", "title": "Show the map", "url": "https://maps.example/shop/17?q=1#x"},
                    button("Bring it home"),
                    {"type": "phone_number", "title": "Call the shop", "payload": "+351210000000"},
                ],
            })),
        ),
        (
            "media",
            template(&json!({"template_type": "media", "elements": [media]})),
        ),
        (
            "image",
            json!({"attachment": {"type": "image", "payload": {"url": "https://user:pass@cdn.acme.example/a/b.png?sig=1"}}}),
        ),
        (
            "audio",
            json!({"attachment": {"type": "audio", "payload": {"attachment_id": "1234567890"}}}),
        ),
        (
            "images",
            json!({"attachments": [
                {"type": "image", "payload": {"url": "https://a.example/1.png"}},
                {"type": "image", "payload": {"url": "https://a.example/2.png"}},
            ]}),
        ),
        (
            "receipt",
            template(&json!({
                "template_type": "receipt", "recipient_name": "Ana Silva", "order_number": "A1", "currency": "EUR",
                "payment_method": "Visa 1234", "merchant_name": "Acme",
                "elements": [{"title": "Trail runner", "quantity": 2, "price": 80.0}, {"title": "Socks", "price": "7.50"}],
                "address": {"street_1": "Rua A 1", "city": "Lisboa", "postal_code": "1100", "state": "LX", "country": "PT"},
                "summary": {"subtotal": 167.5, "shipping_cost": 5, "total_cost": 162.5},
                "adjustments": [{"name": "Voucher", "amount": 10}],
            })),
        ),
        (
            "coupon",
            template(&json!({
                "template_type": "coupon", "title": "10 % off", "subtitle": "Until Sunday", "coupon_code": "SPRING",
                "coupon_url": "https://acme.example/spring", "coupon_pre_message": "For you, Ana:",
            })),
        ),
        (
            "image-grid",
            template(&json!({
                "template_type": "image_grid",
                "elements": [{"title": "New in", "images": [{"url": "https://a.example/1.png"}, {"url": "https://a.example/2.png"}]}],
            })),
        ),
        (
            "feedback",
            template(&json!({
                "template_type": "customer_feedback", "title": "How was it?", "button_title": "Rate",
                "feedback_screens": [{"questions": [{"id": "q", "type": "csat", "title": "The delivery"}]}],
                "business_privacy": {"url": "https://acme.example/privacy"},
            })),
        ),
        (
            "product",
            template(
                &json!({"template_type": "product", "elements": [{"id": "11"}, {"id": "12"}]}),
            ),
        ),
        (
            "form",
            template(&json!({"template_type": "instant_form", "form_id": "77"})),
        ),
        (
            "utility",
            json!({"messaging_type": "UTILITY", "template": {
                "name": "order_update", "language": {"code": "pt_PT"},
                "components": [
                    {"type": "body", "parameters": [{"type": "text", "text": "Ana", "parameter_name": "name"}, {"type": "text", "text": "A1"}]},
                    {"type": "buttons", "parameters": [{"type": "POSTBACK", "payload": "TRACK"}]},
                ],
            }}),
        ),
        ("sticker", json!({"sticker_id": "369239263222822"})),
    ]
}

#[test]
fn every_shape_has_its_look_as_text() {
    for (name, message) in shapes() {
        insta::assert_snapshot!(format!("text-{name}"), Look::of(&message).to_text(80));
    }
}

#[test]
fn every_shape_has_its_look_as_a_picture() {
    for (name, message) in shapes() {
        insta::assert_snapshot!(format!("picture-{name}"), Look::of(&message).to_svg());
    }
}

/// Texts that break what takes them for plain letters.
const NASTY: [&str; 9] = [
    "\u{1b}[2J\u{1b}]0;owned\u{7}",
    "\u{202e}desrever\u{2066}",
    "a\0b\u{8}\r\n\tc\u{9b}31m",
    "<script>alert('x')</script>&\"",
    "👩‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿👍🏽 日本語テキスト 한국어",
    "Ça e\u{301}te\u{301}",
    "",
    "\n\n\n",
    "\u{feff}\u{fffe}\u{2028}x",
];

fn nasty() -> impl Iterator<Item = (String, Json)> {
    let long = "wörd".repeat(3_000);
    let marks = format!("e{}", "\u{301}".repeat(9_000));
    let texts = NASTY.into_iter().map(str::to_owned).chain([long, marks]);
    texts.flat_map(|text| {
        let card = json!({
            "title": text, "subtitle": text, "image_url": text,
            "buttons": [{"type": "web_url", "title": text, "url": text}, button(&text)],
        });
        let generic = json!({"template_type": "generic", "elements": vec![card; 40]});
        let reply = json!({"content_type": "text", "title": text, "payload": text});
        [
            json!({"text": text, "quick_replies": vec![reply; 40]}),
            template(&generic),
            template(&json!({"template_type": text, text.clone(): {"a": [text]}})),
            template(&json!({"template_type": "receipt", "currency": text, "elements": [{"title": text, "price": text}]})),
            json!({"template": {"name": text, "language": {"code": text}}}),
        ]
        .map(|message| (text.clone(), message))
    })
}

#[test]
fn lines_are_bounded_and_boxes_straight_whatever_a_message_holds() {
    for (text, message) in nasty() {
        for columns in [0, 24, 40, 80, 120, 1_000] {
            let shown = Look::of(&message).to_text(columns);
            let is_harmless = |c: char| {
                c == '\n'
                    || !c.is_control()
                        && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            };
            assert!(shown.chars().all(is_harmless), "{text:?}: {shown:?}");
            for line in shown.lines() {
                let width = UnicodeWidthStr::width(line);
                assert!(width <= columns.clamp(24, 120), "{text:?}: {width}: {line}");
                assert!(line.len() <= 4_096, "{text:?}: {} bytes", line.len());
            }
            let boxes = shown
                .lines()
                .filter(|line| line.starts_with(['╭', '│', '├', '╰']));
            for line in boxes {
                assert!(line.ends_with(['╮', '│', '┤', '╯']), "{text:?}: {line}");
            }
        }
    }
}

#[test]
fn pictures_are_bounded_escaped_and_refer_to_nothing() {
    for (text, message) in nasty() {
        let svg = Look::of(&message).to_svg();
        assert!(svg.len() < 300_000, "{text:?}: {} bytes", svg.len());
        let rest = svg.replacen("xmlns=\"http://www.w3.org/2000/svg\"", "", 1);
        for wrong in ["<script", "href", "<image", "url(", "<style", "<!", "xmlns"] {
            assert!(!rest.contains(wrong), "{text:?}: {wrong}: {svg}");
        }
        let is_xml =
            |c: char| c == '\n' || !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
        assert!(svg.chars().all(is_xml), "{text:?}");
        let opened = svg.matches("<text ").count();
        assert_eq!(opened, svg.matches("</text>").count());
    }
}

#[test]
fn what_is_no_message_has_a_look_too() {
    for message in [
        json!(null),
        json!([]),
        json!("x"),
        json!({}),
        json!({"text": {"a": 1}}),
        json!({"attachment": 3}),
    ] {
        let look = Look::of(&message);
        assert!(look.to_svg().ends_with("</svg>\n"), "{message}");
        assert!(look.to_text(80).len() < 1_000);
    }
}

#[test]
fn a_long_receipt_says_that_it_is_cut() {
    let elements = vec![json!({"title": "Socks", "price": 7}); 42];
    let receipt = template(&json!({"template_type": "receipt", "elements": elements}));
    let shown = Look::of(&receipt).to_text(80);
    assert_eq!(shown.matches("Socks").count(), 30);
    assert!(shown.contains("… and 12 more"), "{shown}");
}

#[test]
fn of_a_url_host_and_path_are_shown() {
    for (url, place) in [
        (
            "https://user:pass@acme.example/a/b?token=x#y",
            "acme.example/a/b",
        ),
        ("http://acme.example", "acme.example"),
        ("https://acme.example/?q=a@b/c", "acme.example"),
        ("https://acme.example/a@b", "acme.example/a@b"),
        ("acme.example/x", "acme.example/x"),
        ("", ""),
    ] {
        assert_eq!(super::clean::place(url), place, "{url}");
    }
}
