//! `recado preview`: the message a user would get, and whether they would get it.
//!
//! Begin here; `ask` makes the request, `show` prints the answer, `follow` does both again with every change.

mod ask;
mod follow;
mod show;

use std::path::PathBuf;

use clap::Args;

use super::connect::Server;
use super::error::Error;
use super::exit::Exit;
use crate::api::client::Client;
use crate::api::pb;

pub(super) use show::{gates, print};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  recado preview order-shipped --user ana --properties '{\"order_id\":\"A1\"}'
  recado preview order-shipped --random --svg order-shipped.svg
  recado preview order-shipped --attributes @ana.json --dir campaigns --watch

Exits with 1 when the message would not be sent; with `--watch`, 0 once it is stopped.")]
pub(super) struct Preview {
    /// The campaign's name
    campaign: String,
    #[command(flatten)]
    whom: Whom,
    /// Take the same random member again, while the audience holds the same people
    #[arg(long, value_name = "N", conflicts_with_all = ["user", "attributes"])]
    seed: Option<u32>,
    /// Properties of the call that the message may use, a JSON object
    #[arg(long, value_name = "JSON|@FILE")]
    properties: Option<String>,
    /// Properties of the event that the message may use, a JSON object
    #[arg(long, value_name = "JSON|@FILE")]
    event: Option<String>,
    /// The campaign as the files of this folder say it, applied or not
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Show it again with every change in the folder
    #[arg(long, requires = "dir")]
    watch: bool,
    /// Draw the message into this file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Print one JSON object; with `--watch` a line each time
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

/// Whose message it is.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Whom {
    /// An existing user
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// Somebody in the campaign's audience
    #[arg(long)]
    random: bool,
    /// A user made by hand, a JSON object of attributes
    #[arg(long, value_name = "JSON|@FILE")]
    attributes: Option<String>,
}

// === impl Preview ===

impl Preview {
    pub(super) async fn run(self) -> Result<Exit, Error> {
        let request = self.request()?;
        let mut client = self.server.connect().await?;
        if self.watch {
            return self.follow(client, request).await;
        }
        let preview = self.ask(&mut client, request).await?;
        self.show(&preview)?;
        Ok(if preview.reason.is_none() {
            Exit::OK
        } else {
            Exit::FAILED
        })
    }

    /// Asks once, for the files as they are now.
    async fn ask(
        &self,
        client: &mut Client,
        mut request: pb::PreviewMessageRequest,
    ) -> Result<pb::PreviewMessageResponse, Error> {
        request.files = self.files()?;
        let answer = client.campaigns.preview_message(request).await?;
        Ok(answer.into_inner())
    }
}
