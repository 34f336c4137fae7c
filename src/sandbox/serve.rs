//! Starting and stopping a sandbox.

use std::fs::{File, OpenOptions};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::lifecycle::Tasks;

use super::handle::Handle;
use super::settings::Settings;
use super::state::{Shared, State};
use super::wire::{Entrance, Wire};
use super::{control, receive};

/// A local Messenger.
#[derive(Debug)]
pub struct Sandbox;

/// A sandbox that takes calls until its tasks are stopped.
#[derive(Debug, Clone)]
pub struct Running {
    pub handle: Handle,
    addr: SocketAddr,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the sandbox's address cannot be read")]
    Address(#[source] io::Error),
    #[error("the log file `{}` cannot be opened", path.display())]
    Log {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

// === impl Sandbox ===

impl Sandbox {
    /// Takes calls on `listener` until `tasks` stop; calls that hang then are let go.
    pub fn start(
        mut settings: Settings,
        listener: TcpListener,
        clock: Arc<dyn Clock>,
        tasks: &Tasks,
    ) -> Result<Running, Error> {
        let addr = listener.local_addr().map_err(Error::Address)?;
        let file = settings.log.take().map(|path| open(&path)).transpose()?;
        let state = State::new(settings, file, clock.now());
        let shared = Arc::new(Shared {
            clock,
            tasks: tasks.clone(),
            state: Mutex::new(state),
            moved: Notify::new(),
            released: Notify::new(),
        });
        let handle = Handle::new(Arc::clone(&shared));
        let router = router(shared, &handle).into_make_service_with_connect_info::<Wire>();
        let stopping = tasks.stopping();
        tasks.spawn("sandbox", async move {
            let served = axum::serve(Entrance(listener), router)
                .with_graceful_shutdown(stopping)
                .await;
            if let Err(error) = served {
                tracing::error!(%error, "the sandbox ended early");
            }
        });
        Ok(Running { handle, addr })
    }
}

// === impl Running ===

impl Running {
    /// What a channel's `graph_url` is set to; no slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

fn router(shared: Arc<Shared>, handle: &Handle) -> Router {
    Router::new()
        .nest("/_sandbox", control::router(handle.clone()))
        .fallback(receive::receive)
        .with_state(shared)
}

fn open(path: &Path) -> Result<File, Error> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map_err(|source| Error::Log {
            path: path.to_owned(),
            source,
        })
}
