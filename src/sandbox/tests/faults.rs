use std::time::Duration;

use serde_json::Value;

use crate::sandbox::{Fault, Rule};

use super::{Stage, text_to};

#[tokio::test]
async fn answered_faults_look_like_the_platforms() {
    let stage = Stage::open().await;
    let transient = |is_transient| Fault::Error {
        code: 551,
        subcode: Some(1_893_047),
        is_transient: Some(is_transient),
        status: None,
    };
    let throttle = Fault::Throttle {
        code: 613,
        retry_after_secs: 30,
        status: None,
    };
    let cases = [
        (Fault::error(1), 500, "\"code\":1,"),
        (Fault::error(2), 500, "\"code\":2,"),
        (Fault::error(1200), 400, "\"code\":1200,"),
        (transient(true), 400, "\"is_transient\":true"),
        (transient(false), 400, "\"is_transient\":false"),
        (Fault::ErrorInOk { code: 2 }, 200, "\"error\":{"),
        (Fault::Status { status: 503 }, 503, "Service trouble"),
        (Fault::NotJson, 200, "<html>"),
        (throttle, 429, "\"code\":613,"),
    ];
    for (fault, status, expected) in cases {
        let is_throttle = matches!(fault, Fault::Throttle { .. });
        stage.handle().add_fault(Rule::once(fault));
        let response = stage.request(&text_to("1")).send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{expected}");
        assert_eq!(response.headers().get("retry-after").is_some(), is_throttle);
        let text = response.text().await.unwrap();
        assert!(text.contains(expected), "{text}");
    }
    assert_eq!(stage.handle().stats().accepted, 0);
    assert_eq!(stage.outcome(&text_to("1")).await, "ok");
}

#[tokio::test]
async fn a_reset_is_a_transport_error_and_only_the_late_one_leaves_a_message() {
    let stage = Stage::open().await;
    stage.handle().add_fault(Rule::once(Fault::Reset));
    assert!(stage.request(&text_to("1")).send().await.is_err());
    assert_eq!(stage.handle().stats().accepted, 0);
    stage
        .handle()
        .add_fault(Rule::once(Fault::Reset).after_accept());
    assert!(stage.request(&text_to("1")).send().await.is_err());
    assert_eq!(stage.handle().messages().len(), 1);
    assert_eq!(stage.outcome(&text_to("1")).await, "ok");
}

#[tokio::test]
async fn a_hanging_call_goes_on_when_released() {
    let stage = Stage::open().await;
    stage.handle().add_fault(Rule::once(Fault::Hang));
    let body = text_to("1");
    let steer = async {
        stage.handle().called(1).await;
        assert_eq!(stage.handle().stats().accepted, 0);
        stage.handle().release();
    };
    let (outcome, ()) = tokio::join!(stage.outcome(&body), steer);
    assert_eq!(outcome, "ok");
}

#[tokio::test]
async fn a_client_that_gives_up_on_a_hanging_call_leaves_no_message() {
    let stage = Stage::open().await;
    stage.handle().add_fault(Rule::once(Fault::Hang));
    let body = text_to("1");
    tokio::select! {
        _ = stage.send(&body) => panic!("a hanging call was answered"),
        () = stage.handle().called(1) => {}
    }
    assert_eq!(stage.handle().stats().accepted, 0);
    stage.tasks.stop();
    stage.tasks.drained().await;
    assert!(!stage.tasks.has_failed());
}

#[tokio::test]
async fn a_slow_call_takes_the_clocks_time() {
    let stage = Stage::open().await;
    let slow = Fault::slow(Duration::from_secs(10));
    stage.handle().add_fault(Rule::once(slow).after_accept());
    let body = text_to("1");
    let steer = async {
        stage.handle().accepted(1).await;
        // Moved until answered: the call may not have begun to wait at the first move.
        loop {
            stage.clock.advance(Duration::from_secs(10));
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        outcome = stage.outcome(&body) => assert_eq!(outcome, "ok"),
        () = steer => {}
    }
}

#[tokio::test]
async fn a_rule_strikes_whom_it_names() {
    let stage = Stage::open().await;
    stage
        .handle()
        .add_fault(Rule::always(Fault::error(2)).psid("7"));
    stage
        .handle()
        .add_fault(Rule::always(Fault::error(1)).page("99"));
    assert_eq!(stage.outcome(&text_to("1")).await, "ok");
    assert_eq!(stage.outcome(&text_to("7")).await, "2");
    let other = stage
        .post("/99/messages?access_token=sandbox-token")
        .json(&text_to("1"));
    let answer: Value = other.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["error"]["code"], 1);
    stage.handle().clear_faults();
    assert_eq!(stage.outcome(&text_to("7")).await, "ok");
}
