# Sourced by the scripts beside it: goes to the checkout's root and makes sure of a virtual
# environment with the project and what its tests need. TAP_MIHU_VENV names another folder for it.

cd "$(dirname "$0")/.." || exit
venv=${TAP_MIHU_VENV:-.venv}

fail() {
    echo "$1" >&2
    exit 1
}

find_python() {
    for python in python3 python3.11 python3.12 python3.13 python3.14; do
        "$python" -c 'import ensurepip, sys, venv
sys.exit(sys.version_info < (3, 11))' 2>/dev/null && return
    done
    fail "Python 3.11 or later with venv and pip is needed, and was not found."
}

# Nothing is installed again until the checkout moves or its requirements change.
installed=$(pwd && cat pyproject.toml)
if [ "$(cat "$venv/installed" 2>/dev/null)" != "$installed" ]; then
    find_python
    echo "Setting up $venv; this takes a minute."
    "$python" -m venv "$venv" || fail "The virtual environment $venv could not be made."
    install() {
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
    }
    # uv takes a quarter of pip's time, but does not know what pip is told of package indexes.
    { install 'uv>=0.5,<1' && "$venv/bin/uv" pip install --quiet --python "$venv/bin/python" \
        --compile-bytecode --editable '.[test]'; } 2>/dev/null || install --editable '.[test]' ||
        fail "The project could not be installed into $venv: pip says why, above."
    printf '%s\n' "$installed" >"$venv/installed"
fi
PATH=$(cd "$venv/bin" && pwd):$PATH
export PATH
