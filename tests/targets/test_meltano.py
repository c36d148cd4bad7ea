"""The project's own meltano.yml, with Meltano itself, into files of JSON lines."""

import json
import re
from collections.abc import Iterator
from importlib.metadata import version
from importlib.resources import files
from random import Random
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.demo import ROOT
from tests.e2e.expected import as_record
from tests.e2e.further import FURTHER, expected, keys_of
from tests.projects import Project, yaml
from tests.sandbox import Sandbox
from tests.targets.contacts import by_uuid, varied_workspace

FILE = yaml.load(ROOT / "meltano.yml")
LOADERS = {loader["name"]: loader for loader in FILE["plugins"]["loaders"]}
FURTHER_EXTRACTORS = """
plugins:
  extractors:
  - name: tap-mihu--all
    inherit_from: tap-mihu
    select: ['*.*']
  - name: tap-mihu--full
    inherit_from: tap-mihu
    metadata:
      contacts: {replication-method: FULL_TABLE}
    select: [contacts.name, contacts.tags]
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Target-jsonl is installed by the first run."""
    with Sandbox(varied_workspace(60)) as sandbox:
        yield Project(tmp_path_factory.mktemp("project"), sandbox).put(FURTHER_EXTRACTORS)


def load(project: Project, *args: str, **settings: str) -> dict[str, list[dict[str, Any]]]:
    """Run a pipeline into target-jsonl, and give the rows it loaded by stream."""
    output = project.folder / "output"
    for path in output.glob("*.jsonl"):
        path.unlink()
    done = project.meltano(*args, **settings)
    assert done.status == 0, done.log
    return {
        path.stem: [json.loads(row) for row in path.read_text("utf-8").splitlines()]
        for path in output.glob("*.jsonl")
    }


def test_all_comes_then_what_changed_then_all_on_demand(project: Project) -> None:
    workspace = project.sandbox.workspace
    file = (project.folder / "meltano.yml").read_bytes()
    run = ("run", "tap-mihu--all", "target-jsonl")
    state = "--state-id=dev:tap-mihu--all-to-target-jsonl"
    settings = {"TAP_MIHU_LOOKBACK_SECONDS": "0"}

    def current() -> dict[str, dict[str, Any]]:
        return by_uuid(map(as_record, workspace.contacts()))

    loaded = load(project, *run)
    assert by_uuid(loaded.pop("contacts")) == current()
    assert loaded.keys() == {*FURTHER}
    for stream, rows in loaded.items():
        by_key = {keys_of(stream, row): row for row in rows}
        assert len(by_key) == len(rows)
        assert by_key == expected(workspace, stream)

    for command in ("el", "elt"):
        deleted, *edited = workspace.pick(Random(command), 6)
        workspace.delete(deleted)
        for uuid in edited:
            workspace.edit(uuid, name="Düzenlendi 🎉")
        changed = {*edited, workspace.insert()}
        loaded = load(project, command, "tap-mihu", "target-jsonl", state, **settings)
        assert loaded.keys() == {"contacts"}, "the others are not selected"
        sent = by_uuid(loaded["contacts"])
        assert sent == {uuid: current()[uuid] for uuid in sent}
        assert changed <= sent.keys()
        assert len(sent) < len(current()) / 3

    assert by_uuid(load(project, *run, "--full-refresh")["contacts"]) == current()
    full = by_uuid(load(project, "el", "tap-mihu--full", "target-jsonl", state)["contacts"])
    assert full.keys() == current().keys()
    keys_and_selected = {"uuid", "updated_at", "name", "tags"}
    assert {key for row in full.values() for key in row} == keys_and_selected
    assert (project.folder / "meltano.yml").read_bytes() == file


def test_the_job_takes_settings_of_every_kind_from_the_environment(project: Project) -> None:
    before = len(project.sandbox.requests)
    rows = load(
        project,
        *("run", "contacts", "--state-id-suffix=job"),
        TAP_MIHU_FILTERS_STATUS="Inactive",
        TAP_MIHU_FILTERS_DATE_FROM="2000-01-01",
        TAP_MIHU_PAGE_SIZE="50",
        TAP_MIHU_START_DATE="2000-01-01",
        TAP_MIHU_STREAM_MAPS='{"contacts": {"name": "__NULL__"}}',
        TAP_MIHU_EMIT_ACTIVATE_VERSION_MESSAGES="true",
    )["contacts"]
    contacts = project.sandbox.workspace.contacts()
    inactive = {contact["uuid"] for contact in contacts if contact["status"] == "Inactive"}
    assert by_uuid(rows).keys() == inactive
    assert all("name" not in row for row in rows)
    query = project.sandbox.requests[before].query
    asked = {name: query[name] for name in ("per_page", "status", "date_from")}
    assert asked == {"per_page": "50", "status": "Inactive", "date_from": "2000-01-01"}


def test_a_run_that_fails_says_why_at_its_level(project: Project) -> None:
    rejected = {"TAP_MIHU_AUTH_TOKEN": "rejected"}
    done = project.meltano("run", "tap-mihu", "target-jsonl", **rejected)
    assert done.status != 0
    (error,) = (line for line in done.log.splitlines() if "[error    ] tap-mihu " in line)
    assert "401" in error
    assert "Traceback" not in done.log


def test_config_test_asks_the_api(project: Project) -> None:
    before = len(project.sandbox.requests)
    done = project.meltano("config", "test", "tap-mihu")
    assert done.status == 0, done.log
    assert len(project.sandbox.requests) > before


def test_meltano_knows_every_key_of_the_file() -> None:
    schema = json.loads((files("meltano") / "schemas" / "meltano.schema.json").read_text("utf-8"))
    Draft202012Validator(schema).validate(FILE)


def test_loaders_need_no_hub_and_have_the_versions_of_the_page() -> None:
    page = (ROOT / "docs" / "targets.md").read_text("utf-8")
    rows = re.findall(r"^\| `(target-[\w-]+)` \| `([^`]+==[^`]+)` \|", page, re.MULTILINE)
    assert dict(rows) == {name: loader["pip_url"] for name, loader in LOADERS.items()}
    for name, loader in LOADERS.items():
        assert loader["namespace"] == name.replace("-", "_")
        assert loader["settings"]
    # The one that tests use.
    package = "meltanolabs-target-postgres"
    assert dict(rows)["target-postgres"] == f"{package}=={version(package)}"
