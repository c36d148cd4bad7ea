"""Interrupted runs: the next one goes on where they stopped, whatever stopped them."""

from collections import Counter
from collections.abc import Iterable
from tempfile import TemporaryFile
from typing import Any

import pytest

from tests.e2e.in_process import in_process
from tests.e2e.running import Run, full_table, started_tap, wait_until
from tests.e2e.states import about, bookmark, done_until, is_open, ranges
from tests.sandbox import RequestInfo, Sandbox, Workspace, faults
from tests.sandbox.faults import Script
from tests.workspaces import workspace_of

HOUR = 3600.0
PAGE_SIZE = 5
NOON_TEXT = "2025-06-15T12:00:00.000000Z"


def fatal_from(number: int) -> Script:
    """The token expires at this request."""
    return lambda info: faults.status(401) if info.number >= number else None


def created(workspace: Workspace, uuids: Iterable[str]) -> set[str]:
    """The days on which these were created."""
    return {workspace.get(uuid)["created_at"][:10] for uuid in uuids}


def everything(workspace: Workspace) -> Counter[str]:
    return Counter(contact["uuid"] for contact in workspace.contacts())


def assert_left(asked: Iterable[RequestInfo], done: str) -> None:
    """What an earlier run has read was asked for its total only."""
    deep = [request for request in asked if request.query["page"] != "1"]
    assert all(request.query["date_from"] > done for request in deep)


def test_an_interrupted_scan_goes_on() -> None:
    workspace = workspace_of(600)
    with Sandbox(workspace, faults=fatal_from(90)) as sandbox:
        first = in_process(sandbox.config(page_size=PAGE_SIZE, max_concurrent_requests=1))
        assert first.status == 1
        assert about(first.state)["round"]["began"] == NOON_TEXT
        assert bookmark(first.state) is None
        done = done_until(first.state)
        assert max(created(workspace, first.uuids)) <= done

        sandbox.faults = faults.never
        workspace.clock.advance(HOUR)
        edited = {first.uuids[0], workspace.contacts()[-1]["uuid"]}
        for uuid in edited:
            workspace.edit(uuid, name="Edited")
        second = in_process(sandbox.config(page_size=PAGE_SIZE), state=first.state)
        asked = sandbox.requests[90:]
        assert second.warnings == []
        assert min(created(workspace, second.uuids)) > done
        assert Counter(first.uuids + second.uuids) == everything(workspace)

        # Only what was left was read; a few totals say whether any contact has no date.
        assert_left(asked, done)
        pages = -(-len(second.uuids) // PAGE_SIZE)
        assert pages <= len(asked) <= 1.2 * pages + 12
        assert not is_open(second.state)
        assert str(bookmark(second.state)) <= NOON_TEXT
        assert about(second.state)["contacts"] == 600

        third = in_process(sandbox.config(), state=second.state)
        assert edited <= set(third.uuids)
        assert len(ranges(third.state)) == 1


@pytest.mark.parametrize(("full", "concurrency"), [(False, 2), (True, 1)])
def test_a_read_interrupted_again_and_again(*, full: bool, concurrency: int) -> None:
    """Nothing is asked for again, and the version of the first run is activated at the end."""
    workspace, version = workspace_of(600), 17
    read = Counter[str]()
    state: dict[str, Any] | None = None
    runs: list[Run] = []
    with Sandbox(workspace) as sandbox:
        settings = {"page_size": PAGE_SIZE, "max_concurrent_requests": concurrency}
        config = sandbox.config(**settings, emit_activate_version_messages=True)
        while not runs or runs[-1].status:
            before = len(sandbox.requests)
            sandbox.faults = fatal_from(before + 70)
            run = in_process(config, catalog=full_table() if full else None, state=state)
            if state is not None:
                assert_left(sandbox.requests[before:], done_until(state))
                versions = {message["version"] for message in run.of_type("RECORD")}
                assert not full or versions == {version}
            read.update(run.uuids)
            state = run.state
            if run.status:
                assert run.of_type("ACTIVATE_VERSION") == []
                about(state)["round"]["version"] = version
            workspace.clock.advance(HOUR)
            runs.append(run)
            assert len(runs) < 12
        assert len(sandbox.requests) < 3 * 120
    assert len(runs) > 2
    assert read == everything(workspace)
    assert not is_open(run.state)
    assert str(bookmark(run.state)) <= NOON_TEXT
    assert [m["version"] for m in run.of_type("ACTIVATE_VERSION")] == [version] * full


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
