//! The real program as a child process: to kill it, to stop it, and to start it again on the same store.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// `recado serve` on free ports.
pub(crate) struct Server {
    child: Child,
    pub(crate) grpc: String,
    pub(crate) http: String,
}

/// How a server is started.
pub(crate) struct Options<'a> {
    pub(crate) store: &'a Path,
    pub(crate) graph_url: &'a str,
}

// === impl Server ===

impl Server {
    /// Starts the program and returns once it says that it listens.
    pub(crate) fn start(options: &Options<'_>) -> Self {
        Self::start_with(options, &[])
    }

    /// As [`Server::start`], with more arguments.
    pub(crate) fn start_with(options: &Options<'_>, arguments: &[&str]) -> Self {
        let mut child = Command::new(program())
            .arg("serve")
            .arg("--store")
            .arg(format!("sqlite:{}", options.store.display()))
            .args(["--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"])
            .args(["--graph-url", options.graph_url])
            .args(arguments)
            .env("RECADO_TEST_TOKEN", "sandbox-token")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stderr.take().expect("stderr is piped")).lines();
        let mut seen = Vec::new();
        let mut door = |said: &str| loop {
            let Some(Ok(line)) = lines.next() else {
                panic!("the server ended before it listened:\n{}", seen.join("\n"));
            };
            if let Some((_, rest)) = line.split_once(said) {
                break rest.split_whitespace().next().unwrap().to_owned();
            }
            seen.push(line);
        };
        let (grpc, http) = (door("gRPC on "), door("HTTP on "));
        // The pipe is read to its end, so that a talkative server never blocks on it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, grpc, http }
    }

    /// SIGKILL: nothing in the process gets to run any more.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("the server runs");
        self.child.wait().expect("the server ends");
    }

    /// SIGTERM, and waits for the end. The exit code must say that all went well.
    pub(crate) fn stop(mut self) {
        let killed = Command::new("sh")
            .args(["-c", &format!("kill -TERM {}", self.child.id())])
            .status()
            .expect("`sh` runs");
        assert!(killed.success());
        let status = self.child.wait().expect("the server ends");
        assert!(
            status.success(),
            "a stopped server must exit with 0, not {status}"
        );
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A test that fails must not leave its server behind.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub(crate) fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_recado"))
}
