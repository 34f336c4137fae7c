//! `WatchSegment`: whoever follows it knows exactly who is in.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use recado::api::pb;
use recado::clock::{Clock, ManualClock};
use serde_json::json;
use tonic::{Code, Status, Streaming};
use tonic_types::StatusExt;

use crate::stage::{Live, OWNER, Stage, refused, ticking};

const SEGMENT: (&str, &str) = (
    "brazil.yaml",
    "kind: Segment\nname: brazil\nfilter: user.country == \"BR\"\n",
);
const STEP: Duration = Duration::from_millis(50);

type Ids = BTreeSet<String>;

/// A client that works through every message.
struct Follower {
    stream: Streaming<pb::WatchSegmentResponse>,
    known: Ids,
    cursor: String,
    clock: Arc<ManualClock>,
}

// === impl Follower ===

impl Follower {
    async fn begin(live: &Live, clock: &Arc<ManualClock>) -> Self {
        Self {
            stream: watch(live, "brazil", "").await.unwrap(),
            known: Ids::new(),
            cursor: String::new(),
            clock: Arc::clone(clock),
        }
    }

    /// Goes on with the cursor over a new stream.
    async fn reconnect(&mut self, live: &Live) {
        self.stream = watch(live, "brazil", &self.cursor).await.unwrap();
    }

    /// Takes one message in, which must fit what is known.
    async fn take(&mut self) {
        let next = ticking(&self.clock, STEP, self.stream.message());
        let message = next.await.unwrap().expect("the stream has no end");
        assert!(message.entered.len() + message.left.len() <= 1_000);
        for id in message.left {
            assert!(self.known.remove(&id), "{id} left without having been in");
        }
        for id in message.entered {
            assert!(self.known.insert(id.clone()), "{id} entered twice");
        }
        if !message.cursor.is_empty() {
            assert_eq!(usize::try_from(message.count).unwrap(), self.known.len());
            self.cursor = message.cursor;
        }
    }

    async fn until(&mut self, members: &Ids) {
        while self.cursor.is_empty() || self.known != *members {
            self.take().await;
        }
    }

    /// The error that the stream ends with.
    async fn end(mut self) -> Status {
        loop {
            let next = ticking(&self.clock, STEP, self.stream.message());
            match next.await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("the stream ended without an error"),
                Err(status) => return status,
            }
        }
    }
}

fn clock() -> Arc<ManualClock> {
    ManualClock::at("2026-11-23T09:10:00Z".parse().unwrap())
}

async fn watch(
    live: &Live,
    segment: &str,
    cursor: &str,
) -> Result<Streaming<pb::WatchSegmentResponse>, Status> {
    let request = pb::WatchSegmentRequest {
        segment: segment.into(),
        cursor: cursor.into(),
    };
    let answer = live.client().await.segments.watch_segment(request).await;
    answer.map(tonic::Response::into_inner)
}

async fn delete(live: &Live, ids: impl IntoIterator<Item = String>) {
    let external_ids = ids.into_iter().collect();
    let request = pb::DeleteUsersRequest { external_ids };
    live.client()
        .await
        .users
        .delete_users(request)
        .await
        .unwrap();
}

fn reason(status: &Status) -> String {
    status.get_details_error_info().unwrap().reason
}

fn ids<const N: usize>(ids: [&str; N]) -> Ids {
    ids.map(str::to_owned).into()
}

/// Random writes of users, and who is in Brazil after them.
struct Writes {
    seed: u64,
    members: Ids,
}

// === impl Writes ===

impl Writes {
    fn roll(&mut self, sides: u64) -> u64 {
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.seed >> 33) % sides
    }

    async fn some(&mut self, live: &Live) {
        for _ in 0..=self.roll(4) {
            let id = format!("u{}", self.roll(12));
            match self.roll(5) {
                0 | 1 => {
                    delete(live, [id.clone()]).await;
                    self.members.remove(&id);
                }
                2 => {
                    live.upsert([(id.as_str(), json!({"country": "PT"}))]).await;
                    self.members.remove(&id);
                }
                _ => {
                    live.upsert([(id.as_str(), json!({"country": "BR"}))]).await;
                    self.members.insert(id);
                }
            }
        }
    }
}

#[test]
fn a_follower_always_comes_to_the_exact_members() {
    for seed in 1..=4 {
        let clock = clock();
        let stage = Stage::new().with_files([SEGMENT]).with_clock(&clock);
        stage.run(async |live| {
            let mut writes = Writes {
                seed,
                members: Ids::new(),
            };
            writes.some(live).await;
            let mut follower = Follower::begin(live, &clock).await;
            follower.until(&writes.members).await;
            for _ in 0..25 {
                writes.some(live).await;
                match writes.roll(4) {
                    // Nobody looks: what happens meanwhile is told after the next.
                    0 => {}
                    1 => {
                        follower.reconnect(live).await;
                        writes.some(live).await;
                        follower.until(&writes.members).await;
                    }
                    2 => {
                        // A second one shares the steps, and begins with everybody.
                        let mut other = Follower::begin(live, &clock).await;
                        writes.some(live).await;
                        other.until(&writes.members).await;
                        follower.until(&writes.members).await;
                        assert_eq!(follower.cursor, other.cursor);
                    }
                    _ => follower.until(&writes.members).await,
                }
            }
            follower.until(&writes.members).await;
        });
    }
}

#[test]
fn a_row_that_goes_to_somebody_else_is_two_people() {
    let clock = clock();
    let stage = Stage::new().with_files([SEGMENT]).with_clock(&clock);
    stage.run(async |live| {
        let brazil = || json!({"country": "BR"});
        live.upsert([("ana", brazil()), ("ben", brazil())]).await;
        let mut follower = Follower::begin(live, &clock).await;
        follower.until(&ids(["ana", "ben"])).await;
        delete(live, ["ana".to_owned()]).await;
        live.upsert([("cat", brazil())]).await;
        follower.until(&ids(["ben", "cat"])).await;
        // Deleted and created again as a member: nothing happened.
        delete(live, ["ben".to_owned()]).await;
        live.upsert([("ben", brazil()), ("dan", brazil())]).await;
        follower.until(&ids(["ben", "cat", "dan"])).await;
    });
}

#[test]
fn many_are_told_in_messages_of_a_thousand() {
    let clock = clock();
    let stage = Stage::new().with_files([SEGMENT]).with_clock(&clock);
    stage.run(async |live| {
        let names: Vec<String> = (0..2_500).map(|n| format!("u{n}")).collect();
        for batch in names.chunks(1_000) {
            live.upsert(
                batch
                    .iter()
                    .map(|id| (id.as_str(), json!({"country": "BR"}))),
            )
            .await;
        }
        let all: Ids = names.iter().cloned().collect();
        let mut follower = Follower::begin(live, &clock).await;
        follower.take().await;
        // The cursor comes with the last message of the members.
        assert_eq!(
            (follower.known.len(), follower.cursor.as_str()),
            (1_000, "")
        );
        for batch in names[..1_500].chunks(1_000) {
            delete(live, batch.iter().cloned()).await;
        }
        while follower.cursor.is_empty() {
            follower.take().await;
        }
        assert_eq!(follower.known, all);
        follower
            .until(&names[1_500..].iter().cloned().collect())
            .await;
    });
}

#[test]
fn time_alone_makes_members_too() {
    let clock = clock();
    let due = (
        "brazil.yaml",
        "kind: Segment\nname: brazil\nfilter: user.at <= now\n",
    );
    let stage = Stage::new().with_files([due]).with_clock(&clock);
    stage.run(async |live| {
        let at = clock.now() + Duration::from_mins(3);
        live.upsert([("ana", json!({"at": at.to_string()}))]).await;
        let mut follower = Follower::begin(live, &clock).await;
        follower.until(&ids([])).await;
        assert!(clock.now() < at);
        follower.until(&ids(["ana"])).await;
        assert!(clock.now() >= at);
    });
}

#[test]
fn a_cursor_ends_with_the_filter_it_belongs_to() {
    let clock = clock();
    let portugal = SEGMENT.1.replace("BR", "PT");
    let named = (
        "named.yaml",
        "kind: Segment\nname: named\nfilter: in_segment(\"brazil\")\n",
    );
    let described = format!("description: Brazil.\n{}", SEGMENT.1);
    Stage::new().with_clock(&clock).run(async |live| {
        live.upsert([("ana", json!({"country": "BR"}))]).await;
        live.apply([SEGMENT]).await;
        let mut follower = Follower::begin(live, &clock).await;
        follower.until(&ids(["ana"])).await;
        let cursor = follower.cursor.clone();
        live.apply([(SEGMENT.0, portugal.as_str()), named]).await;
        let status = follower.end().await;
        assert_eq!(
            (status.code(), reason(&status)),
            (Code::OutOfRange, "STALE_CURSOR".into())
        );
        assert!(status.message().contains("filter changed"), "{status}");
        let (code, _, _) = refused(watch(live, "brazil", &cursor)).await;
        assert_eq!(code, Code::OutOfRange);
        // So does the filter of a segment that its own names.
        let mut follower = Follower {
            stream: watch(live, "named", "").await.unwrap(),
            ..Follower::begin(live, &clock).await
        };
        follower.until(&ids([])).await;
        live.apply([SEGMENT, named]).await;
        assert_eq!(reason(&follower.end().await), "STALE_CURSOR");
        let mut follower = Follower::begin(live, &clock).await;
        follower.until(&ids(["ana"])).await;
        // What is said about the segment does not matter.
        live.apply([(SEGMENT.0, described.as_str()), named, OWNER])
            .await;
        follower.reconnect(live).await;
        live.upsert([("ben", json!({"country": "BR"}))]).await;
        follower.until(&ids(["ana", "ben"])).await;
        live.apply([OWNER]).await;
        let status = follower.end().await;
        assert_eq!(
            (status.code(), reason(&status)),
            (Code::NotFound, "NOT_FOUND".into())
        );
    });
}

#[test]
fn a_segment_that_nobody_watches_is_forgotten_after_a_while() {
    let clock = clock();
    let stage = Stage::new().with_files([SEGMENT]).with_clock(&clock);
    stage.run(async |live| {
        let mut follower = Follower::begin(live, &clock).await;
        follower.until(&ids([])).await;
        let Follower { stream, cursor, .. } = follower;
        drop(stream);
        // Each look is a watcher for a moment; so they are rare.
        let forgotten = async {
            loop {
                for _ in 0..10_000 {
                    tokio::task::yield_now().await;
                }
                if let Err(status) = watch(live, "brazil", &cursor).await {
                    return status;
                }
            }
        };
        let status = ticking(&clock, Duration::from_secs(1), forgotten).await;
        assert_eq!(reason(&status), "STALE_CURSOR");
    });
}

#[test]
fn what_cannot_be_watched_is_refused() {
    Stage::new().with_files([SEGMENT]).run(async |live| {
        for (segment, cursor, code, expected) in [
            ("nobody", "", Code::NotFound, "NOT_FOUND"),
            ("brazil", "7", Code::InvalidArgument, "INVALID_FIELD"),
            ("brazil", &"0".repeat(32), Code::OutOfRange, "STALE_CURSOR"),
        ] {
            let (c, r, status) = refused(watch(live, segment, cursor)).await;
            assert_eq!((c, r.as_str()), (code, expected), "{status}");
        }
    });
}
