"""Batches into a real PostgreSQL: the table is what RECORD messages would have made of it."""

import io
import itertools
import warnings
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import psycopg
import pytest
from psycopg.rows import dict_row
from target_postgres.target import TargetPostgres  # type: ignore[import-untyped]

from tap_mihu.tap import TapMihu
from tests.batches import batch_config
from tests.e2e.in_process import in_process, signals_kept
from tests.e2e.running import Run, full_table
from tests.sandbox import Sandbox, Workspace, contacts, faults
from tests.targets.contacts import as_row, by_uuid, varied_workspace

Rows = dict[str, dict[str, Any]]
MINUTES = itertools.count(1_800_000_000_000, 60_000)
SMALL_PAGES = {"page_size": 5, "max_retries": 0, "max_concurrent_requests": 1}


@dataclass(frozen=True)
class Target:
    """A schema of the database, and how it is loaded."""

    uri: str
    schema: str
    use_copy: bool

    def load(self, run: Run, *, hard_delete: bool = False) -> None:
        """Load what a run of the tap announced."""
        config = {
            "sqlalchemy_url": self.uri.replace("postgresql:", "postgresql+psycopg:"),
            "default_target_schema": self.schema,
            "use_copy": self.use_copy,
            "hard_delete": hard_delete,
        }
        with signals_kept(), warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")  # They are the target's.
            TargetPostgres(config=config).listen(io.StringIO(run.stdout.decode()))

    def rows(self) -> Rows:
        """The table, with the target's own columns."""
        with psycopg.connect(self.uri, row_factory=dict_row) as connection:
            query = f'SELECT * FROM "{self.schema}".contacts'  # noqa: S608 - our own name
            return by_uuid(connection.execute(query.encode()).fetchall())


def read(
    sandbox: Sandbox,
    folder: Path,
    state: Mapping[str, Any] | None = None,
    *,
    incremental: bool = False,
    small_pages: bool = False,
) -> Run:
    """Run the tap into files, as if each run began a minute after the one before."""
    config = sandbox.config(
        batch_config=batch_config(folder, size=50),
        emit_activate_version_messages=True,
        lookback_seconds=0,
        **(SMALL_PAGES if small_pages else {}),
    )
    with mock.patch.object(TapMihu, "initialized_at", next(MINUTES)):
        run = in_process(config, state=state, catalog=None if incremental else full_table())
    assert not run.records
    assert run.of_type("BATCH")
    return run


def own(rows: Rows) -> Rows:
    """The rows without the target's own columns."""
    return {
        uuid: {name: value for name, value in row.items() if not name.startswith("_sdc_")}
        for uuid, row in rows.items()
    }


def expected(workspace: Workspace) -> Rows:
    return by_uuid(map(as_row, workspace.contacts()))


def living(rows: Rows) -> Rows:
    return {uuid: row for uuid, row in rows.items() if row["_sdc_deleted_at"] is None}


@pytest.mark.parametrize("use_copy", [False, True], ids=["insert", "copy"])
def test_loads_one_after_the_other(database: str, tmp_path: Path, *, use_copy: bool) -> None:
    """A first load, an increment, full tables with deletes soft and hard: each in its turn."""
    target = Target(database, f"copy {use_copy}", use_copy)
    workspace = varied_workspace(120)
    workspace.insert({"name": "nul \x00", "surname": "\ud800 alone", "remarks": "a\tb\\N\\."})
    started = datetime.now(UTC).replace(tzinfo=None)
    with Sandbox(workspace) as sandbox:
        first = read(sandbox, tmp_path)
        target.load(first)
        (hostile,) = [row for row in own(target.rows()).values() if row["name"] == "nul \ufffd"]
        assert hostile["surname"] == "\ufffd alone"
        hostile_uuid = hostile["uuid"]
        rest = {uuid: row for uuid, row in expected(workspace).items() if uuid != hostile_uuid}
        assert {u: r for u, r in own(target.rows()).items() if u != hostile_uuid} == rest
        (version,) = {row["_sdc_table_version"] for row in target.rows().values()}
        assert version == first.of_type("ACTIVATE_VERSION")[0]["version"]
        now = datetime.now(UTC).replace(tzinfo=None)
        assert all(started < row["_sdc_extracted_at"] < now for row in target.rows().values())
        workspace.delete(hostile_uuid)

        edited, gone, *_ = sorted(rest)
        workspace.edit(edited, name="Düzenlendi 🎉", plan="gold")
        workspace.insert({"plan": ""})
        increment = read(sandbox, tmp_path, first.state, incremental=True)
        assert len(increment.of_type("BATCH")) == 1
        target.load(increment)
        assert living(target.rows()).keys() == {*expected(workspace), hostile_uuid}
        assert own(target.rows())[edited] == expected(workspace)[edited]

        workspace.delete(gone)
        target.load(read(sandbox, tmp_path))
        assert own(living(target.rows())) == expected(workspace)
        assert target.rows().keys() - living(target.rows()).keys() == {gone, hostile_uuid}

        target.load(read(sandbox, tmp_path), hard_delete=True)
        assert own(target.rows()) == expected(workspace)


def test_nothing_vanishes_until_a_run_is_complete(database: str, tmp_path: Path) -> None:
    """With hard deletes on: a run that fails half-way, one that is unproven, one that resumes."""
    target = Target(database, "interrupted", use_copy=True)
    workspace = Workspace(contacts(600))
    with Sandbox(workspace) as sandbox:
        first = read(sandbox, tmp_path, small_pages=True)
        target.load(first, hard_delete=True)
        everyone = target.rows().keys()
        workspace.delete_some(Random(0), 50)

        fault = faults.status(500)
        enough = len(sandbox.requests) + 100
        sandbox.faults = lambda info: fault if info.number > enough else None
        failed = read(sandbox, tmp_path, small_pages=True)
        assert failed.status == 1
        target.load(failed, hard_delete=True)
        assert target.rows().keys() == everyone

        sandbox.faults = faults.always(faults.lying(total=10_000, last_page=1))
        unproven = read(sandbox, tmp_path, small_pages=True)
        assert "not proven" in "".join(unproven.warnings)
        target.load(unproven, hard_delete=True)
        assert target.rows().keys() == everyone

        sandbox.faults = faults.never
        before = len(sandbox.requests)
        resumed = read(sandbox, tmp_path, failed.state, small_pages=True)
        assert "Resuming at creation date" in resumed.log
        assert len(sandbox.requests) - before < 120
        target.load(resumed, hard_delete=True)
        assert own(target.rows()) == expected(workspace)
