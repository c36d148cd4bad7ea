"""The streams beside contacts: what they send, what they ask, and that none stops another."""

import json
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

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
        runs = [run_tap(sandbox.config()), in_process(sandbox.config(), catalog=discovered())]
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


def test_every_stream_sends_what_the_workspace_has() -> None:
    with Sandbox(workspace(200, conversations=230, calls=120, tasks=110)) as sandbox:
        run = run_tap(sandbox.config(**VERSIONS), catalog=selecting(*ALL))
    assert (run.status, run.warnings) == (0, [])
    assert_valid(run)
    assert_equal(run, sandbox.workspace, *FURTHER)
    assert len(records(run, "contacts")) == 200
    # The others are incremental.
    assert activated(run) == ["pool_contacts"]
    assert run.messages[-1]["type"] == "STATE"
    assert set(run.state["bookmarks"]) == {*ALL}
    streams = list(dict.fromkeys(m["stream"] for m in run.messages if "stream" in m))
    assert streams[0] == "contacts", "nothing is read at the cost of contacts"


def test_each_listing_is_asked_for_what_it_allows() -> None:
    with Sandbox(workspace(30, conversations=230, tasks=110)) as sandbox:
        settings = {"page_size": 150, "filters": {"search": "a", "date_to": "2025-06-01"}}
        run = in_process(sandbox.config(**settings), catalog=selecting(*FURTHER))
        assert (run.status, run.warnings) == (0, [])
        assert f"filters are for contacts: reading all of {', '.join(FURTHER)}" in run.log
        queries = {info.path.rpartition("/")[2]: dict(info.query) for info in sandbox.requests}
    for query in queries.values():
        del query["page"]
    assert queries.pop("tasks") == {"per_page": "100"}
    assert queries.pop("conversations") == {
        "per_page": "100",
        "sort_by": "created_at",
        "sort_dir": "asc",
    }
    assert queries.keys() == {"pools", "contacts", "rules", "campaigns", "calls"}
    assert all(query == {"per_page": "150"} for query in queries.values())


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
        stream["metadata"] += [
            {"breadcrumb": ["properties", name], "metadata": {"selected": False}}
            for name in ("phone_number", "analysis")
            if name in stream["schema"]["properties"]
        ]
        places = {tuple(entry["breadcrumb"]): entry for entry in stream["metadata"]}
        stream["metadata"] = [*places.values()]
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


def test_the_test_of_a_connection_asks_for_contacts_alone() -> None:
    with Sandbox(workspace()) as sandbox:
        run = run_tap(sandbox.config(), "--test")
        assert {info.path for info in sandbox.requests} == {"/api/v1/contacts"}
    assert run.status == 0, run.log


# Replication.


def test_incremental_streams_send_what_changed_since() -> None:
    of = workspace(30)
    with Sandbox(of) as sandbox:
        first = in_process(sandbox.config(), catalog=selecting(*ALL))
        with of.lock:
            of.clock.advance(3600)
            rng, now = Random(0), of.clock.now()
            of.listings["rules"][2]["updated_at"] = now.isoformat()
            of.listings["conversations"].append(make_record("conversations", rng, now))
        second = in_process(sandbox.config(), state=first.state, catalog=selecting(*ALL))
    assert (second.status, second.warnings) == (0, [])
    changed = {record["uuid"] for record in records(second, "rules")}
    # The newest is always sent again.
    assert of.listings["rules"][2]["uuid"] in changed
    assert len(changed) <= 2
    assert of.listings["conversations"][-1]["uuid"] in {
        record["uuid"] for record in records(second, "conversations")
    }
    assert len(records(second, "conversations")) <= 2
    # It does not say when an entry was changed.
    assert_equal(second, of, "pool_contacts")


def test_pools_deleted_meanwhile_are_no_error_and_the_version_is_activated() -> None:
    of = workspace(40, pools=6)

    def delete_two(number: int, changed: Workspace) -> None:
        if number == 4:
            for pool in changed.listings["pools"][3:5]:
                del changed.listings[below(pool["uuid"])]
            del changed.listings["pools"][3:5]

    with Sandbox(of, before_request=delete_two) as sandbox:
        settings = sandbox.config(max_concurrent_requests=1, **VERSIONS)
        run = in_process(settings, catalog=selecting("pool_contacts"))
    assert (run.status, run.warnings) == (0, [])
    assert_equal(run, of, "pool_contacts")
    assert activated(run) == ["pool_contacts"]
    assert run.messages[-2]["type"] == "ACTIVATE_VERSION"
    assert len({message["version"] for message in run.of_type("RECORD")}) == 1


def counts_one_more(response: Any) -> Any:  # noqa: ANN401 - of Flask
    body = json.loads(response.get_data())
    body["data"]["total"] += 1
    response.set_data(json.dumps(body))
    return response


def unproven_pool(of: Workspace) -> Script:
    path = below(of.listings["pools"][1]["uuid"])
    return at_path(path, faults.Fault("one more", counts_one_more))


def unproven_list(_: Workspace) -> Script:
    return at_path("pools", faults.Fault("one more", counts_one_more))


@pytest.mark.parametrize("script", [unproven_pool, unproven_list])
def test_rows_stay_where_a_pool_or_their_list_is_not_proven(
    script: Callable[[Workspace], Script],
) -> None:
    of = workspace()
    with Sandbox(of, faults=script(of)) as sandbox:
        run = in_process(sandbox.config(**VERSIONS), catalog=selecting("pool_contacts"))
    assert run.status == 0
    (warning,) = run.warnings
    assert "tap-mihu.pool_contacts" in warning
    assert "not proven that none is missing: the API counts 1 more than it sends (in " in warning
    assert_equal(run, of, "pool_contacts")
    assert activated(run) == []


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


def test_contacts_settings_do_not_touch_their_state() -> None:
    with Sandbox(workspace()) as sandbox:
        first = in_process(sandbox.config(), catalog=selecting("rules"))
        settings = {"filters": {"status": "Active"}, "reread_after_hours": 24}
        second = in_process(
            sandbox.config(**settings), state=first.state, catalog=selecting("rules")
        )
        assert [dict(info.query) for info in sandbox.requests] == [
            {"page": "1", "per_page": "100"}
        ] * 2
    assert (second.status, second.warnings) == (0, [])
    assert len(records(second, "rules")) < len(records(first, "rules"))


@pytest.mark.parametrize(("method", "key"), [("INCREMENTAL", "added_at"), ("LOG_BASED", None)])
def test_entries_of_pools_are_sent_in_full_only(method: str, key: str | None) -> None:
    catalog = selecting("pool_contacts")
    for stream in catalog["streams"]:
        if stream["tap_stream_id"] == "pool_contacts":
            stream["replication_method"], stream["replication_key"] = method, key
            stream["metadata"][0]["metadata"]["replication-method"] = method
            for entry in stream["metadata"]:
                if not entry["breadcrumb"]:
                    entry["metadata"]["replication-method"] = method
    with Sandbox(workspace()) as sandbox:
        run = in_process(sandbox.config(), catalog=catalog)
    (error,) = run.errors
    assert "pool_contacts offers FULL_TABLE only" in error


# None stops another.

REFUSALS: dict[str, Fault] = {
    "403": faults.status(403),
    "404": faults.status(404, {"message": "Not Found"}),
    "another form": faults.wrong_envelope({"success": True, "data": [{"uuid": "a"}]}),
    "no key": faults.lying(data=[{"name": "a"}]),
}


@pytest.mark.parametrize("fault", REFUSALS.values(), ids=REFUSALS)
def test_a_stream_that_is_refused_is_told_and_the_others_are_read(fault: Fault) -> None:
    of = workspace()
    others = [stream for stream in FURTHER if stream != "rules"]
    with Sandbox(of, faults=at_path("rules", fault)) as sandbox:
        run = in_process(sandbox.config(max_retries=0), catalog=selecting(*ALL))
    assert run.status == 1
    (warning,) = run.warnings
    assert "rules cannot be read; other streams are" in warning
    assert "|" in warning
    (error,) = run.errors
    assert "Not read: rules" in error
    assert_equal(run, of, *others)
    assert len(records(run, "contacts")) == 60
    assert records(run, "rules") == []
    assert run.state["bookmarks"].keys() >= {*others, "contacts"}


def test_a_stream_that_nobody_asked_for_is_not_missed() -> None:
    with Sandbox(workspace(), faults=at_path("rules", faults.status(404))) as sandbox:
        run = in_process(sandbox.config(), catalog=selecting("contacts", "pools"))
    assert (run.status, run.warnings) == (0, [])


def test_where_contacts_cannot_be_read_the_run_ends() -> None:
    with Sandbox(workspace(), faults=at_path("contacts", faults.status(403))) as sandbox:
        run = in_process(sandbox.config(), catalog=selecting(*ALL))
        assert {info.path for info in sandbox.requests} == {"/api/v1/contacts"}
    assert run.status == 1
    assert "HTTP 403" in run.errors[0]


def test_pools_whose_contacts_are_all_refused_delete_nothing() -> None:
    of = workspace(pools=30)

    def script(info: RequestInfo) -> Fault | None:
        return faults.status(404) if info.path.count("/") > 3 else None

    with Sandbox(of, faults=script) as sandbox:
        run = in_process(sandbox.config(**VERSIONS), catalog=selecting("pool_contacts", "pools"))
    assert run.status == 1
    assert activated(run) == []
    assert "pool_contacts cannot be read" in run.warnings[-1]
    assert "in one of the pools" in run.warnings[-1]
    assert len(records(run, "pools")) == 30


def test_an_entry_appears_in_the_next_run() -> None:
    of = workspace(12)
    with Sandbox(of) as sandbox:
        first = in_process(sandbox.config(), catalog=selecting("pool_contacts"))
        with of.lock:
            pool = of.listings["pools"][0]["uuid"]
            newcomer = of.get(of.insert())
            of.listings[below(pool)].append(make_entry(Random(0), newcomer, of.clock.now()))
        second = in_process(sandbox.config(), state=first.state, catalog=selecting("pool_contacts"))
    assert_equal(second, of, "pool_contacts")
    assert len(second.records) == len(first.records) + 1
