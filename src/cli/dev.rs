//! `recado dev`: a server, a local Messenger, and the campaign folder applied with every change.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::error::Error;
use super::exit::Exit;
use super::local::{self, Doors, Local, SandboxSecrets};
use super::logging::Logging;
use super::stop::Signals;
use super::watch::Watch;
use super::{apply, diagnostics, files, output, plan};
use crate::api::client::Client;
use crate::clock::SystemClock;
use crate::lifecycle::Tasks;
use crate::sandbox::{Sandbox, Settings};

#[derive(Debug, Args)]
#[command(after_help = "\
All Messenger traffic goes to the sandbox, and every secret is its token: no real page is reached.

Example:
  recado dev campaigns")]
pub(super) struct Dev {
    /// The folder of campaign files
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The store, `sqlite:PATH` [default: a temporary one, removed at the end]
    #[arg(long, value_name = "STORE", env = "RECADO_STORE", value_parser = local::store_path)]
    store: Option<PathBuf>,
    #[command(flatten)]
    doors: Doors,
    /// Address of the sandbox
    #[arg(
        long,
        value_name = "ADDR",
        env = "RECADO_SANDBOX",
        default_value = "127.0.0.1:0",
        value_parser = local::address
    )]
    sandbox: SocketAddr,
    #[command(flatten)]
    logging: Logging,
}

// === impl Dev ===

impl Dev {
    pub(super) async fn run(self) -> Result<Exit, Error> {
        let mut signals = Signals::catch()?;
        self.logging.start()?;
        let address = local::own("--sandbox", self.sandbox, "")?;
        files::read(&self.folder)?;
        let clock = SystemClock::shared();
        let tasks = Tasks::new();
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address}"))?;
        let sandbox = Sandbox::start(Settings::default(), listener, Arc::clone(&clock), &tasks)
            .context("the sandbox did not start")?;
        let (store, _kept) = self.store()?;
        let mut settings = self.doors.settings(store);
        settings.graph_url = Some(sandbox.url());
        let mut server =
            Local::start(settings, Arc::clone(&clock), Arc::new(SandboxSecrets)).await?;
        let mut client = server.client().await?;
        let mut watch = Watch::start(&self.folder)?;
        // Applied before it is announced: who waits for the line finds the campaigns there.
        let mut is_applied = update(&mut client, &self.folder, false).await;
        output::note(format_args!("gRPC on {}", server.grpc));
        output::note(format_args!("sandbox on {}", sandbox.url()));
        output::note(format_args!("watching {}", self.folder.display()));
        let failed = loop {
            tokio::select! {
                () = signals.next() => break None,
                error = server.failed() => break Some(error),
                () = watch.changed() => {
                    watch.settled(clock.as_ref()).await;
                    is_applied |= update(&mut client, &self.folder, is_applied).await;
                }
            }
        };
        tasks.stop();
        match failed {
            Some(error) => Err(error),
            None => server.stop().await.map(|()| Exit::OK),
        }
    }

    fn store(&self) -> Result<(PathBuf, Option<TempDir>), Error> {
        if let Some(path) = &self.store {
            return Ok((path.clone(), None));
        }
        let folder = tempfile::tempdir().context("no temporary folder can be made")?;
        Ok((folder.path().join("recado.sqlite"), Some(folder)))
    }
}

/// Plans and applies; whatever is wrong is said, and the last good state stays. Whether it was applied.
async fn update(client: &mut Client, folder: &Path, was_applied: bool) -> bool {
    match try_update(client, folder).await {
        Ok(true) => return true,
        Ok(false) if was_applied => output::note("the last good state stays applied"),
        Ok(false) => output::note("nothing of this folder is applied yet"),
        Err(error) => output::error(error),
    }
    false
}

async fn try_update(client: &mut Client, folder: &Path) -> Result<bool, Error> {
    let files = files::read(folder)?;
    let planned = plan::ask(client, files.clone()).await?;
    let found = diagnostics::located(planned.diagnostics, folder);
    diagnostics::print(&found);
    let Some(plan) = planned.plan else {
        return Ok(false);
    };
    plan::print(&plan);
    if !plan.changes.is_empty() {
        let origin = apply::Origin {
            author: "recado dev".to_owned(),
            ..apply::Origin::default()
        };
        let applied = apply::apply(client, files, plan, origin).await?;
        output::note(format_args!("revision {} applied", applied.revision));
    }
    Ok(true)
}
