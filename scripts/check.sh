#!/usr/bin/env bash
# Everything a commit must pass: format, lints, docs, tests. Run it before you commit.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo fmt --check
cargo clippy --locked --all-targets -- -D warnings
RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items --quiet
cargo test --locked
# A workspace of its own, which nothing above builds.
cargo check --locked --quiet --manifest-path fuzz/Cargo.toml
if cargo deny --version >/dev/null 2>&1; then
    cargo deny --offline check licenses bans sources
fi
