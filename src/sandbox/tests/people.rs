use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::clock::Clock;
use crate::sandbox::{
    DEFAULT_TOKEN, Limit, Page, Person, Settings, Standing, TokenState, UtilityTemplate, World,
};

use super::{Stage, outcome, text_to};

#[tokio::test]
async fn each_standing_has_its_error() {
    let stage = Stage::open().await;
    let cases = [
        (Standing::Open, "ok"),
        (Standing::WindowClosed, "10/2018278"),
        (Standing::Blocked, "551/1545041"),
        (Standing::Unreachable, "10/2018108"),
        (Standing::Unknown, "100/2018001"),
        (Standing::NotTester, "200/2018028"),
        (Standing::TopicStopped, "10/1893015"),
        (Standing::OtherApp, "10/2018300"),
        (Standing::PageRestricted, "10/1893063"),
    ];
    for (standing, expected) in cases {
        stage.handle().set_standing("77", "1", standing);
        assert_eq!(stage.outcome(&text_to("1")).await, expected);
    }
    assert_eq!(stage.handle().stats().refused["551/1545041"], 1);
    assert_eq!(stage.handle().stats().accepted, 1);
}

#[tokio::test]
async fn the_window_closes_a_day_after_the_last_inbound_message() {
    let stage = Stage::open().await;
    stage.handle().set_inbound("77", "1", stage.clock.now());
    let mut human = text_to("1");
    human["messaging_type"] = "MESSAGE_TAG".into();
    human["tag"] = "HUMAN_AGENT".into();
    stage.clock.advance(Duration::from_secs(24 * 3600 - 1));
    assert_eq!(stage.outcome(&text_to("1")).await, "ok");
    stage.clock.advance(Duration::from_secs(1));
    assert_eq!(stage.outcome(&text_to("1")).await, "10/2018278");
    assert_eq!(stage.outcome(&human).await, "ok");
    stage.clock.advance(Duration::from_hours(6 * 24));
    assert_eq!(stage.outcome(&human).await, "10/2018278");
    stage.handle().set_inbound("77", "1", stage.clock.now());
    assert_eq!(stage.outcome(&text_to("1")).await, "ok");
}

#[tokio::test]
async fn a_strict_world_knows_only_who_was_added() {
    let stage = Stage::new(Settings {
        world: World::Strict,
        people: vec![Person::new("77", "1"), Person::new("88", "2")],
        ..Settings::default()
    })
    .await;
    assert_eq!(stage.outcome(&text_to("1")).await, "ok");
    assert_eq!(stage.outcome(&text_to("2")).await, "100/2018001");
}

#[tokio::test]
async fn utility_messages_pass_a_closed_window_when_approved() {
    let stage = Stage::open().await;
    stage
        .handle()
        .set_standing("77", "1", Standing::WindowClosed);
    let send = |parameters: Value| {
        json!({
            "recipient": { "id": "1" }, "messaging_type": "UTILITY",
            "message": { "template": { "name": "order", "language": { "code": "pt_BR" },
                "components": [{ "type": "body", "parameters": parameters }] } },
        })
    };
    let one = json!([{ "type": "text", "text": "a" }]);
    assert_eq!(stage.outcome(&send(one.clone())).await, "100");
    stage.handle().approve(UtilityTemplate {
        page: "77".to_owned(),
        name: "order".to_owned(),
        language: "pt_BR".to_owned(),
        header_parameters: 0,
        body_parameters: 1,
        buttons: 0,
    });
    assert_eq!(stage.outcome(&send(one)).await, "ok");
    assert_eq!(stage.outcome(&send(json!([]))).await, "100");
}

#[tokio::test]
async fn tokens_are_taken_from_three_places_and_die_seven_ways() {
    let stage = Stage::open().await;
    let call = |path: &str, body: Value| {
        let request = stage.post(path).json(&body);
        async move { outcome(&request.send().await.unwrap().json().await.unwrap()) }
    };
    let mut in_body = text_to("1");
    in_body["access_token"] = DEFAULT_TOKEN.into();
    assert_eq!(call("/me/messages", in_body).await, "ok");
    let in_query = format!("/v25.0/me/messages?access_token={DEFAULT_TOKEN}");
    assert_eq!(call(&in_query, text_to("1")).await, "ok");
    assert_eq!(call("/me/messages", text_to("1")).await, "190");
    assert_eq!(
        call("/me/messages?access_token=other", text_to("1")).await,
        "190"
    );
    let logged = stage.handle().messages();
    assert!(
        logged
            .iter()
            .all(|message| !message.body.to_string().contains(DEFAULT_TOKEN))
    );
    let dead = [
        (TokenState::AppRemoved, "190/458"),
        (TokenState::Checkpoint, "190/459"),
        (TokenState::PasswordChanged, "190/460"),
        (TokenState::Expired, "190/463"),
        (TokenState::Unconfirmed, "190/464"),
        (TokenState::Invalid, "190/467"),
        (TokenState::RoleLost, "190/492"),
    ];
    for (state, expected) in dead {
        stage.handle().set_token(DEFAULT_TOKEN, state);
        assert_eq!(stage.outcome(&text_to("1")).await, expected);
    }
    stage.handle().add_page(Page::new("88", "t88"));
    assert_eq!(
        call("/77/messages?access_token=t88", text_to("1")).await,
        "100/33"
    );
    assert_eq!(
        call("/88/messages?access_token=t88", text_to("1")).await,
        "ok"
    );
}

#[tokio::test]
async fn the_proof_is_verified_in_both_forms() {
    let stage = Stage::open().await;
    let mut page = Page::new("88", "t88");
    page.app_secret = Some("s3cret".to_owned());
    stage.handle().add_page(page);
    let sign = |text: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(b"s3cret").unwrap();
        mac.update(text.as_bytes());
        hex::encode(mac.finalize().into_bytes())
    };
    let now = stage.clock.now().as_second();
    let timed = |at: i64| {
        let proof = sign(&format!("t88|{at}"));
        format!("&appsecret_proof={proof}&appsecret_time={at}")
    };
    let cases = [
        (String::new(), "100"),
        (format!("&appsecret_proof={}", sign("t88")), "ok"),
        (format!("&appsecret_proof={}", sign("other")), "100"),
        (timed(now - 299), "ok"),
        (timed(now - 301), "100"),
    ];
    for (proof, expected) in cases {
        let request = stage
            .post(&format!("/88/messages?access_token=t88{proof}"))
            .json(&text_to("1"));
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(outcome(&answer), expected, "{proof}");
        if expected == "100" {
            assert_eq!(answer["error"]["type"], "GraphMethodException");
        }
    }
}

#[tokio::test]
async fn a_limit_shows_its_use_and_refuses_above_it() {
    let stage = Stage::open().await;
    for (code, status, expected) in [(613, 400, "613"), (80_006, 400, "80006"), (429, 429, "613")] {
        let mut limit = Limit::per_second(2);
        limit.code = code;
        limit.regain_mins = 5;
        stage.handle().set_limit(DEFAULT_TOKEN, Some(limit));
        stage.clock.advance(Duration::from_secs(1));
        let first = stage.request(&text_to("1")).send().await.unwrap();
        assert!(
            first.headers()["x-app-usage"]
                .to_str()
                .unwrap()
                .contains("\"call_count\":50")
        );
        assert_eq!(stage.outcome(&text_to("1")).await, "ok");
        assert_eq!(stage.outcome(&text_to("1")).await, expected);
        let over = stage.request(&text_to("1")).send().await.unwrap();
        let usage = over.headers()["x-business-use-case-usage"]
            .to_str()
            .unwrap();
        assert!(
            usage.contains("\"estimated_time_to_regain_access\":6"),
            "{usage}"
        );
        assert_eq!(over.status().as_u16(), status);
    }
}
