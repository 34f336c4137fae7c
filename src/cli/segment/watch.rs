//! `recado segment watch`: who enters and leaves, as it happens.

use clap::Args;
use serde_json::json;

use crate::api::pb;
use crate::cli::connect::Server;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output;
use crate::cli::stop::Signals;

#[derive(Debug, Args)]
pub(super) struct Watch {
    /// The name of an applied segment
    #[arg(value_name = "SEGMENT")]
    segment: String,
    /// Go on behind the message that had this cursor, instead of beginning with all members
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
    /// Print one JSON line a message, with the cursor to go on behind it
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

// === impl Watch ===

impl Watch {
    pub(super) async fn run(self) -> Result<Exit, Error> {
        let mut signals = Signals::catch()?;
        let mut client = self.server.connect().await?;
        let request = pb::WatchSegmentRequest {
            segment: self.segment.clone(),
            cursor: self.cursor.unwrap_or_default(),
        };
        let mut cursor = request.cursor.clone();
        let mut stream = client.segments.watch_segment(request).await?.into_inner();
        loop {
            let message = tokio::select! {
                message = stream.message() => message?,
                () = signals.next() => break,
            };
            let Some(message) = message else { break };
            print(&message, self.json);
            if !message.cursor.is_empty() {
                cursor = message.cursor;
            }
        }
        if !cursor.is_empty() {
            let segment = &self.segment;
            output::note(format_args!(
                "go on with: recado segment watch {segment} --cursor {cursor}"
            ));
        }
        Ok(Exit::OK)
    }
}

fn print(message: &pb::WatchSegmentResponse, json: bool) {
    if json {
        output::json_line(&json!({
            "entered": message.entered,
            "left": message.left,
            "cursor": message.cursor,
            "count": message.count,
        }));
        return;
    }
    for id in &message.entered {
        output::line(format_args!("{} {id}", output::good("+")));
    }
    for id in &message.left {
        output::line(format_args!("{} {id}", output::bad("-")));
    }
}
