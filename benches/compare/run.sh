#!/usr/bin/env bash
# Recado beside PostgreSQL 15 and DuckDB on the same data; README.md says what it needs.
#   benches/compare/run.sh [--users N] [--events N] [--only WORDS] [--dir FOLDER] [--recado FILE]
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! python3 -c "import duckdb" 2>/dev/null; then
    echo "DuckDB is missing; install it with: pip install duckdb" >&2
    exit 1
fi
case " $* " in
    *" --recado"* | *" -h "* | *" --help "*) ;;
    *) cargo build --release --locked ;;
esac
exec python3 -B benches/compare/compare.py "$@"
