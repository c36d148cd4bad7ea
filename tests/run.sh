#!/bin/sh
# The test command: lint, formatting, types, tests. Arguments go to pytest.
set -eu
. "$(dirname "$0")/venv.sh"

ruff check
ruff format --check
mypy
exec pytest --numprocesses 2 --dist loadfile "$@"
