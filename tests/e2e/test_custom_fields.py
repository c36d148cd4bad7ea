"""Custom fields that come and go: each change is told once, by name."""

import re
from typing import Any

from tests.e2e.in_process import in_process
from tests.e2e.running import Run
from tests.e2e.states import about
from tests.sandbox import Sandbox, Workspace, contacts, faults

PAGE_SIZE = 10


def workspace(*fields: str) -> Workspace:
    return Workspace(contacts(30, custom_fields=fields))


def told(run: Run) -> list[str]:
    """What the lines on custom fields say in their parentheses."""
    assert run.status == 0, run.log
    return re.findall(
        r" INFO .* Custom fields changed since the last run \((.*)\)$", run.log, re.MULTILINE
    )


def read(sandbox: Sandbox, state: dict[str, Any] | None, **settings: Any) -> Run:  # noqa: ANN401
    return in_process(sandbox.config(page_size=PAGE_SIZE, **settings), state=state)


def test_each_change_is_told_once() -> None:
    with Sandbox(workspace("plan", "seats")) as sandbox:
        first = read(sandbox, None)
        assert told(first) == []
        assert told(read(sandbox, first.state)) == []

        sandbox.workspace.active = ("plan", "vip")
        # Also those that have a column, and where all records pass through maps.
        maps = {"contacts": {"name": None}}
        for more in ({}, {"custom_field_columns": ["vip", "seats"]}, {"stream_maps": maps}):
            second = read(sandbox, first.state, **more)
            assert told(second) == ["new: vip; gone: seats"]
            assert told(read(sandbox, second.state)) == []


def test_an_older_state_does_not_know_them() -> None:
    with Sandbox(workspace("plan")) as sandbox:
        older = read(sandbox, None).state
        del about(older)["fields"]
        second = read(sandbox, older)
        assert told(second) == []
        assert about(second.state)["fields"] == ["plan"]


def test_an_unproven_run_does_not_say_that_one_is_gone() -> None:
    with Sandbox(workspace("plan")) as sandbox:
        first = read(sandbox, None)
        sandbox.workspace.active = ("vip",)
        sandbox.faults = faults.always(faults.lying(total=31))
        second = read(sandbox, first.state)
        assert told(second) == ["new: vip"]
        sandbox.faults = faults.never
        assert told(read(sandbox, second.state)) == ["gone: plan"]
