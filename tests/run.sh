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

# These wait more than they work, and see to it themselves that they wait side by side.
waiting="tests/e2e/test_network.py tests/e2e/test_secrets.py tests/matrix"
pytest --numprocesses 2 --dist loadfile $(printf ' --ignore %s' $waiting)
pytest $waiting
