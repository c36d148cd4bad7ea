"""`meltano run tap-mihu target-duckdb`, with the DuckDB that the project's file pins."""

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.demo import ROOT
from tests.projects import Project, project_folder
from tests.sandbox import Contact, Sandbox, Workspace, contacts
from tests.sandbox.data import STANDARD_FIELDS

pytestmark = pytest.mark.large

TABLE = "tap_mihu.contacts"
# Run by the target's own Python: no other DuckDB need read the file.
QUERY = """
import duckdb, json, sys
cursor = duckdb.connect("warehouse.duckdb", read_only=True).execute(sys.argv[1])
names = [column[0] for column in cursor.description]
for row in cursor.fetchall():
    print(json.dumps(dict(zip(names, row)), default=str))
"""


def query(project: Project, sql: str) -> list[dict[str, Any]]:
    """Give the rows."""
    python = project.folder / ".meltano" / "loaders" / "target-duckdb" / "venv" / "bin" / "python"
    done = subprocess.run(
        [python, "-c", QUERY, sql], cwd=project.folder, check=True, capture_output=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@dataclass(frozen=True)
class Loaded:
    """The workspace and the table after a run."""

    contacts: list[Contact]
    rows: list[dict[str, Any]]


@dataclass(frozen=True)
class Story:
    """A workspace that changes, and the table after each run."""

    project: Project
    first: Loaded
    second: Loaded


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Load in batches of 100, edit, add one, load again."""
    workspace = Workspace(contacts(250, custom_fields=("customer_number", "remarks")))
    rng = Random(0)
    (odd,) = workspace.pick(rng)
    workspace.edit(odd, touch=False, name="", surname=None, created_at="2025-05-01T10:00:00+03:00")
    with Sandbox(workspace) as sandbox:
        project = Project(project_folder(tmp_path_factory.mktemp("project")), sandbox)

        def load() -> Loaded:
            done = project.meltano(
                "run",
                "tap-mihu",
                "target-duckdb",
                TARGET_DUCKDB_BATCH_SIZE_ROWS="100",
                TZ="Asia/Tokyo",
            )
            assert done.status == 0, done.log
            return Loaded(workspace.contacts(), query(project, f"FROM {TABLE}"))

        first = load()
        workspace.edit_some(rng, 5)
        workspace.insert()
        yield Story(project, first, load())


def wanted(contact: Contact) -> dict[str, Any]:
    """Say what a contact's row is to be."""
    # The target loads by way of CSV, where empty text is null.
    row = {name: contact[name] or None for name in STANDARD_FIELDS}
    for name in ("created_at", "updated_at"):
        row[name] = str(datetime.fromisoformat(contact[name]).astimezone(UTC).replace(tzinfo=None))
    further = {name: value for name, value in contact.items() if name not in STANDARD_FIELDS}
    return row | {"tags": contact["tags"] or [], "custom_fields": further}


def got(row: dict[str, Any]) -> dict[str, Any]:
    """Give a row without the target's own columns, its JSON parsed."""
    mine = {name: row[name] for name in STANDARD_FIELDS}
    return mine | {name: json.loads(row[name]) for name in ("tags", "custom_fields")}


def by_uuid(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: str(row["uuid"]))


@pytest.mark.parametrize("run", ["first", "second"])
def test_every_contact_is_there_once_with_equal_values(story: Story, run: str) -> None:
    loaded: Loaded = getattr(story, run)
    assert by_uuid([got(row) for row in loaded.rows]) == by_uuid(
        [wanted(contact) for contact in loaded.contacts]
    )


def test_the_second_run_sent_only_what_changed(story: Story) -> None:
    before = {row["uuid"]: row["_sdc_batched_at"] for row in story.first.rows}
    kept = [row for row in story.second.rows if before.get(row["uuid"]) == row["_sdc_batched_at"]]
    assert len(story.second.rows) - len(kept) < 20


def test_columns_have_the_types_that_queries_expect(story: Story) -> None:
    described = query(story.project, f"DESCRIBE {TABLE}")
    types = {column["column_name"]: column["column_type"] for column in described}
    assert {name: types[name] for name in (*STANDARD_FIELDS, "custom_fields")} == {
        **dict.fromkeys(STANDARD_FIELDS, "VARCHAR"),
        "created_at": "TIMESTAMP",
        "updated_at": "TIMESTAMP",
        "tags": "JSON",
        "custom_fields": "JSON",
    }


def test_tags_and_custom_fields_are_queried_as_json(story: Story) -> None:
    tagged = "list_contains(json_extract_string(tags, '$[*].name'), 'vip')"
    custom = "(custom_fields->>'remarks') = 'blue'"
    (counted,) = query(story.project, f"SELECT count(*) n FROM {TABLE} WHERE {tagged} AND {custom}")  # noqa: S608
    assert counted["n"] == sum(
        any(tag["name"] == "vip" for tag in contact["tags"] or []) and contact["remarks"] == "blue"
        for contact in story.second.contacts
    )
    assert counted["n"]


def test_meltano_sets_what_the_target_knows(story: Story) -> None:
    """The target lists its settings nowhere, but reads them all alike."""
    packages = story.project.folder / ".meltano" / "loaders" / "target-duckdb" / "venv" / "lib"
    (folder,) = packages.glob("python*/site-packages/target_duckdb")
    sources = "".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    known = re.findall(r'config\.get\(\s*"(\w+)"', sources)
    loaders = YAML(typ="safe").load(ROOT / "meltano.yml")["plugins"]["loaders"]
    (loader,) = (loader for loader in loaders if loader["name"] == "target-duckdb")
    assert {setting["name"] for setting in loader["settings"]} <= set(known)
