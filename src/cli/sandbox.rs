//! `recado sandbox`: a local Messenger in its own process.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use tokio::net::TcpListener;

use super::error::Error;
use super::exit::Exit;
use super::local;
use super::output;
use super::stop::Signals;
use crate::clock::SystemClock;
use crate::lifecycle::Tasks;
use crate::sandbox::{self, DEFAULT_TOKEN, World};

#[derive(Debug, Args)]
#[command(after_help = "\
Set a channel's `graph_url` to the printed address, or give it to `recado serve --graph-url`, and use the token \
`sandbox-token`. People, faults and the log are under /_sandbox: see docs/sandbox.md.

Examples:
  recado sandbox --log messages.jsonl
  curl -s 127.0.0.1:7790/_sandbox/messages")]
pub(super) struct Sandbox {
    /// Address to listen on
    #[arg(
        long,
        value_name = "ADDR",
        default_value = "127.0.0.1:7790",
        value_parser = local::address
    )]
    listen: SocketAddr,
    /// Listen where other machines can reach it: whoever does reads every message and changes what it plays
    #[arg(long)]
    public: bool,
    /// Append each accepted message to this file as a JSON line
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Pages, people, templates and faults to begin with (YAML or JSON)
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Only people named in the settings or added later exist
    #[arg(long)]
    strict: bool,
}

// === impl Sandbox ===

impl Sandbox {
    pub(super) async fn run(self) -> Result<Exit, Error> {
        let mut signals = Signals::catch()?;
        let settings = self.settings()?;
        if self.public {
            output::warn(format_args!(
                "{} is open to everybody: whoever reaches it reads every message and changes what it plays",
                self.listen
            ));
        } else {
            local::own("--listen", self.listen, "`--public` if that is meant, or ")?;
        }
        let listener = TcpListener::bind(self.listen)
            .await
            .with_context(|| format!("cannot listen on {}", self.listen))?;
        let tasks = Tasks::new();
        let running = sandbox::Sandbox::start(settings, listener, SystemClock::shared(), &tasks)
            .context("the sandbox did not start")?;
        output::note(format_args!("sandbox on {}", running.url()));
        output::note(format_args!("token {DEFAULT_TOKEN}"));
        signals.next().await;
        tasks.stop();
        tokio::select! {
            () = tasks.drained() => {}
            () = signals.next() => tasks.cut(),
        }
        Ok(if tasks.has_failed() {
            Exit::FAILED
        } else {
            Exit::OK
        })
    }

    fn settings(&self) -> Result<sandbox::Settings, Error> {
        let mut settings = match &self.settings {
            None => sandbox::Settings::default(),
            Some(path) => {
                let text = fs::read_to_string(path).map_err(Error::file(path))?;
                serde_yaml::from_str(&text)
                    .map_err(|error| Error::Input(format!("`{}`: {error}", path.display())))?
            }
        };
        if self.log.is_some() {
            settings.log.clone_from(&self.log);
        }
        if self.strict {
            settings.world = World::Strict;
        }
        Ok(settings)
    }
}
