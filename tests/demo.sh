#!/bin/sh
# The demonstration, from nothing but Python: no account, no server. The argument target-postgres
# shows the same with a PostgreSQL, which a wheel brings.
set -eu
. "$(dirname "$0")/venv.sh"

case "${1-}" in
"") exec python -m tests.demo ;;
target-postgres) exec python -m tests.demo_postgres ;;
*) fail "Usage: sh tests/demo.sh [target-postgres]" ;;
esac
