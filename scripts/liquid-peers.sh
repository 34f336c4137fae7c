#!/usr/bin/env bash
# Runs the corpus of tests/fixtures/liquid/ through liquidjs and brazejs, and prints where they differ from us.
#   scripts/liquid-peers.sh              prints counts and differences
#   scripts/liquid-peers.sh --install    only gets the two
# docs/liquid.md explains the differences. Needs Node 18 and npm; nothing is installed outside of target/.
set -euo pipefail
cd "$(dirname "$0")/.."

peers=target/liquid-peers
if [ ! -d "$peers/node_modules/js-yaml" ]; then
    mkdir -p "$peers"
    # The versions that the tables in docs/liquid.md are of.
    npm install --no-save --no-package-lock --no-audit --no-fund --silent --prefix "$peers" \
        liquidjs@10.30.1 brazejs@1.7.1 js-yaml@4
fi
[ "${1:-}" != --install ] || exit 0
TZ=UTC exec node scripts/liquid-peers.mjs "$peers"
