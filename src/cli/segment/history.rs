//! `recado segment history`: how the size of a segment developed.

use clap::Args;
use jiff::{Span, SpanRelativeTo, Timestamp};
use serde_json::json;

use super::chart::{Point, chart};
use crate::api::pb;
use crate::cli::connect::Server;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::{json, output};
use crate::clock::{Clock, SystemClock};

#[derive(Debug, Args)]
pub(super) struct History {
    /// The name of a segment, applied now or in the past
    #[arg(value_name = "SEGMENT")]
    segment: String,
    /// Only so far back, such as `36h`, `7d` or `4w`; all that is kept without it
    #[arg(long, value_name = "SPAN", value_parser = span)]
    since: Option<jiff::SignedDuration>,
    /// Count the segment now and add the size first
    #[arg(long)]
    record: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

// === impl History ===

impl History {
    pub(super) async fn run(self) -> Result<Exit, Error> {
        let mut client = self.server.connect().await?;
        if self.record {
            let request = pb::RecordSegmentSizeRequest {
                segment: self.segment.clone(),
            };
            client.segments.record_segment_size(request).await?;
        }
        let start = self.since.map(|since| {
            let start = SystemClock.now().checked_sub(since);
            start.unwrap_or(Timestamp::MIN)
        });
        let request = pb::GetSegmentSeriesRequest {
            segment: self.segment.clone(),
            start_time: start.map(|at| prost_types::Timestamp {
                seconds: at.as_second(),
                nanos: 0,
            }),
            end_time: None,
        };
        let answer = client.segments.get_segment_series(request).await?;
        self.print(&answer.into_inner().sizes)
    }

    fn print(&self, sizes: &[pb::SegmentSize]) -> Result<Exit, Error> {
        if self.json {
            let sizes = sizes
                .iter()
                .map(|size| json!({"time": json::time(size.time), "size": size.size}));
            output::json(&json!({
                "segment": self.segment,
                "sizes": sizes.collect::<Vec<_>>(),
            }));
        } else if sizes.is_empty() {
            output::note(
                "no size was recorded: `tracking: true` in its file records it every hour, `--record` now",
            );
        } else if let Some(width) = output::width() {
            let points = sizes.iter().map(point).collect::<Option<Vec<_>>>();
            let points = points.ok_or(Error::Answer("time"))?;
            output::line(output::bold(&self.segment));
            for line in chart(&points, width) {
                output::line(line);
            }
        } else {
            for size in sizes {
                let time = json::time(size.time).unwrap_or_default();
                output::line(format_args!("{time}\t{}", size.size));
            }
        }
        Ok(Exit::OK)
    }
}

fn point(size: &pb::SegmentSize) -> Option<Point> {
    let time = size.time?;
    Some(Point {
        at: Timestamp::new(time.seconds, time.nanos).ok()?,
        size: size.size,
    })
}

/// `7d` as 7 times 24 hours.
fn span(text: &str) -> Result<jiff::SignedDuration, String> {
    let wrong = || "write it as `36h`, `7d` or `4w`".to_owned();
    let span: Span = text.parse().map_err(|_| wrong())?;
    let span = span.to_duration(SpanRelativeTo::days_are_24_hours());
    match span {
        Ok(span) if span.is_positive() => Ok(span),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_number_with_a_unit() {
        for (text, hours) in [
            ("36h", Some(36)),
            ("7d", Some(168)),
            ("4w", Some(672)),
            ("7", None),
            ("-7d", None),
            ("0d", None),
            ("week", None),
        ] {
            let expected = hours.map(jiff::SignedDuration::from_hours);
            assert_eq!(span(text).ok(), expected, "{text}");
        }
    }
}
