#!/bin/sh
# The test command: lint, formatting, types, workflows, tests. Arguments, if any, go to pytest.
set -eu
. "$(dirname "$0")/venv.sh"

ruff check
ruff format --check
mypy
lint-imports --no-logo
check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
zizmor --quiet --offline --persona pedantic .github
[ $# -eq 0 ] || exec pytest "$@"

# One process more than processors: that of the tests that wait; see tests/conftest.py.
pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder
