//! What each answer of the platform, and each silence, comes to.

use std::time::Duration;

use recado::clock::Clock;
use recado::model::delivery::{ReasonCode, State};
use recado::sandbox::{Fault, Rule, Standing, TokenState};

use super::stage::{PAGE, Stage, TOKEN, in_time, people};

#[tokio::test(flavor = "multi_thread")]
async fn everybody_gets_one_message_that_names_its_delivery() {
    let stage = Stage::new().await;
    let send = stage.send("all", &people(50)).await;
    stage.start();
    stage.until_state(send, State::Sent, 50).await;
    let deliveries = stage.deliveries(send).await;
    let mut expected: Vec<_> = deliveries
        .iter()
        .map(|delivery| {
            (
                delivery.message_id.clone().unwrap(),
                delivery.id.to_string(),
            )
        })
        .collect();
    let mut sent: Vec<_> = stage
        .sandbox
        .handle
        .messages()
        .into_iter()
        .map(|message| {
            assert_eq!(message.body["message"]["text"], "Hi Ana");
            (message.message_id, message.metadata.unwrap())
        })
        .collect();
    expected.sort();
    sent.sort();
    assert_eq!(sent, expected);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_between_a_page_and_a_person_is_the_reason() {
    let cases = [
        ("window", Standing::WindowClosed, ReasonCode::WindowClosed),
        ("blocked", Standing::Blocked, ReasonCode::UserUnreachable),
        (
            "unreachable",
            Standing::Unreachable,
            ReasonCode::UserUnreachable,
        ),
        ("unknown", Standing::Unknown, ReasonCode::UserUnreachable),
    ];
    let stage = Stage::new().await;
    for (name, standing, _) in cases {
        stage.sandbox.handle.set_standing(PAGE, name, standing);
    }
    stage.start();
    for (name, _, expected) in cases {
        let send = stage.send(name, &[name.to_owned()]).await;
        stage.until_state(send, State::Failed, 1).await;
        let delivery = stage.only(send).await;
        let reason = delivery.reason.unwrap();
        assert_eq!(reason.code, expected, "{name}");
        assert!(reason.platform_code.is_some(), "{name}");
        assert_eq!(delivery.attempts, 1, "{name}");
    }
    assert_eq!(stage.psids_sent(), Vec::<String>::new());
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_temporary_error_is_tried_again_after_its_wait() {
    let stage = Stage::new().await;
    stage.sandbox.handle.add_fault(Rule::once(Fault::error(2)));
    let send = stage.send("again", &people(1)).await;
    stage.start();
    let waiting = stage.until_waiting(send, 1).await;
    assert_eq!(waiting.reason.unwrap().code, ReasonCode::TemporaryError);
    assert!(stage.psids_sent().is_empty());
    stage.clock.advance(Duration::from_secs(5));
    stage.until_state(send, State::Sent, 1).await;
    assert_eq!(stage.only(send).await.attempts, 2);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_end() {
    let stage = Stage::new().await;
    stage
        .sandbox
        .handle
        .add_fault(Rule::always(Fault::error(2)));
    let send = stage.send("never", &people(1)).await;
    stage.start();
    for attempts in 1..6 {
        stage.until_waiting(send, attempts).await;
        stage.clock.advance(Duration::from_mins(10));
    }
    stage.until_state(send, State::Failed, 1).await;
    assert_eq!(stage.only(send).await.attempts, 6);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_after_the_message_was_taken_is_unknown_and_not_repeated() {
    let stage = Stage::new().await;
    stage
        .sandbox
        .handle
        .add_fault(Rule::once(Fault::Reset).after_accept());
    let send = stage.send("reset", &people(1)).await;
    stage.start();
    stage.until_state(send, State::Unknown, 1).await;
    let delivery = stage.only(send).await;
    assert_eq!(delivery.reason.unwrap().code, ReasonCode::NoAnswer);
    stage.clock.advance(Duration::from_hours(24));
    let next = stage.send("next", &["2".to_owned()]).await;
    stage.until_state(next, State::Sent, 1).await;
    assert_eq!(stage.psids_sent(), ["1000", "2"]);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_hangs_is_unknown_when_the_time_is_over() {
    let stage = Stage::builder().impatient().build().await;
    stage.sandbox.handle.add_fault(Rule::once(Fault::Hang));
    let send = stage.send("hang", &people(1)).await;
    stage.start();
    stage.until_state(send, State::Unknown, 1).await;
    assert_eq!(
        stage.only(send).await.reason.unwrap().code,
        ReasonCode::NoAnswer
    );
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_that_chose_so_repeats_the_unknown() {
    let stage = Stage::new().await;
    stage
        .sandbox
        .handle
        .add_fault(Rule::once(Fault::Reset).after_accept());
    let send = stage.send_with("twice", &people(1), true).await;
    stage.start();
    stage.until_waiting(send, 1).await;
    stage.clock.advance(Duration::from_secs(5));
    stage.until_state(send, State::Sent, 1).await;
    assert_eq!(stage.psids_sent(), ["1000", "1000"]);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_token_pauses_the_page_and_costs_nobody_the_message() {
    let stage = Stage::new().await;
    stage.sandbox.handle.set_token(TOKEN, TokenState::Expired);
    let send = stage.send("dead", &people(300)).await;
    stage.start();
    in_time(async {
        while stage
            .deliveries(send)
            .await
            .iter()
            .all(|d| d.reason.is_none())
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
    stage.sandbox.handle.set_token(TOKEN, TokenState::Live);
    // Time goes on while nothing is under way, so that no lease ends under a worker.
    stage
        .until(send, |record| {
            if record.counts.sending == 0 {
                stage.clock.advance(Duration::from_secs(5));
            }
            record.counts.sent == 300
        })
        .await;
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_secret_uses_up_no_attempt() {
    let stage = Stage::builder().without_secrets().build().await;
    let send = stage.send("secret", &people(1)).await;
    stage.start();
    let delivery = stage.until_waiting(send, 0).await;
    let reason = delivery.reason.unwrap();
    assert_eq!(reason.code, ReasonCode::ChannelMisconfigured);
    assert!(reason.detail.contains("TOKEN"), "{}", reason.detail);
    // Told when the loop has learnt of the call, which is after its outcome is stored.
    let pause = in_time(async {
        loop {
            match stage.attempts.pauses().of("page") {
                Some(pause) => break pause,
                None => tokio::task::yield_now().await,
            }
        }
    });
    let pause = pause.await;
    assert_eq!(pause.reason, "channel_misconfigured");
    assert_eq!(pause.why, reason.detail);
    assert!(pause.until > stage.clock.now());
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_port_is_tried_again() {
    let channel =
        "type: messenger\npage_id: me\ntoken: {env: TOKEN}\ngraph_url: 'http://127.0.0.1:1'\n";
    let stage = Stage::builder().channel(channel).build().await;
    let send = stage.send("closed", &people(1)).await;
    stage.start();
    let delivery = stage.until_waiting(send, 1).await;
    assert_eq!(delivery.reason.unwrap().code, ReasonCode::NotConnected);
    stage.stop().await;
}
