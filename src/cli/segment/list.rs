//! `recado segment list`: the applied segments.

use clap::Args;
use serde_json::{Value, json};

use crate::api::pb;
use crate::cli::connect::Server;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output;

#[derive(Debug, Args)]
pub(super) struct List {
    /// Print one JSON line a segment
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

// === impl List ===

impl List {
    pub(super) async fn run(self) -> Result<Exit, Error> {
        let mut client = self.server.connect().await?;
        let mut segments = Vec::new();
        let mut request = pb::ListSegmentsRequest::default();
        loop {
            let page = client.segments.list_segments(request.clone()).await?;
            let page = page.into_inner();
            segments.extend(page.segments);
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        if self.json {
            for segment in &segments {
                output::json_line(&to_json(segment));
            }
        } else if segments.is_empty() {
            output::note("no segment is applied");
        } else {
            let head = ["segment", "tracking", "team", "uses", "filter"];
            output::table(head, segments.iter().map(row));
        }
        Ok(Exit::OK)
    }
}

fn row(segment: &pb::Segment) -> [String; 5] {
    [
        segment.name.clone(),
        if segment.tracking { "hourly" } else { "" }.to_owned(),
        segment.team.clone(),
        segment.uses.join(", "),
        segment.filter.trim_end().to_owned(),
    ]
}

fn to_json(segment: &pb::Segment) -> Value {
    json!({
        "name": segment.name,
        "description": segment.description,
        "team": segment.team,
        "tags": segment.tags,
        "filter": segment.filter,
        "tracking": segment.tracking,
        "path": segment.path,
        "uses": segment.uses,
    })
}
