"""What may retire rows: versions, and what is not proven or not believed."""

from datetime import date, datetime, timedelta
from random import Random

import pytest

from tests.e2e.expected import assert_complete, source
from tests.e2e.in_process import in_process
from tests.e2e.log import figures
from tests.e2e.running import full_table
from tests.e2e.states import about, bookmark, is_open, ranges
from tests.e2e.target import Target
from tests.sandbox import RequestInfo, Sandbox, Workspace, faults
from tests.sandbox.clock import NOON
from tests.sandbox.faults import Fault, Script
from tests.workspaces import workspace_of

PAGE_SIZE = 5
ACTIVATE = {"emit_activate_version_messages": True}


@pytest.mark.parametrize("count", [0, 60])
@pytest.mark.parametrize("activate", [False, True])
@pytest.mark.parametrize("full", [False, True])
def test_a_version_is_activated_after_all_records_of_a_full_table(
    count: int, *, activate: bool, full: bool
) -> None:
    """Incremental records carry one, too: full runs that share the table would retire them."""
    workspace = workspace_of(count)
    with Sandbox(workspace) as sandbox:
        config = sandbox.config(page_size=PAGE_SIZE, emit_activate_version_messages=activate)
        run = in_process(config, catalog=full_table() if full else None)
    assert_complete(run, workspace)
    versions = [message.get("version") for message in run.of_type("RECORD")]
    assert (None in versions) == (count > 0 and not activate)
    assert len(set(versions)) <= 1
    kinds = [message["type"] for message in run.messages if message["type"] != "STATE"]
    activated = [message["version"] for message in run.of_type("ACTIVATE_VERSION")]
    assert kinds == ["SCHEMA", *["RECORD"] * count, *["ACTIVATE_VERSION"] * (activate and full)]
    assert not versions or set(activated) <= set(versions)


def test_filters_and_versions_together_are_warned_of() -> None:
    workspace, filters = workspace_of(100), {"filters": {"status": "Active"}}
    with Sandbox(workspace) as sandbox:
        run = in_process(sandbox.config(**ACTIVATE, **filters), catalog=full_table())
        incremental = in_process(sandbox.config(**ACTIVATE, **filters))
    (warning,) = run.warnings
    assert "filters" in warning
    assert "delete rows" in warning
    assert run.log.index(warning) < run.log.index(" read, ")
    assert {record["status"] for record in run.records} == {"Active"}
    assert len(run.of_type("ACTIVATE_VERSION")) == 1
    assert incremental.warnings == []


def unproven_day(workspace: Workspace, day: date) -> Script:
    """Put many contacts on a day, and let it never settle."""
    for number in range(30):
        at = datetime.combine(day, NOON.timetz()) + timedelta(minutes=number)
        workspace.insert({"updated_at": at}, created_at=at)

    def lie(info: RequestInfo) -> Fault | None:
        first, last = info.query.get("date_from", ""), info.query.get("date_to", "9999")
        if first <= str(day) <= last and info.page == (2 if first == last else 4):
            return faults.lying(data=[])
        # Larger pages would settle a window in one response.
        return faults.status(422) if int(info.query["per_page"]) > PAGE_SIZE else None

    return lie


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("first_ever", [False, True])
def test_an_unproven_range_keeps_its_bookmark_and_no_other_does(
    *, full: bool, first_ever: bool
) -> None:
    """Nothing is retired; the next run sends only its contacts again, and their neighbours."""
    bad_day, workspace = date(2025, 1, 15), workspace_of(500)
    lie, catalog = unproven_day(workspace, bad_day), full_table() if full else None
    with Sandbox(workspace) as sandbox:
        config = sandbox.config(page_size=PAGE_SIZE, lookback_seconds=0, **ACTIVATE)
        before = None if first_ever else in_process(config).state
        workspace.clock.advance(3600)
        edited = workspace.edit_some(Random(1), 40)
        sandbox.faults = lie
        run = in_process(config, state=before, catalog=catalog)
        sandbox.faults = faults.never
        workspace.clock.advance(3600)
        again = in_process(config, state=run.state, catalog=catalog)
    assert run.status == 0
    assert run.errors == []
    assert run.of_type("ACTIVATE_VERSION") == []
    assert len(run.uuids) == len(set(run.uuids))
    assert figures(run)["repaired"] >= 1
    assert bookmark(run.state) == (None if before is None else bookmark(before))
    assert not is_open(run.state)
    (behind, _, moved), (last, _, kept), (_, _, likewise) = ranges(run.state)
    assert moved == likewise != kept == bookmark(run.state)
    assert behind is not None
    assert last is not None
    assert behind < str(bad_day) <= last
    (warning,) = run.warnings
    assert "not proven" in warning
    assert last in warning

    assert again.warnings == []
    assert len(ranges(again.state)) == 1
    assert len(again.of_type("ACTIVATE_VERSION")) == full
    if full:
        assert_complete(again, workspace)
        return
    days = {workspace.get(uuid)["created_at"][:10] for uuid in {*again.uuids} - {*edited}}
    ahead = str(date.fromisoformat(last) + timedelta(days=1))
    assert all(behind <= day <= ahead for day in days)
    assert bool(days) == first_ever


def test_no_table_is_emptied_by_one_wrong_response() -> None:
    """A fail-over, an index that is built anew, a token that lost its permission."""
    workspace = workspace_of(100)
    target, catalog, state = Target(), full_table(), None
    target.rows = {contact["uuid"]: (1, {}) for contact in workspace.contacts()}
    with Sandbox(workspace) as sandbox:
        for doubted, expected, left in ((False, 100, 100), (True, 100, 40), (False, 40, 40)):
            for contact in workspace.contacts()[left:]:
                workspace.delete(contact["uuid"])
            run = in_process(sandbox.config(**ACTIVATE), catalog=catalog, state=state)
            # As if the run before were long ago: versions are seconds.
            target.rows = {uuid: (1, row) for uuid, (_, row) in target.rows.items()}
            target.load(run)
            assert ["not proven" in warning for warning in run.warnings] == [True] * doubted
            assert len(target.table) == about(run.state)["contacts"] == expected
            state = run.state
    assert target.table == source(workspace)


def test_contacts_that_enter_a_filter_without_being_updated_are_sent() -> None:
    """The total grows by more than is due."""
    workspace = workspace_of(200)
    with Sandbox(workspace) as sandbox:
        config = sandbox.config(filters={"status": "Active"})
        first = in_process(config)
        joining = [c["uuid"] for c in workspace.contacts() if c["status"] != "Active"][:20]
        for uuid in joining:
            workspace.edit(uuid, touch=False, status="Active")
        second = in_process(config, state=first.state)
        third = in_process(config, state=second.state)
    assert set(joining) <= set(second.uuids)
    assert len(second.uuids) == len(set(second.uuids))
    (warning,) = second.warnings
    assert "20 records more" in warning
    assert third.warnings == []
    assert len(third.uuids) < 20
