//! The server under measurement, its store in a temporary folder, and loading it with users.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use futures_util::future::try_join_all;
use tempfile::TempDir;

use super::measure::{Latencies, Took, Watch};
use super::people;
use crate::api::client::Client;
use crate::api::pb;
use crate::cli::error::Error;
use crate::cli::local::{Doors, Local, SandboxSecrets};
use crate::cli::output;
use crate::clock::{Clock, SystemClock};

/// How long a store may tidy up before it is measured all the same.
const SETTLE_SECS_MAX: u32 = 300;

pub(super) struct Stage {
    pub(super) server: Local,
    folder: TempDir,
    graph_url: Option<String>,
}

/// How the server is driven.
#[derive(Debug, Clone, Copy)]
pub(super) struct Drive {
    pub(super) batch: u64,
    pub(super) connections: u64,
}

/// What driving it came to.
pub(super) struct Driven {
    pub(super) took: Took,
    pub(super) latencies: Latencies,
}

// === impl Stage ===

impl Stage {
    pub(super) async fn start(graph_url: Option<String>) -> Result<Self, Error> {
        let folder = tempfile::tempdir().context("no temporary folder can be made")?;
        let server = start(folder.path().join("recado.sqlite"), graph_url.clone()).await?;
        Ok(Self {
            server,
            folder,
            graph_url,
        })
    }

    /// Stops the server and starts it again on the same store; says how long the start took.
    pub(super) async fn restart(self) -> Result<(Self, Took), Error> {
        self.server.stop().await?;
        let watch = Watch::begin();
        let store = self.folder.path().join("recado.sqlite");
        let server = start(store, self.graph_url.clone()).await?;
        let took = watch.end();
        Ok((
            Self {
                server,
                folder: self.folder,
                graph_url: self.graph_url,
            },
            took,
        ))
    }

    /// Where a baseline may write: the same disk as the store.
    pub(super) fn scratch(&self) -> PathBuf {
        self.folder.path().join("baseline")
    }

    pub(super) async fn stop(self) -> Result<(), Error> {
        self.server.stop().await
    }

    /// Upserts `n` updates that `make` makes, in batches over several connections.
    pub(super) async fn upsert(
        &self,
        n: u64,
        drive: Drive,
        make: impl Fn(u64) -> pb::UserUpdate,
    ) -> Result<Driven, Error> {
        let mut clients = Vec::new();
        for _ in 0..drive.connections {
            clients.push(self.server.client().await?);
        }
        let bar = output::progress(n, "users  {bar:30} {pos}/{len}  {per_sec}");
        let latencies = parking_lot::Mutex::new(Latencies::new());
        let watch = Watch::begin();
        let workers = clients.into_iter().zip(0..).map(|(mut client, worker)| {
            let (bar, latencies, make) = (&bar, &latencies, &make);
            async move {
                let mut begin = worker * drive.batch;
                while begin < n {
                    let end = (begin + drive.batch).min(n);
                    let users = (begin..end).map(make).collect();
                    let call = Watch::begin();
                    upsert(&mut client, users).await?;
                    latencies.lock().record(call.elapsed());
                    bar.inc(end - begin);
                    begin += drive.batch * drive.connections;
                }
                Ok::<_, Error>(())
            }
        });
        try_join_all(workers).await?;
        let took = watch.end();
        bar.finish_and_clear();
        Ok(Driven {
            took,
            latencies: latencies.into_inner(),
        })
    }

    /// Creates `n` users with so many attributes.
    pub(super) async fn load(
        &self,
        n: u64,
        attributes: usize,
        drive: Drive,
    ) -> Result<Driven, Error> {
        let now = SystemClock.now();
        self.upsert(n, drive, |n| people::user(n, attributes, now))
            .await
    }
}

impl Stage {
    /// Tracks `n` events of so many users.
    pub(super) async fn track(&self, n: u64, users: u64, drive: Drive) -> Result<Took, Error> {
        let now = SystemClock.now();
        let mut clients = Vec::new();
        for _ in 0..drive.connections {
            clients.push(self.server.client().await?);
        }
        let bar = output::progress(n, "events  {bar:30} {pos}/{len}  {per_sec}");
        let watch = Watch::begin();
        let workers = clients.into_iter().zip(0..).map(|(mut client, worker)| {
            let bar = &bar;
            async move {
                let mut begin = worker * drive.batch;
                while begin < n {
                    let end = (begin + drive.batch).min(n);
                    let events = (begin..end).map(|n| people::event(n, users, now)).collect();
                    let request = pb::TrackEventsRequest { events };
                    client.users.track_events(request).await?;
                    bar.inc(end - begin);
                    begin += drive.batch * drive.connections;
                }
                Ok::<_, Error>(())
            }
        });
        try_join_all(workers).await?;
        bar.finish_and_clear();
        Ok(watch.end())
    }

    /// Waits until the store has tidied up and the process does nothing: a few minutes at most.
    pub(super) async fn settle(&self) {
        for _ in 0..SETTLE_SECS_MAX {
            let watch = Watch::begin();
            SystemClock.sleep(Duration::from_secs(1)).await;
            if watch.end().cpu_secs < 0.05 {
                return;
            }
        }
    }
}

async fn start(store: PathBuf, graph_url: Option<String>) -> Result<Local, Error> {
    let mut settings = Doors::free().settings(store);
    settings.graph_url = graph_url;
    Local::start(settings, SystemClock::shared(), Arc::new(SandboxSecrets)).await
}

async fn upsert(client: &mut Client, users: Vec<pb::UserUpdate>) -> Result<(), Error> {
    let request = pb::UpsertUsersRequest { users };
    let answer = client.users.upsert_users(request).await?.into_inner();
    match answer.rejected.into_iter().next() {
        None => Ok(()),
        Some(rejected) => Err(Error::Input(format!(
            "{}: {}",
            rejected.field, rejected.message
        ))),
    }
}
