"""`--limit`: the first records, and nothing that a target or Meltano would keep."""

from typing import Any

import pytest

from tests.e2e.forks import run_forked
from tests.e2e.in_process import in_process
from tests.e2e.log import the_error
from tests.e2e.running import full_table
from tests.sandbox import Sandbox, Workspace, contacts


@pytest.mark.parametrize(("limit", "per_page"), [(3, ["3"]), (25, ["10"] * 3)])
def test_it_prints_so_many_records_of_as_few_pages_as_can_be(
    limit: int, per_page: list[str]
) -> None:
    """Also of a full table whose rows would be deleted, and from a state that is up to date."""
    with Sandbox(Workspace(contacts(40))) as sandbox:
        config = sandbox.config(page_size=10, emit_activate_version_messages=True)
        whole = in_process(config, catalog=full_table())
        before = len(sandbox.requests)
        run = run_forked(config, "--limit", str(limit), state=whole.state, catalog=full_table())
        asked = sandbox.requests[before:]
    assert run.status == 0, run.log
    assert [message["type"] for message in run.messages] == ["SCHEMA", *["RECORD"] * limit]
    # In the order of the listing, while a run sends the oldest first.
    assert run.uuids == [contact["uuid"] for contact in sandbox.workspace.contacts()[:limit]]
    sent = {record["uuid"]: record for record in whole.records}
    assert run.records == [sent[uuid] for uuid in run.uuids]
    # As in any run: without a version, a target would take the rows for deleted ones.
    assert all(message["version"] for message in run.of_type("RECORD"))
    assert [request.query["per_page"] for request in asked] == per_page
    done = f"only the first {limit} were read (--limit): no state is written and no row is deleted"
    (line,) = [line for line in run.log.splitlines() if done in line]
    assert " INFO  " in line
    assert run.warnings == []


def test_selection_maps_and_columns_apply() -> None:
    maps: dict[str, Any] = {
        "contacts": {"email": "md5(email) if email else None", "surname": None},
        "few": {"__source__": "contacts", "__filter__": "False"},
    }
    with Sandbox(Workspace(contacts(40, custom_fields=("plan",)))) as sandbox:
        config = sandbox.config(stream_maps=maps, custom_field_columns=["plan"])
        run = run_forked(config, "--limit", "100")
    # There are no more.
    assert "only the first 40 were read" in run.log
    assert {*run.uuids} == {contact["uuid"] for contact in sandbox.workspace.contacts()}
    assert {message["stream"] for message in run.of_type("SCHEMA")} == {"contacts", "few"}
    assert "surname" not in run.records[0]
    assert "plan" in run.records[0]


@pytest.mark.parametrize("limit", ["0", "many"])
def test_a_limit_that_is_none(limit: str) -> None:
    run = run_forked(None, f"--limit={limit}")
    assert the_error(run).endswith("--limit: a whole number, at least 1")
    assert run.stdout == b""
