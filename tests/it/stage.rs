//! The whole server for a test: a real store, real doors on free ports, and a sandbox as the platform.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use recado::api::client::Client;
use recado::api::pb;
use recado::clock::{Clock, SystemClock};
use recado::config::Settings;
use recado::config::secret::Given;
use recado::lifecycle::Tasks;
use recado::sandbox::{self, Sandbox};
use recado::server;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// What a test is run with; begin with [`Stage::new`].
#[derive(Default)]
pub(crate) struct Stage {
    files: Vec<pb::SourceFile>,
    sandbox: sandbox::Settings,
    tokens: Option<PathBuf>,
    clock: Option<Arc<dyn Clock>>,
    token: Option<String>,
}

/// A server under way.
pub(crate) struct Running {
    pub(crate) grpc: String,
    pub(crate) http: String,
    pub(crate) sandbox: sandbox::Running,
    /// Its folder holds the store.
    pub(crate) folder: tempfile::TempDir,
    token: Option<String>,
}

// === impl Stage ===

impl Stage {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Applies `campaigns/` before the test begins.
    pub(crate) fn with_shipped_campaigns(self) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("campaigns");
        let mut files = Vec::new();
        read_folder(&root, &root, &mut files);
        self.with_files(files)
    }

    /// Applies these files before the test begins.
    pub(crate) fn with_files(mut self, files: Vec<pb::SourceFile>) -> Self {
        self.files = files;
        self
    }

    pub(crate) fn with_sandbox(mut self, settings: sandbox::Settings) -> Self {
        self.sandbox = settings;
        self
    }

    /// Asks every caller for a token of this file; the stage's own clients use `token`.
    pub(crate) fn with_tokens(mut self, file: PathBuf, token: &str) -> Self {
        self.tokens = Some(file);
        self.token = Some(token.to_owned());
        self
    }

    pub(crate) fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Runs the test against the server. A server that ends by itself fails the test, and so does one that
    /// does not stop when it is asked to.
    pub(crate) fn run(self, test: impl AsyncFnOnce(&Running)) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(self.stand(test));
    }

    async fn stand(self, test: impl AsyncFnOnce(&Running)) {
        // Another test of this process may have installed it before.
        drop(rustls::crypto::ring::default_provider().install_default());
        let clock = self.clock.unwrap_or_else(SystemClock::shared);
        let tasks = Tasks::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let sandbox = Sandbox::start(self.sandbox, listener, Arc::clone(&clock), &tasks).expect("a sandbox");
        let folder = tempfile::tempdir().expect("a folder");
        let mut settings = Settings::loopback(folder.path().join("store.sqlite"));
        settings.graph_url = Some(sandbox.url());
        settings.tokens = self.tokens;
        let secrets = Arc::new(Given::new([
            ("RECADO_ACME_PAGE_TOKEN", "sandbox-token"),
            ("RECADO_TEST_TOKEN", "sandbox-token"),
        ]));
        let listeners = server::bind(&settings).await.expect("free ports");
        let address = |listener: &TcpListener| listener.local_addr().expect("an address").to_string();
        let (grpc, http) = (address(&listeners.grpc), address(&listeners.http));
        let parts = server::assemble(settings, clock, secrets, &|_| {}).await.expect("a server");
        let (stop, stopped) = oneshot::channel::<()>();
        let server = server::run(parts, listeners, async {
            drop(stopped.await);
        });
        let running = Running { grpc, http, sandbox, folder, token: self.token };
        let body = async {
            if !self.files.is_empty() {
                running.apply(self.files).await;
            }
            test(&running).await;
        };
        tokio::pin!(server, body);
        tokio::select! {
            ended = &mut server => panic!("the server ended during the test: {ended:?}"),
            () = &mut body => {}
        }
        stop.send(()).expect("the server waits for it");
        server.await.expect("the server stops cleanly");
        tasks.cut();
        tasks.drained().await;
    }
}

// === impl Running ===

impl Running {
    pub(crate) async fn client(&self) -> Client {
        Client::connect(&self.grpc, self.token.as_deref()).await.expect("a connection")
    }

    pub(crate) async fn channel(&self) -> tonic::transport::Channel {
        let url = format!("http://{}", self.grpc);
        tonic::transport::Endpoint::from_shared(url).expect("a URL").connect().await.expect("a connection")
    }

    /// Plans and applies; the files must be good.
    pub(crate) async fn apply(&self, files: Vec<pb::SourceFile>) -> u64 {
        let mut client = self.client().await;
        let request = pb::PlanCampaignsRequest { files: files.clone() };
        let planned = client.campaigns.plan_campaigns(request).await.expect("a plan").into_inner();
        let plan = planned.plan.unwrap_or_else(|| panic!("{:#?}", planned.diagnostics));
        let request =
            pb::ApplyCampaignsRequest { files, fingerprint: plan.fingerprint, ..Default::default() };
        client.campaigns.apply_campaigns(request).await.expect("an apply").into_inner().revision
    }

    /// Waits through WatchSend until the send is finished or cancelled.
    pub(crate) async fn until_finished(&self, send: &str) -> pb::Send {
        let mut client = self.client().await;
        let request = pb::WatchSendRequest { send_id: send.to_owned() };
        let mut changes = client.deliveries.watch_send(request).await.expect("a stream").into_inner();
        let mut last = None;
        while let Some(change) = changes.message().await.expect("a change") {
            last = change.send;
        }
        last.expect("at least one")
    }
}

fn read_folder(root: &Path, folder: &Path, files: &mut Vec<pb::SourceFile>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read_folder(root, &path, files);
        } else {
            let text = std::fs::read_to_string(&path).expect("a file");
            let relative = path.strip_prefix(root).expect("below the root");
            files.push(pb::SourceFile { path: relative.to_string_lossy().replace('\\', "/"), text });
        }
    }
}
