"""All streams, selected as the docs say, in a real PostgreSQL, and joined there."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import pytest

from tap_mihu.singer.schema import stream_schema
from tests.e2e.further import FURTHER, expected, keys_of, sent
from tests.postgres import postgres
from tests.projects import Project
from tests.readme import blocks
from tests.sandbox import Sandbox
from tests.targets.contacts import as_row, by_uuid, varied_workspace


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Load everything by one run; the caller's time zone does not matter."""
    (block,) = blocks("yaml", "Selecting streams")
    with postgres() as database, Sandbox(varied_workspace(110)) as sandbox:
        project = Project(tmp_path_factory.mktemp("project"), sandbox, database).put(block)
        done = project.meltano(
            *("el", "tap-mihu", "target-postgres", "--state-id=el"), PGTZ="Asia/Tokyo"
        )
        assert done.status == 0, done.log
        yield project


def further_row(stream: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """Say what the table holds of a record; its timestamps have no zone and mean UTC."""
    properties = stream_schema(stream)["properties"]
    return {
        name: datetime.fromisoformat(value).replace(tzinfo=None)
        if value and "format" in properties[name]
        else value
        for name, value in record.items()
    }


@pytest.mark.parametrize("stream", FURTHER)
def test_a_table_holds_what_the_workspace_does(loaded: Project, stream: str) -> None:
    found = loaded.rows(table=stream)
    records = expected(loaded.sandbox.workspace, stream)
    assert len(found) == len(records)
    for row in found:
        own = {name: value for name, value in row.items() if not name.startswith("_sdc_")}
        assert own == further_row(stream, records[keys_of(stream, row)])


def test_contacts_are_there_with_every_value(loaded: Project) -> None:
    contacts = loaded.sandbox.workspace.contacts()
    assert by_uuid(loaded.rows()) == by_uuid(map(as_row, contacts))


def test_contacts_pools_and_conversations_join(loaded: Project) -> None:
    (query,) = blocks("sql", "Joining them")
    rows = loaded.ask(query)
    workspace = loaded.sandbox.workspace
    talks = Counter(one["contact"]["uuid"] for one in sent(workspace, "conversations"))
    names = {pool["uuid"]: pool["name"] for pool in sent(workspace, "pools")}
    counts = defaultdict[tuple[str, str], list[int]](list)
    for entry in sent(workspace, "pool_contacts"):
        counts[names[entry["pool_uuid"]], entry["status"]].append(talks[entry["contact_uuid"]])
    assert {
        (row["pool"], row["status"]): (row["contacts"], row["with_talks"], row["talks"] or 0)
        for row in rows
    } == {key: (len(of), sum(map(bool, of)), sum(of)) for key, of in counts.items()}
    assert sum(row["with_talks"] for row in rows) > 10
    assert all((row["latest"] is not None) is (row["with_talks"] > 0) for row in rows)
