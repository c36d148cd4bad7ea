"""Two ways from a page to the output, one fast and one through the SDK, that must be one."""

import re
from copy import deepcopy
from typing import Any

import pytest

from tap_mihu.streams import ContactsStream
from tests.e2e.expected import assert_valid
from tests.e2e.in_process import in_process
from tests.e2e.log import counted, figures
from tests.e2e.running import Run, discovered, full_table
from tests.e2e.states import about, is_open
from tests.sandbox import Sandbox, Workspace
from tests.workspaces import workspace_of

SAME_MAP = {"stream_maps": {"contacts": {"name": "name"}}}


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
        if message["type"] == "STATE" and is_open(message["value"]):
            about(message["value"])["round"]["version"] = "a version"
        messages.append({key: one for key, one in message.items() if key != "version"})
    return messages


def _plain_types(schema: Any) -> Any:
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


@pytest.mark.parametrize(
    ("full", "without"),
    [(False, ()), (True, ("surname", "email", "tags")), (False, ("custom_fields", "created_at"))],
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
    with Sandbox(workspace) as sandbox:
        settings = sandbox.config(
            max_concurrent_requests=1, page_size=5, emit_activate_version_messages=full
        )
        fast = in_process(settings, catalog=catalog)
        slow = in_process(settings | SAME_MAP, catalog=catalog)
    assert fast.status == slow.status == 0, fast.log + slow.log
    assert essence(fast) == essence(slow)
    for run in (fast, slow):
        assert len(run.records) == 400
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
