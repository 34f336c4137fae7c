#!/usr/bin/env bash
# Fuzzes the compiler of filters, the decoder of upserts and templates, each for SECONDS (60 without one).
#   scripts/fuzz.sh [SECONDS] [filter|upsert|template]
set -euo pipefail
cd "$(dirname "$0")/.."

seconds="${1:-60}"
targets=("${@:2}")
[ "${#targets[@]}" -gt 0 ] || targets=(filter upsert template)

if ! cargo fuzz --version >/dev/null 2>&1; then
    echo "cargo-fuzz is missing; install it with: cargo install cargo-fuzz --locked" >&2
    exit 1
fi
# The flags of coverage need a nightly compiler, or this word to a stable one.
export RUSTC_BOOTSTRAP=1
host="$(rustc -vV | sed -n 's/^host: //p')"

for target in "${targets[@]}"; do
    # There is no unsafe code here to sanitize, and without the sanitizer the runs are several times faster.
    cargo fuzz build --sanitizer none "$target"
    corpus="fuzz/corpus/$target" found="fuzz/artifacts/$target"
    mkdir -p "$corpus" "$found"
    # The stack is that of a worker thread of the server. New inputs go to the first folder, seeds stay as they are.
    if ! (
        ulimit -s 2048
        "fuzz/target/$host/release/$target" -max_total_time="$seconds" -max_len=20000 -timeout=1 \
            -rss_limit_mb=1024 -dict="fuzz/$target.dict" -artifact_prefix="$PWD/$found/" \
            -verbosity=0 -print_final_stats=1 "$corpus" "fuzz/seeds/$target"
    ); then
        input="$(find "$found" -type f -printf '%T@ %p\n' | sort -rn | head -n 1 | cut -d' ' -f2-)"
        echo "$target: found $PWD/$input; to see it again:" >&2
        echo "  fuzz/target/$host/release/$target $input" >&2
        exit 1
    fi
    echo "$target: nothing found in $seconds s"
done
