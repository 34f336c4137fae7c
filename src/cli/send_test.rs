//! `recado send --test`: one message, really sent, that counts nowhere.

use clap::Args;
use serde_json::json;

use super::error::Error;
use super::exit::Exit;
use super::{json, output, preview};
use crate::api::client::Client;
use crate::api::pb;

/// The flags of a test.
#[derive(Debug, Args)]
pub(super) struct Test {
    /// Send one message now, marked as a test: no delivery, and it counts nowhere
    #[arg(long, conflicts_with_all = ["audience", "request_id", "watch"])]
    pub(super) test: bool,
    /// Properties of the event that a test may use, a JSON object
    #[arg(long, value_name = "JSON|@FILE", requires = "test")]
    pub(super) event: Option<String>,
}

/// Sends it and says what came of it; `1` when the platform did not take it.
pub(super) async fn run(
    client: &mut Client,
    request: pb::SendTestMessageRequest,
    as_json: bool,
) -> Result<Exit, Error> {
    let answer = client.campaigns.send_test_message(request).await?;
    let answer = answer.into_inner();
    if as_json {
        output::json(&to_json(&answer));
    } else {
        print(&answer);
    }
    Ok(if answer.reason.is_none() {
        Exit::OK
    } else {
        Exit::FAILED
    })
}

fn print(answer: &pb::SendTestMessageResponse) {
    preview::gates(&answer.gates, None);
    match &answer.reason {
        None => {
            // A webhook gives no id.
            if !answer.message_id.is_empty() {
                output::line(&answer.message_id);
            }
            output::note(format_args!(
                "sent as a test, {} (HTTP {})",
                answer.delivery_id, answer.http_status
            ));
        }
        Some(reason) => {
            let what = if reason.code == "no_answer" {
                "it may not have arrived"
            } else {
                "it was not sent"
            };
            output::note(format_args!("{what}: {}: {}", reason.code, reason.detail));
        }
    }
}

fn to_json(answer: &pb::SendTestMessageResponse) -> serde_json::Value {
    json!({
        "sent": answer.reason.is_none(),
        "message_id": answer.message_id,
        "delivery_id": answer.delivery_id,
        "http_status": answer.http_status,
        "reason": answer.reason.as_ref().map(json::reason),
        "gates": json::gates(&answer.gates),
    })
}
