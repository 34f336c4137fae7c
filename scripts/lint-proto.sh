#!/usr/bin/env bash
# Lints the protos with buf: STANDARD and COMMENTS, and its formatting.
# buf comes from npm (`npm install --ignore-scripts @bufbuild/buf`); set BUF to its path if it is not on PATH.
set -euo pipefail
cd "$(dirname "$0")/../proto"

BUF=${BUF:-buf}
command -v "$BUF" >/dev/null || { echo "buf is not on PATH; set BUF=/path/to/buf" >&2; exit 2; }
"$BUF" lint
"$BUF" format --diff --exit-code
echo "the protos are clean"
