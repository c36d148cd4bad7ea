"""Interrupted runs: the next one goes on where they stopped, whatever stopped them."""

from collections import Counter
from tempfile import TemporaryFile
from typing import Any

import pytest

from tests.e2e.in_process import in_process
from tests.e2e.running import Run, full_table, started_tap, wait_until
from tests.e2e.states import about, bookmark, done_until, is_open, ranges
from tests.sandbox import Sandbox, Workspace, faults
from tests.workspaces import workspace_of

HOUR = 3600.0
PAGE_SIZE = 5
NOON_TEXT = "2025-06-15T12:00:00.000000Z"


def everything(workspace: Workspace) -> Counter[str]:
    return Counter(contact["uuid"] for contact in workspace.contacts())


@pytest.mark.parametrize(("full", "concurrency"), [(False, 2), (True, 1)])
def test_a_read_interrupted_again_and_again(*, full: bool, concurrency: int) -> None:
    """Only what is left is read, and the version of the first run is activated at the end."""
    workspace, version, catalog = workspace_of(800), 17, full_table() if full else None
    read = Counter[str]()
    state: dict[str, Any] | None = None
    runs: list[Run] = []
    with Sandbox(workspace) as sandbox:
        settings = {"page_size": PAGE_SIZE, "max_concurrent_requests": concurrency}
        config = sandbox.config(**settings, emit_activate_version_messages=True)
        while not runs or runs[-1].status:
            before = len(sandbox.requests)
            sandbox.faults = lambda info, first=before + 90: (  # type: ignore[misc]
                faults.status(401) if info.number >= first else None
            )
            run = in_process(config, catalog=catalog, state=state)
            if state is not None:
                # Of what is done, a few totals say whether any contact has no date.
                asked = [request.query for request in sandbox.requests[before:]]
                done = done_until(state)
                assert all(query["date_from"] > done for query in asked if query["page"] != "1")
                assert len(asked) <= 1.2 * len(run.uuids) / PAGE_SIZE + 12 or run.status
                versions = {message["version"] for message in run.of_type("RECORD")}
                assert not full or versions == {version}
            read.update(run.uuids)
            state = run.state
            if run.status:
                assert run.of_type("ACTIVATE_VERSION") == []
                assert is_open(state)
                assert bookmark(state) is None
                about(state)["round"]["version"] = version
            workspace.clock.advance(HOUR)
            runs.append(run)
            assert len(runs) < 12
        assert len(sandbox.requests) < 3 * 160
        edited = runs[0].uuids[0]
        workspace.edit(edited, name="Edited since")
        after = in_process(sandbox.config(), state=run.state)
    assert len(runs) > 2
    assert run.warnings == []
    assert read == everything(workspace)
    assert not is_open(run.state)
    assert about(run.state)["contacts"] == 800
    assert str(bookmark(run.state)) <= NOON_TEXT
    assert [m["version"] for m in run.of_type("ACTIVATE_VERSION")] == [version] * full
    assert edited in after.uuids
    assert len(ranges(after.state)) == 1


@pytest.mark.parametrize("pages", [0.9, 1.3], ids=["first pass", "second pass"])
def test_contacts_that_enter_a_filter_are_sent_though_the_run_is_interrupted(pages: float) -> None:
    """No time of an update tells of them, only the number of contacts does."""
    workspace = workspace_of(600)
    with Sandbox(workspace) as sandbox:
        config = sandbox.config(
            filters={"status": "Active"}, page_size=PAGE_SIZE, max_concurrent_requests=1
        )
        state = in_process(config).state
        a_run = len(sandbox.requests)
        outside = [c["uuid"] for c in workspace.contacts() if c["status"] != "Active"]
        joining, read = outside[:30], set[str]()
        for uuid in joining:
            workspace.edit(uuid, touch=False, status="Active")
        workspace.clock.advance(HOUR)
        last = a_run + round(pages * a_run)
        sandbox.faults = lambda info: faults.status(401) if info.number >= last else None
        interrupted = in_process(config, state=state)
        assert interrupted.status == 1
        sandbox.faults = faults.never
        runs = [interrupted]
        for _ in range(2):
            workspace.clock.advance(HOUR)
            runs.append(in_process(config, state=runs[-1].state))
    for run in runs:
        read.update(run.uuids)
    assert set(joining) <= read
    assert runs[-1].warnings == []
    assert len(runs[-1].uuids) < 30


def test_a_killed_scan_goes_on() -> None:
    workspace, hang = workspace_of(600), faults.hang()
    with Sandbox(workspace, faults=lambda info: hang if info.number >= 90 else None) as sandbox:
        config = sandbox.config(page_size=PAGE_SIZE)
        with TemporaryFile() as stdout:
            with started_tap(config, stdout=stdout) as tap:
                wait_until(lambda: len(sandbox.requests) >= 90)
                # The answers before that one are under way, or written.
                wait_until(lambda: b'"began"' in _content(stdout))
                tap.process.kill()
                tap.process.wait()
            whole, _, _ = _content(stdout).rpartition(b"\n")
        first = Run(-9, whole + b"\n", "")
        sandbox.faults = faults.never
        workspace.clock.advance(HOUR)
        second = in_process(config, state=first.state)
        asked = sandbox.requests[-1].query
    assert asked["date_from"] > done_until(first.state)
    assert second.status == 0
    assert {*first.uuids, *second.uuids} == everything(workspace).keys()
    assert not is_open(second.state)


def _content(file: Any) -> bytes:  # noqa: ANN401 - any file
    file.seek(0)
    content: bytes = file.read()
    # Where the tap goes on to write: it shares the position.
    file.seek(0, 2)
    return content
