"""Custom fields that come and go: each change is told once, by name."""

import re
from typing import Any

from tests.e2e.in_process import in_process
from tests.e2e.running import Run
from tests.e2e.states import about
from tests.sandbox import Sandbox, Workspace, contacts


def read(sandbox: Sandbox, state: dict[str, Any] | None, **settings: Any) -> tuple[list[str], Run]:
    """What is said in parentheses of custom fields, and the run."""
    run = in_process(sandbox.config(page_size=10, **settings), state=state)
    assert run.status == 0, run.log
    line = r" INFO .* Custom fields changed since the last run \((.*)\)$"
    return re.findall(line, run.log, re.MULTILINE), run


def test_each_change_is_told_once() -> None:
    with Sandbox(Workspace(contacts(30, custom_fields=("plan", "seats")))) as sandbox:
        told, first = read(sandbox, None)
        assert told == read(sandbox, first.state)[0] == []
        sandbox.workspace.active = ("plan", "vip")
        # Also those that have a column, and where all records pass through maps.
        maps = {"contacts": {"name": None}}
        for more in ({}, {"custom_field_columns": ["vip", "seats"]}, {"stream_maps": maps}):
            told, second = read(sandbox, first.state, **more)
            assert told == ["new: vip; gone: seats"]
            assert read(sandbox, second.state)[0] == []

        # An older state does not know them.
        del about(second.state)["fields"]
        told, third = read(sandbox, second.state)
        assert told == []
        assert about(third.state)["fields"] == ["plan", "vip"]
