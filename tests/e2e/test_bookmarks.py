"""Which contacts are due: what one run leaves for the next, and states from anywhere."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from tests.e2e.expected import assert_complete, source
from tests.e2e.in_process import in_process
from tests.e2e.running import full_table, run_tap
from tests.e2e.states import bookmark, state_of
from tests.e2e.target import Target
from tests.sandbox import Clock, Contact, Sandbox, Workspace, contacts
from tests.sandbox.clock import NOON
from tests.workspaces import workspace_of

HOUR = 3600.0


def canonical(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def just_before(workspace: Workspace) -> str:
    """A second before the latest update: others of that second may have been committed later."""
    latest = max(contact["updated_at"] or "" for contact in workspace.contacts())
    return canonical(datetime.fromisoformat(latest) - timedelta(seconds=1))


def uuids(some: Iterable[Contact]) -> list[str]:
    return [contact["uuid"] for contact in some]


def updated_since(workspace: Workspace, moment: datetime) -> set[str]:
    """The contacts that are due from this moment on."""
    since = canonical(moment)
    every = workspace.contacts()
    return set(uuids(c for c in every if not c["updated_at"] or c["updated_at"] >= since))


@pytest.mark.parametrize(
    ("settings", "sent"),
    [({}, 4), ({"lookback_seconds": 0}, 2), ({"lookback_seconds": 10**15}, 20)],
)
def test_a_quiet_second_run_sends_what_the_lookback_asks_for(
    settings: dict[str, int], sent: int
) -> None:
    """Equal timestamps are never skipped: a row may have been committed after the read."""
    workspace = workspace_of(20)
    latest = uuids(workspace.contacts())
    for uuid, seconds in zip(latest, (0, 0, 300, 301, 302), strict=False):
        workspace.edit(uuid, updated_at=NOON - timedelta(seconds=seconds))
    with Sandbox(workspace) as sandbox:
        first = in_process(sandbox.config(**settings))
        second = in_process(sandbox.config(**settings), state=first.state)
    assert_complete(first, workspace)
    assert bookmark(first.state) == just_before(workspace)
    assert sorted(second.uuids) == sorted(latest[:sent])
    assert second.state == first.state


def test_incremental_runs_leave_the_target_equal_to_the_source() -> None:
    workspace, target, state = workspace_of(200, custom_fields=("a",)), Target(), None
    changed = set(uuids(workspace.contacts()))
    with Sandbox(workspace) as sandbox:
        for seed in range(3):
            run = in_process(sandbox.config(page_size=20), state=state)
            target.load(run)
            assert target.table == source(workspace)
            assert changed <= set(run.uuids)
            assert len(run.uuids) <= 2 * len(changed)
            assert bookmark(run.state) == just_before(workspace)
            state = run.state
            workspace.clock.advance(HOUR)
            imported = workspace.insert({"updated_at": NOON - timedelta(days=2000)})
            changed = {imported, workspace.insert(), *workspace.edit_some(Random(seed), 20)}


@pytest.mark.parametrize("form", ["2025-03-01T03:00:00+03:00", "2025-03-01"])
def test_start_date_counts_unless_the_whole_table_is_read(form: str) -> None:
    workspace, start = workspace_of(100), datetime.fromisoformat("2025-03-01T00:00:00Z")
    exact, before, silent = uuids(workspace.contacts()[:3])
    workspace.edit(exact, updated_at=start)
    workspace.edit(before, updated_at=start - timedelta(microseconds=1))
    workspace.edit(silent, touch=False, updated_at=None)
    with Sandbox(workspace) as sandbox:
        run = in_process(sandbox.config(start_date=form))
        again = in_process(sandbox.config(start_date=form), state=run.state)
        full = in_process(sandbox.config(start_date=form), catalog=full_table())
    assert set(run.uuids) == updated_since(workspace, start)
    assert {exact, silent} <= set(run.uuids) <= set(uuids(workspace.contacts())) - {before}
    assert silent in again.uuids
    assert bookmark(run.state) == just_before(workspace)
    assert_complete(full, workspace)


# Clocks.


@pytest.mark.parametrize("behind_hours", [-26, 5])
def test_an_edit_during_the_scan_arrives_by_clocks_that_are_hours_apart(behind_hours: int) -> None:
    """An early contact is edited while later ones are read, by a clock that differs from `Date`."""
    workspace, target = workspace_of(200), Target()
    for contact in workspace.contacts():
        moment = datetime.fromisoformat(contact["updated_at"]) - timedelta(hours=behind_hours + 1)
        workspace.edit(contact["uuid"], updated_at=moment)
    early, other = uuids(workspace.contacts()[place] for place in (0, -1))

    def edit_behind(number: int, workspace: Workspace) -> None:
        workspace.clock.advance(400)
        stamp = workspace.clock.now() - timedelta(hours=behind_hours)
        if number in {30, 45}:
            uuid = early if number == 45 else other
            workspace.edit(uuid, name=f"Edited before {number}", updated_at=stamp)

    with Sandbox(workspace, before_request=edit_behind) as sandbox:
        config = sandbox.config(page_size=4, max_concurrent_requests=1, lookback_seconds=0)
        first = in_process(config)
        target.load(first)
        sandbox.before_request = lambda _, __: None
        second = in_process(config, state=first.state)
        target.load(second)
    assert second.status == 0
    assert target.table == source(workspace)


def test_a_clock_that_was_set_back_makes_the_stream_start_over() -> None:
    workspace = workspace_of(60)
    with Sandbox(workspace) as sandbox:
        state = None
        for hours, sent, warnings in ((26, 60, 0), (-26, 60, 1), (0, 1, 0)):
            workspace.clock.advance(hours * HOUR)
            workspace.edit_some(Random(hours), 1)
            run = in_process(sandbox.config(), state=state)
            assert len(run.uuids) >= sent
            assert ["clock" in warning for warning in run.warnings] == [True] * warnings
            state = run.state


# States of others.


def test_a_state_of_other_filters_or_of_another_workspace_makes_the_stream_start_over() -> None:
    workspace, another = workspace_of(60), Workspace(contacts(50, seed=7), clock=Clock(NOON))
    with Sandbox(workspace) as sandbox, Sandbox(another) as other:
        narrow = sandbox.config(filters={"status": "Active"}, lookback_seconds=0)
        active = uuids(c for c in workspace.contacts() if c["status"] == "Active")
        steps = [
            (narrow, sorted(active), ""),
            (narrow, None, ""),
            (sandbox.config(), sorted(uuids(workspace.contacts())), "filters"),
            (narrow, sorted(active), "filters"),
            (other.config(), sorted(uuids(another.contacts())), "workspace"),
        ]
        state = None
        for config, sent, changed in steps:
            run = in_process(config, state=state)
            assert len(run.uuids) == 1 if sent is None else sorted(run.uuids) == sent
            assert [changed in warning for warning in run.warnings] == [True] * bool(changed)
            state = run.state


DUE = NOON - timedelta(days=100)
ELSEWHERE = {"replication_key": "id", "replication_key_value": 17}
BY_HAND = state_of(replication_key_value="2025-03-07T15:00:00+03:00")
GIVEN: dict[str, dict[str, Any]] = {
    "another zone": BY_HAND,
    "a STATE message": {"type": "STATE", "value": BY_HAND},
    "another stream's": {"bookmarks": BY_HAND["bookmarks"] | {"tickets": ELSEWHERE}},
    "markers of the SDK": state_of(
        replication_key="updated_at",
        replication_key_value=canonical(DUE),
        starting_replication_value=canonical(NOON),
        replication_key_signpost=canonical(NOON),
        progress_markers={
            "Note": "Progress is not resumable if interrupted.",
            "replication_key": "updated_at",
            "replication_key_value": canonical(NOON),
        },
        partitions=None,
    ),
}


@pytest.mark.parametrize("name", GIVEN)
def test_a_state_from_anywhere_is_used(name: str) -> None:
    workspace = workspace_of(200)
    with Sandbox(workspace) as sandbox:
        run = in_process(sandbox.config(lookback_seconds=0), state=GIVEN[name])
    assert run.warnings == []
    assert sorted(run.uuids) == sorted(updated_since(workspace, DUE))
    assert bookmark(run.state) == just_before(workspace)
    kept = run.state["bookmarks"]
    assert "progress_markers" not in kept["contacts"]
    assert kept.get("tickets") == (ELSEWHERE if name == "another stream's" else None)


@pytest.mark.parametrize("state", [[], state_of(replication_key_value="last week")], ids=str)
def test_what_is_no_state_is_refused_on_the_command_line(state: Any) -> None:  # noqa: ANN401
    run = run_tap({"subdomain": "acme", "auth_token": "t"}, state=state)
    assert run.status == 1
    (error,) = run.errors
    assert "state" in error.lower()
    assert "Traceback" not in run.log
    assert "Unforeseen" not in error
