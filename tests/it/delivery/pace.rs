//! A channel's pace, and its pauses.

use std::time::Duration;

use recado::clock::Clock;
use recado::model::delivery::{ReasonCode, State};
use recado::sandbox::{Fault, Rule};

use super::stage::{Stage, in_time, people};

#[tokio::test(flavor = "multi_thread")]
async fn no_second_holds_more_messages_than_the_pace() {
    let stage = Stage::builder().pace(40).build().await;
    let send = stage.send("paced", &people(100)).await;
    stage.start();
    for sent in 1..=100 {
        in_time(stage.sandbox.handle.accepted(sent)).await;
        stage.clock.advance(Duration::from_millis(25));
    }
    stage.until_state(send, State::Sent, 100).await;
    let at: Vec<_> = stage
        .sandbox
        .handle
        .messages()
        .into_iter()
        .map(|message| message.accepted_at)
        .collect();
    for (first, after_forty) in at.iter().zip(&at[40..]) {
        let span = after_forty.duration_since(*first);
        assert!(span.as_millis() >= 1_000, "41 messages in {span:?}");
    }
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttle_pauses_the_page_as_long_as_it_says() {
    let stage = Stage::new().await;
    let throttle = Fault::Throttle {
        code: 613,
        retry_after_secs: 120,
        status: None,
    };
    stage.sandbox.handle.add_fault(Rule::once(throttle));
    let send = stage.send("throttled", &people(1)).await;
    stage.start();
    let waiting = stage.until_waiting(send, 1).await;
    assert_eq!(waiting.reason.unwrap().code, ReasonCode::Throttled);
    let began_at = stage.clock.now();
    // Nobody else is called either while the page is paused.
    let other = stage.send("other", &["2".to_owned()]).await;
    for _ in 0..26 {
        stage.clock.advance(Duration::from_secs(5));
        tokio::task::yield_now().await;
    }
    stage.until_state(other, State::Sent, 1).await;
    stage.until_state(send, State::Sent, 1).await;
    for message in stage.sandbox.handle.messages() {
        let span = message.accepted_at.duration_since(began_at);
        assert!(span.as_secs() >= 120, "called after {span:?}");
    }
    stage.stop().await;
}
