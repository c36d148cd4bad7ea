"""The section "Installation" of the README, each of its ways by itself."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.demo import ROOT
from tests.readme import README, blocks

PIPX, UV, PIP = blocks("sh", "Installation")[0].splitlines()
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "tap_mihu", "schemas")
GIT = """\
git init --quiet
git add .
git -c user.name=T -c user.email=t@example.test -c commit.gpgsign=no commit --quiet --message=All
uv tool install "git+file://$PWD"
"""
"""As Meltano does for a `pip_url`."""


def test_the_readme_names_four_ways() -> None:
    assert [way.split()[0] for way in (PIPX, UV, PIP)] == ["pipx", "uv", "pip"]
    assert "`pip_url` in `meltano.yml` to the path of the checkout (or to `git+` and" in README


@pytest.mark.parametrize("way", [PIPX, UV, PIP, GIT])
def test_the_command_is_on_the_path_and_finds_its_schema(tmp_path: Path, way: str) -> None:
    """What pip and pipx would download beside it is borrowed from the environment of the tests."""
    programs, checkout = tmp_path / "bin", tmp_path / "checkout"
    checkout.mkdir()
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, checkout / name)
    if way == PIP:
        subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    path = [programs, tmp_path / "venv" / "bin", Path(sys.executable).parent, os.environ["PATH"]]
    environment = os.environ | {
        "PATH": os.pathsep.join(map(str, path)),
        "PYTHONPATH": "",
        "PIP_NO_DEPS": "1",
        "PIP_QUIET": "1",
        "PIPX_HOME": str(tmp_path / "pipx"),
        "PIPX_BIN_DIR": str(programs),
        "UV_TOOL_DIR": str(tmp_path / "uv"),
        "UV_TOOL_BIN_DIR": str(programs),
    }
    subprocess.run(["sh", "-euc", way], cwd=checkout, env=environment, check=True)
    borrowed = "" if way in {UV, GIT} else sysconfig.get_path("purelib")
    done = subprocess.run(
        ["sh", "-euc", "command -v tap-mihu; tap-mihu --version; tap-mihu --discover"],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": borrowed},
        stdout=subprocess.PIPE,
        check=True,
        encoding="utf-8",
    )
    found, version, catalog = done.stdout.split("\n", 2)
    assert found.startswith(str(tmp_path))
    assert version.startswith("tap-mihu v")
    schema = json.loads((ROOT / "schemas" / "contacts.json").read_text("utf-8"))
    assert json.loads(catalog)["streams"][0]["schema"]["properties"] == schema["properties"]
