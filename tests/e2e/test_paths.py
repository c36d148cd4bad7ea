"""Two ways from a page to the output, one fast and one through the SDK, that must be one."""

import re
from copy import deepcopy
from typing import Any

import pytest

from tap_mihu.streams import ContactsStream
from tests.e2e.expected import assert_valid
from tests.e2e.in_process import in_process
from tests.e2e.log import counted, figures, the_error
from tests.e2e.running import Run, discovered, full_table
from tests.e2e.states import about, bookmark, done_until, is_open, moved_to
from tests.sandbox import Sandbox, Workspace
from tests.sandbox.data import STANDARD_FIELDS
from tests.workspaces import workspace_of

SAME_MAP = {"stream_maps": {"contacts": {"name": "name"}}}
FIELDS = {*STANDARD_FIELDS, "custom_fields"}


def essence(run: Run) -> list[Any]:
    """The messages from the first to the last, but for moments; records byte by byte."""
    messages: list[Any] = []
    for line, message in zip(run.stdout.splitlines(), run.messages, strict=True):
        if message["type"] == "RECORD":
            assert message["time_extracted"].endswith("+00:00")
            messages.append(re.sub(rb'"(time_extracted":"[^"]+"|version":\d+)', b"", line))
            continue
        if message["type"] == "SCHEMA":
            message["schema"] = _plain_types(message["schema"])
        if message["type"] == "STATE" and "ranges" in message["value"]["bookmarks"]["contacts"]:
            about(message["value"])["workspace"] = "a workspace"
            if is_open(message["value"]):
                about(message["value"])["round"]["version"] = "a version"
        messages.append({key: one for key, one in message.items() if key != "version"})
    return messages


def _plain_types(schema: Any) -> Any:  # noqa: ANN401 - any JSON
    """The SDK's mapper writes the types of a schema in its own order, and drops descriptions."""
    if isinstance(schema, dict):
        schema = {k: _plain_types(v) for k, v in schema.items() if k != "description"}
        if isinstance(schema.get("type"), list):
            schema["type"] = sorted(schema["type"])
    return schema


def odd_workspace() -> Workspace:
    """Contacts of all kinds, some with values that only the slow way of decoding takes."""
    workspace = workspace_of(400, custom_fields=("a", "custom_fields"), tags="mixed")
    uuids = iter([contact["uuid"] for contact in workspace.contacts()])
    invalid: list[dict[str, Any]] = [
        {"name": 1.10},
        {"surname": {"a": [1, None, 1e400]}},
        {"email": "nul\x00 and \ud800"},
        {"updated_at": None},
        {"updated_at": "2025-06-01T10:00:00+02:00"},
        {"updated_at": "soon"},
        {"tags": None},
        {"tags": {"0": {"name": "gap"}, "2": {"id": 5}}},
        {"a": {"nested": [1.50, 10**30, 1e22, -0.0, {"b": None}]}},
        {"custom_fields": []},
    ]
    for fields in invalid:
        workspace.edit(next(uuids), touch=False, **fields)
    return workspace


def both_ways(
    workspace: Workspace,
    *,
    catalog: dict[str, Any] | None = None,
    state: dict[str, Any] | None = None,
    **config: Any,  # noqa: ANN401
) -> tuple[Run, Run]:
    """The same run without and with a map that changes nothing."""
    with Sandbox(workspace) as sandbox:
        settings = sandbox.config(max_concurrent_requests=1, page_size=5, **config)
        state = state and moved_to(settings, state)
        fast = in_process(settings, catalog=catalog, state=state)
        slow = in_process(settings | SAME_MAP, catalog=catalog, state=state)
    assert fast.status == slow.status == 0, fast.log + slow.log
    return fast, slow


@pytest.mark.parametrize(
    ("full", "without"),
    [
        (False, ()),
        (True, ()),
        (False, ("custom_fields", "created_at")),
        (True, ("surname", "email", "tags", "status")),
    ],
)
def test_both_ways_write_the_same(
    monkeypatch: pytest.MonkeyPatch, without: tuple[str, ...], *, full: bool
) -> None:
    monkeypatch.setattr(ContactsStream, "STATE_MSG_FREQUENCY", 70)
    workspace = odd_workspace()
    catalog = full_table() if full else deepcopy(discovered())
    for entry in catalog["streams"][0]["metadata"]:
        if entry["breadcrumb"] and entry["breadcrumb"][-1] in without:
            entry["metadata"]["selected"] = False
    fast, slow = both_ways(workspace, catalog=catalog, emit_activate_version_messages=full)
    assert essence(fast) == essence(slow)
    for run in (fast, slow):
        assert len(run.records) == 400
        assert all(record.keys() == FIELDS.difference(without) for record in run.records)
        assert_valid(run)
        assert counted(run) == [400]
        assert figures(run).items() >= {"read": 400, "emitted": 400}.items()
        (warning,) = run.warnings
        assert "contacts.updated_at: 1 " in warning
        versions = {message.get("version", 0) for message in run.of_type("RECORD")}
        activated = {message["version"] for message in run.of_type("ACTIVATE_VERSION")}
        assert (versions, activated) == ((activated, versions) if full else ({0}, set()))
        # Long enough that two runs in a row do not share one, short enough for a 64-bit column.
        assert all(10**9 < version < 2**63 for version in activated)
    assert_no_state_passes_what_is_written(fast, workspace)


def assert_no_state_passes_what_is_written(run: Run, workspace: Workspace) -> None:
    """The first is due after 70 records; one that would say the same is left out."""
    days = sorted(contact["created_at"][:10] for contact in workspace.contacts())
    written = 0
    done: dict[str, int] = {}
    for message in run.messages:
        written += message["type"] == "RECORD"
        if message["type"] == "STATE":
            end = "9999" if bookmark(message["value"]) else ""
            until = done_until(message["value"]) if is_open(message["value"]) else end
            done.setdefault(until, written)
            assert written >= sum(day <= until for day in days)
    assert min(done.values()) <= 70
    assert done["9999"] == 400
    assert len(done) > 3


def test_both_ways_write_the_same_from_a_bookmark() -> None:
    workspace = odd_workspace()
    with Sandbox(workspace) as sandbox:
        state = in_process(sandbox.config()).state
    workspace.clock.advance(3600)
    workspace.insert()
    workspace.edit(workspace.contacts()[20]["uuid"], name="Edited")
    fast, slow = both_ways(workspace, state=state)
    assert essence(fast) == essence(slow)
    assert 3 <= len(fast.records) < 10


@pytest.mark.parametrize(
    ("field", "text"), [("name", "name + surname"), ("__filter__", "record['x'] > 1")]
)
def test_an_expression_that_fails_on_a_record_ends_the_run(field: str, text: str) -> None:
    with Sandbox(workspace_of(20)) as sandbox:
        error = the_error(in_process(sandbox.config(stream_maps={"contacts": {field: text}})))
    assert f"the expression of contacts.{field} failed on a record" in error
