#!/usr/bin/env bash
# Recado, the plain library and liquidjs on the same texts, in turn, as a table.
#   benches/render/run.sh [COUNT] [ROUNDS]
# COUNT renders of each text a round, 300,000 without one; 5 rounds. Needs Node 18 and npm; nothing is installed
# outside of target/.
set -euo pipefail
cd "$(dirname "$0")/../.."

scripts/liquid-peers.sh --install
cargo build --release --locked --quiet
exec node benches/render/compare.mjs target/liquid-peers target/release/recado "$@"
