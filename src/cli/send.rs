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
    #[arg(long, conflicts_with_all = ["users", "properties"])]
    audience: bool,
    /// Properties the message may use, a JSON object; the same for every user
    #[arg(long, value_name = "JSON")]
    properties: Option<String>,
    /// Your key for this send, one for each campaign: repeating the command under it sends nothing twice
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
        if answer.request_differs {
            output::warn(format_args!(
                "this request id stands for {}, which had other recipients or properties: nothing new was sent, use a new id",
                send.id
            ));
        } else if answer.repeated_request {
            output::note(
                "this request id was used before: this is the first send, and nothing new was sent",
            );
        }
        if self.watch {
            // Before anything can fail: who sees an error here must not send again.
            output::note(format_args!("sending as {}", send.id));
            let watched = sends::watch(&mut client, &send.id, self.json).await;
            let send = watched.inspect_err(|_| {
                output::note(format_args!(
                    "the send goes on, only following it failed: `recado sends watch {}`",
                    send.id
                ));
            })?;
            if !self.json {
                sends::print(&send);
            }
        } else if self.json {
            let mut value = json::send(&send);
            value["repeated_request"] = json!(answer.repeated_request);
            value["request_differs"] = json!(answer.request_differs);
            output::json(&value);
        } else {
            output::line(&send.id);
            output::note(format_args!(
                "follow it with `recado sends watch {}`",
                send.id
            ));
        }
        Ok(if answer.request_differs {
            Exit::FAILED
        } else {
            Exit::OK
        })
    }

    fn request(&self) -> Result<pb::SendCampaignRequest, Error> {
        if self.users.is_empty() && !self.audience {
            let message = "say whom it goes to: `--user ID`, or `--audience` for the campaign's whole audience";
            return Err(Error::Usage(message.into()));
        }
        if self.request_id.as_ref().is_some_and(String::is_empty) {
            let message = "`--request-id` is empty: is a variable not set? Leave it out to send without a key";
            return Err(Error::Usage(message.into()));
        }
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
