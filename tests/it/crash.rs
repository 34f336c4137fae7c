//! Kills and stops the real program in the middle of its work, and counts what is left.
//!
//! The sandbox runs in the test, so that it outlives the server and its log is the truth about what
//! people got.

use std::collections::{HashMap, HashSet};

use recado::api::client::Client;
use recado::api::pb;
use recado::clock::SystemClock;
use recado::lifecycle::Tasks;
use recado::sandbox::{self, Sandbox};
use tokio_stream::StreamExt;

use crate::process::{Options, Server};

const CHUNK: u32 = 500;
const RECIPIENTS: u32 = 20_000;

const FILES: [(&str, &str); 2] = [
    (
        "channels/page.yaml",
        "kind: Channel\nname: page\ntype: messenger\npage_id: me\ntoken: {env: RECADO_TEST_TOKEN}\npace: 100000\n",
    ),
    (
        "campaigns/hello.yaml",
        "kind: Campaign\nname: hello\nchannel: page\nfilter: '!blank(user.messenger_id)'\ntrigger: {api: {}}\n\
         message: {text: \"Hi {{${first_name}}}\"}\n",
    ),
];

/// A platform that outlives the server.
struct Platform {
    running: sandbox::Running,
    tasks: Tasks,
    store: tempfile::TempDir,
}

// === impl Platform ===

impl Platform {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tasks = Tasks::new();
        let running = Sandbox::start(
            sandbox::Settings::default(),
            listener,
            SystemClock::shared(),
            &tasks,
        )
        .unwrap();
        Self {
            running,
            tasks,
            store: tempfile::tempdir().unwrap(),
        }
    }

    fn server(&self) -> Server {
        Server::start(&Options {
            store: &self.store.path().join("store.sqlite"),
            graph_url: &self.running.url(),
        })
    }

    /// How many messages each person got.
    fn messages(&self) -> HashMap<String, usize> {
        let mut counts = HashMap::new();
        for message in self.running.handle.messages() {
            *counts.entry(message.psid).or_default() += 1;
        }
        counts
    }

    async fn end(self) {
        self.tasks.cut();
        self.tasks.drained().await;
    }
}

#[test]
fn acknowledged_users_survive_a_kill_during_an_import() {
    block_on(async {
        let platform = Platform::start().await;
        let server = platform.server();
        let mut client = Client::connect(&server.grpc, None).await.unwrap();
        let acknowledged = import(&mut client, 1..=400, |acknowledged| acknowledged >= 60).await;
        assert!(acknowledged >= 60);
        server.kill();

        let server = platform.server();
        let mut client = Client::connect(&server.grpc, None).await.unwrap();
        let durable = progress(&mut client).await.durable_sequence;
        assert!(
            durable >= acknowledged,
            "chunk {acknowledged} was acknowledged; only {durable} are there"
        );
        assert_eq!(
            count(&mut client, "has(user.n)").await,
            durable.cast_signed() * i64::from(CHUNK)
        );

        // The import goes on where it stopped, and every user is there exactly once.
        let last = import(&mut client, durable + 1..=400, |_| false).await;
        assert_eq!(last, 400);
        assert_eq!(
            count(&mut client, "has(user.n)").await,
            400 * i64::from(CHUNK)
        );
        server.stop();
        platform.end().await;
    });
}

/// Tracks batches of events, each with an id; answers how many batches were acknowledged.
async fn track(client: &mut Client, batches: std::ops::RangeInclusive<u32>) -> u32 {
    let mut acknowledged = *batches.start() - 1;
    for batch in batches {
        let events = (0..CHUNK).map(|n| pb::Event {
            external_id: format!("user-{n}"),
            name: "order".into(),
            event_id: format!("{batch}-{n}"),
            ..pb::Event::default()
        });
        let request = pb::TrackEventsRequest {
            events: events.collect(),
        };
        if client.users.track_events(request).await.is_err() {
            break;
        }
        acknowledged = batch;
    }
    acknowledged
}

#[test]
fn acknowledged_events_survive_a_kill_and_a_repeat_counts_once() {
    block_on(async {
        let platform = Platform::start().await;
        let server = platform.server();
        let mut client = Client::connect(&server.grpc, None).await.unwrap();
        assert_eq!(track(&mut client, 1..=5).await, 5);
        let mut other = client.clone();
        let (acknowledged, ()) = tokio::join!(track(&mut other, 6..=100_000), async {
            while count(&mut client, "count(\"order\") >= 20").await == 0 {}
            server.kill();
        });
        assert!(acknowledged >= 19, "{acknowledged}");

        let server = platform.server();
        let mut client = Client::connect(&server.grpc, None).await.unwrap();
        let n = f64::from(acknowledged);
        let all = |n: f64| format!("count(\"order\") >= {n}");
        assert_eq!(count(&mut client, &all(n)).await, i64::from(CHUNK));
        // The caller who got no answer asks again, for good measure from the beginning.
        track(&mut client, 1..=acknowledged + 1).await;
        let exactly = format!("count(\"order\") == {}", acknowledged + 1);
        assert_eq!(count(&mut client, &exactly).await, i64::from(CHUNK));
        server.stop();
        platform.end().await;
    });
}

#[test]
fn every_recipient_is_accounted_for_once_after_kills_during_a_send() {
    block_on(async {
        let platform = Platform::start().await;
        let server = platform.server();
        let mut client = Client::connect(&server.grpc, None).await.unwrap();
        prepare(&mut client).await;
        let send = start_send(&mut client).await;
        // The send was acknowledged; most of its deliveries are not stored yet.
        server.kill();
        let server = platform.server();
        until_messages(&platform, 4_000).await;
        server.kill();
        let server = platform.server();
        until_messages(&platform, 11_000).await;
        server.kill();
        let server = platform.server();
        let mut client = Client::connect(&server.grpc, None).await.unwrap();
        // The request again, as a caller would after a lost answer: it finds the first send.
        assert_eq!(start_send(&mut client).await, send);
        let counts = until_finished(&mut client, &send).await;
        assert_eq!(counts.total, i64::from(RECIPIENTS));
        assert_eq!(
            counts.sent + counts.unknown,
            i64::from(RECIPIENTS),
            "{counts:?}"
        );
        assert!(
            counts.unknown > 0,
            "a kill in the middle of calls leaves some that nobody can know"
        );

        let messages = platform.messages();
        let states = states(&mut client, &send).await;
        assert_eq!(states.len(), RECIPIENTS as usize);
        for (user, state) in states {
            let got = messages.get(&format!("psid-{user}")).copied().unwrap_or(0);
            match state {
                pb::DeliveryState::Sent => assert_eq!(got, 1, "{user} is `sent`"),
                pb::DeliveryState::Unknown => {
                    assert!(got <= 1, "{user} is `unknown` and got {got}");
                }
                other => panic!("{user} is {other:?}"),
            }
        }
        server.stop();
        platform.end().await;
    });
}

#[test]
fn a_stop_signal_in_the_middle_of_a_send_loses_and_doubles_nothing() {
    block_on(async {
        let platform = Platform::start().await;
        let server = platform.server();
        let mut client = Client::connect(&server.grpc, None).await.unwrap();
        prepare(&mut client).await;
        let send = start_send(&mut client).await;
        until_messages(&platform, 3_000).await;
        drop(client);
        server.stop();

        let server = platform.server();
        let mut client = Client::connect(&server.grpc, None).await.unwrap();
        let counts = until_finished(&mut client, &send).await;
        assert_eq!(
            (counts.sent, counts.total),
            (i64::from(RECIPIENTS), i64::from(RECIPIENTS)),
            "{counts:?}"
        );
        let messages = platform.messages();
        assert_eq!(messages.len(), RECIPIENTS as usize);
        assert!(messages.values().all(|got| *got == 1));
        server.stop();
        platform.end().await;
    });
}

/// Sends chunks of the import `crash` and returns the last acknowledged one, at the end or when
/// `is_enough` says so.
async fn import(
    client: &mut Client,
    chunks: std::ops::RangeInclusive<u64>,
    is_enough: fn(u64) -> bool,
) -> u64 {
    let start = pb::import_users_request::Message::Start(pb::ImportStart {
        import_id: "crash".into(),
    });
    let chunks = chunks.map(|sequence| {
        let users = (0..CHUNK)
            .map(|i| update(&format!("u{sequence}-{i}"), &[("n", number(i.into()))]))
            .collect();
        pb::import_users_request::Message::Chunk(pb::ImportChunk { sequence, users })
    });
    let requests = std::iter::once(start)
        .chain(chunks)
        .map(|m| pb::ImportUsersRequest { message: Some(m) });
    let requests: Vec<_> = requests.collect();
    let mut answers = client
        .users
        .import_users(tokio_stream::iter(requests))
        .await
        .unwrap()
        .into_inner();
    let mut acknowledged = 0;
    while let Some(Ok(answer)) = answers.next().await {
        assert!(answer.rejected.is_empty());
        acknowledged = answer.durable_sequence;
        if is_enough(acknowledged) {
            break;
        }
    }
    acknowledged
}

async fn progress(client: &mut Client) -> pb::ImportUsersResponse {
    let start = pb::import_users_request::Message::Start(pb::ImportStart {
        import_id: "crash".into(),
    });
    let requests = tokio_stream::iter([pb::ImportUsersRequest {
        message: Some(start),
    }]);
    client
        .users
        .import_users(requests)
        .await
        .unwrap()
        .into_inner()
        .message()
        .await
        .unwrap()
        .unwrap()
}

async fn count(client: &mut Client, filter: &str) -> i64 {
    let target = Some(pb::evaluate_segment_request::Target::Filter(filter.into()));
    let request = pb::EvaluateSegmentRequest {
        target,
        sample_size: 0,
    };
    client
        .segments
        .evaluate_segment(request)
        .await
        .unwrap()
        .into_inner()
        .count
}

/// Users with a PSID each, and the campaign that goes to all of them.
async fn prepare(client: &mut Client) {
    let ids: Vec<u32> = (0..RECIPIENTS).collect();
    for chunk in ids.chunks(1_000) {
        let users = chunk
            .iter()
            .map(|i| {
                update(
                    &format!("u{i}"),
                    &[
                        ("messenger_id", text(&format!("psid-u{i}"))),
                        ("first_name", text("Ana")),
                    ],
                )
            })
            .collect();
        let answer = client
            .users
            .upsert_users(pb::UpsertUsersRequest { users })
            .await
            .unwrap()
            .into_inner();
        assert!(answer.rejected.is_empty());
    }
    let files: Vec<_> = FILES
        .iter()
        .map(|(path, text)| pb::SourceFile {
            path: (*path).into(),
            text: (*text).into(),
        })
        .collect();
    let planned = client
        .campaigns
        .plan_campaigns(pb::PlanCampaignsRequest {
            files: files.clone(),
            ..Default::default()
        })
        .await
        .unwrap()
        .into_inner();
    let fingerprint = planned
        .plan
        .unwrap_or_else(|| panic!("{:?}", planned.diagnostics))
        .fingerprint;
    let apply = pb::ApplyCampaignsRequest {
        files,
        fingerprint,
        ..Default::default()
    };
    client.campaigns.apply_campaigns(apply).await.unwrap();
}

async fn start_send(client: &mut Client) -> String {
    let request = pb::SendCampaignRequest {
        campaign: "hello".into(),
        audience: Some(pb::WholeAudience {}),
        request_id: Some("once".into()),
        ..Default::default()
    };
    client
        .campaigns
        .send_campaign(request)
        .await
        .unwrap()
        .into_inner()
        .send
        .unwrap()
        .id
}

async fn until_finished(client: &mut Client, send: &str) -> pb::SendCounts {
    let request = pb::WatchSendRequest {
        send_id: send.to_owned(),
    };
    let mut updates = client
        .deliveries
        .watch_send(request)
        .await
        .unwrap()
        .into_inner();
    let mut last = None;
    while let Some(update) = updates.message().await.unwrap() {
        last = update.send;
    }
    let last = last.expect("a send");
    assert_eq!(last.phase(), pb::SendPhase::Finished);
    last.counts.expect("counts")
}

async fn states(client: &mut Client, send: &str) -> HashMap<String, pb::DeliveryState> {
    let mut request = pb::ListDeliveriesRequest {
        send_id: send.to_owned(),
        page_size: 1_000,
        ..Default::default()
    };
    let (mut states, mut ids) = (HashMap::new(), HashSet::new());
    loop {
        let page = client
            .deliveries
            .list_deliveries(request.clone())
            .await
            .unwrap()
            .into_inner();
        for delivery in page.deliveries {
            assert!(
                ids.insert(delivery.id.clone()),
                "{} is listed twice",
                delivery.id
            );
            states.insert(delivery.external_id.clone(), delivery.state());
        }
        if page.next_page_token.is_empty() {
            return states;
        }
        request.page_token = page.next_page_token;
    }
}

async fn until_messages(platform: &Platform, n: usize) {
    platform.running.handle.accepted(n as u64).await;
}

fn update(external_id: &str, attributes: &[(&str, prost_types::Value)]) -> pb::UserUpdate {
    let fields = attributes
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    pb::UserUpdate {
        external_id: external_id.to_owned(),
        attributes: Some(prost_types::Struct { fields }),
        ..Default::default()
    }
}

fn text(text: &str) -> prost_types::Value {
    prost_types::Value {
        kind: Some(prost_types::value::Kind::StringValue(text.to_owned())),
    }
}

fn number(number: f64) -> prost_types::Value {
    prost_types::Value {
        kind: Some(prost_types::value::Kind::NumberValue(number)),
    }
}

fn block_on(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(work);
}
