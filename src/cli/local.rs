//! A server in this process: for `serve`, and for the commands that bring their own.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use secrecy::SecretString;
use tokio::sync::oneshot;

use super::error::Error;
use super::output;
use crate::api::client::Client;
use crate::campaign::SecretRef;
use crate::clock::Clock;
use crate::config;
use crate::config::secret::{self, Secrets};
use crate::lifecycle::Tasks;
use crate::sandbox::DEFAULT_TOKEN;
use crate::server::{self, Loaded};

/// Where a server keeps its data and where it listens.
#[derive(Debug, Clone, Args)]
pub(super) struct Doors {
    /// Address of the gRPC door; port 0 takes a free one
    #[arg(
        long,
        value_name = "ADDR",
        env = "RECADO_GRPC",
        default_value = "127.0.0.1:50051",
        value_parser = address
    )]
    pub(super) grpc: SocketAddr,
    /// Address of the HTTP door: health, metrics and webhooks
    #[arg(
        long,
        value_name = "ADDR",
        env = "RECADO_HTTP",
        default_value = "127.0.0.1:8080",
        value_parser = address
    )]
    pub(super) http: SocketAddr,
}

/// A running server that is stopped by [`Local::stop`].
pub(super) struct Local {
    pub(super) grpc: SocketAddr,
    /// What the users took in memory at the start.
    pub(super) memory_bytes: usize,
    stop: oneshot::Sender<()>,
    ended: oneshot::Receiver<Result<(), server::Error>>,
    tasks: Tasks,
}

/// Every secret is the sandbox's token: what runs beside a sandbox reads no real one.
#[derive(Debug)]
pub(super) struct SandboxSecrets;

// === impl Doors ===

impl Doors {
    /// Free ports on this machine.
    pub(super) fn free() -> Self {
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            grpc: free,
            http: free,
        }
    }

    pub(super) fn settings(&self, store: PathBuf) -> config::Settings {
        config::Settings {
            store,
            store_bytes_max: None,
            grpc: self.grpc,
            http: self.http,
            tokens: None,
            graph_url: None,
        }
    }
}

// === impl Local ===

impl Local {
    /// Loads the store and answers once both doors are open.
    pub(super) async fn start(
        settings: config::Settings,
        clock: Arc<dyn Clock>,
        secrets: Arc<dyn Secrets>,
    ) -> Result<Self, Error> {
        let listeners = server::bind(&settings).await.map_err(anyhow::Error::new)?;
        let grpc = listeners.grpc.local_addr().context("cannot listen")?;
        let parts = load(settings, clock, secrets).await?;
        let memory_bytes = parts.memory_bytes();
        let tasks = Tasks::new();
        let (stop, stopped) = oneshot::channel::<()>();
        let (end, ended) = oneshot::channel();
        tasks.spawn("server", async move {
            let asked = async {
                drop(stopped.await);
            };
            drop(end.send(server::run(parts, listeners, asked).await));
        });
        Ok(Self {
            grpc,
            memory_bytes,
            stop,
            ended,
            tasks,
        })
    }

    pub(super) async fn client(&self) -> Result<Client, Error> {
        Ok(Client::connect(&self.grpc.to_string(), None).await?)
    }

    /// Resolves when the server ends without having been asked to.
    pub(super) async fn failed(&mut self) -> Error {
        let ended = (&mut self.ended).await;
        match ended {
            Ok(Err(error)) => anyhow::Error::new(error).into(),
            Ok(Ok(())) | Err(_) => anyhow::anyhow!("the server ended early").into(),
        }
    }

    /// Asks the server to stop and waits for it.
    pub(super) async fn stop(self) -> Result<(), Error> {
        // A server that has ended already has dropped its end.
        let _ = self.stop.send(());
        let result = self.ended.await.context("the server ended early")?;
        self.tasks.stop();
        self.tasks.drained().await;
        Ok(result.context("the server ended with an error")?)
    }
}

// === impl SandboxSecrets ===

impl Secrets for SandboxSecrets {
    fn get(&self, _: &SecretRef) -> Result<SecretString, secret::Error> {
        Ok(SecretString::from(DEFAULT_TOKEN))
    }
}

/// Opens the store and loads the users, with a bar on terminals.
pub(super) async fn load(
    settings: config::Settings,
    clock: Arc<dyn Clock>,
    secrets: Arc<dyn Secrets>,
) -> Result<server::Parts, Error> {
    let bar = output::progress(0, "loading users  {bar:30} {pos}/{len}  {per_sec}");
    let progress = |loaded: Loaded| {
        bar.set_length(loaded.total);
        bar.set_position(loaded.users);
    };
    let parts = server::assemble(settings, clock, secrets, &progress).await;
    bar.finish_and_clear();
    Ok(parts.map_err(anyhow::Error::new)?)
}

/// An address to listen on; a name such as `localhost` is looked up.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let found = text.to_socket_addrs().ok().and_then(|mut all| all.next());
    found.ok_or_else(|| "it is no address of this machine; `127.0.0.1:50051` is one".to_owned())
}

/// Where the Graph API is. Paths of calls are put behind it, and it is told when a server starts.
pub(super) fn graph_url(text: &str) -> Result<String, String> {
    let example = "`http://127.0.0.1:7790` is one";
    let url = reqwest::Url::parse(text).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let url = url.ok_or_else(|| format!("it is not a URL; {example}"))?;
    let excess = if !url.username().is_empty() || url.password().is_some() {
        "a user name or a password"
    } else if url.query().is_some() {
        "a query (`?`)"
    } else if url.fragment().is_some() {
        "a fragment (`#`)"
    } else {
        return Ok(text.to_owned());
    };
    Err(format!("it must not have {excess}; {example}"))
}

/// An address of a sandbox that nobody else reaches. Unlike a server it has no tokens to ask for.
pub(super) fn own(flag: &str, addr: SocketAddr, word: &str) -> Result<SocketAddr, Error> {
    if addr.ip().to_canonical().is_loopback() {
        return Ok(addr);
    }
    Err(Error::Usage(format!(
        "`{flag} {addr}` can be reached from other machines, and a sandbox asks nobody who they are: whoever reaches it \
         reads every message and changes what it plays; give {word}an address on 127.0.0.1"
    )))
}

/// The path in `sqlite:PATH`.
pub(super) fn store_path(text: &str) -> Result<PathBuf, String> {
    match text.split_once(':') {
        Some(("sqlite", path)) if !path.is_empty() => Ok(PathBuf::from(path)),
        _ => Err("it is not `sqlite:PATH`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_graph_url_is_an_address_and_nothing_else() {
        for fine in ["http://127.0.0.1:7790", "https://graph.test/proxy/"] {
            assert_eq!(graph_url(fine).unwrap(), fine);
        }
        for (bad, why) in [
            ("", "not a URL"),
            ("graph.test", "not a URL"),
            ("127.0.0.1:7790", "not a URL"),
            ("ftp://graph.test", "not a URL"),
            ("https://me:hush@graph.test", "a user name or a password"),
            ("https://graph.test?access_token=x", "a query"),
            ("https://graph.test/#x", "a fragment"),
        ] {
            let told = graph_url(bad).unwrap_err();
            assert!(
                told.contains(why) && !told.contains("hush"),
                "{bad}: {told}"
            );
        }
    }
}
