"""A whole run against the sandbox: every contact once, as it was sent, for what it should cost."""

import math
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.e2e.expected import assert_complete, assert_valid
from tests.e2e.in_process import in_process
from tests.e2e.log import counted, figures
from tests.e2e.running import run_tap
from tests.sandbox import Clock, RequestInfo, Sandbox, Workspace, contacts, faults
from tests.sandbox.clock import NOON
from tests.sandbox.data import TagForm, TimestampForm
from tests.sandbox.faults import Script
from tests.sandbox.workspace import Order
from tests.workspaces import workspace_of

OLDER_HALF = 1
"""The request by which a listing that is read in one go is checked."""


def pages(contacts: int, page_size: int) -> int:
    return math.ceil(contacts / page_size)


# An ordinary workspace.


def test_2345_contacts_come_once_each_as_sent() -> None:
    workspace = workspace_of(2345, custom_fields=("customer_number", "custom_fields"), tags="mixed")
    with Sandbox(workspace) as sandbox:
        run = run_tap(sandbox.config())
        assert len(sandbox.requests) == pages(2345, 100) + OLDER_HALF == 25
        assert sandbox.peak_in_flight <= 4
    assert_complete(run, workspace)
    assert [message["type"] for message in run.messages[:1]] == ["SCHEMA"]
    (schema,) = run.of_type("SCHEMA")
    assert schema["key_properties"] == ["uuid"]
    assert schema["bookmark_properties"] == ["updated_at"]
    assert run.messages[-1]["type"] == "STATE"
    assert figures(run) == {
        "read": 2345,
        "emitted": 2345,
        "windows": 1,
        "repaired": 0,
        "requests": 25,
        "retries": 0,
        "throttled": 0,
    }
    assert run.log.count(" read, ") == 1
    assert counted(run) == [2345]


def test_each_page_is_asked_for_once_and_as_configured() -> None:
    with Sandbox(workspace_of(100)) as sandbox:
        in_process(sandbox.config(page_size=7, max_concurrent_requests=1))
        asked = [(request.page, request.query) for request in sandbox.requests]
        assert sandbox.peak_in_flight == 1
    *walk, older_half = asked
    numbers = range(1, pages(100, 7) + 1)
    assert walk == [(page, {"page": str(page), "per_page": "7"}) for page in numbers]
    assert older_half[0] == 1
    assert older_half[1].keys() == {"page", "per_page", "date_to"}


@pytest.mark.parametrize("timestamps", ["microseconds", "seconds", "sql"])
@pytest.mark.parametrize("tags", ["uuid", "id", "mixed", None])
@pytest.mark.parametrize("escapes", [True, False])
def test_fields_come_as_sent(
    timestamps: TimestampForm, tags: TagForm | None, *, escapes: bool
) -> None:
    keys = ("a", "A", "", "uuid_", "custom_fields") if escapes else ()
    workspace = workspace_of(120, timestamps=timestamps, tags=tags, custom_fields=keys)
    with Sandbox(workspace, escapes_like_php=escapes) as sandbox:
        assert_complete(in_process(sandbox.config(page_size=50)), workspace)


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
    assert figures(run)["read"] == count
    assert counted(run) == [count]


def test_an_empty_workspace_that_fills_later() -> None:
    workspace = workspace_of(0)
    with Sandbox(workspace) as sandbox:
        first = in_process(sandbox.config())
        for contact in contacts(5, until=NOON):
            workspace.insert(contact)
        assert_complete(in_process(sandbox.config(), state=first.state), workspace)


@pytest.mark.parametrize("page_size", [1, 33, 1000])
def test_any_page_size(page_size: int) -> None:
    workspace = workspace_of(40)
    with Sandbox(workspace) as sandbox:
        assert_complete(in_process(sandbox.config(page_size=page_size)), workspace)
        # The older half, and the page behind a full last page.
        more = 0 if page_size > 40 else OLDER_HALF + (40 % page_size == 0)
        assert len(sandbox.requests) == pages(40, page_size) + more


# Servers with habits of their own.


def test_a_server_that_caps_the_page_size() -> None:
    workspace = workspace_of(345)
    with Sandbox(workspace, caps_per_page=50) as sandbox:
        assert_complete(in_process(sandbox.config(page_size=1000)), workspace)
        assert len(sandbox.requests) == pages(345, 50) + OLDER_HALF


def test_a_server_that_caps_the_page_size_of_a_large_workspace() -> None:
    workspace = workspace_of(400)
    with Sandbox(workspace, caps_per_page=5) as sandbox:
        assert_complete(in_process(sandbox.config()), workspace)


def test_a_server_that_writes_numbers_as_text() -> None:
    workspace = workspace_of(345)
    with Sandbox(workspace, numbers_as_text=True) as sandbox:
        assert_complete(in_process(sandbox.config(page_size=50)), workspace)
        assert len(sandbox.requests) == pages(345, 50) + OLDER_HALF


def test_a_server_that_ignores_the_page_is_reported() -> None:
    """But for windows of one page, nothing can be read."""
    with Sandbox(
        workspace_of(345), ignores_page=True, caps_per_page=100, supports_dates=False
    ) as sandbox:
        run = run_tap(sandbox.config(max_retries=1))
        assert len(sandbox.requests) < 60
    assert run.status == 1
    assert len(run.errors) == 1, run.log
    assert "`page` seems to be ignored" in run.errors[0]
    assert "Traceback" not in run.log


def test_a_server_that_repeats_a_page_under_another_number() -> None:
    """It says that it answers what was asked, and sends the first page."""
    workspace = workspace_of(30)
    rows = workspace.contacts()[:10]

    def script(info: RequestInfo) -> faults.Fault | None:
        return faults.lying(data=rows) if info.page == 2 else None

    with Sandbox(workspace, faults=script, supports_dates=False) as sandbox:
        run = in_process(sandbox.config(page_size=10))
        assert len(sandbox.requests) < 100
    assert run.status == 0
    # In one large page, nothing is hidden.
    assert len(run.uuids) == len(set(run.uuids)) == 30
    assert run.warnings == []


def test_one_page_of_a_server_that_ignores_the_page_is_all() -> None:
    workspace = workspace_of(45)
    with Sandbox(workspace, ignores_page=True) as sandbox:
        assert_complete(in_process(sandbox.config()), workspace)


@pytest.mark.parametrize("order", ["id", "created_desc", "updated_asc"])
def test_a_large_workspace_on_a_server_that_ignores_dates(order: Order) -> None:
    workspace = Workspace(contacts(400, until=NOON), clock=Clock(NOON), order=order)
    with Sandbox(workspace, supports_dates=False) as sandbox:
        run = in_process(sandbox.config(page_size=5))
        assert len(sandbox.requests) <= 80 + 20  # it tries to cut, and sees that it cannot
    assert_complete(run, workspace)
    assert "replication_key_value" in run.state["bookmarks"]["contacts"]


@pytest.mark.parametrize("without", [1, 30, 400])
def test_a_large_workspace_with_contacts_without_creation_date(without: int) -> None:
    workspace = workspace_of(400)
    for contact in workspace.contacts()[:without]:
        workspace.edit(contact["uuid"], touch=False, created_at=None)
    with Sandbox(workspace) as sandbox:
        run = in_process(sandbox.config(page_size=5))
    assert sorted(run.uuids) == sorted(contact["uuid"] for contact in workspace.contacts())
    assert run.status == 0


@pytest.mark.parametrize("rows", [0, 3])
def test_an_empty_or_short_page_in_the_middle_is_not_the_end(rows: int) -> None:
    workspace = workspace_of(60)

    def script(info: RequestInfo) -> faults.Fault | None:
        if info.number != 5:
            return None
        return faults.lying(data=workspace.contacts()[20 : 20 + rows])

    with Sandbox(workspace, faults=script) as sandbox:
        run = in_process(sandbox.config(page_size=5, max_concurrent_requests=1))
    assert_complete(run, workspace)
    assert figures(run)["repaired"] >= 1


def test_a_page_that_is_always_empty_is_got_round() -> None:
    workspace = workspace_of(60)

    def script(info: RequestInfo) -> faults.Fault | None:
        return faults.lying(data=[]) if info.page == 3 else None

    with Sandbox(workspace, faults=script) as sandbox:
        assert_complete(in_process(sandbox.config(page_size=5)), workspace)


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_listing_that_grows_while_it_is_read(concurrency: int) -> None:
    workspace = workspace_of(60)
    there = {contact["uuid"] for contact in workspace.contacts()}

    def grow(number: int, workspace: Workspace) -> None:
        if number <= 20:
            workspace.insert()

    with Sandbox(workspace, before_request=grow) as sandbox:
        run = in_process(sandbox.config(page_size=5, max_concurrent_requests=concurrency))
    assert run.status == 0
    assert run.warnings == []
    assert there <= set(run.uuids)
    assert len(run.uuids) == len(set(run.uuids))


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_listing_that_shrinks_while_it_is_read(concurrency: int) -> None:
    """The first contact goes each time, so that all others move up a place."""
    workspace = workspace_of(120)
    doomed = iter([contact["uuid"] for contact in workspace.contacts()])

    def shrink(number: int, workspace: Workspace) -> None:
        if number <= 20:
            workspace.delete(next(doomed))

    with Sandbox(workspace, before_request=shrink) as sandbox:
        run = in_process(sandbox.config(page_size=5, max_concurrent_requests=concurrency))
    left = {contact["uuid"] for contact in workspace.contacts()}
    assert run.status == 0
    assert run.warnings == []
    assert left <= set(run.uuids)
    assert len(run.uuids) == len(set(run.uuids))


@pytest.mark.parametrize("last_page", [lambda info: info.page + 1, lambda _: 10**9])
def test_a_listing_without_end_is_reported(last_page: Callable[[RequestInfo], int]) -> None:
    """There are six pages; what the server says of the last one leads astray."""
    patience = 1500

    def script(info: RequestInfo) -> faults.Fault | None:
        # Not for ever, should the tap follow.
        given_up = faults.status(403)
        return given_up if info.number > patience else faults.lying(last_page=last_page(info))

    with Sandbox(workspace_of(30), faults=script) as sandbox:
        run = run_tap(sandbox.config(page_size=5))
        assert len(sandbox.requests) < patience
    assert run.status == 1
    assert len(run.errors) == 1
    assert "last_page" in run.errors[0]
    assert "Unforeseen" not in run.errors[0]


# Values that are odd.


def _odd(field: str, *values: object) -> tuple[Workspace, set[str]]:
    """A workspace of 200 contacts, some of them with these values."""
    workspace = workspace_of(200)
    # Not on the first page, whose contacts were there at the start without having to say so.
    uuids = [contact["uuid"] for contact in workspace.contacts()[100 : 100 + len(values)]]
    for uuid, value in zip(uuids, values, strict=True):
        workspace.edit(uuid, touch=False, **{field: value})
    return workspace, set(uuids)


@pytest.mark.parametrize("field", ["created_at", "updated_at"])
def test_odd_timestamps_become_null_and_are_counted(field: str) -> None:
    values = ["0000-00-00 00:00:00", "0000-00-00 00:00:00", "yesterday-ish", "", 1718000000]
    workspace, odd = _odd(field, *values)
    with Sandbox(workspace) as sandbox:
        run = run_tap(sandbox.config(page_size=10))
    assert run.status == 0
    assert len(set(run.uuids)) == len(run.uuids) == 200
    assert not re.search("yesterday-ish|1718000000|0000-00", run.log)
    assert {record["uuid"] for record in run.records if record[field] is None} == odd
    assert_valid(run)
    (warning,) = run.warnings
    assert f"contacts.{field}: 5 " in warning


def test_each_odd_field_gets_a_warning_in_each_run() -> None:
    workspace, odd = _odd("updated_at", "soon", "soon", "later")
    workspace.edit(odd.pop(), touch=False, tags=[{"id": "one"}, {"id": 2}, {"id": "three"}])
    state = None
    with Sandbox(workspace) as sandbox:
        for _ in range(2):
            run = in_process(sandbox.config(), state=state)
            state = run.state
            tags, updated = sorted(line.split(" | ")[-1] for line in run.warnings)
            assert "contacts.tags.id: 2 " in tags
            assert "contacts.updated_at: 3 " in updated


def test_a_contact_without_uuid_ends_the_run() -> None:
    made = contacts(30, until=NOON)
    made[12]["uuid"] = None
    with Sandbox(Workspace(made, clock=Clock(NOON))) as sandbox:
        run = run_tap(sandbox.config(page_size=10))
    assert run.status == 1
    (error,) = run.errors
    assert "page 2, position 3" in error
    assert "uuid" in error
    assert "Traceback" not in run.log


def test_custom_fields_come_and_go_between_runs() -> None:
    workspace = workspace_of(60, custom_fields=("a", "b"))
    with Sandbox(workspace) as sandbox:
        for active in (("a", "b"), ("b",), (), ("b", "brand_new"), ("a", "b", "brand_new")):
            workspace.active = active
            run = in_process(sandbox.config(page_size=10))
            assert_complete(run, workspace)
            assert all(record["custom_fields"].keys() == set(active) for record in run.records)


@pytest.mark.parametrize("later", [(), ("b", "new"), ("a", "b", "c", "new")])
def test_custom_fields_come_and_go_within_a_run(later: tuple[str, ...]) -> None:
    workspace = workspace_of(100, custom_fields=("a", "b"))

    def change(number: int, workspace: Workspace) -> None:
        workspace.active = ("a", "b") if number <= 5 else later

    with Sandbox(workspace, before_request=change) as sandbox:
        run = in_process(sandbox.config(page_size=10, max_concurrent_requests=1))
    assert run.status == 0
    assert run.warnings == []
    keys = [record["custom_fields"].keys() for record in run.records]
    assert keys == [{"a", "b"}] * 50 + [set(later)] * 50
    assert_valid(run)


# What a person is told.


@pytest.mark.parametrize("count", [0, 2345])
def test_a_test_run_asks_for_one_page(count: int) -> None:
    with Sandbox(workspace_of(count)) as sandbox:
        run = run_tap(sandbox.config(), "--test")
        assert len(sandbox.requests) == 1
    assert run.status == 0, run.log
    assert run.errors == []


def test_a_test_run_notices_a_bad_token() -> None:
    with Sandbox(workspace_of(3)) as sandbox:
        run = run_tap(sandbox.config() | {"auth_token": "wrong"}, "--test")
    assert run.status == 1
    assert len(run.errors) == 1


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (faults.at_page(3, faults.status(500)), {"requests": 8, "retries": 1}),
        (faults.at_page(3, faults.cut_json()), {"requests": 8, "retries": 1}),
        (faults.never, {"requests": 7, "retries": 0}),
    ],
)
def test_the_last_line_counts_requests_and_retries(
    script: Script, expected: dict[str, int]
) -> None:
    with Sandbox(workspace_of(60), faults=script) as sandbox:
        run = in_process(sandbox.config(page_size=10))
        assert len(sandbox.requests) == expected["requests"]
    told = {"read": 60, "emitted": 60, "windows": 1, "throttled": 0} | expected
    assert {name: figures(run)[name] for name in told} == told


def test_the_last_line_counts_what_was_emitted() -> None:
    workspace = workspace_of(60)
    with Sandbox(workspace) as sandbox:
        first = in_process(sandbox.config())
        workspace.clock.advance(3600)
        workspace.edit(workspace.contacts()[30]["uuid"], name="Edited")
        second = in_process(sandbox.config(lookback_seconds=0), state=first.state)
    assert figures(second)["read"] == 60
    assert figures(second)["emitted"] == len(second.records) == 2  # the latest before, and this
    assert counted(second) == [2]


def test_the_last_line_counts_windows() -> None:
    workspace = workspace_of(400)
    with Sandbox(workspace) as sandbox:
        run = in_process(sandbox.config(page_size=5))
        assert figures(run)["requests"] == len(sandbox.requests)
    assert_complete(run, workspace)
    assert figures(run)["windows"] >= 3
    assert figures(run)["repaired"] == 0


def _mapped(config: dict[str, Any]) -> dict[str, Any]:
    return config | {"stream_maps": {"contacts": {"name": "name"}}}


@pytest.mark.parametrize("shape", [dict, _mapped])
def test_the_counter_counts_what_was_written(
    shape: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    workspace = workspace_of(150)
    start = (NOON - timedelta(days=100)).isoformat()
    with Sandbox(workspace) as sandbox:
        run = in_process(shape(sandbox.config(start_date=start)))
    assert 0 < len(run.records) < 150
    assert counted(run) == [len(run.records)]
    assert figures(run)["emitted"] == len(run.records)
