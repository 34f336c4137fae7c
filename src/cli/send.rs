//! `recado send`: starting a send of a campaign.

use clap::Args;
use serde_json::json;

use super::connect::Server;
use super::error::Error;
use super::exit::Exit;
use super::{json, output, sends};
use crate::api::pb;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  recado send order-shipped --user ana --properties '{\"order_id\":\"A1\"}' --request-id order-A1-shipped
  recado send spring-offer --audience --request-id spring-2027 --watch")]
pub(super) struct Send {
    /// The campaign's name
    campaign: String,
    /// A user who gets it; may be given more than once
    #[arg(long = "user", value_name = "ID")]
    users: Vec<String>,
    /// Send to the campaign's whole audience
    #[arg(long, conflicts_with_all = ["users", "properties"], required_unless_present = "users")]
    audience: bool,
    /// Properties the message may use, a JSON object; the same for every user
    #[arg(long, value_name = "JSON")]
    properties: Option<String>,
    /// Your key for this send: repeating the command under it sends nothing twice
    #[arg(long, value_name = "KEY")]
    request_id: Option<String>,
    /// Follow the send to its end
    #[arg(long)]
    watch: bool,
    /// Print the send as JSON; with `--watch` one line each time the counts change
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

// === impl Send ===

impl Send {
    pub(super) async fn run(self) -> Result<Exit, Error> {
        let request = self.request()?;
        let mut client = self.server.connect().await?;
        let answer = client.campaigns.send_campaign(request).await?.into_inner();
        let send = answer.send.ok_or(Error::Answer("send"))?;
        if answer.repeated_request {
            output::note(
                "this request id was used before: this is the first send, and nothing new was sent",
            );
        }
        if self.watch {
            let send = sends::watch(&mut client, &send.id, self.json).await?;
            if !self.json {
                sends::print(&send);
            }
        } else if self.json {
            let mut value = json::send(&send);
            value["repeated_request"] = json!(answer.repeated_request);
            output::json(&value);
        } else {
            output::line(&send.id);
            output::note(format_args!(
                "follow it with `recado sends watch {}`",
                send.id
            ));
        }
        Ok(Exit::OK)
    }

    fn request(&self) -> Result<pb::SendCampaignRequest, Error> {
        let properties = self
            .properties
            .as_deref()
            .map(|text| json::object("--properties", text))
            .transpose()?;
        let recipient = |id: &String| pb::Recipient {
            external_id: id.clone(),
            trigger_properties: properties.clone(),
        };
        Ok(pb::SendCampaignRequest {
            campaign: self.campaign.clone(),
            recipients: self.users.iter().map(recipient).collect(),
            audience: self.audience.then_some(pb::WholeAudience {}),
            request_id: self.request_id.clone().unwrap_or_default(),
        })
    }
}
