"""Into a real PostgreSQL and a fake Snowflake, by messages and by files: what is in the table.

fakesnow turns Snowflake's SQL into DuckDB's. So this shows which statements its target sends and
that rows come out as they went in; lengths, rights, login and staging are Snowflake's own.
"""

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import pytest

from tap_mihu.tap import TapMihu
from tests.batches import batch_config
from tests.demo import ROOT
from tests.e2e.in_process import in_process
from tests.e2e.running import Run, full_table
from tests.postgres import ask, postgres
from tests.projects import yaml
from tests.sandbox import Sandbox, Workspace, contacts, faults
from tests.sandbox.data import TEXT_FIELDS, TIMESTAMP_FIELDS
from tests.sandbox.faults import Script
from tests.targets.contacts import as_row, by_uuid, varied_workspace
from tests.targets.databases import REQUIREMENTS, Postgres, Row, Snowflake, fake_snowflake

MINUTES = itertools.count(1_800_000_000_000, 60_000)
SMALL_PAGES: dict[str, Any] = {"page_size": 3, "max_retries": 0, "max_concurrent_requests": 1}
"""Some hundred contacts are read in many windows, and a failure ends the run."""


@dataclass(frozen=True)
class Warehouse:
    """A sandbox, the database that it is loaded into, and how."""

    sandbox: Sandbox
    database: Postgres | Snowflake
    batches: Mapping[str, Any] | None
    use_copy: bool

    def fill(self, source: Workspace) -> Workspace:
        workspace = self.sandbox.workspace
        workspace.active = source.active
        for contact in source.contacts():
            workspace.insert(contact)
        return workspace

    def run(
        self,
        *,
        full: bool = True,
        hard: bool = False,
        state: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> Run:
        """Read and load, as if each run began a minute after the one before."""
        settings |= {"emit_activate_version_messages": True, "lookback_seconds": 0}
        config = self.sandbox.config(batch_config=self.batches, **settings)
        with mock.patch.object(TapMihu, "initialized_at", next(MINUTES)):
            run = in_process(config, state=state, catalog=full_table() if full else None)
        assert not (run.records if self.batches else run.of_type("BATCH"))
        copy = {"use_copy": True} if self.use_copy else {}
        self.database.load(run.stdout, hard_delete=hard, **copy)
        return run

    def rows(self) -> dict[str, Row]:
        return by_uuid(self.database.rows())

    def living(self) -> dict[str, Row]:
        return by_uuid(row for row in self.database.rows() if not row["_sdc_deleted_at"])

    def expected(self) -> dict[str, Row]:
        """Give the rows that the workspace should have."""
        return by_uuid(map(as_row, self.sandbox.workspace.contacts()))


SCHEMAS = (f"mihu_{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def uri() -> Iterator[str]:
    with postgres() as uri:
        yield uri


@pytest.fixture
def postgresql(uri: str, monkeypatch: pytest.MonkeyPatch) -> Postgres:
    monkeypatch.setenv("PGTZ", "UTC")  # as the project's file does
    return Postgres(uri, next(SCHEMAS))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snowflake]:
    with fake_snowflake(tmp_path_factory.mktemp("snowflake")) as snowflake:
        loaders = yaml.load(ROOT / "meltano.yml")["plugins"]["loaders"]
        (loader,) = (loader for loader in loaders if loader["name"] == "target-snowflake")
        assert loader["pip_url"] in REQUIREMENTS.read_text("utf-8").splitlines()
        known = snowflake.answer()["properties"].keys()
        assert {setting["name"] for setting in loader["settings"]} <= known
        yield snowflake


@pytest.fixture
def snowflake(server: Snowflake) -> Snowflake:
    return replace(server, schema=next(SCHEMAS).upper())


@pytest.fixture
def warehouse(request: pytest.FixtureRequest, tmp_path: Path, way: str) -> Iterator[Warehouse]:
    """A way is a database, by messages where no file is named."""
    name, _, files = way.partition(", ")
    database = request.getfixturevalue(name)
    with Sandbox() as sandbox:
        batches = batch_config(tmp_path, size=50) if files else None
        yield Warehouse(sandbox, database, batches, use_copy=files == "copied")


def types(database: Postgres | Snowflake) -> dict[str, str]:
    """Give the types of the columns that are the tap's."""
    if isinstance(database, Postgres):
        query = "SELECT column_name, udt_name FROM information_schema.columns"
        columns = ask(database.uri, f"{query} WHERE table_schema = '{database.schema}'")
        found = {column["column_name"]: column["udt_name"] for column in columns}
    else:
        create = rf'CREATE TABLE "{database.schema}"."CONTACTS" \((.*?)\n\)'
        (text,) = re.findall(create, database.log(), re.DOTALL)
        found = dict(re.findall(r"^\s*(\w+) (\w+)", text, re.MULTILINE))
        del found["PRIMARY"]
    return {name: kind for name, kind in found.items() if not name.startswith("_sdc_")}


TYPES = {
    Postgres: ("text", "timestamp", "_jsonb", "jsonb"),
    Snowflake: ("VARCHAR", "TIMESTAMP_NTZ", "VARIANT", "VARIANT"),
}
"""Of texts, times, tags and custom fields."""


@pytest.mark.parametrize(
    "way",
    ["postgresql", "postgresql, inserted", "postgresql, copied", "snowflake", "snowflake, staged"],
)
def test_runs_one_after_the_other(warehouse: Warehouse, tmp_path: Path) -> None:
    """A first run, an incremental, full tables with deletes soft and hard: each in its turn."""
    workspace, database = warehouse.fill(varied_workspace(60)), warehouse.database
    gone = workspace.insert(
        {"name": "nul \x00", "surname": "\ud800 alone", "remarks": "a\tb\\N\\."}
    )
    before = datetime.now(UTC).replace(tzinfo=None)
    first = warehouse.run(full=False)
    after = datetime.now(UTC).replace(tzinfo=None)
    everyone = warehouse.expected()
    # No database stores these.
    everyone[gone] |= {"name": "nul \ufffd", "surname": "\ufffd alone"}
    assert warehouse.rows() == everyone
    assert all(before < row["_sdc_extracted_at"] < after for row in database.rows())
    (version,) = {row["_sdc_table_version"] for row in database.rows()}
    assert version

    # Incremental: what was edited or is new, with a custom field that is new; deletes do not show.
    until = f"{before - timedelta(days=1)}"
    edited, comes_back, silent, *_ = (
        contact["uuid"]
        for contact in workspace.contacts()
        if max(contact["created_at"], contact["updated_at"] or until) < until
    )
    returning = dict(workspace.get(comes_back))
    workspace.delete(gone)
    workspace.delete(comes_back)
    workspace.edit(silent, touch=False, tags=[{"id": 1, "name": "sessiz"}])
    workspace.active += ("plan",)
    workspace.edit(edited, name="Düzenlendi 🎉", plan="gold")
    new = workspace.insert({"plan": ""})
    second = warehouse.run(full=False, state=first.state)
    rows, expected = warehouse.rows(), warehouse.expected()
    assert rows.keys() == everyone.keys() | {new}
    assert [rows[uuid] for uuid in (edited, new)] == [expected[uuid] for uuid in (edited, new)]
    assert [rows[uuid] for uuid in (gone, silent)] == [everyone[uuid] for uuid in (gone, silent)]

    # Full table, soft: what is gone is marked with a time in UTC, all else is as it is.
    before = datetime.now(UTC).replace(tzinfo=None)
    warehouse.run(state=second.state)
    after = datetime.now(UTC).replace(tzinfo=None)
    assert warehouse.living() == warehouse.expected()
    marked = [row for row in database.rows() if row["_sdc_deleted_at"]]
    assert by_uuid(marked) == {uuid: everyone[uuid] for uuid in (gone, comes_back)}
    assert all(before <= row["_sdc_deleted_at"] <= after for row in marked)

    # Hard: what is gone is gone; a contact that comes back loses its mark.
    workspace.insert(returning)
    workspace.delete(silent)
    warehouse.run(hard=True)
    assert warehouse.rows() == warehouse.living() == warehouse.expected()

    text, time, tags, custom_fields = TYPES[type(database)]
    assert types(database) == {
        **dict.fromkeys(TEXT_FIELDS, text),
        **dict.fromkeys(TIMESTAMP_FIELDS, time),
        "tags": tags,
        "custom_fields": custom_fields,
    }
    if isinstance(database, Snowflake):
        assert [*tmp_path.glob("tap-mihu--*")] == [], "this target removes files that it loaded"


def half_way() -> Script:
    seen = itertools.count()
    fault = faults.status(500)
    return lambda _: fault if next(seen) >= 100 else None


@pytest.mark.parametrize("way", ["postgresql", "postgresql, copied", "snowflake"])
def test_nothing_vanishes_until_a_run_is_complete(warehouse: Warehouse) -> None:
    """With hard deletes on: refused, unproven, failed half-way; then resumed, and all is true."""
    sandbox = warehouse.sandbox
    workspace = warehouse.fill(Workspace(contacts(360)))
    warehouse.run(hard=True, **SMALL_PAGES)
    everyone = warehouse.rows()
    assert everyone == warehouse.expected()
    workspace.delete_some(Random(0), 25)
    workspace.edit_some(Random(1), 25)

    for script, status, told in (
        (faults.always(faults.status(401)), 1, "401"),
        (faults.always(faults.lying(total=361)), 0, "not proven"),
        (half_way(), 1, "500"),
    ):
        sandbox.faults = script
        run = warehouse.run(hard=True, **SMALL_PAGES)
        assert run.status == status
        assert told in run.log
        assert warehouse.rows().keys() == everyone.keys()

    # The next run goes on: fewer requests than pages, and yet the table is true.
    sandbox.faults = faults.never
    before = len(sandbox.requests)
    resumed = warehouse.run(hard=True, state=run.state, **SMALL_PAGES)
    assert "Resuming at creation date" in resumed.log
    assert len(sandbox.requests) - before < 335 / 3
    assert warehouse.rows() == warehouse.expected()


@pytest.mark.parametrize("way", ["postgresql"])
def test_an_incremental_run_amid_a_full_one_does_not_cost_rows(warehouse: Warehouse) -> None:
    """A nightly run fails, an hourly one updates rows it had loaded, the nightly one goes on."""
    sandbox = warehouse.sandbox
    warehouse.fill(Workspace(contacts(360)))
    sandbox.faults = half_way()
    failed = warehouse.run(**SMALL_PAGES)
    assert 0 < len(warehouse.rows()) < 360
    sandbox.faults = faults.never
    warehouse.run(full=False, **SMALL_PAGES)
    resumed = warehouse.run(hard=True, state=failed.state, **SMALL_PAGES)
    assert "Resuming at creation date" in resumed.log
    assert warehouse.rows() == warehouse.expected()


@pytest.mark.parametrize("way", ["postgresql"])
def test_flattening_in_the_loader_keeps_custom_fields(warehouse: Warehouse) -> None:
    warehouse.fill(varied_workspace(20))
    run = warehouse.run()
    assert isinstance(warehouse.database, Postgres)
    database = Postgres(warehouse.database.uri, "flat")
    database.load(run.stdout, flattening_enabled=True, flattening_max_depth=2)
    flat, rows = by_uuid(database.rows()), warehouse.rows()
    assert flat[min(flat)].keys() == rows[min(rows)].keys()
    assert {uuid: json.loads(row["custom_fields"]) for uuid, row in flat.items()} == {
        uuid: row["custom_fields"] for uuid, row in rows.items()
    }


@pytest.mark.large
@pytest.mark.parametrize("way", ["postgresql"])
def test_fifty_thousand_contacts(warehouse: Warehouse) -> None:
    warehouse.fill(Workspace(contacts(50_000, custom_fields=("plan",))))
    warehouse.run(full=False, page_size=500)
    assert warehouse.rows() == warehouse.expected()
