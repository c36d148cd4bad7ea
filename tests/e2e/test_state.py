"""What one run leaves for the next: bookmarks, filters, checkpoints, versions."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta, timezone
from random import Random
from tempfile import TemporaryFile
from typing import Any

import pytest

from tests.e2e import states
from tests.e2e.expected import assert_complete, source
from tests.e2e.in_process import in_process
from tests.e2e.log import figures
from tests.e2e.running import Run, full_table, run_tap, started_tap, wait_until
from tests.e2e.states import about, done_until, is_open, ranges, state_of
from tests.e2e.target import Target
from tests.sandbox import Churn, Clock, RequestInfo, Sandbox, Workspace, contacts, faults
from tests.sandbox.clock import NOON
from tests.sandbox.faults import Fault, Script
from tests.workspaces import workspace_of

HOUR = 3600.0
PAGE_SIZE = 5
ACTIVATE = {"emit_activate_version_messages": True}


def canonical(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def bookmark(run: Run) -> str | None:
    return states.bookmark(run.state)


def just_before(moment: str | datetime) -> str:
    """A second before: what was stamped in the same second may have been committed later."""
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return canonical(at - timedelta(seconds=1))


def updated_since(workspace: Workspace, moment: str | None) -> set[str]:
    """The contacts that are due from this moment on."""
    return {
        contact["uuid"]
        for contact in workspace.contacts()
        if moment is None or not contact["updated_at"] or contact["updated_at"] >= moment
    }


def greatest(workspace: Workspace) -> str:
    return max(contact["updated_at"] or "" for contact in workspace.contacts())


# Incremental.


def test_a_quiet_second_run_sends_the_latest_again() -> None:
    """Equal timestamps are never skipped: a row may have been committed after the read."""
    workspace = workspace_of(200)
    latest = [contact["uuid"] for contact in workspace.contacts()[20:23]]
    for uuid in latest:
        workspace.edit(uuid, updated_at=NOON - timedelta(seconds=10))
    with Sandbox(workspace) as sandbox:
        first = in_process(sandbox.config(lookback_seconds=0))
        assert_complete(first, workspace)
        assert bookmark(first) == canonical(NOON - timedelta(seconds=11))
        second = in_process(sandbox.config(lookback_seconds=0), state=first.state)
    assert sorted(second.uuids) == sorted(latest)
    assert second.state == first.state


@pytest.mark.parametrize("lookback_seconds", [0, 1, 300, 86_400, 10**9, 10**15])
def test_the_lookback(lookback_seconds: int) -> None:
    workspace = workspace_of(300, days=5)
    with Sandbox(workspace) as sandbox:
        config = sandbox.config(lookback_seconds=lookback_seconds)
        first = in_process(config)
        second = in_process(config, state=first.state)
    start = bookmark(first)
    assert start == just_before(greatest(workspace))
    since = None
    if lookback_seconds < 10**9:
        since = canonical(datetime.fromisoformat(start) - timedelta(seconds=lookback_seconds))
    assert set(second.uuids) == updated_since(workspace, since)
    assert second.status == 0
    assert bookmark(second) == start


def test_the_lookback_is_five_minutes() -> None:
    workspace = workspace_of(20)
    uuids = [contact["uuid"] for contact in workspace.contacts()]
    for uuid, seconds in zip(uuids, (0, 300, 301, 302), strict=False):
        workspace.edit(uuid, updated_at=NOON - timedelta(seconds=seconds))
    with Sandbox(workspace) as sandbox:
        first = in_process(sandbox.config())
        second = in_process(sandbox.config(), state=first.state)
    assert sorted(second.uuids) == sorted(uuids[:3])


def test_edits_and_new_contacts_arrive() -> None:
    workspace = workspace_of(200)
    with Sandbox(workspace) as sandbox:
        state = in_process(sandbox.config()).state
        for _ in range(3):
            workspace.clock.advance(HOUR)
            changed = {*workspace.edit_some(Random(7), 5), workspace.insert()}
            run = in_process(sandbox.config(), state=state)
            assert changed <= set(run.uuids)
            assert len(run.uuids) == len(set(run.uuids)) <= 2 * len(changed)
            assert bookmark(run) == just_before(workspace.clock.now())
            state = run.state


def test_contacts_that_do_not_say_when_they_were_updated_always_arrive() -> None:
    workspace = workspace_of(100)
    silent = [contact["uuid"] for contact in workspace.contacts()[10:14]]
    for uuid in silent:
        workspace.edit(uuid, touch=False, updated_at=None)
    state = None
    with Sandbox(workspace) as sandbox:
        for _ in range(3):
            run = in_process(sandbox.config(start_date=NOON.isoformat()), state=state)
            assert sorted(run.uuids) == sorted(silent)
            assert run.warnings == []
            state = run.state


def test_a_workspace_that_never_says_when_it_was_updated() -> None:
    workspace = workspace_of(30)
    for contact in workspace.contacts():
        workspace.edit(contact["uuid"], touch=False, updated_at=None)
    with Sandbox(workspace) as sandbox:
        first = in_process(sandbox.config())
        assert bookmark(first) is None
        assert_complete(in_process(sandbox.config(), state=first.state), workspace)


@pytest.mark.parametrize(
    "form", ["2025-03-01T00:00:00Z", "2025-03-01T03:00:00+03:00", "2025-03-01", "2025-03-01 00:00"]
)
def test_start_date(form: str) -> None:
    workspace = workspace_of(200)
    exact, before = (contact["uuid"] for contact in workspace.contacts()[:2])
    start = datetime.fromisoformat("2025-03-01T00:00:00Z")
    workspace.edit(exact, updated_at=start)
    workspace.edit(before, updated_at=start - timedelta(microseconds=1))
    with Sandbox(workspace) as sandbox:
        run = in_process(sandbox.config(start_date=form))
    assert set(run.uuids) == updated_since(workspace, canonical(start))
    assert exact in run.uuids
    assert before not in run.uuids
    assert bookmark(run) == just_before(greatest(workspace))


@pytest.mark.parametrize("days", [100, 300])
def test_the_later_one_of_start_date_and_bookmark_counts(days: int) -> None:
    workspace = workspace_of(200)
    start = NOON - timedelta(days=200)
    state = state_of(
        replication_key="updated_at",
        replication_key_value=canonical(NOON - timedelta(days=days)),
        filters={},
    )
    with Sandbox(workspace) as sandbox:
        config = sandbox.config(start_date=start.isoformat(), lookback_seconds=0)
        run = in_process(config, state=state)
    since = max(start, NOON - timedelta(days=days))
    assert set(run.uuids) == updated_since(workspace, canonical(since))


def test_start_date_does_not_matter_to_a_full_table() -> None:
    workspace = workspace_of(100)
    with Sandbox(workspace) as sandbox:
        config = sandbox.config(start_date=NOON.isoformat())
        assert_complete(in_process(config, catalog=full_table()), workspace)


def test_a_timestamp_in_the_future_poisons_nothing() -> None:
    workspace = workspace_of(100)
    future, another, third = (contact["uuid"] for contact in workspace.contacts()[:3])
    workspace.edit(future, updated_at=NOON + timedelta(days=400_000))
    with Sandbox(workspace) as sandbox:
        first = in_process(sandbox.config())
        assert str(bookmark(first)) <= just_before(NOON)
        workspace.clock.advance(HOUR)
        workspace.edit(another, name="Edited")
        second = in_process(sandbox.config(), state=first.state)
        assert {future, another} <= set(second.uuids)
        assert bookmark(second) == just_before(workspace.clock.now())
        # A quiet hour does not move it beyond the clock either.
        workspace.clock.advance(HOUR)
        workspace.edit(third, name="Edited")
        third_run = in_process(sandbox.config(), state=second.state)
        assert set(third_run.uuids) == {future, another, third}
        assert str(bookmark(third_run)) < canonical(workspace.clock.now())


def test_the_bookmark_never_goes_back() -> None:
    """The latest contact is deleted."""
    workspace = workspace_of(100)
    uuid = workspace.contacts()[50]["uuid"]
    workspace.edit(uuid, updated_at=NOON)
    with Sandbox(workspace) as sandbox:
        first = in_process(sandbox.config())
        workspace.delete(uuid)
        workspace.clock.advance(HOUR)
        second = in_process(sandbox.config(), state=first.state)
    assert bookmark(first) == bookmark(second) == just_before(NOON)


def test_a_contact_created_since_is_due_whatever_its_update_says() -> None:
    workspace = workspace_of(100)
    with Sandbox(workspace) as sandbox:
        first = in_process(sandbox.config())
        workspace.clock.advance(HOUR)
        imported = workspace.insert({"updated_at": NOON - timedelta(days=2000)})
        second = in_process(sandbox.config(), state=first.state)
    assert imported in second.uuids


@pytest.mark.parametrize("behind_hours", [-26, -3, 5, 26])
def test_clocks_that_are_hours_apart(behind_hours: int) -> None:
    """An early contact is edited while later ones are read, by a clock that differs from `Date`."""
    workspace = workspace_of(200)
    for contact in workspace.contacts():
        moment = datetime.fromisoformat(contact["updated_at"]) - timedelta(hours=behind_hours + 1)
        workspace.edit(contact["uuid"], updated_at=moment)
    early, other = (workspace.contacts()[place]["uuid"] for place in (0, -1))

    def edit_behind(number: int, workspace: Workspace) -> None:
        workspace.clock.advance(400)
        stamp = workspace.clock.now() - timedelta(hours=behind_hours)
        if number in {30, 45}:
            uuid = early if number == 45 else other
            workspace.edit(uuid, name=f"Edited before {number}", updated_at=stamp)

    target = Target()
    with Sandbox(workspace, before_request=edit_behind) as sandbox:
        config = sandbox.config(page_size=4, max_concurrent_requests=1, lookback_seconds=0)
        first = in_process(config)
        target.load(first)
        sandbox.before_request = lambda _, __: None
        for _ in range(2):
            second = in_process(config, state=first.state)
            assert second.status == 0
            target.load(second)
    assert target.table == source(workspace)


def test_a_clock_that_was_set_back_makes_the_stream_start_over() -> None:
    """A bookmark written by it would say that nothing changed for the next hours."""
    workspace = workspace_of(60)
    workspace.clock.advance(26 * HOUR)
    workspace.edit_some(Random(1), 3)
    with Sandbox(workspace) as sandbox:
        first = in_process(sandbox.config())
        workspace.clock.advance(-26 * HOUR)
        (edited,) = workspace.edit_some(Random(2), 1)
        second = in_process(sandbox.config(), state=first.state)
        third = in_process(sandbox.config(), state=second.state)
    (warning,) = second.warnings
    assert "clock" in warning
    assert edited in second.uuids
    assert len(second.uuids) == 60
    assert third.warnings == []


@pytest.mark.parametrize("page_size", [10, 1])
def test_an_edit_during_the_scan_arrives_next_time(page_size: int) -> None:
    """The contact was already read when it is edited, here and where there are windows."""
    workspace = workspace_of(100)
    early = workspace.contacts()[0]["uuid"]
    late = workspace.contacts()[-1]["uuid"]

    def edit_late(number: int, workspace: Workspace) -> None:
        workspace.clock.advance(2)
        if number == 100 // page_size:
            workspace.edit(early, name="Edited behind its back")
            workspace.edit(late, name="Edited just before")

    target = Target()
    with Sandbox(workspace, before_request=edit_late) as sandbox:
        config = sandbox.config(page_size=page_size, max_concurrent_requests=1, lookback_seconds=0)
        first = in_process(config)
        target.load(first)
        assert str(bookmark(first)) <= canonical(NOON + timedelta(seconds=2))
        second = in_process(config, state=first.state)
        target.load(second)
    assert {early, late} <= set(second.uuids)
    assert target.table == source(workspace)


# Filters.


def test_other_filters_make_the_stream_start_over() -> None:
    workspace = workspace_of(200)
    active = {c["uuid"] for c in workspace.contacts() if c["status"] == "Active"}
    with Sandbox(workspace) as sandbox:
        narrow = sandbox.config(filters={"status": "Active"}, lookback_seconds=0)
        wide = sandbox.config(lookback_seconds=0)
        first = in_process(narrow)
        assert set(first.uuids) == active
        assert first.warnings == []
        assert "Active" not in json.dumps(first.state)

        same = in_process(narrow, state=first.state)
        assert same.warnings == []
        assert len(same.uuids) == 1

        other = in_process(wide, state=first.state)
        assert len(other.warnings) == 1
        assert "filters" in other.warnings[0]
        assert len(set(other.uuids)) == 200

        back = in_process(narrow, state=other.state)
        assert len(back.warnings) == 1
        assert set(back.uuids) == active


def test_another_workspace_makes_the_stream_start_over() -> None:
    workspace, another = workspace_of(60), Workspace(contacts(50, seed=7), clock=Clock(NOON))
    with Sandbox(workspace) as sandbox, Sandbox(another) as other:
        first = in_process(sandbox.config())
        second = in_process(other.config(), state=first.state)
        (warning,) = second.warnings
        assert "workspace" in warning
        assert "filters" not in warning
        assert len(second.uuids) == 50
        both = in_process(other.config(filters={"status": "Active"}), state=first.state)
        (warning,) = both.warnings
        assert "workspace" in warning
        assert "filters" in warning


def test_starting_over_means_from_start_date() -> None:
    workspace = workspace_of(200)
    start = NOON - timedelta(days=90)
    with Sandbox(workspace) as sandbox:
        config = sandbox.config(start_date=start.isoformat())
        first = in_process(config | {"filters": {"status": "Active"}})
        second = in_process(config, state=first.state)
    assert set(second.uuids) == updated_since(workspace, canonical(start))


def test_a_run_that_fails_after_other_filters_keeps_nothing_of_the_old_bookmark() -> None:
    workspace = workspace_of(200)
    with Sandbox(workspace) as sandbox:
        narrow = in_process(sandbox.config(filters={"status": "Active"}))
        sandbox.faults = lambda info: faults.status(403) if info.page == 2 else None
        failed = in_process(sandbox.config(page_size=50), state=narrow.state)
        assert failed.status == 1
        sandbox.faults = faults.never
        again = in_process(sandbox.config(), state=failed.state or narrow.state)
    assert len(set(again.uuids)) == 200


def test_filters_within_dates_of_creation() -> None:
    workspace = workspace_of(400)
    first, last = "2024-10-01", "2025-04-30"
    with Sandbox(workspace) as sandbox:
        filters = {"date_from": first, "date_to": last}
        run = in_process(sandbox.config(filters=filters, page_size=2))
        asked = [request.query for request in sandbox.requests]
    expected = {c["uuid"] for c in workspace.contacts() if first <= c["created_at"][:10] <= last}
    assert len(run.uuids) == len(expected)
    assert set(run.uuids) == expected
    assert run.warnings == []
    assert figures(run)["windows"] > 1
    assert all(query["date_from"] >= first and query["date_to"] <= last for query in asked)


# States from anywhere.

_DUE = NOON - timedelta(days=100)
_ALL: datetime | None = None

USED: dict[str, tuple[dict[str, Any], datetime | None]] = {
    "nothing": ({}, _ALL),
    "no bookmarks": ({"bookmarks": {}}, _ALL),
    "nothing of the stream": (state_of(), _ALL),
    "a null bookmark": (state_of(replication_key_value=None), _ALL),
    "null filters of an old version": (
        state_of(replication_key_value=canonical(_DUE), filters={}, more=[1, {"a": None}]),
        _DUE,
    ),
    "no filters, no key": (state_of(replication_key_value=canonical(_DUE)), _DUE),
    "Laravel's zone": (state_of(replication_key_value=_DUE.isoformat()), _DUE),
    "another zone": (state_of(replication_key_value="2025-03-07T15:00:00+03:00"), _DUE),
    "a space": (state_of(replication_key_value="2025-03-07 12:00:00"), _DUE),
    "another key": (state_of(replication_key="id", replication_key_value=17), _ALL),
    "another stream's keys": (
        {"bookmarks": {"tickets": {"replication_key": "id", "replication_key_value": 17}}},
        _ALL,
    ),
    "the beginning of time": (state_of(replication_key_value="0001-01-01T00:00:00Z"), _ALL),
    "markers of the SDK": (
        state_of(
            replication_key="updated_at",
            replication_key_value=canonical(_DUE),
            starting_replication_value=canonical(NOON),
            replication_key_signpost=canonical(NOON),
            progress_markers={
                "Note": "Progress is not resumable if interrupted.",
                "replication_key": "updated_at",
                "replication_key_value": canonical(NOON),
            },
        ),
        _DUE,
    ),
    "what else Singer puts beside": (
        {"currently_syncing": "contacts"} | state_of(replication_key_value=canonical(_DUE)),
        _DUE,
    ),
}


@pytest.mark.parametrize("name", USED)
def test_a_state_that_can_be_used(name: str) -> None:
    state, since = USED[name]
    workspace = workspace_of(200)
    with Sandbox(workspace) as sandbox:
        run = in_process(sandbox.config(lookback_seconds=0), state=state)
    assert run.status == 0
    assert run.warnings == []
    assert len(run.uuids) == len(set(run.uuids))
    assert set(run.uuids) == updated_since(workspace, canonical(since) if since else None)
    written = run.state["bookmarks"]["contacts"]
    assert written["replication_key"] == "updated_at"
    assert written["replication_key_value"] == just_before(greatest(workspace))
    assert "progress_markers" not in written


def test_a_bookmark_with_an_offset_is_compared_as_a_moment() -> None:
    """As text it is later than the latest contact, as a moment an hour before it."""
    workspace = workspace_of(20)
    latest = NOON - timedelta(hours=6)
    for contact in workspace.contacts():
        workspace.edit(contact["uuid"], updated_at=latest)
    old = (latest - timedelta(hours=1)).astimezone(timezone(timedelta(hours=3)))
    with Sandbox(workspace) as sandbox:
        state = state_of(replication_key_value=old.isoformat())
        run = in_process(sandbox.config(), state=state)
    assert len(run.uuids) == 20
    assert bookmark(run) == just_before(latest)


def test_the_state_of_another_stream_is_kept() -> None:
    tickets = {"replication_key": "id", "replication_key_value": 17}
    with Sandbox(workspace_of(3)) as sandbox:
        run = in_process(sandbox.config(), state={"bookmarks": {"tickets": tickets}})
    assert run.state["bookmarks"]["tickets"] == tickets


REFUSED: dict[str, Any] = {
    "a list": [],
    "text": "2025-01-01",
    "a number": 1,
    "bookmarks that are null": {"bookmarks": None},
    "bookmarks that are a list": {"bookmarks": [{"contacts": {}}]},
    "a stream that is null": {"bookmarks": {"contacts": None}},
    "a stream that is text": {"bookmarks": {"contacts": canonical(NOON)}},
    "a bookmark that is a number": state_of(replication_key_value=1718000000),
    "a bookmark that is a list": state_of(replication_key_value=[canonical(NOON)]),
    "a bookmark that is true": state_of(replication_key_value=True),
    "a bookmark that is an object": state_of(replication_key_value={"a": 1}),
    "a bookmark that is no time": state_of(replication_key_value="last week"),
    "an empty bookmark": state_of(replication_key_value=""),
    "a 13th month": state_of(replication_key_value="2025-13-01T00:00:00Z"),
    "a bookmark in the future": state_of(replication_key_value="2999-01-01T00:00:00Z"),
}


def assert_refused(run: Run) -> None:
    """One clear line, about the state, and no record."""
    assert run.status == 1
    (error,) = run.errors
    assert "state" in error.lower()
    assert "Traceback" not in run.log
    assert "Unforeseen" not in error
    assert run.of_type("RECORD") == []


@pytest.mark.parametrize("name", REFUSED)
def test_a_state_that_cannot_be_used(name: str) -> None:
    with Sandbox(workspace_of(20)) as sandbox:
        run = in_process(sandbox.config(), state=REFUSED[name])
        assert sandbox.requests == []
    assert_refused(run)


@pytest.mark.parametrize("name", ["a list", "a bookmark that is no time"])
def test_a_state_that_cannot_be_used_on_the_command_line(name: str) -> None:
    assert_refused(run_tap({"subdomain": "acme", "auth_token": "t"}, state=REFUSED[name]))


ODD: dict[str, dict[str, Any]] = {
    "filters that are a list": state_of(filters=["status"]),
    "filters that are null": state_of(filters=None),
    "markers that are text": state_of(progress_markers="Note"),
    "markers that are null": state_of(progress_markers=None),
    "partitions that are null": state_of(partitions=None),
    "partitions that are text": state_of(partitions="all"),
    "partitions of numbers": state_of(partitions=[1, 2]),
    "partitions": state_of(partitions=[{"context": {"a": 1}, "replication_key_value": "x"}]),
    "a key that is a list": state_of(replication_key=[], replication_key_value="x"),
    "a key that is null": state_of(replication_key=None, replication_key_value=canonical(_DUE)),
    "a signpost that is a number": state_of(replication_key_signpost=7),
    "odd markers of another stream": {"bookmarks": {"tickets": {"partitions": None}}},
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_state_is_used_or_refused(name: str) -> None:
    """Nothing in these says that any contact was read."""
    workspace = workspace_of(20)
    with Sandbox(workspace) as sandbox:
        run = in_process(sandbox.config(), state=ODD[name])
    if run.status:
        assert_refused(run)
    else:
        assert set(run.uuids) == updated_since(workspace, None)
        assert bookmark(run) == just_before(greatest(workspace))


# The line that a target prints or a tool stores, with the state inside of it.
WRAPPED: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "a STATE message": lambda state: {"type": "STATE", "value": state},
    "Meltano's": lambda state: {"singer_state": state},
}


@pytest.mark.parametrize("name", WRAPPED)
def test_a_state_inside_of_something_is_used(name: str) -> None:
    workspace = workspace_of(20)
    state = WRAPPED[name](state_of(replication_key_value=canonical(_DUE), filters={}))
    with Sandbox(workspace) as sandbox:
        run = in_process(sandbox.config(lookback_seconds=0), state=state)
    assert run.status == 0
    assert set(run.uuids) == updated_since(workspace, canonical(_DUE))


def test_bookmarks_without_what_is_around_them_are_refused() -> None:
    with Sandbox(workspace_of(20)) as sandbox:
        assert_refused(in_process(sandbox.config(), state={"contacts": {}}))


# Interrupted runs.


def large(count: int = 600) -> Workspace:
    """A workspace of 120 pages."""
    return workspace_of(count)


def fatal_from(number: int) -> Script:
    """The token expires at this request."""
    return lambda info: faults.status(401) if info.number >= number else None


def interrupted(sandbox: Sandbox, number: int, **more: Any) -> Run:  # noqa: ANN401
    """A run that a fault ends at its request of this number, one after the other unless told."""
    catalog, state = more.pop("catalog", None), more.pop("state", None)
    config = {"page_size": PAGE_SIZE, "max_concurrent_requests": 1} | more
    sandbox.faults = fatal_from(len(sandbox.requests) + number)
    try:
        run = in_process(sandbox.config(**config), catalog=catalog, state=state)
    finally:
        sandbox.faults = faults.never
    assert run.status == 1, run.log
    assert len(run.errors) == 1
    assert run.of_type("ACTIVATE_VERSION") == []
    return run


def created(workspace: Workspace, uuids: Iterable[str]) -> set[str]:
    """The days on which these were created."""
    return {workspace.get(uuid)["created_at"][:10] for uuid in uuids}


def assert_left(asked: Iterable[RequestInfo], done: str) -> None:
    """What an earlier run has read was asked for its total only."""
    deep = [request for request in asked if request.query["page"] != "1"]
    assert all(request.query["date_from"] > done for request in deep)


def test_an_interrupted_scan_goes_on() -> None:
    workspace = large()
    with Sandbox(workspace) as sandbox:
        first = interrupted(sandbox, 90)
        assert about(first.state)["round"]["began"] == canonical(NOON)
        assert bookmark(first) is None
        done = done_until(first.state)
        assert max(created(workspace, first.uuids)) <= done

        workspace.clock.advance(HOUR)
        behind, ahead = first.uuids[0], workspace.contacts()[-1]["uuid"]
        workspace.edit(behind, name="Edited behind")
        workspace.edit(ahead, name="Edited ahead")

        before = len(sandbox.requests)
        second = in_process(sandbox.config(page_size=PAGE_SIZE), state=first.state)
        asked = sandbox.requests[before:]
        assert second.status == 0
        assert second.warnings == []
        assert min(created(workspace, second.uuids)) > done
        everything = {contact["uuid"] for contact in workspace.contacts()}
        assert {*first.uuids, *second.uuids} == everything
        assert len(first.uuids) + len(second.uuids) == len(everything)

        # Only what was left was read; a few totals say whether any contact has no date.
        assert_left(asked, done)
        pages = -(-len(second.uuids) // PAGE_SIZE)
        assert pages <= len(asked) <= 1.2 * pages + 12

        assert not is_open(second.state)
        assert str(bookmark(second)) <= canonical(NOON)
        assert about(second.state)["contacts"] == 600

        third = in_process(sandbox.config(), state=second.state)
        assert {behind, ahead} <= set(third.uuids)
        assert bookmark(third) == just_before(workspace.clock.now())
        assert len(ranges(third.state)) == 1


@pytest.mark.parametrize(("method", "concurrency"), [("INCREMENTAL", 4), ("FULL_TABLE", 1)])
def test_interrupted_anywhere(method: str, concurrency: int) -> None:
    """At every place: both parts together are all, and nothing settled is asked for again."""
    workspace = large(400)
    catalog = full_table() if method == "FULL_TABLE" else None
    everything = sorted(contact["uuid"] for contact in workspace.contacts())
    config = {"max_concurrent_requests": concurrency} | ACTIVATE
    resumed = 0
    for number in range(1, 88, 9):
        with Sandbox(workspace) as sandbox:
            first = interrupted(sandbox, number, catalog=catalog, **config)
            before = len(sandbox.requests)
            second = in_process(
                sandbox.config(page_size=PAGE_SIZE, **config),
                catalog=catalog,
                state=first.state or None,
            )
            asked = sandbox.requests[before:]
        assert second.status == 0, second.log
        assert second.warnings == []
        assert sorted({*first.uuids, *second.uuids}) == everything
        assert not is_open(second.state)
        if first.state and is_open(first.state):
            resumed += 1
            assert_left(asked, done_until(first.state))
            assert len(first.uuids) + len(second.uuids) == len(everything)
        assert len(second.of_type("ACTIVATE_VERSION")) == (method == "FULL_TABLE")
    # With several under way, how far a run gets before it fails is a matter of luck.
    assert concurrency > 1 or resumed >= 3


def test_a_scan_interrupted_again_and_again() -> None:
    workspace = large(1000)
    uuids: Counter[str] = Counter()
    run, state, runs = None, None, 0
    with Sandbox(workspace) as sandbox:
        while run is None or run.status:
            sandbox.faults = fatal_from(len(sandbox.requests) + 70)
            config = sandbox.config(page_size=PAGE_SIZE, max_concurrent_requests=1)
            run = in_process(config, state=state)
            uuids.update(run.uuids)
            state = run.state or state
            workspace.clock.advance(HOUR)
            runs += 1
            assert runs < 12
        assert len(sandbox.requests) < 3 * 200
    assert uuids == Counter(contact["uuid"] for contact in workspace.contacts())
    assert runs > 2
    assert str(bookmark(run)) <= canonical(NOON)
    assert not is_open(run.state)


def test_a_killed_scan_goes_on() -> None:
    workspace = large()
    hang = faults.hang()
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
    assert {*first.uuids, *second.uuids} == {c["uuid"] for c in workspace.contacts()}
    assert not is_open(second.state)
    assert str(bookmark(second)) <= canonical(NOON)


def _content(file: Any) -> bytes:  # noqa: ANN401 - any file
    file.seek(0)
    content: bytes = file.read()
    # Where the tap goes on to write: it shares the position.
    file.seek(0, 2)
    return content


def test_the_version_survives() -> None:
    workspace = large()
    catalog = full_table()
    target = Target()
    with Sandbox(workspace) as sandbox:
        gone = workspace.contacts()[300]["uuid"]
        target.load(in_process(sandbox.config(**ACTIVATE), catalog=catalog))
        workspace.delete(gone)
        first = interrupted(sandbox, 90, catalog=catalog, **ACTIVATE)
        version = about(first.state)["round"]["version"]
        assert {message["version"] for message in first.of_type("RECORD")} == {version}

        old = _aged(first)
        assert about(old.state)["round"]["version"] == version - 5000
        target.load(old)
        state = old.state
        second = in_process(
            sandbox.config(page_size=PAGE_SIZE, **ACTIVATE), catalog=catalog, state=state
        )
        target.load(second)
    assert {message["version"] for message in second.of_type("RECORD")} == {version - 5000}
    (activation,) = second.of_type("ACTIVATE_VERSION")
    assert activation == {
        "type": "ACTIVATE_VERSION",
        "stream": "contacts",
        "version": version - 5000,
    }
    kinds = [message["type"] for message in second.messages]
    assert "RECORD" not in kinds[kinds.index("ACTIVATE_VERSION") :]
    assert gone not in target.table
    assert target.table == source(workspace)


SCAN = {
    "started_at": canonical(NOON - timedelta(hours=1)),
    "done_until": "2025-03-01",
    "replication_method": "INCREMENTAL",
    "since": canonical(_DUE - timedelta(seconds=300)),
    "version": None,
    "max_updated_at": canonical(NOON - timedelta(days=1)),
}
FIRST_EDITION: dict[str, tuple[dict[str, Any], datetime | None]] = {
    "a bookmark": ({}, _DUE),
    "a checkpoint of a run from the bookmark": ({"scan": SCAN}, _DUE),
    "one of another run": ({"scan": SCAN | {"since": None}}, _ALL),
    "one from a start date": ({"scan": SCAN | {"since": canonical(_DUE)}}, _ALL),
    "one that is none": ({"scan": [SCAN]}, _ALL),
    "nothing in its place": ({"scan": None}, _ALL),
}


@pytest.mark.parametrize("name", FIRST_EDITION)
def test_a_state_of_the_first_edition(name: str) -> None:
    """Merged ones hold the checkpoint of one run beside the bookmark of another."""
    more, due = FIRST_EDITION[name]
    workspace = workspace_of(60)
    given = state_of(replication_key_value=canonical(_DUE), filters={}, **more)
    with Sandbox(workspace) as sandbox:
        run = in_process(sandbox.config(), state=given)
    since = None if due is None else canonical(due - timedelta(seconds=300))
    assert set(run.uuids) == updated_since(workspace, since)
    assert run.warnings == []
    lines = [line for line in run.log.splitlines() if "checkpoint" in line]
    assert len(lines) == ("scan" in given["bookmarks"]["contacts"])


def merged(new: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    """As `meltano run --full-refresh` and `--state-strategy=merge` keep states."""
    for key, value in new.items():
        if isinstance(value, dict):
            merged(value, old.setdefault(key, {}))
        else:
            old[key] = value
    return old


@pytest.mark.parametrize("then", [{}, {"filters": {"status": "Active"}}])
@pytest.mark.parametrize("failing", [70, 100])
def test_an_interrupted_full_refresh_is_made_up_for(then: dict[str, Any], failing: int) -> None:
    """Its state is merged into the old one, whose bookmark must not be believed any more."""
    workspace = large()
    with Sandbox(workspace) as sandbox:
        old = in_process(sandbox.config(**then)).state
        refresh = interrupted(sandbox, failing)
        state = merged(refresh.state, old)
        again = in_process(sandbox.config(page_size=PAGE_SIZE), state=state)
    assert again.status == 0
    assert {*refresh.uuids, *again.uuids} == {c["uuid"] for c in workspace.contacts()}


@pytest.mark.parametrize("methods", ["FULL INCREMENTAL", "INCREMENTAL FULL"])
@pytest.mark.parametrize("then", [{}, ACTIVATE])
@pytest.mark.parametrize("first_ever", [True, False])
def test_another_method_resumes_where_what_is_kept_covers_it(
    methods: str, then: dict[str, Any], *, first_ever: bool
) -> None:
    workspace = large()
    catalogs = [full_table() if name == "FULL" else None for name in methods.split()]
    target = Target()
    with Sandbox(workspace) as sandbox:
        state = None
        if not first_ever:
            run = in_process(sandbox.config(**then))
            target.load(_aged(run))
            state = run.state
        first = _aged(interrupted(sandbox, 80, catalog=catalogs[0], state=state, **then))
        target.load(first)
        before = len(sandbox.requests)
        second = in_process(
            sandbox.config(page_size=PAGE_SIZE, **then), catalog=catalogs[1], state=first.state
        )
        target.load(second)
    assert second.status == 0
    assert target.table == source(workspace)
    # What was sent only because it was due is no part of a full table.
    starts_over = methods == "INCREMENTAL FULL" and not first_ever
    assert (len(sandbox.requests) - before >= 120) == starts_over


@pytest.mark.parametrize(
    ("then", "now", "starts_over"),
    [
        ("2025-01-01", "2025-03-01", False),
        ("2025-03-01", "2025-01-01", True),
        ("2025-01-01", None, True),
        (None, "2025-01-01", False),
    ],
)
def test_another_start_date_resumes_where_what_is_kept_covers_it(
    then: str | None, now: str | None, *, starts_over: bool
) -> None:
    workspace = large()
    with Sandbox(workspace) as sandbox:
        first = interrupted(sandbox, 80, **({"start_date": then} if then else {}))
        settings = {"start_date": now} if now else {}
        second = in_process(sandbox.config(**settings), state=first.state)
    since = None if now is None else canonical(datetime.fromisoformat(f"{now}T00:00:00Z"))
    assert {*first.uuids, *second.uuids} >= updated_since(workspace, since)
    assert any("Resuming" in line for line in second.log.splitlines()) != starts_over
    assert len(second.warnings) == starts_over


def test_a_scan_that_began_more_than_a_week_ago_is_not_resumed() -> None:
    workspace = large()
    with Sandbox(workspace) as sandbox:
        first = interrupted(sandbox, 80)
        workspace.clock.advance(8 * 24 * HOUR)
        second = in_process(sandbox.config(page_size=PAGE_SIZE), state=first.state)
        asked = {request.query.get("date_from") for request in sandbox.requests[80:]}
    assert None in asked
    assert {*first.uuids, *second.uuids} == {c["uuid"] for c in workspace.contacts()}


# Unproven runs.


def busy_day(count: int = 100, old: int = 0) -> Workspace:
    """A workspace whose contacts are all of today, but for some old ones."""
    today = contacts(count, until=NOON, days=0.4)
    before = contacts(old, until=NOON - timedelta(days=10), days=300, seed=1)
    return Workspace([*before, *today], clock=Clock(NOON))


def no_larger_pages(info: RequestInfo) -> Fault | None:
    """Refuse the pages that would settle a window in one response."""
    return faults.status(422) if int(info.query["per_page"]) > PAGE_SIZE else None


def swap_one_of_today(_: int, workspace: Workspace) -> None:
    """One of those yet to be read is deleted, and a new one is created."""
    today = str(NOON.date())
    doomed = [c["uuid"] for c in workspace.contacts() if c["created_at"][:10] == today]
    workspace.delete(doomed[-20])
    workspace.clock.advance(0.1)
    workspace.insert()


@pytest.mark.parametrize("old", [0, 400])
@pytest.mark.parametrize("catalog", [None, "full table"])
def test_an_unproven_run_claims_nothing(old: int, catalog: str | None) -> None:
    workspace = busy_day(old=old)
    kept = canonical(NOON - timedelta(days=400))
    state = state_of(replication_key="updated_at", replication_key_value=kept, filters={})
    with Sandbox(workspace, before_request=swap_one_of_today, faults=no_larger_pages) as sandbox:
        run = in_process(
            sandbox.config(page_size=PAGE_SIZE, **ACTIVATE),
            state=state,
            catalog=full_table() if catalog else None,
        )
        assert run.status == 0, run.log
        assert run.errors == []
        (warning,) = run.warnings
        assert "not proven" in warning
        assert bookmark(run) == kept
        assert not is_open(run.state)
        assert run.of_type("ACTIVATE_VERSION") == []
        assert len(run.uuids) == len(set(run.uuids))
        assert figures(run)["repaired"] >= 1
        if old:
            # What is proven in the same run counts.
            assert next(until for _, _, until in ranges(run.state)) != kept

        # Once it is quiet, the next run makes up for it.
        sandbox.before_request = lambda _, __: None
        target = Target()
        target.load(_aged(run))
        workspace.clock.advance(HOUR)
        quiet = in_process(
            sandbox.config(page_size=PAGE_SIZE, **ACTIVATE),
            state=run.state,
            catalog=full_table() if catalog else None,
        )
        target.load(quiet)
    if catalog:
        assert_complete(quiet, workspace)
    living = source(workspace)
    assert {key: row for key, row in target.table.items() if key in living} == living
    if catalog:
        assert target.table.keys() == living.keys()


def test_an_unproven_first_run_sets_no_bookmark() -> None:
    with Sandbox(busy_day(), before_request=swap_one_of_today, faults=no_larger_pages) as sandbox:
        run = in_process(sandbox.config(page_size=PAGE_SIZE))
    assert run.status == 0
    assert len(run.warnings) == 1
    assert bookmark(run) is None


def unproven_day(workspace: Workspace, day: date) -> Script:
    """Put many contacts on a day, and let it never settle."""
    for number in range(30):
        at = datetime.combine(day, NOON.timetz()) + timedelta(minutes=number)
        workspace.insert({"updated_at": at}, created_at=at)

    def lie(info: RequestInfo) -> Fault | None:
        first, last = info.query.get("date_from", ""), info.query.get("date_to", "9999")
        hidden = first <= str(day) <= last and info.page == (2 if first == last else 4)
        return faults.lying(data=[]) if hidden else no_larger_pages(info)

    return lie


@pytest.mark.parametrize("first_ever", [True, False])
def test_an_unproven_range_keeps_its_bookmark_and_no_other_does(*, first_ever: bool) -> None:
    """The next run sends only its contacts again, and its neighbours', for time zones."""
    bad_day = date(2025, 1, 15)
    workspace = workspace_of(500)
    lie = unproven_day(workspace, bad_day)
    with Sandbox(workspace) as sandbox:
        config = sandbox.config(page_size=PAGE_SIZE, lookback_seconds=0)
        before = None if first_ever else in_process(config).state
        workspace.clock.advance(HOUR)
        edited = workspace.edit_some(Random(1), 40)
        sandbox.faults = lie
        run = in_process(config, state=before)
        assert run.status == 0
        (warning,) = run.warnings
        assert len(run.uuids) == len(set(run.uuids))
        assert bookmark(run) == (None if before is None else states.bookmark(before))
        (place,) = [
            n for n, (_, _, until) in enumerate(ranges(run.state)) if until == bookmark(run)
        ]
        last, _, _ = ranges(run.state)[place]
        behind, _, _ = ranges(run.state)[place - 1]
        assert behind is not None
        assert last is not None
        assert place == 1
        assert behind < str(bad_day) <= last
        assert last in warning
        sandbox.faults = faults.never
        workspace.clock.advance(HOUR)
        again = in_process(config, state=run.state)
    limit = just_before(greatest(workspace))
    latest = {uuid for uuid in edited if workspace.get(uuid)["updated_at"] >= limit}
    day_after = str(date.fromisoformat(last) + timedelta(days=1))
    days = created(workspace, set(again.uuids) - latest)
    assert all(behind <= day <= day_after for day in days)
    assert bool(days) == first_ever
    assert len(ranges(again.state)) == 1


# Full table.


def test_a_full_table_without_versions() -> None:
    workspace = workspace_of(50)
    with Sandbox(workspace) as sandbox:
        first = in_process(sandbox.config(), catalog=full_table())
        second = in_process(sandbox.config(), catalog=full_table(), state=first.state)
    for run in (first, second):
        assert_complete(run, workspace)
        assert run.of_type("ACTIVATE_VERSION") == []
        assert all("version" not in message for message in run.of_type("RECORD"))


def test_the_two_methods_may_share_a_state() -> None:
    """What a full table has sent need not be sent by the incremental run after it."""
    workspace = workspace_of(50)
    with Sandbox(workspace) as sandbox:
        first = in_process(sandbox.config())
        full = in_process(sandbox.config(), catalog=full_table(), state=first.state)
        assert bookmark(full) == bookmark(first)
        third = in_process(sandbox.config(lookback_seconds=0), state=full.state)
    assert len(third.uuids) == 1


def test_incremental_records_carry_a_version_that_is_not_activated() -> None:
    """A target that shares the table with full-table runs would retire rows without one."""
    workspace = workspace_of(40)
    with Sandbox(workspace) as sandbox:
        run = in_process(sandbox.config(**ACTIVATE))
        without = in_process(sandbox.config())
    assert_complete(run, workspace)
    assert len({message["version"] for message in run.of_type("RECORD")}) == 1
    assert run.of_type("ACTIVATE_VERSION") == []
    assert bookmark(run) == bookmark(without)
    assert all("version" not in message for message in without.of_type("RECORD"))


def test_the_version_is_activated_after_the_last_record() -> None:
    workspace = large()
    with Sandbox(workspace) as sandbox:
        run = in_process(sandbox.config(page_size=PAGE_SIZE, **ACTIVATE), catalog=full_table())
    assert_complete(run, workspace)
    (activation,) = run.of_type("ACTIVATE_VERSION")
    assert {message["version"] for message in run.of_type("RECORD")} == {activation["version"]}
    kinds = [message["type"] for message in run.messages]
    assert "RECORD" not in kinds[kinds.index("ACTIVATE_VERSION") :]


def test_an_empty_full_table_retires_every_row() -> None:
    with Sandbox(workspace_of(0)) as sandbox:
        run = in_process(sandbox.config(**ACTIVATE), catalog=full_table())
    kinds = [message["type"] for message in run.messages if message["type"] != "STATE"]
    assert kinds == ["SCHEMA", "ACTIVATE_VERSION"]


@pytest.mark.parametrize("share", [0, 0.4])
def test_no_table_is_emptied_by_one_wrong_response(share: float) -> None:
    """A fail-over, an index that is built anew, a token that lost its permission."""
    workspace = workspace_of(100)
    target = Target()
    with Sandbox(workspace) as sandbox:
        config, catalog = sandbox.config(**ACTIVATE), full_table()
        first = in_process(config, catalog=catalog)
        target.load(_aged(_aged(_aged(first))))
        assert about(first.state)["contacts"] == 100
        for contact in workspace.contacts()[int(100 * share) :]:
            workspace.delete(contact["uuid"])
        second = in_process(config, catalog=catalog, state=first.state)
        target.load(_aged(_aged(second)))
        (warning,) = second.warnings
        assert "not proven" in warning
        assert second.of_type("ACTIVATE_VERSION") == []
        assert bookmark(second) == bookmark(first)
        assert len(target.table) == 100
        third = in_process(config, catalog=catalog, state=second.state)
        target.load(_aged(third))
        assert third.warnings == []
        assert target.table == source(workspace)
        assert about(third.state)["contacts"] == int(100 * share)


def test_another_wrong_response_is_not_the_same() -> None:
    workspace = workspace_of(100)
    with Sandbox(workspace) as sandbox:
        config, catalog = sandbox.config(**ACTIVATE), full_table()
        run = in_process(config, catalog=catalog)
        for left in (40, 20):
            for contact in workspace.contacts()[left:]:
                workspace.delete(contact["uuid"])
            run = in_process(config, catalog=catalog, state=run.state)
            assert run.of_type("ACTIVATE_VERSION") == []
        for _ in range(60):
            workspace.insert()
        run = in_process(config, catalog=catalog, state=run.state)
        assert run.warnings == []
        assert len(run.of_type("ACTIVATE_VERSION")) == 1


def test_contacts_that_enter_a_filter_without_being_updated_are_sent() -> None:
    """The total grows by more than is due."""
    workspace = workspace_of(200)
    chosen = {"filters": {"status": "Active"}}
    with Sandbox(workspace) as sandbox:
        config = sandbox.config(**chosen)
        first = in_process(config)
        joining = [c["uuid"] for c in workspace.contacts() if c["status"] != "Active"][:20]
        for uuid in joining:
            workspace.edit(uuid, touch=False, status="Active")
        second = in_process(config, state=first.state)
        assert set(joining) <= set(second.uuids)
        assert len(second.uuids) == len(set(second.uuids))
        (warning,) = second.warnings
        assert "20 records more" in warning
        third = in_process(config, state=second.state)
    assert third.warnings == []
    assert len(third.uuids) < 20


@pytest.mark.parametrize("number", [1, 3, 6])
def test_a_failed_full_table_retires_nothing(number: int) -> None:
    with Sandbox(workspace_of(30), faults=fatal_from(number)) as sandbox:
        run = run_tap(sandbox.config(page_size=PAGE_SIZE, **ACTIVATE), catalog=full_table())
    assert run.status == 1
    assert len(run.errors) == 1
    assert run.of_type("ACTIVATE_VERSION") == []


def test_filters_and_versions_together_are_warned_of() -> None:
    workspace = workspace_of(100)
    active = {c["uuid"] for c in workspace.contacts() if c["status"] == "Active"}
    target = Target()
    with Sandbox(workspace) as sandbox:
        config = sandbox.config(**ACTIVATE)
        target.load(in_process(config, catalog=full_table()))
        run = run_tap(config | {"filters": {"status": "Active"}}, catalog=full_table())
        incremental = in_process(config | {"filters": {"status": "Active"}})
    (warning,) = run.warnings
    assert "filters" in warning
    assert "delete rows" in warning
    assert run.log.index(warning) < run.log.index(" read, ")
    assert set(run.uuids) == active
    assert len(run.of_type("ACTIVATE_VERSION")) == 1
    assert incremental.warnings == []


# What a target ends up with.


def test_two_incremental_runs_leave_the_target_equal_to_the_source() -> None:
    workspace = workspace_of(300, custom_fields=("a",))
    target = Target()
    with Sandbox(workspace) as sandbox:
        state = None
        for seed in range(3):
            run = in_process(sandbox.config(page_size=20), state=state)
            target.load(run)
            assert target.table == source(workspace)
            state = run.state
            workspace.clock.advance(HOUR)
            workspace.edit_some(Random(seed), 20)
            for _ in range(5):
                workspace.insert()


def test_two_full_runs_leave_the_target_equal_to_the_source() -> None:
    workspace = workspace_of(300)
    target = Target()
    with Sandbox(workspace) as sandbox:
        first = in_process(sandbox.config(**ACTIVATE), catalog=full_table())
        target.load(_aged(first))
        assert target.table == source(workspace)
        workspace.delete_some(Random(1), 30)
        workspace.edit_some(Random(2), 30)
        # Its tags changed, which the time of its update does not tell.
        workspace.edit(workspace.contacts()[0]["uuid"], touch=False, tags=[])
        target.load(in_process(sandbox.config(**ACTIVATE), catalog=full_table(), state=first.state))
    assert len(target.table) == 270
    assert target.table == source(workspace)


def _aged(run: Run) -> Run:
    """The same run, as if it had been long ago: versions are moments."""

    def older(fields: dict[str, Any]) -> dict[str, Any]:
        version = fields.get("version")
        return fields if version is None else fields | {"version": version - 5000}

    return Run(
        run.status,
        b"".join(
            json.dumps(json.loads(line, object_hook=older)).encode() + b"\n"
            for line in run.stdout.splitlines()
        ),
        run.log,
    )


def test_a_busy_workspace_is_caught_up_with() -> None:
    workspace = large()
    churn = Churn(edits=1, inserts=0.3, deletes=0)

    def before_request(number: int, workspace: Workspace) -> None:
        workspace.clock.advance(0.5)
        churn(number, workspace)

    target = Target()
    with Sandbox(workspace, before_request=before_request) as sandbox:
        first = in_process(sandbox.config(page_size=PAGE_SIZE))
        target.load(first)
        sandbox.before_request = lambda _, __: None
        second = in_process(sandbox.config(page_size=PAGE_SIZE), state=first.state)
        target.load(second)
    assert re.search(r"\b0 retries", second.log)
    assert target.table == source(workspace)
