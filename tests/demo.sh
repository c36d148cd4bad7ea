#!/bin/sh
# The demonstration, from nothing but Python: no account, no server.
set -eu
. "$(dirname "$0")/venv.sh"

exec python -m tests.demo
