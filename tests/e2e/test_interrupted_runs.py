"""Interrupted runs of a filter; all others are in test_signals.py and in tests/recipes."""

import pytest

from tests.e2e.in_process import in_process
from tests.sandbox import Sandbox, faults
from tests.workspaces import workspace_of

HOUR = 3600.0


@pytest.mark.parametrize("pages", [0.9, 1.3], ids=["first pass", "second pass"])
def test_contacts_that_enter_a_filter_are_sent_though_the_run_is_interrupted(pages: float) -> None:
    """No time of an update tells of them, only the number of contacts does."""
    workspace = workspace_of(600)
    with Sandbox(workspace) as sandbox:
        config = sandbox.config(
            filters={"status": "Active"}, page_size=5, max_concurrent_requests=1
        )
        state = in_process(config).state
        last = round((1 + pages) * len(sandbox.requests))
        outside = [c["uuid"] for c in workspace.contacts() if c["status"] != "Active"]
        joining = outside[:30]
        for uuid in joining:
            workspace.edit(uuid, touch=False, status="Active")
        workspace.clock.advance(HOUR)
        sandbox.faults = lambda info: faults.status(401) if info.number >= last else None
        runs = [in_process(config, state=state)]
        assert runs[0].status == 1
        sandbox.faults = faults.never
        for _ in range(2):
            workspace.clock.advance(HOUR)
            runs.append(in_process(config, state=runs[-1].state))
    assert {*joining} <= {uuid for run in runs for uuid in run.uuids}
    assert runs[-1].warnings == []
    assert len(runs[-1].uuids) < 30
