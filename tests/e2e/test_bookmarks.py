"""Which contacts are due: what one run leaves for the next, and states from anywhere."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest

from tap_mihu.records.timestamps import to_text
from tests.e2e.expected import assert_complete
from tests.e2e.in_process import in_process
from tests.e2e.log import counted, figures
from tests.e2e.running import full_table
from tests.e2e.states import bookmark
from tests.sandbox import Contact, Sandbox, Workspace
from tests.sandbox.clock import NOON
from tests.workspaces import workspace_of


def just_before(workspace: Workspace) -> str:
    """A second before the latest update: others of that second may have been committed later."""
    latest = max(contact["updated_at"] or "" for contact in workspace.contacts())
    return to_text(datetime.fromisoformat(latest) - timedelta(seconds=1))


def uuids(some: Iterable[Contact]) -> list[str]:
    return [contact["uuid"] for contact in some]


def updated_since(workspace: Workspace, moment: datetime) -> set[str]:
    """The contacts that are due from this moment on."""
    since = to_text(moment)
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


def test_start_date_counts_unless_the_whole_table_is_read() -> None:
    workspace, start = workspace_of(100), datetime.fromisoformat("2025-03-01T00:00:00Z")
    exact, before, silent = uuids(workspace.contacts()[:3])
    workspace.edit(exact, updated_at=start)
    workspace.edit(before, updated_at=start - timedelta(microseconds=1))
    workspace.edit(silent, touch=False, updated_at=None)
    with Sandbox(workspace) as sandbox:
        config = sandbox.config(start_date="2025-03-01T03:00:00+03:00")
        run = in_process(config)
        again = in_process(config, state=run.state)
        full = in_process(config, catalog=full_table())
    assert set(run.uuids) == updated_since(workspace, start)
    assert (figures(run)["read"], figures(run)["emitted"]) == (100, len(run.uuids))
    assert counted(run) == [len(run.uuids)]
    assert {exact, silent} <= set(run.uuids)
    assert before not in run.uuids
    assert silent in again.uuids
    assert bookmark(run.state) == just_before(workspace)
    assert_complete(full, workspace)


def test_a_state_with_what_the_sdk_puts_there_is_used_and_that_of_another_stream_kept() -> None:
    workspace, noon = workspace_of(200), to_text(NOON)
    tickets = {"replication_key": "id", "replication_key_value": 17}
    of_the_sdk = {
        "replication_key": "updated_at",
        "replication_key_value": "2025-03-07T15:00:00+03:00",
        "starting_replication_value": noon,
        "replication_key_signpost": noon,
        "progress_markers": {"replication_key": "updated_at", "replication_key_value": noon},
        "partitions": None,
    }
    state = {"bookmarks": {"contacts": of_the_sdk, "tickets": tickets}}
    with Sandbox(workspace) as sandbox:
        run = in_process(sandbox.config(lookback_seconds=0), state=state)
    assert run.warnings == []
    assert sorted(run.uuids) == sorted(updated_since(workspace, NOON - timedelta(days=100)))
    assert bookmark(run.state) == just_before(workspace)
    assert "progress_markers" not in run.state["bookmarks"]["contacts"]
    assert run.state["bookmarks"]["tickets"] == tickets
