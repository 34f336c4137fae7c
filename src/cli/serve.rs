//! `recado serve`: the server.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use tokio::sync::oneshot;

use super::error::Error;
use super::exit::Exit;
use super::local::{self, Doors};
use super::logging::Logging;
use super::output;
use super::stop::Signals;
use crate::clock::SystemClock;
use crate::config;
use crate::config::secret::Process;
use crate::server;

#[derive(Debug, Args)]
#[command(after_help = "\
Neither door binds beyond loopback without `--tokens`. SIGINT or SIGTERM finishes what is under way; a second one cuts.

Examples:
  recado serve --store sqlite:/var/lib/recado/recado.sqlite
  recado serve --store sqlite:recado.sqlite --grpc 0.0.0.0:50051 --tokens tokens.yaml --log-format json")]
pub(super) struct Serve {
    /// The store, `sqlite:PATH`; the file is made when it is missing
    #[arg(
        long,
        value_name = "STORE",
        env = "RECADO_STORE",
        default_value = "sqlite:recado.sqlite",
        value_parser = local::store_path
    )]
    store: PathBuf,
    /// Largest size of the store in bytes; beyond it writes are refused, and reads and the server go on
    #[arg(long, value_name = "N", env = "RECADO_STORE_BYTES_MAX", value_parser = clap::value_parser!(u64).range(1_048_576..))]
    store_bytes_max: Option<u64>,
    #[command(flatten)]
    doors: Doors,
    /// File that names who may do what
    #[arg(long, value_name = "FILE", env = "RECADO_TOKENS")]
    tokens: Option<PathBuf>,
    /// Send all Messenger traffic there, such as to a sandbox
    #[arg(long, value_name = "URL", env = "RECADO_GRAPH_URL", value_parser = local::graph_url)]
    graph_url: Option<String>,
    #[command(flatten)]
    logging: Logging,
}

// === impl Serve ===

impl Serve {
    pub(super) async fn run(self) -> Result<Exit, Error> {
        let mut signals = Signals::catch()?;
        self.logging.start()?;
        let mut settings = self.doors.settings(self.store);
        settings.store_bytes_max = self.store_bytes_max;
        settings.tokens = self.tokens;
        settings.graph_url = self.graph_url;
        let clock = SystemClock::shared();
        let secrets = Arc::new(Process::new(Arc::clone(&clock)));
        // Bound before the store is loaded: a port in use is said at once.
        let listeners = server::bind(&settings).await.map_err(anyhow::Error::new)?;
        let told = about(&settings);
        let parts = tokio::select! {
            parts = local::load(settings, clock, secrets) => parts?,
            () = signals.next() => return Ok(Exit::OK),
        };
        let addr = |door: &tokio::net::TcpListener| door.local_addr().context("cannot listen");
        let (grpc, http) = (addr(&listeners.grpc)?, addr(&listeners.http)?);
        told.iter().for_each(output::note);
        output::note(format_args!("gRPC on {grpc}"));
        output::note(format_args!("HTTP on {http}"));
        let (stop, stopped) = oneshot::channel::<()>();
        let asked = async {
            drop(stopped.await);
        };
        tokio::select! {
            ended = server::run(parts, listeners, asked) => {
                ended.context("the server ended with an error")?;
                Ok(Exit::OK)
            }
            () = cut(&mut signals, stop) => {
                output::warn("cut: what was under way is settled at the next start");
                Ok(Exit::FAILED)
            }
        }
    }
}

/// What a start is checked by: the store, who may call, and where messages go.
fn about(settings: &config::Settings) -> Vec<String> {
    let mut lines = vec![format!("store {}", settings.store.display())];
    lines.push(match &settings.tokens {
        Some(path) => format!("tokens from {}", path.display()),
        None => "no tokens: every caller on this machine may do everything".to_owned(),
    });
    if let Some(url) = &settings.graph_url {
        lines.push(format!("all Messenger traffic goes to {url}"));
    }
    lines
}

/// Asks for a stop with the first signal, and resolves with the second.
async fn cut(signals: &mut Signals, stop: oneshot::Sender<()>) {
    signals.next().await;
    output::note("stopping: what is under way is finished first; a second signal cuts");
    let _ = stop.send(());
    signals.next().await;
}
