"""The project's own meltano.yml, with Meltano itself, target-jsonl and no way to the Hub."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from random import Random
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from tests.demo import ROOT
from tests.e2e.further import FURTHER, expected, keys_of
from tests.projects import Project, project_folder
from tests.sandbox import Sandbox, Workspace, contacts

PLUGINS = YAML(typ="safe").load(ROOT / "meltano.yml")["plugins"]
(EXTRACTOR,) = PLUGINS["extractors"]

REJECTED = {"TAP_MIHU_AUTH_TOKEN": "rejected"}
FULL_TABLE = """
  - name: tap-mihu--full
    inherit_from: tap-mihu
    metadata:
      contacts: {replication-method: FULL_TABLE}
    select: [contacts.name, contacts.tags]
  - name: tap-mihu--all
    inherit_from: tap-mihu
    select: ['*.*']
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the project's file; the plugins are installed by the first run."""
    return project_folder(tmp_path_factory.mktemp("project"), extractors=FULL_TABLE)


@pytest.fixture
def project(folder: Path) -> Iterator[Project]:
    """Open a workspace whose newest contact is a day old."""
    yesterday = datetime.now(UTC) - timedelta(days=1)
    with Sandbox(Workspace(contacts(250, until=yesterday))) as sandbox:
        yield Project(folder, sandbox)


def uuids(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(row["uuid"] for row in rows)


def newest(workspace: Workspace) -> str:
    return str(max(workspace.contacts(), key=lambda contact: contact["updated_at"])["uuid"])


def test_run_sends_all_then_what_changed_then_all_on_demand(project: Project) -> None:
    workspace = project.sandbox.workspace
    before = (project.folder / "meltano.yml").read_bytes()
    settings = {"TAP_MIHU_LOOKBACK_SECONDS": "0"}
    run = ("run", "tap-mihu", "target-jsonl", "--state-id-suffix", "run")

    rows = project.load(*run, **settings)
    assert uuids(rows) == uuids(workspace.contacts())

    bookmark = newest(workspace)
    changed = {bookmark, *workspace.edit_some(Random(0), 5)}
    assert uuids(project.load(*run, **settings)) == sorted(changed)

    assert uuids(project.load(*run, "--full-refresh")) == uuids(workspace.contacts())
    assert (project.folder / "meltano.yml").read_bytes() == before


def test_elt_goes_on_where_el_stopped(project: Project) -> None:
    workspace = project.sandbox.workspace
    arguments = ("tap-mihu", "target-jsonl", "--state-id", "el")

    rows = project.load("el", *arguments)
    assert uuids(rows) == uuids(workspace.contacts())

    workspace.edit(bookmark := newest(workspace))
    assert uuids(project.load("elt", *arguments)) == [bookmark]


def test_metadata_and_select_reach_the_tap(project: Project) -> None:
    run = ("run", "tap-mihu--full", "target-jsonl")
    for _ in range(2):
        rows = project.load(*run)
        assert uuids(rows) == uuids(project.sandbox.workspace.contacts())
        assert {key for row in rows for key in row} == {
            *("uuid", "updated_at"),  # the keys are always there
            *("name", "tags"),
        }


def test_all_streams_arrive_where_they_are_selected(project: Project) -> None:
    output = project.folder / "output"
    for file in output.glob("*.jsonl"):
        file.unlink()
    assert len(project.load("run", "tap-mihu--all", "target-jsonl")) == 250
    for stream in FURTHER:
        lines = (output / f"{stream}.jsonl").read_text("utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        by_key = {keys_of(stream, row): row for row in rows}
        assert len(by_key) == len(rows)
        assert by_key == expected(project.sandbox.workspace, stream)


def test_the_job_takes_settings_of_every_kind_from_the_environment(project: Project) -> None:
    workspace = project.sandbox.workspace
    rows = project.load(
        "run",
        "contacts",
        "--state-id-suffix=job",
        TAP_MIHU_FILTERS='{"status": "Inactive"}',
        TAP_MIHU_PAGE_SIZE="50",
        TAP_MIHU_START_DATE="2000-01-01",
        TAP_MIHU_STREAM_MAPS='{"contacts": {"name": "__NULL__"}}',
        TAP_MIHU_EMIT_ACTIVATE_VERSION_MESSAGES="true",
    )
    inactive = [contact for contact in workspace.contacts() if contact["status"] == "Inactive"]
    assert uuids(rows) == uuids(inactive)
    assert all("name" not in row for row in rows)
    assert {request.query["per_page"] for request in project.sandbox.requests} <= {"50", "1000"}


def test_filters_can_be_set_one_by_one(project: Project) -> None:
    rows = project.load(
        "run",
        "tap-mihu",
        "target-jsonl",
        "--state-id-suffix=one-by-one",
        TAP_MIHU_FILTERS_STATUS="Inactive",
        TAP_MIHU_FILTERS_DATE_FROM="2000-01-01",
    )
    inactive = [c for c in project.sandbox.workspace.contacts() if c["status"] == "Inactive"]
    assert uuids(rows) == uuids(inactive)
    (request, *_) = project.sandbox.requests
    assert request.query["status"] == "Inactive"
    assert request.query["date_from"] == "2000-01-01"


def test_a_run_that_fails_says_why_at_its_level(project: Project) -> None:
    done = project.meltano("run", "tap-mihu", "target-jsonl", "--state-id-suffix=fails", **REJECTED)
    assert done.status != 0
    errors = [line for line in done.log.splitlines() if "[error    ] tap-mihu " in line]
    assert len(errors) == 1
    assert "401" in errors[0]
    assert "Traceback" not in done.log


def test_config_lists_and_prints_without_the_secret(project: Project) -> None:
    listed = project.meltano("config", "list", "tap-mihu", "--all").stdout
    assert all(setting["name"] in listed for setting in EXTRACTOR["settings"])

    printed = json.loads(project.meltano("config", "print", "tap-mihu").stdout)
    assert printed["api_url"] == project.sandbox.url
    assert printed["page_size"] == 100
    assert project.sandbox.token not in (listed, *printed.values())


@pytest.mark.parametrize(("settings", "valid"), [({}, True), (REJECTED, False)])
def test_config_test_asks_the_api(
    project: Project, settings: dict[str, str], *, valid: bool
) -> None:
    done = project.meltano("config", "test", "tap-mihu", **settings)
    assert (done.status == 0) is valid, done.log
    assert project.sandbox.requests


def test_meltano_knows_every_key_of_the_file() -> None:
    schema = json.loads((files("meltano") / "schemas" / "meltano.schema.json").read_text("utf-8"))
    Draft202012Validator(schema).validate(YAML(typ="safe").load(ROOT / "meltano.yml"))


@pytest.mark.parametrize("loader", PLUGINS["loaders"], ids=lambda loader: loader["name"])
def test_loaders_need_no_hub_and_have_a_fixed_version(loader: dict[str, Any]) -> None:
    assert loader["namespace"] == loader["name"].replace("-", "_")
    assert "==" in loader["pip_url"]
    assert loader["settings"]
