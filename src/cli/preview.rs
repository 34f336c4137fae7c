//! `recado preview`: the message a user would get, and whether they would get it.

use clap::Args;
use serde_json::{Value, json};

use super::connect::Server;
use super::error::Error;
use super::exit::Exit;
use super::{json, output};
use crate::api::pb;
use crate::api::pb::preview_message_request::Subject;

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  recado preview order-shipped --user ana --properties '{\"order_id\":\"A1\"}'

Exits with 1 when the message would not be sent.")]
pub(super) struct Preview {
    /// The campaign's name
    campaign: String,
    /// The user
    #[arg(long, value_name = "ID")]
    user: String,
    /// Properties the message may use, a JSON object
    #[arg(long, value_name = "JSON")]
    properties: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

// === impl Preview ===

impl Preview {
    pub(super) async fn run(self) -> Result<Exit, Error> {
        let properties = self
            .properties
            .as_deref()
            .map(|text| json::object("--properties", text))
            .transpose()?;
        let request = pb::PreviewMessageRequest {
            campaign: self.campaign,
            subject: Some(Subject::ExternalId(self.user)),
            trigger_properties: properties,
            ..pb::PreviewMessageRequest::default()
        };
        let mut client = self.server.connect().await?;
        let preview = client
            .campaigns
            .preview_message(request)
            .await?
            .into_inner();
        if self.json {
            output::json(&as_json(&preview));
        } else {
            print(&preview);
        }
        Ok(if preview.reason.is_none() {
            Exit::OK
        } else {
            Exit::FAILED
        })
    }
}

pub(super) fn print(preview: &pb::PreviewMessageResponse) {
    for gate in &preview.gates {
        let mark = if gate.open {
            output::good("open  ")
        } else {
            output::bad("closed")
        };
        output::line(
            format_args!("{mark} {:<18} {}", passed(&gate.name), gate.detail)
                .to_string()
                .trim_end(),
        );
    }
    if let Some(request) = &preview.request {
        output::line(format_args!("\n{} {}", request.method, request.url));
        for (name, value) in sorted(&request.headers) {
            output::line(format_args!("{name}: {value}"));
        }
        output::line(format_args!("\n{}", pretty(&request.body)));
    }
    if !preview.misses.is_empty() {
        output::warn(format_args!(
            "the message reads what this user does not have: {}",
            preview.misses.join(", ")
        ));
    }
    match &preview.reason {
        None => output::note("it would be sent"),
        Some(reason) => output::note(format_args!(
            "it would not be sent: {}: {}",
            reason.code, reason.detail
        )),
    }
}

/// What a gate asks for, rather than the reason that it gives when it is closed.
fn passed(gate: &str) -> &str {
    match gate {
        "user_not_found" => "the user exists",
        "not_in_audience" => "in the audience",
        "no_psid" => "has a PSID",
        "channel_misconfigured" => "the channel works",
        other => other,
    }
}

fn as_json(preview: &pb::PreviewMessageResponse) -> Value {
    let gates: Vec<Value> = preview
        .gates
        .iter()
        .map(|gate| json!({ "name": gate.name, "open": gate.open, "detail": gate.detail }))
        .collect();
    let request = preview.request.as_ref().map(|request| {
        json!({
            "method": request.method,
            "url": request.url,
            "headers": request.headers,
            "body": request.body,
        })
    });
    json!({
        "would_send": preview.reason.is_none(),
        "gates": gates,
        "request": request,
        "message": preview.message.as_ref().map(json::of_value),
        "misses": preview.misses,
        "reason": preview.reason.as_ref().map(json::reason),
    })
}

fn sorted(headers: &std::collections::HashMap<String, String>) -> Vec<(&String, &String)> {
    let mut headers: Vec<_> = headers.iter().collect();
    headers.sort();
    headers
}

/// JSON indented; anything else as it is.
fn pretty(body: &str) -> String {
    serde_json::from_str::<Value>(body)
        .map_or_else(|_| body.to_owned(), |value| format!("{value:#}"))
}
