//! A real server on free ports with a real store, and a local Messenger beside it, for one test.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use recado::api::client::Client;
use recado::api::pb;
use recado::campaign::SecretRef;
use recado::clock::{Clock, ManualClock, SystemClock};
use recado::config::Settings;
use recado::config::secret::{self, Secrets};
use recado::lifecycle::Tasks;
use recado::sandbox::{self, DEFAULT_TOKEN, Running, Sandbox};
use recado::server;
use secrecy::SecretString;
use serde_json::Value as Json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

/// The longest a test may take: one that hangs says so.
const PATIENCE: Duration = Duration::from_mins(1);

/// With it among them, files are all that there is: what is not among them is deleted.
pub(crate) const OWNER: (&str, &str) =
    ("owner.yaml", "kind: Settings\nname: owner\nowner: tests\n");

/// How a test's server is started.
#[derive(Debug, Default)]
pub(crate) struct Stage {
    files: Vec<(String, String)>,
    tokens: Option<String>,
    store_bytes_max: Option<u64>,
    clock: Option<Arc<ManualClock>>,
    store: Option<PathBuf>,
}

/// A server that takes calls.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) sandbox: Running,
    pub(crate) grpc: String,
    pub(crate) http: String,
}

/// Every secret is the sandbox's token.
#[derive(Debug)]
struct SandboxSecrets;

impl Secrets for SandboxSecrets {
    fn get(&self, _: &SecretRef) -> Result<SecretString, secret::Error> {
        Ok(DEFAULT_TOKEN.into())
    }
}

// === impl Stage ===

impl Stage {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Applies the folder that comes with the program.
    pub(crate) fn with_shipped_campaigns(mut self) -> Self {
        self.files.extend(shipped());
        self
    }

    /// Applies these files before the test begins.
    pub(crate) fn with_files<'a>(
        mut self,
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let files = files.into_iter();
        self.files
            .extend(files.map(|(path, text)| (path.to_owned(), text.to_owned())));
        self
    }

    /// Starts the server with this token file.
    pub(crate) fn with_tokens(mut self, text: String) -> Self {
        self.tokens = Some(text);
        self
    }

    /// Starts the server on a disk that small.
    pub(crate) fn with_store_bytes_max(mut self, bytes: u64) -> Self {
        self.store_bytes_max = Some(bytes);
        self
    }

    /// Starts the server on this file, which a server before it may have left.
    pub(crate) fn with_store(mut self, path: PathBuf) -> Self {
        self.store = Some(path);
        self
    }

    /// Starts the server with a clock that the test moves.
    pub(crate) fn with_clock(mut self, clock: &Arc<ManualClock>) -> Self {
        self.clock = Some(Arc::clone(clock));
        self
    }

    /// Starts everything, runs `body`, stops the server and checks that it ended well.
    pub(crate) fn run(self, body: impl AsyncFnOnce(&Live)) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            tokio::time::timeout(PATIENCE, self.play(body))
                .await
                .expect("the test ends in time");
        });
    }

    async fn play(self, body: impl AsyncFnOnce(&Live)) {
        let folder = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = match &self.clock {
            Some(clock) => clock.clone(),
            None => SystemClock::shared(),
        };
        let platform = Tasks::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sandbox = Sandbox::start(
            sandbox::Settings::default(),
            listener,
            clock.clone(),
            &platform,
        )
        .unwrap();
        let mut settings = Settings::loopback(match &self.store {
            Some(path) => path.clone(),
            None => folder.path().join("recado.sqlite"),
        });
        settings.graph_url = Some(sandbox.url());
        settings.store_bytes_max = self.store_bytes_max;
        if let Some(text) = &self.tokens {
            let path = folder.path().join("tokens.yaml");
            std::fs::write(&path, text).unwrap();
            settings.tokens = Some(path);
        }
        let listeners = server::bind(&settings).await.unwrap();
        let live = Live {
            sandbox,
            grpc: listeners.grpc.local_addr().unwrap().to_string(),
            http: listeners.http.local_addr().unwrap().to_string(),
        };
        let secrets = Arc::new(SandboxSecrets);
        let parts = server::assemble(settings, clock, secrets, &|_| {})
            .await
            .unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = server::run(parts, listeners, async { drop(stopped.await) });
        tokio::pin!(serving);
        tokio::select! {
            () = self.act(&live, body) => {}
            ended = serving.as_mut() => panic!("the server ended early: {ended:?}"),
        }
        stop.send(()).unwrap();
        serving.await.unwrap();
        platform.stop();
        platform.drained().await;
    }

    async fn act(&self, live: &Live, body: impl AsyncFnOnce(&Live)) {
        if !self.files.is_empty() {
            let files = self
                .files
                .iter()
                .map(|(path, text)| (path.as_str(), text.as_str()));
            live.apply(files).await;
        }
        body(live).await;
    }
}

// === impl Live ===

impl Live {
    /// A connection without anything on top.
    pub(crate) async fn channel(&self) -> Channel {
        Endpoint::from_shared(format!("http://{}", self.grpc))
            .unwrap()
            .connect()
            .await
            .unwrap()
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(&self.grpc, None).await.unwrap()
    }

    pub(crate) async fn client_with(&self, token: &str) -> Client {
        Client::connect(&self.grpc, Some(token)).await.unwrap()
    }

    /// Plans these files and applies the plan.
    pub(crate) async fn apply<'a>(
        &self,
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> pb::ApplyCampaignsResponse {
        let files = source_files(files);
        let mut client = self.client().await;
        let prune = files.iter().any(|file| file.path == OWNER.0);
        let request = pb::PlanCampaignsRequest {
            files: files.clone(),
            prune,
            ..pb::PlanCampaignsRequest::default()
        };
        let planned = client
            .campaigns
            .plan_campaigns(request)
            .await
            .unwrap()
            .into_inner();
        let plan = planned
            .plan
            .unwrap_or_else(|| panic!("{:?}", planned.diagnostics));
        let request = pb::ApplyCampaignsRequest {
            files,
            fingerprint: plan.fingerprint,
            prune,
            ..pb::ApplyCampaignsRequest::default()
        };
        client
            .campaigns
            .apply_campaigns(request)
            .await
            .unwrap()
            .into_inner()
    }

    /// Upserts users as JSON objects of attributes; all must be taken.
    pub(crate) async fn upsert<'a>(&self, users: impl IntoIterator<Item = (&'a str, Json)>) {
        let users = users
            .into_iter()
            .map(|(id, attributes)| update(id, attributes))
            .collect();
        let request = pb::UpsertUsersRequest { users };
        let response = self
            .client()
            .await
            .users
            .upsert_users(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(response.rejected, []);
    }

    /// Waits until every delivery of the send is final.
    /// How many users a filter is true for.
    pub(crate) async fn count(&self, filter: &str) -> i64 {
        let request = pb::EvaluateSegmentRequest {
            target: Some(pb::evaluate_segment_request::Target::Filter(filter.into())),
            sample_size: 0,
        };
        let answer = self.client().await.segments.evaluate_segment(request).await;
        answer.unwrap().into_inner().count
    }

    pub(crate) async fn until_finished(&self, send_id: &str) -> pb::Send {
        let request = pb::WatchSendRequest {
            send_id: send_id.to_owned(),
        };
        let mut client = self.client().await;
        let mut seen = client
            .deliveries
            .watch_send(request)
            .await
            .unwrap()
            .into_inner();
        let mut last = None;
        while let Some(message) = seen.message().await.unwrap() {
            last = message.send;
        }
        last.expect("a watched send is shown at least once")
    }
}

/// Runs `body` while the clock moves on in steps, as fast as others get their turn.
pub(crate) async fn ticking<T>(
    clock: &ManualClock,
    step: Duration,
    body: impl Future<Output = T>,
) -> T {
    let ticks = async {
        loop {
            clock.advance(step);
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        done = body => done,
        () = ticks => unreachable!("the clock never stops"),
    }
}

pub(crate) fn source_files<'a>(
    files: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Vec<pb::SourceFile> {
    let files = files.into_iter().map(|(path, text)| pb::SourceFile {
        path: path.to_owned(),
        text: text.to_owned(),
    });
    files.collect()
}

/// An item that sets these attributes.
pub(crate) fn update(id: &str, attributes: Json) -> pb::UserUpdate {
    pb::UserUpdate {
        external_id: id.to_owned(),
        attributes: Some(object(attributes)),
        ..pb::UserUpdate::default()
    }
}

/// The JSON object as a message.
pub(crate) fn object(json: Json) -> prost_types::Struct {
    match value(json).kind {
        Some(prost_types::value::Kind::StructValue(object)) => object,
        other => panic!("not an object: {other:?}"),
    }
}

pub(crate) fn value(json: Json) -> prost_types::Value {
    use prost_types::value::Kind;
    let kind = match json {
        Json::Null => Kind::NullValue(0),
        Json::Bool(b) => Kind::BoolValue(b),
        Json::Number(n) => Kind::NumberValue(n.as_f64().unwrap()),
        Json::String(text) => Kind::StringValue(text),
        Json::Array(items) => Kind::ListValue(list(items)),
        Json::Object(map) => Kind::StructValue(prost_types::Struct {
            fields: map
                .into_iter()
                .map(|(key, item)| (key, value(item)))
                .collect(),
        }),
    };
    prost_types::Value { kind: Some(kind) }
}

pub(crate) fn list(items: Vec<Json>) -> prost_types::ListValue {
    prost_types::ListValue {
        values: items.into_iter().map(value).collect(),
    }
}

/// The code and reason of a refused call.
pub(crate) async fn refused<T: std::fmt::Debug>(
    call: impl Future<Output = Result<T, Status>>,
) -> (tonic::Code, String, Status) {
    use tonic_types::StatusExt;
    let status = call.await.expect_err("the call must be refused");
    let reason = status
        .get_details_error_info()
        .map_or_else(String::new, |info| info.reason);
    (status.code(), reason, status)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "yaml" || extension == "csv")
        {
            files.push(path);
        }
    }
}

/// The files of the folder that comes with the program, by path.
pub(crate) fn shipped() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("campaigns");
    let mut files = Vec::new();
    collect(&folder, &mut files);
    assert!(
        !files.is_empty(),
        "no campaign files below {}",
        folder.display()
    );
    let read = |path: &PathBuf| {
        let name = path.strip_prefix(&folder).unwrap().to_str().unwrap();
        (name.to_owned(), std::fs::read_to_string(path).unwrap())
    };
    files.iter().map(read).collect()
}
