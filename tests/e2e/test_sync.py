"""A whole run against the sandbox: every contact once, as it was sent, for what it should cost."""

import re
from datetime import timedelta
from typing import Any

import pytest

from tests.e2e.expected import assert_complete, assert_valid
from tests.e2e.in_process import in_process
from tests.e2e.log import counted, figures, the_error
from tests.e2e.running import run_tap
from tests.sandbox import Clock, Sandbox, Workspace, contacts, faults
from tests.sandbox.clock import NOON
from tests.sandbox.workspace import Order
from tests.workspaces import workspace_of

# An ordinary workspace.


def test_2345_contacts_come_once_each_as_sent() -> None:
    workspace = workspace_of(2345, custom_fields=("customer_number", "custom_fields"), tags="mixed")
    with Sandbox(workspace) as sandbox:
        run = run_tap(sandbox.config())
        # The last checks a listing that is read in one go: its older half.
        assert len(sandbox.requests) == 24 + 1
        assert sandbox.peak_in_flight <= 4
    assert_complete(run, workspace)
    (schema,) = run.of_type("SCHEMA")
    assert run.messages[0] == schema
    assert schema["key_properties"] == ["uuid"]
    assert schema["bookmark_properties"] == ["updated_at"]
    assert run.messages[-1]["type"] == "STATE"
    told = {"read": 2345, "emitted": 2345, "windows": 1, "repaired": 0}
    assert figures(run) == told | {"requests": 25, "retries": 0, "throttled": 0}
    assert run.log.count(" read, ") == 1
    assert counted(run) == [2345]


@pytest.mark.parametrize(("page_size", "pages"), [(1, 41), (7, 6), (20, 3), (1000, 1)])
def test_each_page_is_asked_for_once_and_as_configured(page_size: int, pages: int) -> None:
    """One more behind a full last page, and the older half of what takes several."""
    keys = ("a", "A", "", "uuid_")
    workspace = workspace_of(40, timestamps="sql", tags=None, custom_fields=keys)
    with Sandbox(workspace, escapes_like_php=False, numbers_as_text=True) as sandbox:
        run = in_process(sandbox.config(page_size=page_size, max_concurrent_requests=1))
        asked = [request.query for request in sandbox.requests]
        assert sandbox.peak_in_flight == 1
    assert_complete(run, workspace)
    numbers = range(1, pages + 1)
    assert asked[:pages] == [{"page": str(page), "per_page": str(page_size)} for page in numbers]
    halves = [query.keys() for query in asked[pages:]]
    assert halves == [{"page", "per_page", "date_to"}] * (pages > 1)


@pytest.mark.parametrize("count", [0, 1])
def test_hardly_any_contacts(count: int) -> None:
    workspace = workspace_of(count)
    with Sandbox(workspace) as sandbox:
        run = in_process(sandbox.config())
        # Nothing at all is not believed at once.
        assert len(sandbox.requests) == (1 if count else 2)
        assert_complete(run, workspace)
        assert len(run.of_type("SCHEMA")) == 1
        bookmark = run.state["bookmarks"]["contacts"]["replication_key_value"]
        assert (bookmark is not None) == bool(count)
        assert (figures(run)["read"], counted(run)) == (count, [count])
        workspace.insert()
        later = in_process(sandbox.config(), state=run.state)
    assert {*run.uuids, *later.uuids} == {contact["uuid"] for contact in workspace.contacts()}


# Servers with habits of their own.


@pytest.mark.parametrize(
    ("server", "order"),
    [
        ({"supports_dates": False}, "id"),
        ({"supports_dates": False}, "created_desc"),
        ({"supports_dates": False}, "updated_asc"),
        ({"caps_per_page": 5}, "id"),
    ],
)
def test_a_large_workspace_on_a_server_that_ignores_what_is_asked(
    server: dict[str, Any], order: Order
) -> None:
    workspace = Workspace(contacts(400, until=NOON), clock=Clock(NOON), order=order)
    with Sandbox(workspace, **server) as sandbox:
        run = in_process(sandbox.config(page_size=5 if "supports_dates" in server else 100))
        assert figures(run)["requests"] == len(sandbox.requests)
    assert_complete(run, workspace)
    # It tries to cut, and sees that it cannot.
    assert figures(run)["requests"] <= 80 + 20
    assert "replication_key_value" in run.state["bookmarks"]["contacts"]


# Values that are odd.


def test_odd_values_become_null_and_each_field_gets_a_warning_in_each_run() -> None:
    workspace = workspace_of(200)
    # Not on the first page, whose contacts were there at the start without having to say so.
    uuids = [contact["uuid"] for contact in workspace.contacts()[100:105]]
    values = ("0000-00-00 00:00:00", "0000-00-00 00:00:00", "yesterday-ish", "", 1718000000)
    for uuid, value in zip(uuids, values, strict=True):
        workspace.edit(uuid, touch=False, created_at=value, updated_at=value)
    workspace.edit(uuids[0], touch=False, tags=[{"id": "one"}, {"id": 2}, {"id": "three"}])
    state = None
    with Sandbox(workspace) as sandbox:
        for _ in range(2):
            run = in_process(sandbox.config(page_size=10), state=state)
            state = run.state
            told = re.findall(r" WARNING .* contacts\.(\S+: \d+) ", run.log)
            assert sorted(told) == ["created_at: 5", "tags.id: 2", "updated_at: 5"]
            assert len(run.warnings) == 3
            assert not any(value and str(value) in run.log for value in values)
            odd = [record for record in run.records if record["updated_at"] is None]
            assert {record["uuid"] for record in odd} == {*uuids}
            assert all(record["created_at"] is None for record in odd)
            assert_valid(run)


def test_a_contact_without_uuid_ends_the_run() -> None:
    made = contacts(30, until=NOON)
    made[12]["uuid"] = None
    with Sandbox(Workspace(made, clock=Clock(NOON))) as sandbox:
        error = the_error(run_tap(sandbox.config(page_size=10)))
    assert "page 2, position 3" in error
    assert "uuid" in error


# What a person is told.


@pytest.mark.parametrize("token", [{}, {"auth_token": "wrong"}])
def test_a_test_of_the_connection_asks_for_one_page(token: dict[str, str]) -> None:
    with Sandbox(workspace_of(30)) as sandbox:
        run = run_tap(sandbox.config(page_size=10) | token, "--test")
        assert len(sandbox.requests) == 1
    assert (run.status, len(run.errors)) == ((1, 1) if token else (0, 0)), run.log


@pytest.mark.parametrize("fault", [faults.status(500), faults.cut_json()])
def test_the_last_line_counts_requests_and_retries(fault: faults.Fault) -> None:
    with Sandbox(workspace_of(60), faults=faults.at_page(3, fault)) as sandbox:
        run = in_process(sandbox.config(page_size=10))
        assert len(sandbox.requests) == 8
    told = {"read": 60, "emitted": 60, "windows": 1, "throttled": 0, "requests": 8, "retries": 1}
    assert figures(run).items() >= told.items()


@pytest.mark.parametrize("maps", [{}, {"stream_maps": {"contacts": {"name": "name"}}}])
def test_the_last_line_counts_what_was_emitted(maps: dict[str, Any]) -> None:
    workspace = workspace_of(400)
    start = (NOON - timedelta(days=100)).isoformat()
    with Sandbox(workspace) as sandbox:
        run = in_process(sandbox.config(page_size=5, start_date=start, **maps))
    assert 0 < len(run.records) < 400
    assert counted(run) == [len(run.records)]
    assert figures(run)["emitted"] == len(run.records)
    assert (figures(run)["read"], figures(run)["repaired"]) == (400, 0)
    assert figures(run)["windows"] >= 3
