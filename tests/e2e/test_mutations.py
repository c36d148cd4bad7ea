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
from tests.sandbox import Sandbox, Workspace
from tests.sandbox.clock import NOON
from tests.workspaces import workspace_of

Path = tuple[str | int, ...]

TOKEN = "s3cret-T0ken-of-the-sandbox"  # noqa: S105 - no real one
MUTATED = settings(
    max_examples=3 * settings().max_examples, suppress_health_check=list(HealthCheck)
)
REMOVED = object()
FUTURE = "2100"

plausible = st.sampled_from(
    [
        "",
        "FULL_TABLE",
        "INCREMENTAL",
        "contacts",
        "updated_at",
        "2999-01-01T00:00:00.000000Z",
        "2025-06-14T12:00:00.000000Z",
        "2025-06-14",
        "0001-01-01T00:00:00Z",
    ]
)
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
    | plausible,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=3,
)


def places(value: Any, path: Path = ()) -> Iterator[Path]:  # noqa: ANN401 - any JSON
    """Every place in a value, the whole included."""
    yield path
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, one in pairs:
            yield from places(one, (*path, key))


def changed(value: Any, path: Path, new: object) -> Any:  # noqa: ANN401 - any JSON
    """A copy with something else in one place, or nothing."""
    if not path:
        return None if new is REMOVED else new
    copy = deepcopy(value)
    place = copy
    for key in path[:-1]:
        place = place[key]
    if new is REMOVED:
        del place[path[-1]]
    else:
        place[path[-1]] = new
    return copy


def mutations(value: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - any JSON
    every = st.sampled_from(list(places(value)))
    return st.builds(changed, st.just(value), every, plausible | anything | st.just(REMOVED))


def assert_one_line(run: Run) -> None:
    assert run.status == 1
    (error,) = run.errors
    assert "Traceback" not in run.log
    assert "Unforeseen" not in error
    assert TOKEN not in run.log


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(workspace_of(30), token=TOKEN) as sandbox:
        yield sandbox


# States.

STATE = {
    "bookmarks": {
        "contacts": {
            "replication_key": "updated_at",
            "replication_key_value": "2025-03-01T00:00:00.000000Z",
            "filters": {},
            "scan": {
                "started_at": "2025-06-14T12:00:00.000000Z",
                "done_until": "2025-02-01",
                "replication_method": "INCREMENTAL",
                "since": "2025-02-28T23:55:00.000000Z",
                "version": None,
                "max_updated_at": "2025-06-01T00:00:00.000000Z",
            },
            "progress_markers": {"Note": "", "replication_key_value": "2025-06-01T00:00:00Z"},
            "starting_replication_value": "2025-03-01T00:00:00.000000Z",
        },
        "tickets": {"partitions": [{"context": {"a": 1}, "replication_key_value": 5}]},
    },
    "currently_syncing": None,
}


def _kept(state: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """What a state says of the stream, if it is one."""
    bookmarks = state.get("bookmarks") if isinstance(state, dict) else None
    kept = bookmarks.get("contacts") if isinstance(bookmarks, dict) else None
    return kept if isinstance(kept, dict) else {}


def latest_due(state: Any, workspace: Workspace) -> set[str]:  # noqa: ANN401 - any JSON
    """The contacts that no reading of the state's bookmark and checkpoint may leave out."""
    contacts_state = state["bookmarks"].get("contacts") or {}
    scan = contacts_state.get("scan")
    scan = scan if isinstance(scan, dict) else {}
    marks = [contacts_state.get("replication_key_value"), scan.get("since")]
    newest = max((m for m in marks if isinstance(m, str) and m < FUTURE), default="")
    return {contact["uuid"] for contact in workspace.contacts() if contact["updated_at"] > newest}


@MUTATED
@given(mutations(STATE))
def test_any_state_is_used_or_refused(sandbox: Sandbox, state: Any) -> None:  # noqa: ANN401
    run = in_process(sandbox.config(), state=state)
    if run.status:
        assert_one_line(run)
        assert "state" in run.errors[0].lower()
        assert run.of_type("RECORD") == []
        return
    assert len(run.uuids) == len(set(run.uuids))
    written = run.state["bookmarks"]["contacts"]
    assert "scan" not in written
    assert written["replication_key_value"] <= NOON.strftime("%Y-%m-%dT%H:%M:%S.%fZ") or (
        written["replication_key_value"] == _kept(state)["replication_key_value"]
    )
    if state is not None and "bookmarks" in state:
        assert latest_due(state, sandbox.workspace) <= set(run.uuids)
    again = in_process(sandbox.config(), state=run.state)
    assert again.status == 0
    assert again.warnings == []


# Catalogs.


@MUTATED
@given(mutations({"streams": discovered()["streams"][:1]}))
def test_any_catalog_is_used_or_refused(sandbox: Sandbox, catalog: Any) -> None:  # noqa: ANN401
    run = in_process(sandbox.config(), catalog=catalog)
    if run.status:
        assert_one_line(run)
        assert "catalog" in run.errors[0].lower()
        assert run.of_type("RECORD") == []
    elif run.records:
        expected = {contact["uuid"] for contact in sandbox.workspace.contacts()}
        assert set(run.uuids) == expected
        (schema,) = run.of_type("SCHEMA")
        for record in run.records:
            assert record.keys() <= schema["schema"]["properties"].keys()


# Configurations.

CONFIG: dict[str, Any] = {
    "page_size": 10,
    "max_concurrent_requests": 2,
    "lookback_seconds": 1,
    "request_timeout": 10,
    "max_retries": 0,
    "user_agent": "Acme",
    "start_date": "2020-01-01",
    "filters": {"status": "Active", "date_from": "2020-01-01", "search": "a"},
    "emit_activate_version_messages": False,
    "stream_maps": {"contacts": {"name": "name", "__filter__": "True", "__alias__": "people"}},
    "stream_map_config": {"hash_seed": "a"},
    "flattening_enabled": False,
    "flattening_max_depth": 1,
    "faker_config": {"seed": 1, "locale": "en_US"},
}


@MUTATED
@given(mutations(CONFIG).filter(lambda config: isinstance(config, dict)))
def test_any_configuration_is_used_or_refused(sandbox: Sandbox, config: dict[str, Any]) -> None:
    base = {name: value for name, value in sandbox.config().items() if name not in config}
    run = in_process(config | base)
    if run.status:
        assert_one_line(run)
        named = [name for name in CONFIG if name in run.errors[0]]
        assert named, run.errors[0]
    else:
        json.dumps(run.messages)
