//! `recado deliveries`: who got it, who did not, and why.

use clap::builder::RangedU64ValueParser;
use clap::{Args, Subcommand, ValueEnum};

use super::connect::Server;
use super::error::Error;
use super::exit::Exit;
use super::list::{self, Column};
use super::sends::page_size;
use super::{json, output, reasons};
use crate::api::client::Client;
use crate::api::pb;

#[derive(Debug, Args)]
pub(super) struct Deliveries {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List deliveries, the newest first
    #[command(after_help = "\
Examples:
  recado deliveries list --user ana
  recado deliveries list --campaign order-shipped --reason window_closed
  recado deliveries list --send snd_0123456789abcdef0123456789abcdef --state failed --json")]
    List(List),
}

#[derive(Debug, Args)]
struct List {
    /// Only of this send
    #[arg(long, value_name = "SEND")]
    send: Option<String>,
    /// Only to this user
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// Only in this state
    #[arg(long)]
    state: Option<State>,
    /// Only of this campaign
    #[arg(long, value_name = "NAME")]
    campaign: Option<String>,
    /// Only with this reason, such as `window_closed`
    #[arg(long, value_name = "REASON")]
    reason: Option<String>,
    /// The oldest first
    #[arg(long)]
    oldest_first: bool,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    limit: usize,
    /// Go on behind an earlier list with the same filters, which told this
    #[arg(
        long,
        value_name = "TOKEN",
        default_value = "",
        hide_default_value = true
    )]
    after: String,
    /// Print one JSON line a delivery
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    Pending,
    Sending,
    Sent,
    Failed,
    Skipped,
    Unknown,
    Cancelled,
}

// === impl Deliveries ===

impl Deliveries {
    pub(super) async fn run(self) -> Result<Exit, Error> {
        let Command::List(list) = self.command;
        let mut client = list.server.connect().await?;
        let filter = pb::ListDeliveriesRequest {
            send_id: list.send.unwrap_or_default(),
            external_id: list.user.unwrap_or_default(),
            state: list.state.map_or(0, |state| state.to_pb() as i32),
            page_token: list.after,
            campaign: list.campaign.unwrap_or_default(),
            reason: list.reason.unwrap_or_default(),
            newest_first: !list.oldest_first,
            ..pb::ListDeliveriesRequest::default()
        };
        let (found, next) = fetch(&mut client, filter, list.limit).await?;
        if list.json {
            for delivery in &found {
                output::json_line(&json::delivery(delivery));
            }
        } else {
            listing(&found);
            if let Some(hint) = reasons::hint_of(&found) {
                output::note(hint);
            }
        }
        let order = if list.oldest_first {
            "the oldest"
        } else {
            "the newest"
        };
        list::note_rest(found.len(), order, &next);
        Ok(Exit::OK)
    }
}

// === impl State ===

impl State {
    fn to_pb(self) -> pb::DeliveryState {
        match self {
            Self::Pending => pb::DeliveryState::Pending,
            Self::Sending => pb::DeliveryState::Sending,
            Self::Sent => pb::DeliveryState::Sent,
            Self::Failed => pb::DeliveryState::Failed,
            Self::Skipped => pb::DeliveryState::Skipped,
            Self::Unknown => pb::DeliveryState::Unknown,
            Self::Cancelled => pb::DeliveryState::Cancelled,
        }
    }
}

/// The first `max` deliveries that fit `filter`, page by page, and where the list goes on.
pub(super) async fn fetch(
    client: &mut Client,
    filter: pb::ListDeliveriesRequest,
    max: usize,
) -> Result<(Vec<pb::Delivery>, String), Error> {
    let mut found = Vec::new();
    let mut page_token = filter.page_token.clone();
    while found.len() < max {
        let request = pb::ListDeliveriesRequest {
            page_size: page_size(max - found.len()),
            page_token,
            ..filter.clone()
        };
        let page = client.deliveries.list_deliveries(request).await?;
        let page = page.into_inner();
        found.extend(page.deliveries);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    Ok((found, page_token))
}

/// One delivery a row, with what it is found by.
fn listing(deliveries: &[pb::Delivery]) {
    let words = ["user", "campaign", "state", "reason", "detail"].map(Column::Words);
    let mut columns = vec![Column::Whole("delivery")];
    columns.extend(words);
    columns.extend([Column::Whole("attempts"), Column::Words("updated")]);
    let row = |delivery: &pb::Delivery| {
        let reason = delivery.reason.clone().unwrap_or_default();
        vec![
            delivery.id.clone(),
            delivery.external_id.clone(),
            delivery.campaign.clone(),
            json::state(delivery),
            reason.code,
            reason.detail,
            delivery.attempts.to_string(),
            json::second(delivery.update_time).replace('T', " "),
        ]
    };
    let rows: Vec<_> = deliveries.iter().map(row).collect();
    list::print(&columns, &rows);
}

/// A few deliveries, for people who only look on.
pub(super) fn table(deliveries: &[pb::Delivery]) {
    output::table(
        ["user", "campaign", "state", "reason", "detail", "attempts"],
        deliveries.iter().map(|delivery| {
            let reason = delivery.reason.clone().unwrap_or_default();
            [
                delivery.external_id.clone(),
                delivery.campaign.clone(),
                json::state(delivery),
                reason.code,
                reason.detail,
                delivery.attempts.to_string(),
            ]
        }),
    );
}
