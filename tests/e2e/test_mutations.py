"""States, catalogs and configurations with anything in any place: used, or refused in one line."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.e2e.in_process import in_process
from tests.e2e.running import Run, discovered
from tests.private import TOKEN
from tests.sandbox import Sandbox
from tests.sandbox.clock import NOON
from tests.workspaces import workspace_of

Path = tuple[str | int, ...]

UNHURRIED = settings(suppress_health_check=list(HealthCheck))
REMOVED = object()
FUTURE = "2100"

TIMES = ["2999-01-01T00:00:00.000000Z", "2025-06-14T12:00:00.000000Z", "0001-01-01T00:00:00Z"]
plausible = st.sampled_from(["", "FULL_TABLE", "contacts", "updated_at", "2025-06-14", *TIMES])
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(-1e20, 1e20)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
    | plausible,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=3,
)


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every place in a value, the whole included."""
    yield path
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, one in pairs:
            yield from places(one, (*path, key))


def changed(value: Any, path: Path, new: object) -> Any:
    """A copy with something else in one place, or nothing."""
    place: Any = {"whole": deepcopy(value)}
    around: dict[str, Any] = place
    *parents, last = ("whole", *path)
    for key in parents:
        place = place[key]
    if new is REMOVED:
        del place[last]
    else:
        place[last] = new
    return around.get("whole")


def mutations(value: Any) -> st.SearchStrategy[Any]:
    every = st.sampled_from(list(places(value)))
    return st.builds(changed, st.just(value), every, plausible | anything | st.just(REMOVED))


def assert_refused(run: Run, named: str) -> None:
    assert run.status == 1
    (error,) = run.errors
    assert named in error.lower()
    assert "Unforeseen" not in error
    assert TOKEN not in run.log
    assert run.of_type("RECORD") == []


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(workspace_of(30), token=TOKEN) as sandbox:
        yield sandbox


# Of the first edition; those of the second are edited in tests/unit/singer/test_state.py.
SCAN = {
    "started_at": "2025-06-14T12:00:00.000000Z",
    "done_until": "2025-02-01",
    "replication_method": "INCREMENTAL",
    "since": "2025-02-28T23:55:00.000000Z",
    "version": None,
    "max_updated_at": "2025-06-01T00:00:00.000000Z",
}
MARK = {"replication_key": "updated_at", "replication_key_value": "2025-03-01T00:00:00.000000Z"}
OTHER = {"partitions": [{"context": {"a": 1}, "replication_key_value": 5}]}
CONTACTS = {**MARK, "filters": {}, "scan": SCAN, "progress_markers": {"Note": ""}}
STATE = {"bookmarks": {"contacts": CONTACTS, "tickets": OTHER}, "currently_syncing": None}


def latest(state: Any) -> tuple[object, str]:
    """The bookmark of a state, and the latest moment up to which it may leave updates out."""
    bookmarks = state.get("bookmarks") if isinstance(state, dict) else None
    kept = bookmarks.get("contacts") if isinstance(bookmarks, dict) else None
    kept = kept if isinstance(kept, dict) else {}
    scan = kept.get("scan")
    value = kept.get("replication_key_value")
    marks = [value, scan.get("since") if isinstance(scan, dict) else None]
    return value, max((m for m in marks if isinstance(m, str) and m < FUTURE), default="")


@UNHURRIED
@given(mutations(STATE))
def test_any_state_is_used_or_refused(sandbox: Sandbox, state: Any) -> None:
    run = in_process(sandbox.config(), state=state)
    if run.status:
        assert_refused(run, "state")
        return
    assert len(run.uuids) == len(set(run.uuids))
    written = run.state["bookmarks"]["contacts"]
    value, newest = latest(state)
    assert "scan" not in written
    moved_to = written["replication_key_value"]
    assert moved_to <= NOON.strftime("%Y-%m-%dT%H:%M:%S.%fZ") or moved_to == value
    due = {c["uuid"] for c in sandbox.workspace.contacts() if c["updated_at"] > newest}
    assert due <= set(run.uuids)
    again = in_process(sandbox.config(), state=run.state)
    assert (again.status, again.warnings) == (0, [])


@UNHURRIED
@given(mutations({"streams": discovered()["streams"][:1]}))
def test_any_catalog_is_used_or_refused(sandbox: Sandbox, catalog: Any) -> None:
    run = in_process(sandbox.config(), catalog=catalog)
    if run.status:
        assert_refused(run, "catalog")
    elif run.records:
        assert set(run.uuids) == {contact["uuid"] for contact in sandbox.workspace.contacts()}
        (schema,) = run.of_type("SCHEMA")
        for record in run.records:
            assert record.keys() <= schema["schema"]["properties"].keys()


CONFIG: dict[str, Any] = {
    "max_retries": 0,
    "start_date": "2020-01-01",
    "filters": {"status": "Active", "date_from": "2020-01-01", "search": "a"},
    "emit_activate_version_messages": False,
    "stream_maps": {"contacts": {"name": "name", "__filter__": "True", "__alias__": "people"}},
    "stream_map_config": {"hash_seed": "a"},
    "flattening_enabled": False,
    "flattening_max_depth": 1,
    "faker_config": {"seed": 1, "locale": "en_US"},
}


@UNHURRIED
@given(mutations(CONFIG).filter(lambda config: isinstance(config, dict)))
def test_any_configuration_is_used_or_refused(sandbox: Sandbox, config: dict[str, Any]) -> None:
    run = in_process(config | sandbox.config())
    if run.status:
        named = [name for name in CONFIG if name in run.errors[0]]
        assert_refused(run, named[0])
    else:
        json.dumps(run.messages)
