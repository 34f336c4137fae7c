//! `recado sends`: what was sent, how it stands, and stopping it.

use std::collections::BTreeMap;

use clap::builder::RangedU64ValueParser;
use clap::{Args, Subcommand, ValueEnum};

use super::connect::Server;
use super::error::Error;
use super::exit::Exit;
use super::list::{self, Column};
use super::{json, output};
use crate::api::client::Client;
use crate::api::pb;
use crate::model::delivery::is_name;
use crate::model::send::Miss;

const EXAMPLES: &str = "\
Examples:
  recado sends list --campaign order-shipped
  recado sends show snd_0123456789abcdef0123456789abcdef
  recado sends watch snd_0123456789abcdef0123456789abcdef
  recado sends cancel snd_0123456789abcdef0123456789abcdef";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Sends {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List sends, newest first
    #[command(after_help = "Example:\n  recado sends list --phase running --json")]
    List(List),
    /// Show a send as it stands now
    #[command(after_help = "Example:\n  recado sends show snd_0123456789abcdef0123456789abcdef")]
    Show(One),
    /// Follow a send until it is finished or cancelled
    #[command(after_help = "Example:\n  recado sends watch snd_0123456789abcdef0123456789abcdef")]
    Watch(One),
    /// Cancel what a send has not begun to deliver
    #[command(after_help = "Example:\n  recado sends cancel snd_0123456789abcdef0123456789abcdef")]
    Cancel(One),
}

#[derive(Debug, Args)]
struct List {
    /// Only of this campaign
    #[arg(long, value_name = "NAME")]
    campaign: Option<String>,
    /// Only in this phase
    #[arg(long)]
    phase: Option<Phase>,
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
    /// Print one JSON line a send
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

#[derive(Debug, Args)]
struct One {
    /// The send's id
    #[arg(value_name = "SEND")]
    id: String,
    /// Print JSON: the send, or one line each time it changes while it is followed
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Phase {
    Enqueueing,
    Running,
    Finished,
    Cancelled,
}

// === impl Sends ===

impl Sends {
    pub(super) async fn run(self) -> Result<Exit, Error> {
        match self.command {
            Command::List(list) => list.run().await,
            Command::Watch(one) => {
                let mut client = one.server.connect().await?;
                let send = watch(&mut client, &one.id, one.json).await?;
                if !one.json {
                    print(&send);
                    note_reasons(&send);
                }
                Ok(Exit::OK)
            }
            Command::Show(one) => one.show().await,
            Command::Cancel(one) => one.cancel().await,
        }
    }
}

// === impl List ===

impl List {
    async fn run(self) -> Result<Exit, Error> {
        let mut client = self.server.connect().await?;
        let mut sends = Vec::new();
        let mut page_token = self.after;
        loop {
            let request = pb::ListSendsRequest {
                campaign: self.campaign.clone().unwrap_or_default(),
                phase: self.phase.map_or(0, |phase| phase.to_pb() as i32),
                page_size: page_size(self.limit - sends.len()),
                page_token,
            };
            let page = client.deliveries.list_sends(request).await?.into_inner();
            sends.extend(page.sends);
            page_token = page.next_page_token;
            if page_token.is_empty() || sends.len() >= self.limit {
                break;
            }
        }
        if self.json {
            for send in &sends {
                output::json_line(&json::send(send));
            }
        } else {
            table(&sends);
        }
        note_pauses(&sends);
        list::note_rest(sends.len(), "the newest", &page_token);
        Ok(Exit::OK)
    }
}

// === impl One ===

impl One {
    async fn show(self) -> Result<Exit, Error> {
        let mut client = self.server.connect().await?;
        let request = pb::GetSendRequest { send_id: self.id };
        let answer = client.deliveries.get_send(request).await?.into_inner();
        let send = answer.send.ok_or(Error::Answer("send"))?;
        if self.json {
            output::json(&json::send(&send));
        } else {
            print(&send);
            note_reasons(&send);
        }
        Ok(Exit::OK)
    }

    async fn cancel(self) -> Result<Exit, Error> {
        let mut client = self.server.connect().await?;
        let request = pb::CancelSendRequest { send_id: self.id };
        let answer = client.deliveries.cancel_send(request).await?.into_inner();
        let send = answer.send.ok_or(Error::Answer("send"))?;
        if self.json {
            output::json(&json::send(&send));
        } else {
            print(&send);
        }
        Ok(Exit::OK)
    }
}

// === impl Phase ===

impl Phase {
    fn to_pb(self) -> pb::SendPhase {
        match self {
            Self::Enqueueing => pb::SendPhase::Enqueueing,
            Self::Running => pb::SendPhase::Running,
            Self::Finished => pb::SendPhase::Finished,
            Self::Cancelled => pb::SendPhase::Cancelled,
        }
    }
}

/// Follows a send to its end and returns it as it then stands.
pub(super) async fn watch(client: &mut Client, id: &str, json: bool) -> Result<pb::Send, Error> {
    let request = pb::WatchSendRequest {
        send_id: id.to_owned(),
    };
    let mut updates = client.deliveries.watch_send(request).await?.into_inner();
    let bar = output::progress(0, "{bar:30} {pos}/{len} deliveries  {msg}  {per_sec}");
    let (mut last, mut told) = (None, None);
    while let Some(update) = updates.message().await? {
        let send = update.send.ok_or(Error::Answer("send"))?;
        let counts = send.counts.unwrap_or_default();
        let open = counts.pending + counts.sending;
        bar.set_length(counts.total.unsigned_abs());
        bar.set_position((counts.total - open).unsigned_abs());
        bar.set_message(format!("{} sent", output::count(counts.sent)));
        if json {
            output::json_line(&json::send(&send));
        }
        // Each cause once: the pauses of one come again and again until it is mended.
        let cause = send.pause.as_ref().map(|pause| pause.detail.clone());
        if cause != told {
            bar.suspend(|| note_pauses(std::slice::from_ref(&send)));
            told = cause;
        }
        last = Some(send);
    }
    bar.finish_and_clear();
    last.ok_or(Error::Answer("send"))
}

pub(super) fn print(send: &pb::Send) {
    output::line(format_args!(
        "{} of {}: {}",
        send.id,
        send.campaign,
        json::phase(send)
    ));
    let counts = send.counts.unwrap_or_default();
    for (name, n) in list::counts(&counts) {
        if n > 0 {
            output::line(format_args!("  {name:<10}{:>10}", output::count(n)));
        }
    }
    if let Some(pause) = &send.pause {
        output::line(paused(pause));
    }
    for line in misses(send) {
        output::line(line);
    }
}

/// Says of each channel that waits why nothing is sent now.
pub(super) fn note_pauses(sends: &[pb::Send]) {
    let pauses = sends.iter().filter_map(|send| send.pause.as_ref());
    let lines: BTreeMap<_, _> = pauses
        .map(|pause| (&pause.channel, paused(pause)))
        .collect();
    lines.values().for_each(output::warn);
}

fn paused(pause: &pb::ChannelPause) -> String {
    let pb::ChannelPause {
        channel, detail, ..
    } = pause;
    let until = json::second(pause.until_time).replace('T', " ");
    format!("channel `{channel}` is paused until {until}: {detail}")
}

/// Where it is told why some got nothing.
pub(super) fn note_reasons(send: &pb::Send) {
    let counts = send.counts.unwrap_or_default();
    if counts.failed + counts.skipped + counts.unknown > 0 {
        output::note(format_args!(
            "`recado deliveries list --send {}` has the reasons, `recado explain REASON` what each is",
            send.id
        ));
    }
}

/// What messages had nothing for, then what was made up for.
fn misses(send: &pb::Send) -> Vec<String> {
    let all = send.counts.unwrap_or_default().total;
    let people = |n: i64| format!("for {} of {} people", output::count(n), output::count(all));
    let gaps = send.misses.iter().filter(|miss| miss.without_default > 0);
    let gaps = gaps.map(|miss| {
        let (name, of) = (&miss.name, people(miss.without_default));
        if name == Miss::OTHERS {
            format!("further names were absent {of} and have no `default`")
        } else if is_name(name) {
            format!("`{name}` was absent {of} and has no `default`")
        } else {
            format!("missed {of}: {name}")
        }
    });
    let mut lines: Vec<String> = gaps.collect();
    let filled = send.misses.iter().filter_map(|miss| {
        let n = miss.deliveries - miss.without_default;
        (n > 0).then(|| format!("`{}` {}", miss.name, people(n)))
    });
    let filled = filled.collect::<Vec<_>>().join(", ");
    if !filled.is_empty() {
        lines.push(format!("absent without leaving a gap: {filled}"));
    }
    lines
}

pub(super) fn page_size(wanted: usize) -> i32 {
    i32::try_from(wanted.min(crate::model::limits::PAGE_SIZE_MAX)).unwrap_or(i32::MAX)
}

fn table(sends: &[pb::Send]) {
    let states = list::counts(&pb::SendCounts::default());
    let words = ["campaign", "phase"].map(Column::Words);
    let mut columns = vec![Column::Whole("send")];
    columns.extend(words);
    columns.extend(states.map(|(name, _)| Column::Count(name)));
    columns.extend([Column::Whole("total"), Column::Words("created")]);
    let rows: Vec<_> = sends.iter().map(row).collect();
    list::print(&columns, &rows);
}

fn row(send: &pb::Send) -> Vec<String> {
    let counts = send.counts.unwrap_or_default();
    let mut row = vec![send.id.clone(), send.campaign.clone(), json::phase(send)];
    row.extend(list::counts(&counts).map(|(_, n)| output::count(n)));
    row.extend([
        output::count(counts.total),
        json::second(send.create_time).replace('T', " "),
    ]);
    row
}
