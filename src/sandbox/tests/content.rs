use serde_json::{Value, json};

use super::Stage;

fn with(message: Value) -> Value {
    let mut body = json!({ "recipient": { "id": "1" }, "messaging_type": "RESPONSE" });
    body["message"] = message;
    body
}

fn template(payload: Value) -> Value {
    let mut message = json!({ "attachment": { "type": "template" } });
    message["attachment"]["payload"] = payload;
    with(message)
}

fn generic(element: Value) -> Value {
    let mut payload = json!({ "template_type": "generic" });
    payload["elements"] = Value::Array(vec![element]);
    template(payload)
}

fn buttons(buttons: Value) -> Value {
    let mut payload = json!({ "template_type": "button", "text": "Pick" });
    payload["buttons"] = buttons;
    template(payload)
}

fn replies(replies: Value) -> Value {
    let mut message = json!({ "text": "Pick" });
    message["quick_replies"] = replies;
    with(message)
}

fn tagged(kind: &str, tag: Option<&str>) -> Value {
    let mut body = with(json!({ "text": "x" }));
    body["messaging_type"] = kind.into();
    if let Some(tag) = tag {
        body["tag"] = tag.into();
    }
    body
}

fn receipt(change: impl Fn(&mut Value)) -> Value {
    let mut payload = json!({
        "template_type": "receipt", "recipient_name": "Ana", "order_number": "1", "currency": "BRL",
        "payment_method": "Pix", "summary": { "total_cost": 10.5 },
    });
    change(&mut payload);
    template(payload)
}

async fn hold(cases: Vec<(&str, Value, &str)>) {
    let stage = Stage::open().await;
    for (what, body, expected) in cases {
        assert_eq!(stage.outcome(&body).await, expected, "{what}");
    }
}

#[tokio::test]
async fn requests_are_checked() {
    let to = json!({ "id": "1" });
    hold(vec![
        ("no recipient", json!({ "message": { "text": "x" } }), "100"),
        (
            "dead recipient",
            json!({ "recipient": { "phone_number": "+1" }, "message": { "text": "x" } }),
            "100",
        ),
        (
            "numeric psid",
            json!({ "recipient": { "id": 12 }, "message": { "text": "x" } }),
            "ok",
        ),
        ("neither", json!({ "recipient": to }), "100/2018015"),
        (
            "both",
            json!({ "recipient": to, "message": { "text": "x" }, "sender_action": "typing_on" }),
            "100/2018014",
        ),
        (
            "action",
            json!({ "recipient": to, "sender_action": "typing_on" }),
            "ok",
        ),
        (
            "unknown action",
            json!({ "recipient": to, "sender_action": "dance" }),
            "100",
        ),
    ])
    .await;
}

#[tokio::test]
async fn text_and_quick_replies_are_checked() {
    let quick = json!({ "content_type": "text", "title": "A", "payload": "a" });
    let many = |n: usize| replies(Value::Array(vec![quick.clone(); n]));
    hold(vec![
        ("empty message", with(json!({})), "100/2018034"),
        ("empty text", with(json!({ "text": "" })), "100/2018034"),
        ("text 2000", with(json!({ "text": "x".repeat(2000) })), "ok"),
        (
            "text 2001",
            with(json!({ "text": "x".repeat(2001) })),
            "100",
        ),
        (
            "text 1001 pairs",
            with(json!({ "text": "😀".repeat(1001) })),
            "100",
        ),
        (
            "metadata 999",
            with(json!({ "text": "x", "metadata": "m".repeat(999) })),
            "ok",
        ),
        (
            "metadata 1000",
            with(json!({ "text": "x", "metadata": "m".repeat(1000) })),
            "100",
        ),
        (
            "text and attachment",
            with(json!({ "text": "x", "attachment": { "type": "image" } })),
            "100",
        ),
        ("13 replies", many(13), "ok"),
        ("14 replies", many(14), "105"),
        ("no replies", many(0), "194"),
        (
            "reply without title",
            replies(json!([{ "content_type": "text", "payload": "a" }])),
            "100/2018098",
        ),
        (
            "reply without payload",
            replies(json!([{ "content_type": "text", "title": "a" }])),
            "100/2018099",
        ),
        (
            "reply without type",
            replies(json!([{ "title": "a", "payload": "a" }])),
            "100",
        ),
        (
            "phone reply",
            replies(json!([{ "content_type": "user_phone_number" }])),
            "ok",
        ),
    ])
    .await;
}

#[tokio::test]
async fn types_and_tags_are_checked() {
    let to = json!({ "id": "1" });
    hold(vec![
        (
            "no type",
            json!({ "recipient": to, "message": { "text": "x" } }),
            "ok",
        ),
        ("unknown type", tagged("PROMO", None), "100"),
        ("tag missing", tagged("MESSAGE_TAG", None), "100"),
        (
            "dead tag",
            tagged("MESSAGE_TAG", Some("ACCOUNT_UPDATE")),
            "100",
        ),
        (
            "dead tag",
            tagged("MESSAGE_TAG", Some("POST_PURCHASE_UPDATE")),
            "100",
        ),
        (
            "dead tag",
            tagged("MESSAGE_TAG", Some("CONFIRMED_EVENT_UPDATE")),
            "100",
        ),
        ("live tag", tagged("MESSAGE_TAG", Some("HUMAN_AGENT")), "ok"),
    ])
    .await;
}

#[tokio::test]
async fn templates_are_checked() {
    let link = json!({ "type": "web_url", "title": "Go", "url": "https://example.com" });
    let element = json!({ "title": "A", "subtitle": "b" });
    let elements = |n: usize| {
        template(json!({ "template_type": "generic", "elements": vec![element.clone(); n] }))
    };
    hold(vec![
        ("unknown template", template(json!({ "template_type": "list" })), "100"),
        ("no payload", with(json!({ "attachment": { "type": "image" } })), "100"),
        ("image", with(json!({ "attachment": { "type": "image", "payload": { "url": "https://a.b/c.png" } } })), "ok"),
        ("bad url", with(json!({ "attachment": { "type": "image", "payload": { "url": "c.png" } } })), "100"),
        ("10 elements", elements(10), "ok"),
        ("11 elements", elements(11), "105"),
        ("no elements", elements(0), "194"),
        ("title only", generic(json!({ "title": "A" })), "100/2018035"),
        ("title 81", generic(json!({ "title": "x".repeat(81), "subtitle": "b" })), "100"),
        ("subtitle 81", generic(json!({ "title": "A", "subtitle": "x".repeat(81) })), "100"),
        ("default action with title", generic(json!({ "title": "A", "default_action": link })), "100"),
        ("one button", buttons(json!([link])), "ok"),
        ("4 buttons", buttons(json!([link, link, link, link])), "105"),
        ("no buttons", buttons(json!([])), "100"),
        ("postback without payload", buttons(json!([{ "type": "postback", "title": "a" }])), "100/2018040"),
        ("link without url", buttons(json!([{ "type": "web_url", "title": "a" }])), "100/2018041"),
        ("button without title", buttons(json!([{ "type": "web_url", "url": "https://a.b" }])), "100/2018053"),
        ("button title 21", buttons(json!([{ "type": "postback", "title": "x".repeat(21), "payload": "a" }])), "100"),
        ("button text 641", template(json!({ "template_type": "button", "text": "x".repeat(641), "buttons": [link] })), "100"),
        ("media", template(json!({ "template_type": "media", "elements": [{ "media_type": "image", "attachment_id": "1" }] })), "ok"),
        ("receipt", receipt(|_| {}), "ok"),
        ("receipt currency", receipt(|payload| payload["currency"] = "usd".into()), "100"),
        ("receipt amount", receipt(|payload| payload["summary"] = json!({})), "100/2018055"),
        ("coupon", template(json!({ "template_type": "coupon", "title": "A" })), "100"),
    ])
    .await;
}

#[tokio::test]
async fn an_error_has_the_platforms_shape() {
    let stage = Stage::open().await;
    let (status, answer) = stage.send(&with(json!({}))).await;
    assert_eq!(status, 400);
    let error = &answer["error"];
    assert_eq!(error["type"], "OAuthException");
    assert_eq!(
        error["message"],
        "(#100) Message cannot be empty, must provide valid attachment or text"
    );
    assert!(error["fbtrace_id"].is_string());
}
