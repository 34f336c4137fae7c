//! The program: parses the command line, runs one command, ends with its exit code.

use std::process::ExitCode;

use clap::Parser;
use recado::cli::Recado;

// Many small allocations on every path: measured faster than the system's allocator under load.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    // TLS without a provider panics at the first call; a second installation is the only error.
    drop(rustls::crypto::ring::default_provider().install_default());
    Recado::parse().run().await.into()
}
