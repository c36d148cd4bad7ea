"""What the README shows is what there is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tap_mihu.settings import SETTINGS
from tests.demo import COMMAND, ROOT
from tests.e2e.running import environment
from tests.readme import README, blocks
from tests.sandbox import Sandbox, Workspace, contacts


def documented_settings() -> dict[str, str]:
    """Give the defaults that the table of settings shows."""
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", README, flags=re.MULTILINE)
    return {name: default.strip("` ") for name, default in rows}


def test_every_setting_is_documented_with_its_default() -> None:
    defaults = {name: setting.get("default") for name, setting in SETTINGS["properties"].items()}
    documented = documented_settings()
    assert documented.keys() == defaults.keys()
    for name in ("page_size", "max_concurrent_requests", "lookback_seconds", "request_timeout"):
        assert documented[name] == str(defaults[name])
    assert documented["max_retries"] == str(defaults["max_retries"])
    assert documented["emit_activate_version_messages"] == "false"
    assert defaults["emit_activate_version_messages"] is False


def test_every_filter_is_documented() -> None:
    (row,) = re.findall(r"^\| `filters` \|.*$", README, flags=re.MULTILINE)
    assert set(SETTINGS["properties"]["filters"]["properties"]) <= set(re.findall(r"`(\w+)`", row))


def test_the_two_commands_are_those_of_the_demonstration_and_of_ci() -> None:
    demo, tests = blocks("sh", "Two commands")
    assert demo == "sh tests/demo.sh\n"
    assert tests.strip() in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "tests.demo" in (ROOT / "tests" / "demo.sh").read_text(encoding="utf-8")


def test_a_workspace_of_ones_own_is_loaded_as_the_demonstration_does() -> None:
    *exports, command = blocks("sh", "Your workspace")[0].splitlines()
    assert tuple(command.split()) == COMMAND
    assert [line.split("=")[0] for line in exports] == [
        "export TAP_MIHU_SUBDOMAIN",
        "export TAP_MIHU_AUTH_TOKEN",
    ]


def test_the_command_without_meltano(tmp_path: Path) -> None:
    (exports, *_, command) = blocks("sh", "Your workspace")
    script = "\n".join([*exports.splitlines()[:2], command])
    with Sandbox(Workspace(contacts(20)), token="token-from-profile-developer") as sandbox:  # noqa: S106
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        env = {**environment(), "TAP_MIHU_API_URL": sandbox.url, "PATH": path}
        subprocess.run(["sh", "-euc", script], cwd=tmp_path, env=env, check=True, timeout=60)
    lines = (tmp_path / "contacts.singer").read_text(encoding="utf-8").splitlines()
    assert sum('"type":"RECORD"' in line for line in lines) == 20


@pytest.mark.parametrize(
    "path", re.findall(r"\]\(([\w./]+)\)|`((?:tap_mihu|tests|schemas)/[\w./]*)`", README)
)
def test_every_file_named_exists(path: tuple[str, str]) -> None:
    assert (ROOT / (path[0] or path[1])).exists()
