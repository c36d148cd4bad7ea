"""The section "Installation" of the README, each of its ways by itself."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.demo import ROOT
from tests.readme import blocks

WAYS = blocks("sh", "Installation")[0].splitlines()


def copied(folder: Path) -> Path:
    """Copy what a checkout needs to be installed."""
    for name in ("pyproject.toml", "README.md", "LICENSE", "tap_mihu", "schemas"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    return folder


def test_there_are_three_ways() -> None:
    assert [way.split()[0] for way in WAYS] == ["pipx", "uv", "pip"]


@pytest.mark.parametrize("way", WAYS)
def test_it_puts_the_command_on_the_path(tmp_path: Path, way: str) -> None:
    """What pip and pipx would download beside it is borrowed from the environment of the tests."""
    programs = tmp_path / "bin"
    (tmp_path / "checkout").mkdir()
    checkout = copied(tmp_path / "checkout")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    path = [programs, tmp_path / "venv" / "bin", Path(sys.executable).parent, os.environ["PATH"]]
    environment = os.environ | {
        "PATH": os.pathsep.join(map(str, path)),
        "PIP_NO_DEPS": "1",
        "PIP_QUIET": "1",
        "PIPX_HOME": str(tmp_path / "pipx"),
        "PIPX_BIN_DIR": str(programs),
        "UV_TOOL_DIR": str(tmp_path / "uv"),
        "UV_TOOL_BIN_DIR": str(programs),
    }
    subprocess.run(["sh", "-euc", way], cwd=checkout, env=environment, check=True)
    borrowed = "" if way.startswith("uv") else sysconfig.get_path("purelib")
    done = subprocess.run(
        ["sh", "-euc", "command -v tap-mihu; tap-mihu --version"],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": borrowed},
        stdout=subprocess.PIPE,
        check=True,
        encoding="utf-8",
    )
    found, version = done.stdout.splitlines()
    assert found.startswith(str(tmp_path))
    assert version.startswith("tap-mihu v")
