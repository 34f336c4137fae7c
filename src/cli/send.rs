//! `recado send`: starting a send of a campaign.

use clap::Args;
use prost_types::Struct;
use serde_json::json;

use super::connect::Server;
use super::error::Error;
use super::exit::Exit;
use super::send_test::Test;
use super::{json, output, plan, send_test, sends};
use crate::api::client::Client;
use crate::api::pb;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  recado send order-shipped --user ana --properties '{\"order_id\":\"A1\"}' --request-id order-A1-shipped
  recado send spring-offer --audience --request-id spring-2027 --watch
  recado send order-shipped --test --user ana --event '{\"carrier\":\"ups\"}'")]
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
    #[arg(long, value_name = "JSON|@FILE")]
    properties: Option<String>,
    /// Your key for this send: repeating the command under it sends nothing twice
    #[arg(long, value_name = "KEY", value_parser = request_id)]
    request_id: Option<String>,
    /// Follow the send to its end
    #[arg(long)]
    watch: bool,
    /// Print the send as JSON; with `--watch` one line each time the counts change
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    trial: Test,
    #[command(flatten)]
    server: Server,
}

// === impl Send ===

impl Send {
    pub(super) async fn run(self) -> Result<Exit, Error> {
        if self.trial.test {
            let request = self.test_request()?;
            let mut client = self.server.connect().await?;
            return send_test::run(&mut client, request, self.json).await;
        }
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
        let exit = if answer.request_differs {
            Exit::FAILED
        } else {
            Exit::OK
        };
        // Said before anything else: whatever happens next, this is what it is found by.
        if self.json {
            let mut value = json::send(&send);
            value["repeated_request"] = json!(answer.repeated_request);
            value["request_differs"] = json!(answer.request_differs);
            if self.watch {
                output::json_line(&value);
            } else {
                output::json(&value);
            }
        } else {
            output::line(&send.id);
        }
        if self.audience {
            note_audience(&mut client, &self.campaign).await;
        }
        if !self.watch {
            if !self.json {
                sends::note_pauses(std::slice::from_ref(&send));
                output::note(format_args!(
                    "follow it with `recado sends watch {}`",
                    send.id
                ));
            }
            return Ok(exit);
        }
        let seen = sends::watch(&mut client, &send.id, self.json).await;
        let seen = seen.map_err(|error| Error::Unwatched {
            id: send.id,
            source: Box::new(error),
        })?;
        if !self.json {
            sends::print(&seen);
            sends::note_reasons(&seen);
        }
        Ok(exit)
    }

    fn test_request(&self) -> Result<pb::SendTestMessageRequest, Error> {
        let [user] = self.users.as_slice() else {
            let text = "a test goes to one user: `--user ID`, once";
            return Err(Error::Usage(text.to_owned()));
        };
        Ok(pb::SendTestMessageRequest {
            campaign: self.campaign.clone(),
            external_id: user.clone(),
            trigger_properties: object("--properties", self.properties.as_deref())?,
            event_properties: object("--event", self.trial.event.as_deref())?,
        })
    }

    fn request(&self) -> Result<pb::SendCampaignRequest, Error> {
        if self.users.is_empty() && !self.audience {
            let text = "to whom? `--user ID` names a user, `--audience` is everybody in the campaign's audience";
            return Err(Error::Usage(text.to_owned()));
        }
        let properties = object("--properties", self.properties.as_deref())?;
        let recipient = |id: &String| pb::Recipient {
            external_id: id.clone(),
            trigger_properties: properties.clone(),
        };
        Ok(pb::SendCampaignRequest {
            campaign: self.campaign.clone(),
            recipients: self.users.iter().map(recipient).collect(),
            audience: self.audience.then_some(pb::WholeAudience {}),
            request_id: self.request_id.clone(),
        })
    }
}

fn object(flag: &str, text: Option<&str>) -> Result<Option<Struct>, Error> {
    text.map(|text| json::given(flag, text)).transpose()
}

/// How many it reaches, where the token may know.
async fn note_audience(client: &mut Client, campaign: &str) {
    let request = pb::GetCampaignRequest {
        campaign: campaign.to_owned(),
    };
    if let Ok(answer) = client.campaigns.get_campaign(request).await {
        let n = answer.into_inner().audience;
        output::note(format_args!("its audience: {}", plan::people(n)));
    }
}

/// An empty one is a variable that was not set: without a key, a repeat would send twice.
fn request_id(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("a request id must not be empty; is the variable set?".to_owned());
    }
    Ok(text.to_owned())
}
