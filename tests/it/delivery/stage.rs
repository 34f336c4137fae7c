//! A store, a platform, a clock and a worker, put together for one test.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use recado::clock::{Clock, ManualClock};
use recado::config::secret::Given;
use recado::delivery::{Attempts, Http, Settings, Wake, Worker, http};
use recado::lifecycle::Tasks;
use recado::model::Value;
use recado::model::delivery::{Delivery, NewDelivery, State};
use recado::model::id::{DeliveryId, ExternalId, Fingerprint, RequestId, Revision, SendId};
use recado::model::resource::{Document, Kind, Origin, Record};
use recado::model::send::{Audience, Content, NewSend, Send};
use recado::model::user::Update;
use recado::sandbox::{Page, Running, Sandbox};
use recado::store::contract::{DeliveryQuery, NewRevision};
use recado::store::revisions::Revisions;
use recado::store::{Store, sqlite};
use tokio::net::TcpListener;

pub(super) const PAGE: &str = "me";
pub(super) const TOKEN: &str = "stage-token";

pub(super) struct Stage {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<ManualClock>,
    pub(super) sandbox: Running,
    pub(super) tasks: Tasks,
    pub(super) wake: Wake,
    pub(super) attempts: Arc<Attempts>,
    platform_tasks: Tasks,
    _folder: tempfile::TempDir,
}

/// What a stage is made with.
pub(super) struct Builder {
    channel: String,
    /// The campaign's, as YAML.
    message: String,
    /// Further documents.
    others: Vec<Document>,
    pace: u32,
    secrets: Given,
    call_timeout: Duration,
}

// === impl Builder ===

impl Builder {
    /// The channel's YAML without its name; `SANDBOX` stands for the platform's address.
    pub(super) fn channel(mut self, yaml: &str) -> Self {
        yaml.clone_into(&mut self.channel);
        self
    }

    /// The campaign's message and what goes with it, as lines of its YAML.
    pub(super) fn message(mut self, yaml: &str) -> Self {
        yaml.clone_into(&mut self.message);
        self
    }

    /// One more document, from its second line on.
    pub(super) fn with(mut self, kind: Kind, name: &str, yaml: &str) -> Self {
        let source = format!("kind: {kind}\n{yaml}");
        self.others.push(document(kind, name, source));
        self
    }

    pub(super) fn pace(mut self, pace: u32) -> Self {
        self.pace = pace;
        self
    }

    /// For platforms that hang: the one wait in real time.
    pub(super) fn impatient(mut self) -> Self {
        self.call_timeout = Duration::from_millis(300);
        self
    }

    pub(super) fn without_secrets(mut self) -> Self {
        self.secrets = Given::default();
        self
    }

    pub(super) async fn build(self) -> Stage {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::at("2026-11-23T10:00:00Z".parse().unwrap());
        let platform_tasks = Tasks::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let settings = recado::sandbox::Settings {
            pages: vec![Page::new(PAGE, TOKEN)],
            ..recado::sandbox::Settings::default()
        };
        let sandbox = Sandbox::start(settings, listener, clock.clone(), &platform_tasks).unwrap();
        let store = open_store(folder.path());
        let channel = self
            .channel
            .replace("SANDBOX", &sandbox.url())
            .replace("PACE", &self.pace.to_string());
        apply(store.as_ref(), self.documents(&channel), clock.now()).await;
        let http = Http::new(&http::Settings {
            call_timeout: self.call_timeout,
            ..http::Settings::default()
        })
        .unwrap();
        let revisions = Arc::new(Revisions::new(Arc::clone(&store)));
        let secrets = Arc::new(self.secrets);
        let attempts = Attempts::new(Arc::clone(&store), revisions, secrets, clock.clone(), http);
        Stage {
            store,
            clock,
            sandbox,
            tasks: Tasks::new(),
            wake: Wake::default(),
            attempts: Arc::new(attempts),
            platform_tasks,
            _folder: folder,
        }
    }
}

impl Builder {
    fn documents(&self, channel: &str) -> Vec<Document> {
        let channel = format!("kind: Channel\nname: page\n{channel}");
        let campaign = format!(
            "kind: Campaign\nname: hello\nchannel: page\ntrigger: {{api: {{}}}}\n{}\n",
            self.message
        );
        let mut documents = self.others.clone();
        documents.push(document(Kind::Channel, "page", channel));
        documents.push(document(Kind::Campaign, "hello", campaign));
        documents
    }
}

// === impl Stage ===

impl Stage {
    /// A page with an open pace.
    pub(super) fn builder() -> Builder {
        Builder {
            channel: "type: messenger\npage_id: me\ntoken: {env: TOKEN}\ngraph_url: SANDBOX\npace: PACE\n"
                .to_owned(),
            message: "message: {text: \"Hi {{${first_name}}}\"}".to_owned(),
            others: Vec::new(),
            pace: 100_000,
            secrets: Given::new([("TOKEN", TOKEN)]),
            // Longer than a test takes: on a busy machine a call may be slow and yet be answered.
            call_timeout: Duration::from_mins(1),
        }
    }

    pub(super) async fn new() -> Self {
        Self::builder().build().await
    }

    pub(super) fn start(&self) {
        self.start_with(Settings::default());
    }

    pub(super) fn start_with(&self, settings: Settings) {
        let worker = Worker::new(Arc::clone(&self.attempts), settings, self.wake.clone());
        self.tasks.spawn("worker", worker.run(self.tasks.clone()));
    }

    /// Stores users whose PSIDs are their names, and a send to them.
    pub(super) async fn send(&self, name: &str, people: &[String]) -> SendId {
        self.send_with(name, people, false).await
    }

    pub(super) async fn send_with(
        &self,
        name: &str,
        people: &[String],
        resend_unknown: bool,
    ) -> SendId {
        let ids = || {
            people
                .iter()
                .map(|name| ExternalId::parse(name.clone()).unwrap())
        };
        let updates = ids().map(|external_id| Update {
            set: vec![
                (
                    "messenger_id".into(),
                    Some(Value::String(external_id.as_str().into())),
                ),
                ("first_name".into(), Some(Value::String("Ana".into()))),
            ],
            ..Update::new(external_id)
        });
        self.store.upsert_users(updates.collect()).await.unwrap();
        let request_id = RequestId::parse(name).unwrap();
        let id = SendId::derive("hello", &request_id);
        let new = NewSend {
            id,
            request_id: Some(request_id),
            campaign: "hello".into(),
            channel: "page".into(),
            revision: Revision(1),
            is_everybody: false,
            is_test: false,
            resend_unknown,
            content: Content::of(&Audience::Everybody),
            created_at: self.clock.now(),
        };
        let deliveries = ids().map(|external_id| NewDelivery {
            id: DeliveryId::derive(id, &external_id),
            external_id,
            trigger_properties: BTreeMap::new(),
        });
        self.store
            .create_send(new, deliveries.collect(), true)
            .await
            .unwrap();
        self.wake.poke();
        id
    }

    /// Gives a user a list attribute `wishes`.
    pub(super) async fn wish(&self, name: &str, wishes: &[&str]) {
        let list = wishes.iter().map(|wish| Value::String((*wish).into()));
        let update = Update {
            set: vec![("wishes".into(), Some(Value::List(list.collect())))],
            ..Update::new(ExternalId::parse(name).unwrap())
        };
        self.store.upsert_users(vec![update]).await.unwrap();
    }

    /// Waits until the send looks like that.
    pub(super) async fn until(&self, send: SendId, is_so: impl Fn(&Send) -> bool) -> Send {
        in_time(async {
            loop {
                let record = self.store.get_send(send).await.unwrap().unwrap();
                if is_so(&record) {
                    return record;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }

    pub(super) async fn until_state(&self, send: SendId, state: State, n: u64) -> Send {
        self.until(send, |record| record.counts.of(state) == n)
            .await
    }

    /// Waits until the only delivery of the send has been attempted so often and waits again.
    pub(super) async fn until_waiting(&self, send: SendId, attempts: u32) -> Delivery {
        in_time(async {
            loop {
                let delivery = self.only(send).await;
                let waits = delivery.state == State::Pending && delivery.reason.is_some();
                if waits && delivery.attempts == attempts {
                    return delivery;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }

    pub(super) async fn deliveries(&self, send: SendId) -> Vec<Delivery> {
        let query = DeliveryQuery {
            send: Some(send),
            limit: 1_000,
            ..DeliveryQuery::default()
        };
        self.store.list_deliveries(query).await.unwrap()
    }

    pub(super) async fn only(&self, send: SendId) -> Delivery {
        let mut deliveries = self.deliveries(send).await;
        assert_eq!(deliveries.len(), 1);
        deliveries.remove(0)
    }

    pub(super) fn psids_sent(&self) -> Vec<String> {
        let sent = self.sandbox.handle.messages().into_iter();
        sent.map(|message| message.psid).collect()
    }

    /// Stops the worker and waits for it.
    pub(super) async fn stop(&self) {
        self.tasks.stop();
        in_time(self.tasks.drained()).await;
        assert!(!self.tasks.has_failed(), "a task panicked");
        self.platform_tasks.stop();
    }
}

pub(super) fn people(n: usize) -> Vec<String> {
    (0..n).map(|i| format!("100{i}")).collect()
}

/// Fails instead of hanging.
pub(super) async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), work)
        .await
        .expect("it took too long")
}

fn document(kind: Kind, name: &str, source: String) -> Document {
    Document {
        kind,
        name: name.into(),
        path: format!("{kind}-{name}.yaml"),
        source,
        owner: String::new(),
    }
}

async fn apply(store: &dyn Store, documents: Vec<Document>, at: jiff::Timestamp) {
    let info = NewRevision {
        applied_at: at,
        fingerprint: Fingerprint::of([b"stage".as_slice()]),
        origin: Origin::default(),
        record: Record::default(),
        changes: Vec::new(),
    };
    store.apply(Revision(0), documents, info).await.unwrap();
}

fn open_store(folder: &Path) -> Arc<dyn Store> {
    let settings = sqlite::Settings::at(folder.join("store.sqlite"));
    sqlite::Store::open(&settings, &|_| {}).unwrap()
}
