//! Every row of the table, every limit, and the exact body.

#![expect(clippy::too_many_lines, reason = "a table of cases is long")]

use serde_json::{Value as Json, json};

use super::codes::ROWS;
use super::{Class, Request, appsecret_proof, check, classify, usage};

fn error(code: i64, subcode: Option<i64>, is_transient: Option<bool>) -> Vec<u8> {
    let mut error =
        json!({"message": "(#1) words that change", "type": "OAuthException", "code": code});
    if let Some(subcode) = subcode {
        error["error_subcode"] = subcode.into();
    }
    if let Some(is_transient) = is_transient {
        error["is_transient"] = is_transient.into();
    }
    json!({"error": error}).to_string().into_bytes()
}

#[test]
fn every_row_of_the_table_is_read_as_it_stands() {
    for row in ROWS {
        let read = classify(400, &error(row.code, row.subcode, None));
        assert_eq!(read.class, row.class, "{}/{:?}", row.code, row.subcode);
        assert!(read.message.starts_with(row.summary), "{}", read.message);
        assert_eq!((read.code, read.subcode), (Some(row.code), row.subcode));
        // An error inside a 200 is an error.
        assert_eq!(
            classify(200, &error(row.code, row.subcode, None)).class,
            row.class
        );
    }
}

#[test]
fn no_pair_stands_twice_in_the_table() {
    for (at, row) in ROWS.iter().enumerate() {
        let twice = ROWS[at + 1..]
            .iter()
            .any(|other| (other.code, other.subcode) == (row.code, row.subcode));
        assert!(!twice, "{}/{:?}", row.code, row.subcode);
    }
}

#[test]
fn answers_outside_the_table() {
    let sent = br#"{"recipient_id":"1","message_id":"m_1"}"#;
    let cases: [(u16, Vec<u8>, Class); 14] = [
        (200, sent.to_vec(), Class::Sent("m_1".into())),
        (200, b"{}".to_vec(), Class::Unknown),
        (200, b"<html>".to_vec(), Class::Unknown),
        (500, b"".to_vec(), Class::Unknown),
        (503, b"<html>".to_vec(), Class::Unknown),
        (500, sent.to_vec(), Class::Unknown),
        (400, b"<html>".to_vec(), Class::Content),
        (429, b"".to_vec(), Class::Throttled { regain: None }),
        (400, error(987_654, None, None), Class::Content),
        (500, error(987_654, None, None), Class::Unknown),
        // A subcode without a row falls back to its code's row; a known subcode may come as another code's.
        (400, error(190, Some(1), None), Class::Token),
        (403, error(200, Some(2_018_300), None), Class::ThreadHeld),
        (400, error(100, None, Some(true)), Class::Retry),
        (500, error(2, None, Some(false)), Class::Content),
    ];
    for (status, body, class) in cases {
        assert_eq!(
            classify(status, &body).class,
            class,
            "{status} {}",
            String::from_utf8_lossy(&body)
        );
    }
    // What may have been sent stays unknown, whatever is said of trying again.
    assert_eq!(
        classify(500, &error(1, Some(1_357_046), Some(true))).class,
        Class::Unknown
    );
}

#[test]
fn the_body_carries_the_message_and_the_delivery() {
    let message =
        json!({"messaging_type": "RESPONSE", "notification_type": "NO_PUSH", "text": "Hi"});
    let expected = json!({
        "recipient": {"id": "1001"}, "messaging_type": "RESPONSE", "notification_type": "NO_PUSH",
        "message": {"text": "Hi", "metadata": "dlv_1"},
    });
    let body = |message: &Json, proof| {
        let (psid, metadata) = ("1001", "dlv_1");
        let request = Request {
            message,
            psid,
            metadata,
            proof,
        };
        serde_json::from_slice::<Json>(&request.to_bytes()).unwrap()
    };
    assert_eq!(body(&message, None), expected);
    let plain = body(&json!({"text": "Hi"}), Some("f00d"));
    assert_eq!(plain["messaging_type"], "UPDATE");
    assert_eq!(plain["appsecret_proof"], "f00d");
    // RFC 4231, case 2.
    let proof = appsecret_proof("Jefe", "what do ya want for nothing?");
    assert_eq!(
        proof,
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
}

#[test]
fn usage_is_the_highest_of_all_headers() {
    let of = |app: Option<&'static str>, case: Option<&'static str>| {
        usage(|name| match name {
            "x-app-usage" => app,
            "x-business-use-case-usage" => case,
            _ => None,
        })
    };
    let case = r#"{"1":[{"type":"messenger","call_count":12,"total_cputime":80,"total_time":3,"estimated_time_to_regain_access":0}]}"#;
    assert_eq!(of(None, None), None);
    assert_eq!(
        of(
            Some(r#"{"call_count":28,"total_time":25,"total_cputime":25}"#),
            None
        ),
        Some(28)
    );
    assert_eq!(of(Some(r#"{"call_count":28}"#), Some(case)), Some(80));
    assert_eq!(
        of(Some("nonsense"), Some(r#"{"1":[{"call_count":1e9}]}"#)),
        Some(255)
    );
}

fn problems(message: &Json) -> Vec<(String, String)> {
    check(message, &|_| false)
        .into_iter()
        .map(|problem| (problem.code.as_str().to_owned(), problem.path))
        .collect()
}

fn template(payload: &Json) -> Json {
    json!({"attachment": {"type": "template", "payload": payload}})
}

#[test]
fn good_messages_pass() {
    let button = json!({"type": "postback", "title": "Buy", "payload": "BUY"});
    let messages = [
        json!({"text": "x".repeat(2_000)}),
        json!({"text": "Hi", "quick_replies": vec![json!({"content_type": "text", "title": "Yes", "payload": "Y"}); 13]}),
        json!({"text": "Mail?", "quick_replies": [{"content_type": "user_email"}]}),
        json!({"attachment": {"type": "image", "payload": {"url": "https://x.org/a.png", "is_reusable": true}}}),
        json!({"attachment": {"type": "file", "payload": {"attachment_id": "12"}}}),
        json!({"attachments": [{"type": "image", "payload": {"url": "https://x.org/a.png"}}]}),
        template(
            &json!({"template_type": "generic", "elements": [{"title": "A", "subtitle": "b", "buttons": [button]}]}),
        ),
        template(&json!({"template_type": "button", "text": "Choose", "buttons": [button]})),
        template(
            &json!({"template_type": "media", "elements": [{"media_type": "image", "attachment_id": "1"}]}),
        ),
        template(&json!({"template_type": "coupon", "title": "Ten", "coupon_code": "TEN"})),
        template(&json!({
            "template_type": "receipt", "recipient_name": "Ana", "order_number": "1", "currency": "EUR",
            "payment_method": "Visa", "summary": {"total_cost": 12.5},
        })),
        json!({
            "messaging_type": "UTILITY",
            "template": {"name": "shipped", "language": {"code": "en_US"},
                "components": [{"type": "body", "parameters": [{"type": "text", "text": "A1"}]}]},
        }),
    ];
    for message in messages {
        assert_eq!(problems(&message), [], "{message}");
    }
}

#[test]
fn what_the_platform_refuses_is_refused_before() {
    let button = json!({"type": "postback", "title": "Buy", "payload": "BUY"});
    let reply = json!({"content_type": "text", "title": "Yes", "payload": "Y"});
    let cases = [
        (json!({}), "messenger-missing", ""),
        (json!({"text": ""}), "messenger-missing", "text"),
        (
            json!({"text": "x".repeat(2_001)}),
            "messenger-limit",
            "text",
        ),
        // An emoji counts two.
        (
            json!({"text": "🎉".repeat(1_001)}),
            "messenger-limit",
            "text",
        ),
        (json!({"text": 5}), "messenger-type", "text"),
        (
            json!({"text": "a", "sticker_id": "1"}),
            "messenger-value",
            "sticker_id",
        ),
        (
            json!({"txt": "a", "text": "b"}),
            "messenger-unknown-key",
            "txt",
        ),
        (
            json!({"text": "a", "metadata": "x"}),
            "messenger-unknown-key",
            "metadata",
        ),
        (
            json!({"text": "a", "quick_replies": vec![reply.clone(); 14]}),
            "messenger-limit",
            "quick_replies",
        ),
        (
            json!({"text": "a", "quick_replies": []}),
            "messenger-limit",
            "quick_replies",
        ),
        (
            json!({"text": "a", "quick_replies": [{"content_type": "text", "title": "x".repeat(21), "payload": "Y"}]}),
            "messenger-limit",
            "quick_replies[0].title",
        ),
        (
            json!({"text": "a", "quick_replies": [{"content_type": "text", "title": "Yes"}]}),
            "messenger-missing",
            "quick_replies[0]",
        ),
        (
            json!({"text": "a", "quick_replies": [{"content_type": "location"}]}),
            "messenger-value",
            "quick_replies[0].content_type",
        ),
        (
            json!({"text": "a", "messaging_type": "MESSAGE_TAG"}),
            "messenger-missing",
            "messaging_type",
        ),
        (
            json!({"text": "a", "messaging_type": "MESSAGE_TAG", "tag": "ACCOUNT_UPDATE"}),
            "messenger-dead-tag",
            "tag",
        ),
        (
            json!({"text": "a", "messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}),
            "messenger-dead-tag",
            "tag",
        ),
        (
            json!({"text": "a", "tag": "CUSTOMER_FEEDBACK"}),
            "messenger-value",
            "tag",
        ),
        (
            json!({"text": "a", "messaging_type": "UTILITY"}),
            "messenger-missing",
            "messaging_type",
        ),
        (
            json!({"text": "a", "messaging_type": "NEWS"}),
            "messenger-value",
            "messaging_type",
        ),
        (
            json!({"attachment": {"type": "gif", "payload": {}}}),
            "messenger-value",
            "attachment.type",
        ),
        (
            json!({"attachment": {"type": "image", "payload": {}}}),
            "messenger-missing",
            "attachment.payload",
        ),
        (
            json!({"attachment": {"type": "image", "payload": {"url": "/a.png"}}}),
            "messenger-value",
            "attachment.payload.url",
        ),
        (
            template(&json!({"template_type": "list", "elements": []})),
            "messenger-removed",
            "attachment.payload.template_type",
        ),
        (
            template(&json!({"template_type": "generic", "elements": [{"title": "alone"}]})),
            "messenger-missing",
            "attachment.payload.elements[0]",
        ),
        (
            template(
                &json!({"template_type": "generic", "elements": vec![json!({"title": "A", "subtitle": "b"}); 11]}),
            ),
            "messenger-limit",
            "attachment.payload.elements",
        ),
        (
            template(
                &json!({"template_type": "button", "text": "x".repeat(641), "buttons": [button]}),
            ),
            "messenger-limit",
            "attachment.payload.text",
        ),
        (
            template(
                &json!({"template_type": "button", "text": "a", "buttons": vec![button.clone(); 4]}),
            ),
            "messenger-limit",
            "attachment.payload.buttons",
        ),
        (
            template(
                &json!({"template_type": "button", "text": "a", "buttons": [{"type": "postback", "title": "B"}]}),
            ),
            "messenger-missing",
            "attachment.payload.buttons[0]",
        ),
        (
            template(
                &json!({"template_type": "media", "elements": [{"media_type": "image", "url": "https://f.com/1", "attachment_id": "1"}]}),
            ),
            "messenger-missing",
            "attachment.payload.elements[0]",
        ),
        (
            template(&json!({"template_type": "coupon", "title": "Ten"})),
            "messenger-missing",
            "attachment.payload",
        ),
    ];
    for (message, code, path) in cases {
        let found = problems(&message);
        assert!(
            found.contains(&(code.to_owned(), path.to_owned())),
            "{message}: {found:?}"
        );
    }
}

#[test]
fn a_text_that_is_not_known_yet_is_not_measured() {
    let message = json!({"text": "{{ x }}".repeat(400), "quick_replies": [{"content_type": "text", "title": "", "payload": "P"}]});
    let found = check(&message, &|path| {
        path == "text" || path == "quick_replies[0].title"
    });
    assert_eq!(found, []);
}
