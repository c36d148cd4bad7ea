"""What the README and the pages beside it show is what there is."""

import json
import os
import re
import shutil
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
from tests.messages import causes_of_the_code, messages_of_the_code
from tests.readme import PAGES, README, all_blocks, blocks, headings
from tests.sandbox import Sandbox, Workspace, contacts

TOKEN = "12|token-from-profile-developer"  # noqa: S105 - as the pages show it
EXAMPLE = ROOT / ".env.example"
RUN = (ROOT / "tests" / "run.sh").read_text("utf-8")

RECIPES = "tests/recipes/test_recipes.py"
EXECUTED = {
    # Two are in test_hub.py: what a Meltano project runs.
    ("README.md", "Installation", "sh"): "tests/e2e/test_installation.py",
    # The demonstration's own command, and what it prints.
    ("README.md", "Try it", "sh"): "tests/e2e/test_readme.py",
    ("README.md", "Try it", "text"): "tests/e2e/test_demo.py",
    # One is the demonstration's command, one is here.
    ("README.md", "Your workspace", "sh"): "tests/e2e/test_readme.py",
    ("README.md", "Your workspace", "sql"): RECIPES,
    ("docs/recipes.md", "Everything every night, changes every hour", "yaml"): RECIPES,
    ("docs/recipes.md", "Deleted contacts", "yaml"): RECIPES,
    ("docs/recipes.md", "Large workspace into Snowflake or Postgres", "yaml"): RECIPES,
    ("docs/recipes.md", "True at every hour", "yaml"): RECIPES,
    ("docs/recipes.md", "Several workspaces", "yaml"): RECIPES,
    ("docs/recipes.md", "Personal data", "yaml"): RECIPES,
    ("docs/recipes.md", "All custom fields but some", "yaml"): RECIPES,
    ("docs/recipes.md", "Custom fields as columns", "yaml"): RECIPES,
    ("docs/recipes.md", "Contacts of one campaign, pool or tag", "yaml"): RECIPES,
    ("docs/recipes.md", "Backfill", "sh"): RECIPES,
    ("docs/recipes.md", "Changed settings and old rows", "sh"): RECIPES,
    ("docs/recipes.md", "Several runs at once", "yaml"): RECIPES,
    ("docs/recipes.md", "Where the state lives", "sh"): RECIPES,
    ("docs/recipes.md", "State without Meltano", "sh"): RECIPES,
    ("docs/recipes.md", '"Not proven that none is missing"', "sh"): RECIPES,
    ("docs/scale.md", "Beyond one machine", "sh"): "tests/recipes/test_beyond_one_machine.py",
    ("docs/state.md", "What is kept", "sh"): "tests/recipes/test_interrupted.py",
    ("docs/state.md", "Checking the table", "sql"): "tests/recipes/test_interrupted.py",
    ("docs/streams.md", "Selecting streams", "yaml"): "tests/recipes/test_streams.py",
    ("docs/streams.md", "Joining them", "sql"): "tests/recipes/test_streams.py",
    ("docs/speed.md", "Speed", "sh"): "tests/e2e/test_benchmarks.py",
}
"""The tests that execute the blocks of the pages."""

COUNTS = {("Installation", "sh"): 2, ("Your workspace", "sh"): 2}
"""How many blocks a heading has, where it has not one."""


def test_every_block_is_executed_by_a_test() -> None:
    shown = Counter((block.page, block.heading, block.language) for block in all_blocks())
    assert shown == {place: COUNTS.get(place[1:], 1) for place in EXECUTED}
    assert sum(page.count("```") for page in PAGES.values()) == 2 * shown.total()
    for (_, heading, _), test in EXECUTED.items():
        assert heading in (ROOT / test).read_text("utf-8")


# The README.


def test_the_readme_takes_two_minutes() -> None:
    assert len(README.splitlines()) <= 150


def test_the_readme_works_on_a_package_index() -> None:
    targets = links(README)
    assert targets
    assert [target for target in targets if not target.startswith("https://")] == []


def test_the_readme_names_every_page() -> None:
    assert [page for page in PAGES if f"`{page}`" not in README] == ["README.md"]


def documented_settings() -> dict[str, str]:
    """Return the defaults that the table of settings shows."""
    section = README.split("\n## Settings\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|(.*?)\|", section, flags=re.MULTILINE)
    return {name: default.strip("` ") for name, default in rows}


def test_every_setting_is_documented_with_its_default() -> None:
    defaults = {
        name: json.dumps(setting["default"]) if "default" in setting else ""
        for name, setting in SETTINGS["properties"].items()
    }
    computed = {"api_url": "https://{subdomain}.mihu.ai/api/v1", "user_agent": "tap-mihu/<version>"}
    assert documented_settings() == defaults | computed


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


def test_a_workspace_of_ones_own_is_loaded_as_the_demonstration_does() -> None:
    *exports, command = blocks("sh", "Your workspace")[0].splitlines()
    assert tuple(command.split()) == COMMAND
    assert [line.split("=")[0].removeprefix("export ") for line in exports] == [
        *dotenv_values(EXAMPLE)
    ]


@pytest.mark.parametrize("by_file", [False, True], ids=["exports", ".env"])
def test_the_command_without_meltano(tmp_path: Path, *, by_file: bool) -> None:
    shown, command = blocks("sh", "Your workspace")
    exports = [line for line in shown.splitlines() if line.startswith("export ")]
    if by_file:
        shutil.copy(EXAMPLE, tmp_path / ".env")
        exports = []
    with Sandbox(Workspace(contacts(20)), token=TOKEN) as sandbox:
        env = {**environment(), "TAP_MIHU_API_URL": sandbox.url, "PATH": on_the_path()}
        script = "\n".join([*exports, command])
        subprocess.run(["sh", "-euc", script], cwd=tmp_path, env=env, check=True, timeout=60)
    lines = (tmp_path / "contacts.singer").read_text(encoding="utf-8").splitlines()
    assert sum('"type":"RECORD"' in line for line in lines) == 20


def on_the_path() -> str:
    """Return a PATH with the programs that are installed beside the tests first."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


# The questions of a stranger, each answered on the README or one click away.

QUESTIONS = {
    "How do I install it?": ("README.md", "Installation"),
    "Where is my token?": ("README.md", "Your workspace"),
    "What does it load?": ("README.md", "The stream `contacts`"),
    "How do I drop phone numbers?": ("docs/recipes.md", "Personal data"),
    "Why is it slow?": ("docs/speed.md", "How long a read takes"),
    'What does "not proven" mean?': ("docs/replication.md", 'What "not proven" means'),
    "How does the proof work?": ("docs/replication.md", "How the proof works"),
    "How are deletions handled?": ("docs/recipes.md", "Deleted contacts"),
    "How do I run it every hour?": (
        "docs/recipes.md",
        "Everything every night, changes every hour",
    ),
    "Where does the state live?": ("docs/recipes.md", "Where the state lives"),
    "How do I get custom fields as columns?": ("docs/recipes.md", "Custom fields as columns"),
}


@pytest.mark.parametrize(("page", "heading"), QUESTIONS.values(), ids=QUESTIONS)
def test_a_question_has_its_place(page: str, heading: str) -> None:
    assert heading in headings(page)
    assert page == "README.md" or f"`{page}`, *{heading}*" in README


def test_every_place_that_the_readme_names_exists() -> None:
    named = re.findall(r"`([\w/]+\.md)`, \*([^*]+)\*", README)
    assert len(named) >= len(QUESTIONS) - 3
    for page, heading in named:
        assert heading in headings(page), heading


# The messages.


def messages_of_the_page() -> list[str]:
    """Return what the first column of the table of messages shows."""
    table = PAGES["docs/troubleshooting.md"].split("## Messages")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`.*?`[^|]*) \|", table, flags=re.MULTILINE)
    return [message for cell in cells for message in re.findall("`(.+?)`", cell)]


def test_the_table_of_causes_is_that_of_the_code() -> None:
    table = PAGES["docs/replication.md"].split("\n| Cause |")[1].split("\n\n")[0]
    causes = re.findall(r"^\| `(.+?)` \|", table, flags=re.MULTILINE)
    texts = messages_of_the_code()
    assert [cause for cause in causes if not any(cause in text for text in texts)] == []
    assert causes_of_the_code() <= {*causes}
    assert len(causes_of_the_code()) > 5


def test_every_message_of_the_table_is_one_of_the_code() -> None:
    shown, *rest = messages_of_the_page()
    assert shown == "command not found", "the only one of the shell"
    assert len(rest) > 30
    texts = messages_of_the_code()
    assert [message for message in rest if not any(message in text for text in texts)] == []


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


FILE = re.compile(
    r"`((?:tap_mihu|tests|schemas|docs)/[\w./-]*|[\w-]+\.(?:md|yml|toml)|\.[\w-]+\.(?:example|yaml))`"
)


@pytest.mark.parametrize(("page", "path"), [(p, f) for p in PAGES for f in FILE.findall(PAGES[p])])
def test_every_file_named_exists(page: str, path: str) -> None:
    assert (ROOT / path).exists(), page


# What a contributor looks for at the top.


def test_secrets_stay_out_of_git() -> None:
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert ".env" in ignored
    assert EXAMPLE.name not in ignored
    assert dotenv_values(EXAMPLE)["TAP_MIHU_AUTH_TOKEN"] == TOKEN


def test_the_hooks_are_the_checks_of_ci() -> None:
    checks = [line for line in RUN.split("\n\n")[1].splitlines() if not line.startswith("[")]
    config: dict[str, Any] = YAML(typ="safe").load(ROOT / ".pre-commit-config.yaml")
    (local,) = config["repos"]
    assert local["repo"] == "local"
    assert {hook["language"] for hook in local["hooks"]} == {"system"}
    for check, hook in zip(checks, local["hooks"], strict=True):
        command, _, files = check.partition(hook["entry"])
        assert command == ""
        assert bool(files) == hook.get("pass_filenames", True)
