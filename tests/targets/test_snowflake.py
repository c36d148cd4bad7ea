"""target-snowflake makes of the tap's messages what it should, on a fake Snowflake.

fakesnow turns Snowflake's SQL into DuckDB's. So this shows which statements the target sends and
that rows come out as they went in; lengths, rights, login and staging are Snowflake's own. The
first loads come in RECORD messages, the later ones in batch files.
"""

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.batches import announced, batch_config
from tests.demo import ROOT
from tests.e2e.running import Run, environment, full_table, run_tap
from tests.environments import own_environment
from tests.sandbox import Contact, Sandbox, Workspace, contacts, faults
from tests.sandbox.data import STANDARD_FIELDS

REQUIREMENTS = Path(__file__).with_name("snowflake-requirements.txt")
CONFIG = {
    "account": "acme",
    "user": "loader",
    "password": "secret",
    "database": "WAREHOUSE",
    "default_target_schema": "mihu",
}
Rows = dict[str, dict[str, Any]]
"""Rows by their uuid."""


@pytest.fixture(scope="module")
def python() -> Path:
    """Make the target's own environment, unless it is there."""
    return own_environment("snowflake", REQUIREMENTS)


@dataclass(frozen=True)
class Warehouse:
    """A fake Snowflake in a folder."""

    python: Path
    folder: Path

    def load(self, run: Run, **settings: bool) -> str:
        """Give the target what the tap wrote; return its log, which has all statements."""
        config = self.folder / "config.json"
        config.write_text(json.dumps(CONFIG | settings), encoding="utf-8")
        return self._run("--config", config, messages=run.stdout).stderr.decode("utf-8")

    def rows(self) -> Rows:
        """Give the table, with its VARIANT columns parsed."""
        lines = self._run("--query", "SELECT * FROM MIHU.CONTACTS").stdout.splitlines()
        rows = [{name.lower(): value for name, value in json.loads(line).items()} for line in lines]
        by_uuid = {row["uuid"]: row for row in rows}
        assert len(by_uuid) == len(rows)
        for row in rows:
            row |= {name: json.loads(row[name]) for name in ("tags", "custom_fields")}
        return by_uuid

    def _run(self, *args: str | Path, messages: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        done = subprocess.run(
            [self.python, "-m", "tests.targets.on_fakesnow", self.folder, *args],
            cwd=ROOT,
            env=environment(
                {
                    "FAKESNOW_DEBUG": "snowflake",  # logs all statements
                    "TMPDIR": str(self.folder),  # fakesnow leaves files
                    "TZ": "Asia/Tokyo",  # must not matter
                }
            ),
            input=messages,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode("utf-8")
        return done


@dataclass
class Story:
    """A workspace that changes, and the table after each load."""

    log: str
    first: tuple[list[Contact], Rows]
    upserted: tuple[list[Contact], Rows]
    sent: set[str]
    marked: tuple[list[Contact], Rows]
    failed: tuple[list[Contact], Rows]
    deleted: tuple[list[Contact], Rows]
    last_loaded_incrementally: str
    files: list[Path]
    """The batch files of all loads."""
    files_left: list[Path]


@pytest.fixture(scope="module")
def story(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Story:
    warehouse = Warehouse(python, tmp_path_factory.mktemp("snowflake"))
    workspace = Workspace(contacts(250, custom_fields=("customer_number", "remarks")))
    rng = Random(0)
    odd, *_ = workspace.pick(rng)
    workspace.edit(odd, touch=False, name="", surname=None, created_at="2025-05-01T10:00:00+03:00")
    config: dict[str, Any] = {"emit_activate_version_messages": True}
    folder = tmp_path_factory.mktemp("batches")
    in_files = config | {"batch_config": batch_config(folder, size=100)}
    plain_files = config | {"batch_config": batch_config(folder, compression="none")}

    def seen() -> tuple[list[Contact], Rows]:
        return workspace.contacts(), warehouse.rows()

    with Sandbox(workspace) as sandbox:
        first_run = run_tap(sandbox.config())
        log = warehouse.load(first_run)
        first = seen()

        workspace.edit_some(rng, 5)
        workspace.insert()
        second_run = run_tap(sandbox.config(), state=first_run.state)
        warehouse.load(second_run)
        upserted = seen()

        warehouse.load(run_tap(sandbox.config(**config), catalog=full_table()))
        workspace.delete_some(rng, 3)
        marking_run = run_tap(sandbox.config(**in_files), catalog=full_table())
        warehouse.load(marking_run)
        marked = seen()

        workspace.delete_some(rng, 2)
        sandbox.faults = faults.always(faults.status(401))
        broken = run_tap(sandbox.config(**config), catalog=full_table())
        assert broken.status == 1
        sandbox.faults = faults.never
        warehouse.load(broken, hard_delete=True)
        failed = seen()

        (last_loaded_incrementally,) = workspace.pick(rng)
        workspace.edit(last_loaded_incrementally)
        third_run = run_tap(sandbox.config(**plain_files), state=second_run.state)
        warehouse.load(third_run)
        workspace.delete(last_loaded_incrementally)
        last_run = run_tap(sandbox.config(**in_files), catalog=full_table())
        warehouse.load(last_run, hard_delete=True)
        return Story(
            log,
            first,
            upserted,
            set(second_run.uuids),
            marked,
            failed,
            seen(),
            last_loaded_incrementally,
            [path for run in (marking_run, third_run, last_run) for path in announced(run)],
            [*folder.iterdir()],
        )


def loaded(contact: Contact) -> dict[str, Any]:
    """Say what a contact's row is to be."""
    row = {name: contact[name] for name in STANDARD_FIELDS}
    for name in ("created_at", "updated_at"):
        at = datetime.fromisoformat(row[name]).astimezone(UTC)
        row[name] = str(at.replace(tzinfo=None))
    further = {name: value for name, value in contact.items() if name not in STANDARD_FIELDS}
    return row | {"tags": contact["tags"] or [], "custom_fields": further}


def differences(contacts: list[Contact], rows: Rows) -> dict[str, Any]:
    """Give the contacts that have no row, or another one than they should."""
    wanted = {contact["uuid"]: loaded(contact) for contact in contacts}
    return {
        uuid: (row, rows.get(uuid))
        for uuid, row in wanted.items()
        if uuid not in rows or row != {name: rows[uuid][name] for name in row}
    }


def retired(contacts: list[Contact], rows: Rows) -> Rows:
    """Give the rows of contacts that are gone."""
    return {uuid: rows[uuid] for uuid in rows.keys() - {contact["uuid"] for contact in contacts}}


def test_the_first_load_has_every_contact_once_with_equal_values(story: Story) -> None:
    contacts, rows = story.first
    assert len(rows) == len(contacts) == 250
    assert differences(contacts, rows) == {}
    assert {row["name"] for row in rows.values()} >= {"", None, "Iğdır", "Zoë 🎉"}  # noqa: RUF001


def test_an_incremental_load_replaces_and_adds(story: Story) -> None:
    contacts, rows = story.upserted
    assert len(story.sent) < 20
    assert len(rows) == len(contacts) == 251
    assert differences(contacts, rows) == {}


def test_a_full_table_load_marks_what_is_gone(story: Story) -> None:
    contacts, rows = story.marked
    gone = retired(contacts, rows)
    assert differences(contacts, rows) == {}
    assert len(gone) == 3
    assert {uuid for uuid, row in rows.items() if row["_sdc_deleted_at"]} == gone.keys()


def test_a_full_table_load_that_failed_retires_nothing(story: Story) -> None:
    assert story.failed[1].keys() == story.marked[1].keys()


def test_a_full_table_load_with_hard_delete_removes_what_is_gone(story: Story) -> None:
    contacts, rows = story.deleted
    assert retired(contacts, rows) == {}
    assert differences(contacts, rows) == {}


def test_a_contact_last_loaded_incrementally_is_retired_too(story: Story) -> None:
    """The target retires lower versions only, so an incremental record needs one."""
    _, rows = story.deleted
    assert story.last_loaded_incrementally not in rows


def test_the_later_loads_came_in_files_which_the_target_removed(story: Story) -> None:
    assert len(story.files) == 3 + 1 + 3
    assert story.files_left == []


def test_the_table_is_made_of_types_that_hold_anything(story: Story) -> None:
    (columns,) = re.findall(r'CREATE TABLE "MIHU"."CONTACTS" \(\n(.*?)\n\)', story.log, re.DOTALL)
    assert [line.strip(",\t ") for line in columns.splitlines()] == [
        "uuid VARCHAR NOT NULL",
        *(f"{name} VARCHAR" for name in STANDARD_FIELDS[1:12]),
        "created_at TIMESTAMP_NTZ",
        "updated_at TIMESTAMP_NTZ",
        "tags VARIANT",
        "custom_fields VARIANT",
        *(f"_sdc_{name}_at TIMESTAMP_NTZ" for name in ("extracted", "received", "batched")),
        "_sdc_deleted_at TIMESTAMP_NTZ",
        *(f"_sdc_{name} DECIMAL" for name in ("sequence", "table_version", "sync_started_at")),
        "PRIMARY KEY (uuid)",
    ]


def test_meltano_sets_what_the_target_knows(python: Path) -> None:
    about = subprocess.run(
        [python.with_name("target-snowflake"), "--about", "--format=json"],
        env=environment(),
        check=True,
        capture_output=True,
    )
    known: Mapping[str, Any] = json.loads(about.stdout)["settings"]["properties"]
    loaders = YAML(typ="safe").load(ROOT / "meltano.yml")["plugins"]["loaders"]
    (loader,) = (loader for loader in loaders if loader["name"] == "target-snowflake")
    assert {setting["name"] for setting in loader["settings"]} <= known.keys()
    assert loader["pip_url"] in REQUIREMENTS.read_text("utf-8").splitlines()
