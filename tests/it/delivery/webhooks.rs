//! Webhook channels: statuses, repeats under the same key, and the address guard.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use parking_lot::Mutex;
use recado::lifecycle::Tasks;
use recado::model::delivery::{ReasonCode, State};
use tokio::net::TcpListener;

use super::stage::{Stage, people};

/// A real endpoint that answers what it is told and keeps the keys it saw.
#[derive(Debug, Clone, Default)]
struct Receiver {
    answers: Arc<Mutex<Vec<u16>>>,
    keys: Arc<Mutex<Vec<String>>>,
}

// === impl Receiver ===

impl Receiver {
    /// `answers` in order; then 200 for ever.
    async fn start(answers: &[u16], tasks: &Tasks) -> (Self, String) {
        let receiver = Self::default();
        *receiver.answers.lock() = answers.iter().rev().copied().collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/hook", post(receive))
            .with_state(receiver.clone());
        tasks.spawn("receiver", async move {
            axum::serve(listener, router).await.unwrap();
        });
        (receiver, url)
    }
}

async fn receive(Shared(receiver): Shared<Receiver>, headers: HeaderMap) -> StatusCode {
    let key = headers["idempotency-key"].to_str().unwrap().to_owned();
    assert!(
        headers["user-agent"]
            .to_str()
            .unwrap()
            .starts_with("recado/")
    );
    receiver.keys.lock().push(key);
    let status = receiver.answers.lock().pop();
    status.map_or(StatusCode::OK, |status| {
        StatusCode::from_u16(status).unwrap()
    })
}

async fn stage(url: &str, private: bool) -> Stage {
    let channel =
        format!("type: webhook\nurl: '{url}'\nmethod: POST\nallow_private_network: {private}\n");
    Stage::builder().channel(&channel).build().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_carries_the_same_key() {
    let tasks = Tasks::new();
    let (receiver, url) = Receiver::start(&[503, 429], &tasks).await;
    let stage = stage(&url, true).await;
    let send = stage.send_with("hook", &people(1), true).await;
    stage.start();
    for attempts in 1..=2 {
        stage.until_waiting(send, attempts).await;
        stage.clock.advance(Duration::from_mins(10));
    }
    stage.until_state(send, State::Sent, 1).await;
    let id = stage.only(send).await.id.to_string();
    assert_eq!(*receiver.keys.lock(), [id.clone(), id.clone(), id]);
    stage.stop().await;
    tasks.cut();
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_and_redirects_fail_at_once() {
    for status in [302, 400, 404, 410] {
        let tasks = Tasks::new();
        let (receiver, url) = Receiver::start(&[status], &tasks).await;
        let stage = stage(&url, true).await;
        let send = stage.send("refused", &people(1)).await;
        stage.start();
        stage.until_state(send, State::Failed, 1).await;
        let reason = stage.only(send).await.reason.unwrap();
        assert_eq!(reason.code, ReasonCode::EndpointRefused, "{status}");
        assert_eq!(reason.platform_code.unwrap().code, i64::from(status));
        assert_eq!(receiver.keys.lock().len(), 1);
        stage.stop().await;
        tasks.cut();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_address_is_not_called_unless_allowed() {
    let tasks = Tasks::new();
    let (receiver, url) = Receiver::start(&[], &tasks).await;
    let stage = stage(&url, false).await;
    let send = stage.send("guarded", &people(1)).await;
    stage.start();
    stage.until_state(send, State::Failed, 1).await;
    let reason = stage.only(send).await.reason.unwrap();
    assert_eq!(reason.code, ReasonCode::ChannelMisconfigured);
    assert!(receiver.keys.lock().is_empty());
    stage.stop().await;
    tasks.cut();
}
