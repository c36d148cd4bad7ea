"""The streams beside contacts: what they send, what they ask, and that none stops another."""

from datetime import timedelta
from random import Random

import pytest

from tests.e2e.expected import assert_valid, source
from tests.e2e.further import FURTHER, expected, keys_of
from tests.e2e.in_process import in_process
from tests.e2e.running import Run, discovered, run_tap, selecting
from tests.sandbox import Clock, RequestInfo, Sandbox, Workspace, contacts, faults
from tests.sandbox.clock import NOON
from tests.sandbox.faults import Fault, Script
from tests.sandbox.further import Record, below, further, make_entry, make_record

ALL = ("contacts", *FURTHER)
VERSIONS = {"emit_activate_version_messages": True}


def workspace(count: int = 60, **counts: int) -> Workspace:
    """A workspace at rest, whose newest record is a day old."""
    made = contacts(count, until=NOON - timedelta(days=1), custom_fields=("plan",))
    listings = further(made, until=NOON - timedelta(days=1), **counts)
    return Workspace(made, listings=listings, clock=Clock(NOON))


def records(run: Run, stream: str) -> list[Record]:
    return [m["record"] for m in run.of_type("RECORD") if m["stream"] == stream]


def activated(run: Run) -> list[str]:
    return [message["stream"] for message in run.of_type("ACTIVATE_VERSION")]


def assert_equal(run: Run, of: Workspace, *streams: str) -> None:
    """The records of these streams are the sandbox's, once each."""
    for stream in streams:
        sent = records(run, stream)
        by_key = {keys_of(stream, record): record for record in sent}
        assert len(by_key) == len(sent)
        assert by_key == expected(of, stream), stream


def at_path(path: str, fault: Fault) -> Script:
    """Spoil every request for one listing."""

    def script(info: RequestInfo) -> Fault | None:
        return fault if info.path == f"/api/v1/{path}" else None

    return script


# What is sent.


def test_contacts_alone_are_selected_unless_more_is_asked_for() -> None:
    with Sandbox(workspace()) as sandbox:
        config = sandbox.config()
        assert run_tap(config, "--test").status == 0
        runs = [run_tap(config), in_process(config, catalog=discovered())]
        assert {info.path for info in sandbox.requests} == {"/api/v1/contacts"}
        for run in runs:
            assert not [name for name in FURTHER if name in run.log], "not a word of the others"
            assert {message.get("stream", "contacts") for message in run.messages} == {"contacts"}
            assert {record["uuid"]: record for record in run.records} == source(sandbox.workspace)
    by_default = {
        stream["tap_stream_id"]: entry["metadata"].get("selected-by-default")
        for stream in discovered()["streams"]
        for entry in stream["metadata"]
        if not entry["breadcrumb"]
    }
    assert by_default == dict.fromkeys(FURTHER, False) | {"contacts": True}
    assert next(iter(by_default)) == "contacts"


def test_every_stream_sends_what_the_workspace_has_and_is_asked_for_what_it_allows() -> None:
    settings = VERSIONS | {"page_size": 150, "filters": {"date_to": "2025-06-14"}}
    with Sandbox(workspace(200, conversations=230, calls=120, tasks=110)) as sandbox:
        run = run_tap(sandbox.config(**settings), catalog=selecting(*ALL))
        queries = {info.path.removeprefix("/api/v1/"): info.query for info in sandbox.requests}
    assert (run.status, run.warnings) == (0, [])
    assert f"filters are for contacts: reading all of {', '.join(FURTHER)}" in run.log
    assert_valid(run)
    assert_equal(run, sandbox.workspace, *FURTHER)
    assert len(records(run, "contacts")) == 200
    # The others are incremental.
    (activation,) = run.of_type("ACTIVATE_VERSION")
    of_it = [m for m in run.messages if m.get("stream") == activation["stream"] == "pool_contacts"]
    assert of_it[-1] is activation
    assert {m["version"] for m in of_it[1:]} == {activation["version"]}
    assert run.messages[-1]["type"] == "STATE"
    assert set(run.state["bookmarks"]) == {*ALL}
    streams = list(dict.fromkeys(m["stream"] for m in run.messages if "stream" in m))
    assert streams[0] == "contacts", "nothing is read at the cost of contacts"

    asked = {path: dict(query) | {"page": ""} for path, query in queries.items()}
    assert asked.pop("contacts")["date_to"]
    by_age = {"sort_by": "created_at", "sort_dir": "asc"}
    assert asked.pop("conversations") == {"page": "", "per_page": "100", **by_age}
    assert asked.pop("tasks") == {"page": "", "per_page": "100"}
    assert len(asked) == 4 + 3
    assert all(query == {"page": "", "per_page": "150"} for query in asked.values())


def test_they_share_one_client() -> None:
    with Sandbox(workspace(20, pools=9), throttle_per_minute=1000) as sandbox:
        run = in_process(sandbox.config(max_concurrent_requests=2), catalog=selecting(*ALL))
        ports = {info.client_port for info in sandbox.requests}
    assert (run.status, run.warnings) == (0, [])
    assert len(ports) <= 2
    assert run.log.count("using at most 800 of them") == 1


def test_maps_selection_and_flattening_fit_them() -> None:
    catalog = selecting("calls", "pool_contacts")
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if entry["breadcrumb"][-1:] in (["phone_number"], ["analysis"]):
                entry["metadata"]["selected"] = False
    maps = {"pool_c*": {"email": "md5(str(email))", "name": None}}
    flat = {"flattening_enabled": True, "flattening_max_depth": 2}
    with Sandbox(workspace()) as sandbox:
        run = in_process(sandbox.config(stream_maps=maps, **flat), catalog=catalog)
    assert run.status == 0, run.log
    assert_valid(run)
    call, *_ = records(run, "calls")
    assert {"agent__uuid", "agent__name", "extra_fields"} <= call.keys()
    assert "analysis" not in call
    entry, *_ = records(run, "pool_contacts")
    assert len(entry["email"]) == 32
    assert not {"name", "phone_number"} & entry.keys()


def test_a_map_names_a_stream_and_its_fields() -> None:
    with Sandbox(workspace()) as sandbox:
        maps = {"pool_contact": {}, "rules": {"emial": None}, "tasks": {"plan": None}}
        run = in_process(sandbox.config(stream_maps=maps, custom_field_columns=["plan"]))
    (error,) = run.errors
    assert "did you mean pool_contacts?" in error
    assert "rules.emial drops a field that does not exist" in error
    assert "tasks.plan drops a field that does not exist" in error


# Replication.


def test_incremental_streams_send_what_changed_since() -> None:
    """The settings of contacts do not touch their state."""
    of = workspace(30)
    with Sandbox(of) as sandbox:
        catalog = selecting(*FURTHER)
        first = in_process(sandbox.config(), catalog=catalog)
        with of.lock:
            of.clock.advance(3600)
            rng, now = Random(0), of.clock.now()
            of.listings["rules"][2]["updated_at"] = now.isoformat()
            of.listings["conversations"].append(make_record("conversations", rng, now))
            pool, newcomer = of.listings["pools"][0]["uuid"], of.get(of.insert())
            of.listings[below(pool)].append(make_entry(rng, newcomer, now))
        settings = {"filters": {"status": "Active"}, "reread_after_hours": 24}
        second = in_process(sandbox.config(**settings), state=first.state, catalog=catalog)
    assert (second.status, second.warnings) == (0, [])
    for stream, place in (("rules", 2), ("conversations", -1)):
        changed = {record["uuid"] for record in records(second, stream)}
        assert of.listings[stream][place]["uuid"] in changed
        assert len(changed) <= 2, "the newest is always sent again"
    # It does not say when an entry was changed.
    assert_equal(second, of, "pool_contacts")
    assert len(records(second, "pool_contacts")) == len(records(first, "pool_contacts")) + 1


def test_far_fewer_entries_than_before_delete_nothing_at_once() -> None:
    of = workspace()
    with Sandbox(of) as sandbox:
        settings, catalog = sandbox.config(**VERSIONS), selecting("pool_contacts")
        first = in_process(settings, catalog=catalog)
        with of.lock:
            of.listings["pools"].clear()
        second = in_process(settings, state=first.state, catalog=catalog)
        third = in_process(settings, state=second.state, catalog=catalog)
    assert (activated(first), activated(second), activated(third)) == (
        ["pool_contacts"],
        [],
        ["pool_contacts"],
    )
    assert "only 0 records were found" in second.warnings[0]


def test_entries_of_pools_are_sent_in_full_only() -> None:
    catalog = selecting("pool_contacts")
    for stream in catalog["streams"]:
        if stream["tap_stream_id"] == "pool_contacts":
            stream["replication_method"], stream["replication_key"] = "INCREMENTAL", "added_at"
            for entry in stream["metadata"]:
                if not entry["breadcrumb"]:
                    entry["metadata"]["replication-method"] = "INCREMENTAL"
    with Sandbox(workspace()) as sandbox:
        run = in_process(sandbox.config(), catalog=catalog)
    (error,) = run.errors
    assert "pool_contacts offers FULL_TABLE only" in error


# None stops another; tests/matrix/test_further.py has the other faults.


def below_pools(info: RequestInfo) -> Fault | None:
    return faults.status(404) if info.path.count("/") > 3 else None


@pytest.mark.parametrize(
    ("refused", "script", "told"),
    [
        ("rules", at_path("rules", faults.status(403)), "rules cannot be read; other streams are"),
        ("pool_contacts", below_pools, "in one of the pools"),
    ],
)
def test_a_stream_that_is_refused_is_told_and_the_others_are_read(
    refused: str, script: Script, told: str
) -> None:
    of = workspace(pools=30)
    others = [stream for stream in FURTHER if stream != refused]
    with Sandbox(of, faults=script) as sandbox:
        run = in_process(sandbox.config(max_retries=0, **VERSIONS), catalog=selecting(*ALL))
    assert run.status == 1
    assert told in run.warnings[-1]
    (error,) = run.errors
    assert f"Not read: {refused}" in error
    assert_equal(run, of, *others)
    assert len(records(run, "contacts")) == 60
    assert records(run, refused) == []
    assert run.state["bookmarks"].keys() >= {*others, "contacts"}
    assert activated(run) == [stream for stream in others if stream == "pool_contacts"]


def test_where_contacts_cannot_be_read_the_run_ends() -> None:
    with Sandbox(workspace(), faults=at_path("contacts", faults.status(403))) as sandbox:
        run = in_process(sandbox.config(), catalog=selecting(*ALL))
        assert {info.path for info in sandbox.requests} == {"/api/v1/contacts"}
    assert run.status == 1
    assert "HTTP 403" in run.errors[0]
