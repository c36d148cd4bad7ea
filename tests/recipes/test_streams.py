"""All streams, selected as the docs say, in a real PostgreSQL, and joined there."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from tap_mihu.singer.schema import stream_schema
from tests.e2e.further import FURTHER, expected, keys_of, sent
from tests.postgres import postgres
from tests.readme import blocks
from tests.recipes.warehouse import Warehouse, some, uuids
from tests.sandbox import Sandbox, Workspace

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """Load everything by one run."""
    (block,) = blocks("yaml", "Selecting streams")
    with postgres() as database, Sandbox(some(120)) as sandbox:
        project = Warehouse(tmp_path_factory.mktemp("project"), sandbox, database)
        project.put(block=block).run("tap-mihu", "target-postgres", PGTZ="UTC")
        yield project


def ask(warehouse: Warehouse, query: str) -> Rows:
    with psycopg.connect(warehouse.database, row_factory=dict_row) as connection:
        return connection.execute(query.encode()).fetchall()


def as_row(stream: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """Say what the table holds of a record; its timestamps have no zone and mean UTC."""
    properties = stream_schema(stream)["properties"]
    return {
        name: datetime.fromisoformat(value).replace(tzinfo=None)
        if value and "format" in properties[name]
        else value
        for name, value in record.items()
    }


@pytest.mark.parametrize("stream", FURTHER)
def test_a_table_holds_what_the_workspace_does(loaded: Warehouse, stream: str) -> None:
    rows = {
        keys_of(stream, row): {k: v for k, v in row.items() if not k.startswith("_sdc_")}
        for row in ask(loaded, f"select * from tap_mihu.{stream}")  # noqa: S608 - our own names
    }
    records = expected(loaded.sandbox.workspace, stream)
    assert rows == {key: as_row(stream, record) for key, record in records.items()}


def test_contacts_are_there_as_ever(loaded: Warehouse) -> None:
    found = ask(loaded, "select uuid from tap_mihu.contacts")
    assert {row["uuid"] for row in found} == uuids(loaded.sandbox.workspace)


def joined(workspace: Workspace) -> dict[tuple[str, str], tuple[int, int, int]]:
    """Count the contacts of each pool and status, those with conversations, and these."""
    talks = defaultdict[str, int](int)
    for conversation in sent(workspace, "conversations"):
        talks[conversation["contact"]["uuid"]] += 1
    names = {pool["uuid"]: pool["name"] for pool in sent(workspace, "pools")}
    counts = defaultdict[tuple[str, str], list[int]](list)
    for entry in sent(workspace, "pool_contacts"):
        counts[names[entry["pool_uuid"]], entry["status"]].append(talks[entry["contact_uuid"]])
    return {key: (len(of), sum(map(bool, of)), sum(of)) for key, of in counts.items()}


def test_contacts_pools_and_conversations_join(loaded: Warehouse) -> None:
    (query,) = blocks("sql", "Joining them")
    rows = ask(loaded, query)
    assert {
        (row["pool"], row["status"]): (row["contacts"], row["with_talks"], row["talks"] or 0)
        for row in rows
    } == joined(loaded.sandbox.workspace)
    assert sum(row["with_talks"] for row in rows) > 10
    assert all((row["latest"] is not None) is (row["with_talks"] > 0) for row in rows)
