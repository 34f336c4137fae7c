//! `recado users export`: a person's data, for the person.

use clap::Args;
use serde_json::{Value, json};

use crate::api::pb;
use crate::api::pb::export_user_response::Part;
use crate::cli::connect::Server;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::{json, output};

/// Printed whole: attributes, events, segments and deliveries.
#[derive(Debug, Args)]
pub(super) struct Export {
    /// The user
    #[arg(value_name = "ID")]
    external_id: String,
    #[command(flatten)]
    server: Server,
}

// === impl Export ===

impl Export {
    pub(super) async fn run(self) -> Result<Exit, Error> {
        let mut client = self.server.connect().await?;
        let request = pb::ExportUserRequest {
            external_id: self.external_id,
        };
        let mut parts = client.users.export_user(request).await?.into_inner();
        let (mut user, mut events, mut segments, mut deliveries) =
            (Value::Null, Vec::new(), Vec::new(), Vec::new());
        while let Some(part) = parts.message().await? {
            match part.part {
                Some(Part::User(read)) => user = json::user(&read),
                Some(Part::Event(read)) => events.push(event(&read)),
                Some(Part::Segment(name)) => segments.push(name),
                Some(Part::Delivery(read)) => deliveries.push(json::of_struct(&read)),
                None => {}
            }
        }
        if user.is_null() {
            return Err(Error::Answer("user"));
        }
        user["events"] = json!(events);
        user["segments"] = json!(segments);
        user["deliveries"] = json!(deliveries);
        output::json(&user);
        Ok(Exit::OK)
    }
}

fn event(event: &pb::Event) -> Value {
    json!({
        "name": event.name,
        "time": json::time(event.time),
        "properties": event.properties.as_ref().map(json::of_struct),
        "event_id": (!event.event_id.is_empty()).then_some(&event.event_id),
    })
}
