"""Into a real PostgreSQL, by Meltano, judged by what is in the table afterwards."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from tests.demo import environment
from tests.projects import Done, Project
from tests.sandbox import RequestInfo, Sandbox, Workspace, contacts, faults
from tests.sandbox.faults import Fault, Script
from tests.targets.contacts import as_row, by_uuid, varied_workspace

INCREMENTAL = "tap-mihu"
FULL = "tap-mihu--full"
HARD = {"TARGET_POSTGRES_HARD_DELETE": "true"}


@dataclass(frozen=True)
class Warehouse:
    """A sandbox, and the database schema that Meltano loads it into."""

    project: Project
    uri: str
    schema: str = "tap_mihu"

    @property
    def workspace(self) -> Workspace:
        return self.project.sandbox.workspace

    def load(self, extractor: str, *, loader: str = "target-postgres", **settings: str) -> Done:
        """Run a pipeline."""
        return self.meltano(
            "run", extractor, loader, f"--state-id-suffix={self.schema}", **settings
        )

    def meltano(self, *args: str, **settings: str) -> Done:
        return self.project.meltano(
            *args,
            TARGET_POSTGRES_SQLALCHEMY_URL=self.uri,
            TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA=self.schema,
            **settings,
        )

    def query(self, text: str) -> list[dict[str, Any]]:
        """Ask something of the table, named {contacts}."""
        table = sql.Identifier(self.schema, "contacts")
        with psycopg.connect(self.uri, row_factory=dict_row) as connection:
            # The text is ours.
            composed = sql.SQL(text).format(contacts=table)
            return connection.execute(composed).fetchall()

    def rows(self, where: str = "true") -> dict[str, dict[str, Any]]:
        """Give the rows, without the target's own columns."""
        return by_uuid(
            {name: value for name, value in row.items() if not name.startswith("_sdc_")}
            for row in self.query(f"SELECT * FROM {{contacts}} WHERE {where}")  # noqa: S608
        )

    def expected(self) -> dict[str, dict[str, Any]]:
        """Give the rows that the workspace should have."""
        return by_uuid(map(as_row, self.workspace.contacts()))


def succeeded(done: Done) -> None:
    assert done.status == 0, done.log
    assert not warnings(done), done.log


def warnings(done: Done) -> list[str]:
    return [line for line in done.log.splitlines() if "[warning  ] tap-mihu" in line]


@pytest.fixture
def empty(request: pytest.FixtureRequest, folder: Path, database: str) -> Iterator[Warehouse]:
    """Give a workspace without contacts, and a schema named like the test."""
    with Sandbox() as sandbox:
        yield Warehouse(Project(folder, sandbox), database, request.node.name[:63])


@pytest.fixture(scope="module")
def loaded(folder: Path, database: str) -> Iterator[Warehouse]:
    """Load a workspace with every kind of value for the first time."""
    with Sandbox(varied_workspace()) as sandbox:
        warehouse = Warehouse(Project(folder, sandbox), database)
        succeeded(warehouse.load(INCREMENTAL))
        yield warehouse


def test_every_row_is_a_contact_as_the_api_sends_it(loaded: Warehouse) -> None:
    assert loaded.rows() == loaded.expected()


def test_the_columns_have_the_types_of_the_fields(loaded: Warehouse) -> None:
    columns = loaded.query(
        "SELECT column_name, data_type, udt_name FROM information_schema.columns"
        " WHERE table_schema = 'tap_mihu' AND column_name NOT LIKE '\\_sdc\\_%'"
    )
    texts = {column["column_name"] for column in columns if column["data_type"] == "text"}
    others = {
        column["column_name"]: (column["data_type"], column["udt_name"])
        for column in columns
        if column["column_name"] not in texts
    }
    assert len(texts) == 12
    assert others == {
        "created_at": ("timestamp without time zone", "timestamp"),
        "updated_at": ("timestamp without time zone", "timestamp"),
        "tags": ("ARRAY", "_jsonb"),
        "custom_fields": ("jsonb", "jsonb"),
    }


def test_null_and_empty_text_stay_apart(loaded: Warehouse) -> None:
    (counts,) = loaded.query(
        "SELECT count(*) FILTER (WHERE name = '') AS empty_names,"
        " count(*) FILTER (WHERE email = '') AS empty_emails,"
        " count(*) FILTER (WHERE surname IS NULL) AS no_surname,"
        " count(*) FILTER (WHERE custom_fields ->> 'remarks' = '') AS empty_remarks"
        " FROM {contacts}"
    )
    sent = loaded.workspace.contacts()
    assert counts == {
        "empty_names": 1,
        "empty_emails": 1,
        "no_surname": sum(contact["surname"] is None for contact in sent),
        "empty_remarks": sum(contact["remarks"] == "" for contact in sent),
    }


def test_tags_of_both_styles_can_be_asked_for(loaded: Warehouse) -> None:
    found = loaded.query(
        "SELECT uuid, tag ->> 'uuid' AS new, (tag ->> 'id')::int AS old"
        " FROM {contacts}, unnest(tags) AS tag"
    )
    sent = [
        {"uuid": contact["uuid"], "new": tag.get("uuid"), "old": tag.get("id")}
        for contact in loaded.workspace.contacts()
        for tag in contact["tags"] or ()
    ]
    assert {bool(tag["new"]) for tag in sent} == {True, False}
    assert sorted(map(repr, found)) == sorted(map(repr, sent))


def test_times_are_utc_by_the_loaders_environment_alone(loaded: Warehouse) -> None:
    """The sessions' zone is Tokyo's: the loader without its environment is nine hours off."""
    shifted = replace(loaded, schema="shifted")
    succeeded(shifted.load(INCREMENTAL, loader="target-postgres--unset"))
    hours = shifted.rows()
    for uuid, row in loaded.rows().items():
        assert hours[uuid]["created_at"] - row["created_at"] == timedelta(hours=9)


def test_el_keeps_times_too(loaded: Warehouse) -> None:
    by_el = replace(loaded, schema="by_el")
    # Neither does a zone in the caller's environment matter.
    succeeded(
        by_el.meltano("el", INCREMENTAL, "target-postgres", "--state-id=el", PGTZ="Asia/Tokyo")
    )
    assert by_el.rows() == loaded.expected()


def test_flattening_in_the_loader_keeps_custom_fields(loaded: Warehouse) -> None:
    flat = replace(loaded, schema="flat")
    settings = {
        "SQLALCHEMY_URL": loaded.uri,
        "DEFAULT_TARGET_SCHEMA": flat.schema,
        "FLATTENING_ENABLED": "true",
        "FLATTENING_MAX_DEPTH": "2",
    }
    target = {f"TARGET_POSTGRES_{name}": value for name, value in settings.items()}
    command = "{0}/tap-mihu --config=ENV | {0}/target-postgres --config=ENV"
    subprocess.run(
        ["sh", "-euc", command.format(Path(sys.executable).parent)],
        cwd=loaded.project.folder,
        env=environment(loaded.project.sandbox, **target),
        stdout=subprocess.DEVNULL,
        check=True,
    )
    found = {uuid: json.loads(row["custom_fields"]) for uuid, row in flat.rows().items()}
    assert found == {uuid: row["custom_fields"] for uuid, row in loaded.rows().items()}
    assert flat.rows()[min(found)].keys() == loaded.rows()[min(found)].keys()


def test_what_no_database_stores_is_replaced(empty: Warehouse) -> None:
    empty.workspace.insert({"name": "nul \x00", "surname": "\ud800 alone"})
    succeeded(empty.load(INCREMENTAL))
    (row,) = empty.rows().values()
    assert (row["name"], row["surname"]) == ("nul \ufffd", "\ufffd alone")


def test_runs_one_after_the_other(empty: Warehouse) -> None:
    """A first run, an incremental, full tables with deletes soft and hard: each in its turn."""
    workspace = empty.workspace
    at = datetime.now(UTC) - timedelta(days=30)
    uuids = [
        workspace.insert(
            {"updated_at": f"{at - timedelta(hours=i):%FT%TZ}"}, created_at=at - timedelta(days=9)
        )
        for i in range(60)
    ]
    settings = {"TAP_MIHU_LOOKBACK_SECONDS": "0"}
    succeeded(empty.load(INCREMENTAL, **settings))
    assert empty.rows() == empty.expected()

    # Incremental: what was edited or is new, with a custom field that is new; deletes do not show.
    gone, comes_back, untouched, *_ = uuids
    lost = {uuid: empty.rows()[uuid] for uuid in (gone, comes_back)}
    returning = dict(workspace.get(comes_back))
    workspace.delete(gone)
    workspace.delete(comes_back)
    workspace.edit(uuids[3], name="Düzenlendi 🎉")
    workspace.edit(untouched, touch=False, tags=[{"id": 1, "name": "sessiz"}])
    stale = empty.rows()[untouched]
    workspace.active = ("plan",)
    workspace.edit(uuids[4], plan="gold")
    workspace.insert({"plan": ""})
    succeeded(empty.load(INCREMENTAL, **settings))
    rows, expected = empty.rows(), empty.expected()
    assert rows.keys() == expected.keys() | lost.keys()
    assert rows[uuids[3]] == expected[uuids[3]]
    assert rows[uuids[4]]["custom_fields"] == {"plan": "gold"}
    plans = empty.query("SELECT custom_fields ->> 'plan' AS plan FROM {contacts}")
    assert Counter(row["plan"] for row in plans if row["plan"] is not None)["gold"] == 1
    assert rows[untouched] == stale

    # Full table, soft: what is gone is marked with a time in UTC, all else is as it is.
    before = datetime.now(UTC).replace(tzinfo=None)
    succeeded(empty.load(FULL))
    after = datetime.now(UTC).replace(tzinfo=None)
    assert empty.rows("_sdc_deleted_at IS NULL") == empty.expected()
    assert empty.rows("_sdc_deleted_at IS NOT NULL") == lost
    times = empty.query("SELECT DISTINCT _sdc_deleted_at AS at FROM {contacts}")
    assert all(before <= row["at"] <= after for row in times if row["at"])

    # A contact that comes back loses its mark; then hard: what is gone is gone.
    workspace.insert(returning)
    succeeded(empty.load(FULL))
    assert empty.rows("_sdc_deleted_at IS NULL") == empty.expected()
    assert empty.rows("_sdc_deleted_at IS NOT NULL").keys() == {gone}
    workspace.delete(untouched)
    succeeded(empty.load(FULL, **HARD))
    assert empty.rows() == empty.expected()


SMALL_PAGES = {
    "TAP_MIHU_PAGE_SIZE": "5",
    "TAP_MIHU_MAX_RETRIES": "0",
    "TAP_MIHU_MAX_CONCURRENT_REQUESTS": "1",
}
"""Some hundred contacts are read in many windows, and a failure ends the run."""


def fill(workspace: Workspace, count: int = 600) -> None:
    for contact in contacts(count):
        workspace.insert(contact)


def from_request(number: int, fault: Fault) -> Script:
    def script(info: RequestInfo) -> Fault | None:
        return fault if info.number >= number else None

    return script


def test_nothing_vanishes_until_a_run_is_complete(empty: Warehouse) -> None:
    """With hard deletes on: refused, unproven, failed half-way; then resumed, and all is true."""
    workspace, sandbox = empty.workspace, empty.project.sandbox
    fill(workspace)
    settings = {**HARD, **SMALL_PAGES}
    succeeded(empty.load(FULL, **settings))
    everyone = empty.rows()
    assert everyone == empty.expected()
    workspace.delete_some(Random(0), 50)
    workspace.edit_some(Random(1), 50)

    refused = empty.load(FULL, **settings, TAP_MIHU_AUTH_TOKEN="rejected")  # noqa: S106
    assert refused.status != 0
    assert empty.rows() == everyone

    sandbox.faults = faults.always(faults.lying(total=10_000, last_page=1))
    unproven = empty.load(FULL, **settings)
    assert unproven.status == 0
    assert "not proven" in "".join(warnings(unproven))
    assert empty.rows().keys() == everyone.keys()

    sandbox.faults = from_request(len(sandbox.requests) + 100, faults.status(500))
    failed = empty.load(FULL, **settings)
    assert failed.status != 0
    assert empty.rows().keys() == everyone.keys()

    # The next run goes on: fewer requests than pages, and yet the table is true.
    sandbox.faults = faults.never
    before = len(sandbox.requests)
    resumed = empty.load(FULL, **settings)
    succeeded(resumed)
    assert "Resuming at creation date" in resumed.log
    assert len(sandbox.requests) - before < len(workspace.contacts()) / 5
    assert empty.rows() == empty.expected()


def test_an_incremental_run_amid_a_full_one_does_not_cost_rows(empty: Warehouse) -> None:
    """A nightly run fails, an hourly one updates rows it had loaded, the nightly one goes on."""
    sandbox, workspace = empty.project.sandbox, empty.workspace
    fill(workspace)
    settings = {**HARD, **SMALL_PAGES, "TAP_MIHU_EMIT_ACTIVATE_VERSION_MESSAGES": "true"}
    sandbox.faults = from_request(100, faults.status(500))
    assert empty.load(FULL, **settings).status != 0
    sandbox.faults = faults.never
    succeeded(empty.load(INCREMENTAL, **settings))
    resumed = empty.load(FULL, **settings)
    succeeded(resumed)
    assert "Resuming at creation date" in resumed.log
    assert empty.rows() == empty.expected()


def test_an_incremental_run_goes_on_after_a_failure(empty: Warehouse) -> None:
    sandbox = empty.project.sandbox
    fill(empty.workspace)
    sandbox.faults = from_request(100, faults.status(500))
    assert empty.load(INCREMENTAL, **SMALL_PAGES).status != 0
    assert 0 < len(empty.rows()) < 600
    sandbox.faults = faults.never
    resumed = empty.load(INCREMENTAL, **SMALL_PAGES)
    succeeded(resumed)
    assert "Resuming at creation date" in resumed.log
    assert empty.rows() == empty.expected()


@pytest.mark.large
def test_fifty_thousand_contacts(folder: Path, database: str) -> None:
    with Sandbox(Workspace(contacts(50_000, custom_fields=("plan",)))) as sandbox:
        warehouse = Warehouse(Project(folder, sandbox), database, "large")
        succeeded(warehouse.load(INCREMENTAL, TAP_MIHU_PAGE_SIZE="500"))
        rows = warehouse.rows()
        assert len(rows) == 50_000
        assert rows == warehouse.expected()
