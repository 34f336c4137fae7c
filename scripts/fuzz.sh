#!/usr/bin/env bash
# Fuzzes the compiler of filters and the decoder of upserts, each for SECONDS (60 without one).
#   scripts/fuzz.sh [SECONDS] [filter|upsert]
set -euo pipefail
cd "$(dirname "$0")/.."

seconds="${1:-60}"
targets=("${@:2}")
[ "${#targets[@]}" -gt 0 ] || targets=(filter upsert)

if ! cargo fuzz --version >/dev/null 2>&1; then
    echo "cargo-fuzz is missing; install it with: cargo install cargo-fuzz --locked" >&2
    exit 1
fi
# The flags of coverage need a nightly compiler, or this word to a stable one.
export RUSTC_BOOTSTRAP=1
# There is no unsafe code here to sanitize, and without the sanitizer the runs are several times faster.
common=(--sanitizer none)

for target in "${targets[@]}"; do
    mkdir -p "fuzz/corpus/$target"
    cargo fuzz build "${common[@]}" "$target"
    # Seeds stand last: libFuzzer writes what it finds to the first folder only.
    if ! cargo fuzz run "${common[@]}" "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
        -max_total_time="$seconds" -max_len=20000 -timeout=1 -rss_limit_mb=1024 \
        -dict="fuzz/$target.dict" -print_final_stats=1; then
        echo "$target: found something; the input is the newest file of:" >&2
        ls -t "$PWD/fuzz/artifacts/$target"/* >&2
        exit 1
    fi
    echo "$target: $seconds s without a finding"
done
