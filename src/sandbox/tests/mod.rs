//! The sandbox as a client meets it: a real socket and a real HTTP client.

mod content;
mod control;
mod faults;
mod people;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::clock::ManualClock;
use crate::lifecycle::Tasks;

use super::{DEFAULT_TOKEN, Handle, Running, Sandbox, Settings};

struct Stage {
    client: reqwest::Client,
    clock: Arc<ManualClock>,
    running: Running,
    tasks: Tasks,
}

impl Stage {
    async fn new(settings: Settings) -> Self {
        // A second installation in the same process is refused, and that is fine.
        drop(rustls::crypto::ring::default_provider().install_default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let clock = ManualClock::at(Timestamp::from_second(1_800_000_000).unwrap());
        let tasks = Tasks::new();
        let running = Sandbox::start(settings, listener, clock.clone(), &tasks).unwrap();
        let client = client();
        Self {
            client,
            clock,
            running,
            tasks,
        }
    }

    async fn open() -> Self {
        Self::new(Settings::default()).await
    }

    fn handle(&self) -> &Handle {
        &self.running.handle
    }

    fn post(&self, path: &str) -> reqwest::RequestBuilder {
        self.client.post(format!("{}{path}", self.running.url()))
    }

    fn request(&self, body: &Value) -> reqwest::RequestBuilder {
        self.post("/v26.0/77/messages")
            .bearer_auth(DEFAULT_TOKEN)
            .json(body)
    }

    async fn send(&self, body: &Value) -> (u16, Value) {
        let response = self.request(body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// `code` or `code/subcode`, or `ok`.
    async fn outcome(&self, body: &Value) -> String {
        let (_, answer) = self.send(body).await;
        outcome(&answer)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests call the sandbox with a client of their own"
)]
fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .retry(reqwest::retry::never())
        .build()
        .unwrap()
}

fn outcome(answer: &Value) -> String {
    let Some(error) = answer.get("error") else {
        return "ok".to_owned();
    };
    match error.get("error_subcode") {
        Some(subcode) => format!("{}/{subcode}", error["code"]),
        None => error["code"].to_string(),
    }
}

fn text_to(psid: &str) -> Value {
    json!({
        "recipient": { "id": psid },
        "messaging_type": "UPDATE",
        "message": { "text": "Hello", "metadata": format!("d-{psid}") },
    })
}
