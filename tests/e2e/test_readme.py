"""What the README and the pages beside it show is what there is."""

import ast
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values
from ruamel.yaml import YAML

from tap_mihu.settings import SETTINGS
from tests.demo import COMMAND, ROOT
from tests.e2e.running import environment
from tests.readme import PAGES, README, all_blocks, blocks, headings
from tests.sandbox import Sandbox, Workspace, contacts

EXAMPLE = ROOT / ".env.example"
EXECUTED = {
    # The second one under "Installation" is in test_hub.py: what a Meltano project runs.
    ("README.md", "Installation"): "tests/e2e/test_installation.py",
    # The demonstration's own command, and what it prints.
    ("README.md", "Try it"): "tests/e2e/test_demo.py",
    ("README.md", "Your workspace"): "tests/e2e/test_readme.py",
    ("docs/recipes.md", ""): "tests/recipes/test_recipes.py",
    ("docs/scale.md", ""): "tests/recipes/test_beyond_one_machine.py",
    ("docs/state.md", ""): "tests/recipes/test_interrupted.py",
    ("docs/streams.md", ""): "tests/recipes/test_streams.py",
    ("docs/speed.md", ""): "tests/e2e/test_benchmarks.py",
}
"""The tests that execute the blocks under a heading, or all of a page."""
SEVERAL = {"Installation": 2, "Try it": 2, "Your workspace": 3}
"""How many blocks a heading has, where it has not one."""


def test_every_block_is_executed_by_a_test() -> None:
    counts = Counter(block.heading for block in all_blocks())
    assert {heading: count for heading, count in counts.items() if count > 1} == SEVERAL
    assert sum(page.count("```") for page in PAGES.values()) == 2 * counts.total()
    for block in all_blocks():
        place = (block.page, block.heading if block.page == "README.md" else "")
        assert block.heading in (ROOT / EXECUTED[place]).read_text("utf-8")


# The README.


def test_the_readme_takes_two_minutes_works_on_a_package_index_and_names_every_page() -> None:
    assert len(README.splitlines()) <= 150
    targets = links(README)
    assert targets
    assert [target for target in targets if not target.startswith("https://")] == []
    assert [page for page in PAGES if f"`{page}`" not in README] == ["README.md"]


def test_every_place_that_the_readme_names_exists() -> None:
    named = re.findall(r"`([\w/]+\.md)`, \*([^*]+)\*", README)
    assert len(named) > 10
    assert [place for place in named if place[1] not in headings(place[0])] == []


def test_every_setting_is_documented_with_its_default() -> None:
    section = README.split("\n## Settings\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|(.*?)\|", section, flags=re.MULTILINE)
    computed = {"api_url": "https://{subdomain}.mihu.ai/api/v1", "user_agent": "tap-mihu/<version>"}
    defaults = {
        name: json.dumps(setting["default"]) if "default" in setting else ""
        for name, setting in SETTINGS["properties"].items()
    }
    assert {name: default.strip("` ") for name, default in rows} == defaults | computed


def test_every_filter_is_documented() -> None:
    (row,) = re.findall(r"^\| `filters` \|.*$", README, flags=re.MULTILINE)
    names = re.findall(r"`(\w+)`", row)
    assert names == ["filters", *SETTINGS["properties"]["filters"]["properties"]]


def test_the_command_to_try_is_the_demonstration() -> None:
    (demo,) = blocks("sh", "Try it")
    assert demo == "sh tests/demo.sh\n"
    assert "tests.demo" in (ROOT / "tests" / "demo.sh").read_text(encoding="utf-8")
    assert "`sh tests/run.sh`" in README
    assert "sh tests/run.sh" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_commands_for_a_workspace_of_ones_own(tmp_path: Path) -> None:
    shown, command = blocks("sh", "Your workspace")
    *exports, meltano = shown.splitlines()
    assert tuple(meltano.split()) == COMMAND, "what the demonstration runs"
    example = dotenv_values(EXAMPLE)
    assert [line.split("=")[0].removeprefix("export ") for line in exports] == [*example]
    token = str(example["TAP_MIHU_AUTH_TOKEN"])
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with Sandbox(Workspace(contacts(20)), token=token) as sandbox:
        env = {**environment(), "TAP_MIHU_API_URL": sandbox.url, "PATH": path}
        script = "\n".join([*exports, command])
        subprocess.run(["sh", "-euc", script], cwd=tmp_path, env=env, check=True, timeout=60)
    lines = (tmp_path / "contacts.singer").read_text(encoding="utf-8").splitlines()
    assert sum('"type":"RECORD"' in line for line in lines) == 20


# The messages.


def messages_of_the_code() -> list[str]:
    """Return all texts of the code, with `…` for what is filled in."""
    holes = re.compile(r"%[\d.]*[sdf]|\{\w+\}")
    paths = sorted((ROOT / "tap_mihu").rglob("*.py"))
    nodes = (node for path in paths for node in ast.walk(ast.parse(path.read_text("utf-8"))))
    return [holes.sub("…", _text(node)) for node in nodes]


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or "…" for part in node.values)
    return str(node.value) if isinstance(node, ast.Constant) else ""


def causes_of_the_code() -> set[str]:
    """Return the causes that have a name in the reading wing, among its texts."""
    assigned = (
        node.value
        for path in sorted((ROOT / "tap_mihu" / "reading").glob("*.py"))
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    )
    return {node.value for node in assigned if isinstance(node.value, str)}


def unknown(shown: list[str]) -> list[str]:
    """Return what is shown though the code has no such text."""
    texts = messages_of_the_code()
    return [message for message in shown if not any(message in text for text in texts)]


def test_the_table_of_causes_is_that_of_the_code() -> None:
    table = PAGES["docs/replication.md"].split("\n| Cause |")[1].split("\n\n")[0]
    causes = re.findall(r"^\| `(.+?)` \|", table, flags=re.MULTILINE)
    assert unknown(causes) == []
    assert causes_of_the_code() <= {*causes}
    assert len(causes_of_the_code()) > 5


def test_every_message_of_the_table_is_one_of_the_code() -> None:
    table = PAGES["docs/troubleshooting.md"].split("## Messages")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`.*?`[^|]*) \|", table, flags=re.MULTILINE)
    messages = [message for cell in cells for message in re.findall("`(.+?)`", cell)]
    assert len(messages) > 30
    assert unknown(messages) == ["command not found"], "the only one of the shell"


# All pages.


def links(text: str) -> list[str]:
    """Return what links and images lead to."""
    return re.findall(r"\]\(([^)]+)\)", text)


def anchor(heading: str) -> str:
    """Return a heading's anchor, as GitHub makes it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES)
def test_every_relative_link_resolves(page: str) -> None:
    for target in links(PAGES[page]):
        if target.startswith("https://"):
            continue
        path, _, section = target.partition("#")
        linked = (ROOT / page).parent.joinpath(path or Path(page).name).resolve()
        assert linked.is_file(), target
        if section:
            assert section in map(anchor, headings(linked.relative_to(ROOT).as_posix())), target


def test_every_file_named_exists() -> None:
    file = re.compile(
        r"`((?:tap_mihu|tests|schemas|docs)/[\w./-]*|[\w-]+\.(?:md|yml|toml)|\.[\w-]+\.(?:example|yaml))`"
    )
    named = {path for page in PAGES.values() for path in file.findall(page)}
    assert len(named) > 10
    assert [path for path in named if not (ROOT / path).exists()] == []


# What a contributor looks for at the top.


def test_secrets_stay_out_of_git() -> None:
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert ".env" in ignored
    assert EXAMPLE.name not in ignored


def test_the_hooks_are_the_checks_of_ci() -> None:
    run = (ROOT / "tests" / "run.sh").read_text("utf-8")
    checks = [line for line in run.split("\n\n")[1].splitlines() if not line.startswith("[")]
    config: dict[str, Any] = YAML(typ="safe").load(ROOT / ".pre-commit-config.yaml")
    (local,) = config["repos"]
    assert local["repo"] == "local"
    assert {hook["language"] for hook in local["hooks"]} == {"system"}
    for check, hook in zip(checks, local["hooks"], strict=True):
        command, _, files = check.partition(hook["entry"])
        assert command == ""
        assert bool(files) == hook.get("pass_filenames", True)
