//! The composition root: a server is bound, put together and run here.
//!
//! **Invariant:** nothing is served before the store is open, and the store closes after everything else.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::api;
use crate::clock::Clock;
use crate::config::{self, Tokens};
use crate::delivery::{self, Attempts, Http, Wake, Worker};
use crate::engine::{self, Engine};
use crate::http;
use crate::lifecycle::Tasks;
use crate::model::limits;
use crate::store;
use crate::store::revisions::Revisions;
use crate::telemetry;

pub use crate::store::sqlite::Loaded;

/// How long a stop waits for what is under way: a call that has just begun may take its whole time-out.
const DRAIN: Duration = Duration::from_secs(limits::CALL_TIMEOUT.as_secs() + 5);
/// How long connecting to a platform may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How often histograms are folded, so that their memory stays bounded.
const UPKEEP: Duration = Duration::from_secs(5);

/// Both doors, bound.
#[derive(Debug)]
pub struct Listeners {
    pub grpc: TcpListener,
    pub http: TcpListener,
}

/// A server put together.
#[derive(Debug)]
pub struct Parts {
    store: Arc<store::sqlite::Store>,
    engine: Arc<Engine>,
    worker: Worker,
    tokens: Option<Arc<Tokens>>,
    clock: Arc<dyn Clock>,
    tasks: Tasks,
}

/// Why a server did not start, or ended early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Config(#[from] config::Error),
    #[error("cannot listen on {addr}: it is in use; give another address with `{flag}`")]
    AddressInUse {
        flag: &'static str,
        addr: SocketAddr,
    },
    #[error("cannot listen on {addr} (`{flag}`)")]
    Bind {
        flag: &'static str,
        addr: SocketAddr,
        #[source]
        source: std::io::Error,
    },
    #[error(transparent)]
    StoreInUse(store::Error),
    #[error("the store `{}` cannot be opened", path.display())]
    Store {
        path: PathBuf,
        #[source]
        source: store::Error,
    },
    #[error("the HTTP client cannot be made")]
    Http(#[from] delivery::http::NotBuilt),
    #[error("the applied state cannot be read")]
    Engine(#[from] engine::Error),
    #[error("a part of the server panicked")]
    Panicked,
}

// === impl Parts ===

impl Parts {
    /// An estimate of what the users take in memory.
    pub fn memory_bytes(&self) -> usize {
        self.store.memory_bytes()
    }
}

/// Binds both doors. Port 0 takes a free port.
///
/// # Errors
/// An address is in use, or would let strangers in.
pub async fn bind(settings: &config::Settings) -> Result<Listeners, Error> {
    settings.check()?;
    Ok(Listeners {
        grpc: listen("--grpc", settings.grpc).await?,
        http: listen("--http", settings.http).await?,
    })
}

/// Opens the store, loads the users and puts the rooms together. Nothing runs yet.
///
/// # Errors
/// The settings, the token file or the store are not fit.
pub async fn assemble(
    settings: config::Settings,
    clock: Arc<dyn Clock>,
    secrets: Arc<dyn config::secret::Secrets>,
    progress: &(dyn Fn(Loaded) + Sync),
) -> Result<Parts, Error> {
    settings.check()?;
    let tokens = settings.read_tokens()?.map(Arc::new);
    telemetry::recorder();
    let http = Http::new(&delivery::http::Settings {
        call_timeout: limits::CALL_TIMEOUT,
        connect_timeout: CONNECT_TIMEOUT,
    })?;
    let place = store::sqlite::Settings {
        bytes_max: settings.store_bytes_max,
        ..store::sqlite::Settings::at(settings.store)
    };
    let store = open(place, progress).await?;
    let shared: Arc<dyn store::Store> = store.clone();
    let revisions = Arc::new(Revisions::new(Arc::clone(&shared)));
    let attempts = Attempts::new(
        Arc::clone(&shared),
        Arc::clone(&revisions),
        secrets,
        Arc::clone(&clock),
        http,
    );
    let attempts = Arc::new(attempts.with_graph_url(settings.graph_url));
    let (wake, tasks) = (Wake::default(), Tasks::new());
    let settings = delivery::Settings::default();
    let worker = Worker::new(Arc::clone(&attempts), settings, wake.clone());
    let engine = Engine::new(engine::Parts {
        store: shared,
        revisions,
        attempts,
        clock: Arc::clone(&clock),
        wake,
        tasks: tasks.clone(),
    });
    Ok(Parts {
        engine: Arc::new(engine.await?),
        store,
        worker,
        tokens,
        clock,
        tasks,
    })
}

/// Serves until `stop`, then finishes what is under way; a deadline cuts.
///
/// # Errors
/// A part of the server panicked, or half-stored sends cannot be read.
pub async fn run(
    parts: Parts,
    listeners: Listeners,
    stop: impl Future<Output = ()>,
) -> Result<(), Error> {
    let Parts {
        store,
        engine,
        worker,
        tokens,
        clock,
        tasks,
    } = parts;
    engine.warn_of_secrets();
    engine.resume_fan_outs().await?;
    let ops = http::Ops {
        engine: Arc::clone(&engine),
        tasks: tasks.clone(),
        tokens: tokens.clone(),
    };
    let expiring = Arc::clone(&engine);
    tasks.spawn(
        "expire-events",
        async move { expiring.expire_events().await },
    );
    let tracking = Arc::clone(&engine);
    tasks.spawn("track-sizes", async move { tracking.track_sizes().await });
    let door = api::Door {
        engine,
        tokens,
        clock: Arc::clone(&clock),
        tasks: tasks.clone(),
    };
    open_grpc(door, listeners.grpc);
    open_http(ops, listeners.http);
    tasks.spawn("worker", worker.run(tasks.clone()));
    let waiting = Arc::clone(&store);
    tasks.spawn("upkeep", upkeep(waiting, Arc::clone(&clock), tasks.clone()));
    tokio::select! {
        () = stop => {}
        () = tasks.stopping() => {}
    }
    tasks.stop();
    tokio::select! {
        () = tasks.drained() => {}
        () = clock.sleep(DRAIN) => {
            tracing::warn!("not everything ended in time; cut");
            tasks.cut();
            tasks.drained().await;
        }
    }
    store.close();
    if tasks.has_failed() {
        return Err(Error::Panicked);
    }
    Ok(())
}

async fn listen(flag: &'static str, addr: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(addr)
        .await
        .map_err(|source| match source.kind() {
            std::io::ErrorKind::AddrInUse => Error::AddressInUse { flag, addr },
            _ => Error::Bind { flag, addr, source },
        })
}

/// Opens on a thread that may block; progress is told from here.
async fn open(
    settings: store::sqlite::Settings,
    progress: &(dyn Fn(Loaded) + Sync),
) -> Result<Arc<store::sqlite::Store>, Error> {
    let (tell, mut told) = watch::channel(Loaded { users: 0, total: 0 });
    let path = settings.path.clone();
    let opening = tokio::task::spawn_blocking(move || {
        store::sqlite::Store::open(&settings, &|loaded| {
            tell.send_replace(loaded);
        })
    });
    while told.changed().await.is_ok() {
        let loaded = *told.borrow_and_update();
        progress(loaded);
    }
    opening
        .await
        .map_err(|_| Error::Panicked)?
        .map_err(|source| match source {
            store::Error::InUse { .. } => Error::StoreInUse(source),
            source => Error::Store { path, source },
        })
}

fn open_grpc(door: api::Door, listener: TcpListener) {
    let tasks = door.tasks.clone();
    tasks.clone().spawn("grpc", async move {
        if let Err(error) = door.serve(listener).await {
            tracing::error!(%error, "the gRPC door closed");
            tasks.stop();
        }
    });
}

fn open_http(ops: http::Ops, listener: TcpListener) {
    let tasks = ops.tasks.clone();
    tasks.clone().spawn("http", async move {
        let served = axum::serve(listener, http::router(ops))
            .with_graceful_shutdown(tasks.stopping())
            .await;
        if let Err(error) = served {
            tracing::error!(%error, "the HTTP door closed");
            tasks.stop();
        }
    });
}

async fn upkeep(store: Arc<store::sqlite::Store>, clock: Arc<dyn Clock>, tasks: Tasks) {
    let mut channels = BTreeSet::new();
    loop {
        gauge_pending(store.as_ref(), &mut channels).await;
        tokio::select! {
            () = clock.sleep(UPKEEP) => telemetry::recorder().run_upkeep(),
            () = tasks.stopping() => return,
        }
    }
}

/// A channel that had something pending goes on to be told, as 0.
async fn gauge_pending(store: &dyn store::Store, channels: &mut BTreeSet<String>) {
    let Ok(pending) = store.pending_by_channel().await else {
        return;
    };
    let pending: BTreeMap<String, u64> = pending.into_iter().collect();
    channels.extend(pending.keys().cloned());
    for channel in channels.iter() {
        let n = pending.get(channel).copied().unwrap_or(0);
        telemetry::pending(channel, n);
    }
}
