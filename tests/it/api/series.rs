//! Applied segments, and how their sizes develop.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use recado::api::pb;
use recado::clock::{Clock, ManualClock};
use serde_json::json;
use tonic::Code;

use crate::stage::{Live, OWNER, Stage, refused};

const TRACKED: (&str, &str) = (
    "segments/brazil.yaml",
    "kind: Segment\nname: brazil\nteam: growth\ntags: [a, b]\ntracking: true\n\
     filter: user.country == \"BR\"\n",
);
const OTHER: (&str, &str) = (
    "adults.yaml",
    "kind: Segment\nname: adults\ndescription: Grown up.\n\
     filter: user.age >= 18 && !in_segment(\"brazil\")\n",
);
const HOUR: Duration = Duration::from_hours(1);

fn ten_past_nine() -> Arc<ManualClock> {
    ManualClock::at("2026-11-23T09:10:00Z".parse().unwrap())
}

fn wire(at: Timestamp) -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp {
        seconds: at.as_second(),
        nanos: at.subsec_nanosecond(),
    })
}

async fn series(live: &Live, segment: &str) -> Vec<(String, i64)> {
    let request = pb::GetSegmentSeriesRequest {
        segment: segment.into(),
        ..pb::GetSegmentSeriesRequest::default()
    };
    let mut client = live.client().await;
    let answer = client.segments.get_segment_series(request).await.unwrap();
    let sizes = answer.into_inner().sizes.into_iter().map(|size| {
        let at = size.time.unwrap();
        let at = Timestamp::new(at.seconds, at.nanos).unwrap();
        (at.strftime("%H:%M").to_string(), size.size)
    });
    sizes.collect()
}

/// Asks until there are so many sizes: the server has its own pace.
async fn until(live: &Live, segment: &str, n: usize) -> Vec<(String, i64)> {
    loop {
        let sizes = series(live, segment).await;
        if sizes.len() >= n {
            return sizes;
        }
    }
}

fn expected(sizes: &[(&str, i64)]) -> Vec<(String, i64)> {
    sizes
        .iter()
        .map(|(at, size)| ((*at).to_owned(), *size))
        .collect()
}

#[test]
fn a_tracked_segment_is_recorded_at_every_full_hour() {
    let clock = ten_past_nine();
    Stage::new().with_clock(&clock).run(async |live| {
        live.upsert([("ana", json!({"country": "BR"}))]).await;
        live.apply([TRACKED, OTHER]).await;
        // At once, since nothing is known of the hour it is in; then at full hours alone.
        let first = until(live, "brazil", 1).await;
        assert_eq!(first, expected(&[("09:10", 1)]));
        live.upsert([("ben", json!({"country": "BR"}))]).await;
        clock.advance(Duration::from_micros(50 * 60_000_000 - 1));
        assert_eq!(until(live, "brazil", 1).await.len(), 1);
        clock.advance(Duration::from_micros(1));
        let second = until(live, "brazil", 2).await;
        assert_eq!(second, expected(&[("09:10", 1), ("10:00", 2)]));
        // A machine that slept records once when it wakes up.
        clock.advance(HOUR * 7 / 2);
        let third = until(live, "brazil", 3).await;
        assert_eq!(third[2], ("13:30".to_owned(), 2));
        clock.advance(HOUR / 2);
        assert_eq!(until(live, "brazil", 4).await[3].0, "14:00");
        assert_eq!(series(live, "adults").await, []);
    });
}

#[test]
fn a_full_disk_does_not_end_the_server() {
    let clock = ten_past_nine();
    let stage = Stage::new().with_clock(&clock).with_files([TRACKED]);
    stage.with_store_bytes_max(400_000).run(async |live| {
        until(live, "brazil", 1).await;
        let text = "x".repeat(4_000);
        let mut client = live.client().await;
        for n in 0.. {
            let name = format!("u{n}");
            let user = crate::stage::update(&name, json!({"text": text}));
            let request = pb::UpsertUsersRequest { users: vec![user] };
            if client.users.upsert_users(request).await.is_err() {
                break;
            }
        }
        clock.advance(HOUR);
        let request = pb::RecordSegmentSizeRequest {
            segment: "brazil".into(),
        };
        let (code, reason, _) = refused(async {
            // Small writes find room for longer than large ones.
            for _ in 0..10_000 {
                clock.advance(Duration::from_millis(1));
                let call = client.segments.record_segment_size(request.clone());
                call.await?;
            }
            Ok(())
        })
        .await;
        assert_eq!(
            (code, reason.as_str()),
            (Code::ResourceExhausted, "DISK_FULL")
        );
        // What was recorded is still there, and the server goes on.
        clock.advance(HOUR);
        assert_eq!(until(live, "brazil", 1).await[0].0, "09:10");
    });
}

#[test]
fn any_segment_is_recorded_on_demand() {
    let clock = ten_past_nine();
    let stage = Stage::new()
        .with_clock(&clock)
        .with_files([OTHER, TRACKED, OWNER]);
    stage.run(async |live| {
        live.upsert([("ana", json!({"age": 30})), ("ben", json!({"age": 3}))])
            .await;
        let mut client = live.client().await;
        let record = pb::RecordSegmentSizeRequest {
            segment: "adults".into(),
        };
        for _ in 0..3 {
            let answer = client.segments.record_segment_size(record.clone()).await;
            let size = answer.unwrap().into_inner().size.unwrap();
            assert_eq!((size.time, size.size), (wire(clock.now()), 1));
            clock.advance(Duration::from_mins(1));
        }
        let all = [("09:10", 1), ("09:11", 1), ("09:12", 1)];
        assert_eq!(series(live, "adults").await, expected(&all));
        let within = pb::GetSegmentSeriesRequest {
            segment: "adults".into(),
            start_time: wire("2026-11-23T09:11:00Z".parse().unwrap()),
            end_time: wire("2026-11-23T09:12:00Z".parse().unwrap()),
        };
        let answer = client.segments.get_segment_series(within.clone()).await;
        assert_eq!(answer.unwrap().into_inner().sizes.len(), 1);
        let reversed = pb::GetSegmentSeriesRequest {
            start_time: within.end_time,
            end_time: within.start_time,
            ..within.clone()
        };
        let out_of_time = pb::GetSegmentSeriesRequest {
            start_time: Some(prost_types::Timestamp {
                seconds: i64::MAX,
                nanos: 0,
            }),
            ..within.clone()
        };
        let unknown = pb::GetSegmentSeriesRequest {
            segment: "nobody".into(),
            ..within
        };
        for (request, code, reason) in [
            (reversed, Code::InvalidArgument, "INVALID_FIELD"),
            (out_of_time, Code::InvalidArgument, "INVALID_FIELD"),
            (unknown, Code::NotFound, "NOT_FOUND"),
        ] {
            let (c, r, _) = refused(client.segments.get_segment_series(request)).await;
            assert_eq!((c, r.as_str()), (code, reason));
        }
        // What is not applied any more keeps its past, and gets no more.
        live.apply([TRACKED, OWNER]).await;
        assert_eq!(series(live, "adults").await.len(), 3);
        let (code, ..) = refused(client.segments.record_segment_size(record)).await;
        assert_eq!(code, Code::NotFound);
    });
}

#[test]
fn segments_are_listed_by_name_and_page() {
    Stage::new().with_files([TRACKED, OTHER]).run(async |live| {
        let mut client = live.client().await;
        let mut request = pb::ListSegmentsRequest {
            page_size: 1,
            page_token: String::new(),
        };
        let mut found = Vec::new();
        loop {
            let answer = client.segments.list_segments(request.clone()).await;
            let page = answer.unwrap().into_inner();
            assert_eq!(page.segments.len(), 1);
            found.extend(page.segments);
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        let adults = pb::Segment {
            name: "adults".into(),
            description: "Grown up.".into(),
            filter: "user.age >= 18 && !in_segment(\"brazil\")".into(),
            path: "adults.yaml".into(),
            uses: vec!["brazil".into()],
            ..pb::Segment::default()
        };
        let brazil = pb::Segment {
            name: "brazil".into(),
            team: "growth".into(),
            tags: vec!["a".into(), "b".into()],
            filter: "user.country == \"BR\"".into(),
            tracking: true,
            path: "segments/brazil.yaml".into(),
            ..pb::Segment::default()
        };
        assert_eq!(found, [adults, brazil]);
        request.page_token = "zz".into();
        let (_, reason, _) = refused(client.segments.list_segments(request)).await;
        assert_eq!(reason, "INVALID_PAGE_TOKEN");
    });
}
