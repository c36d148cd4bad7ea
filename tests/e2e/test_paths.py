"""Two ways from a page to the output, one fast and one through the SDK, that must be one."""

import hashlib
import json
from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

import pytest

from tap_mihu.records.timestamps import to_text
from tap_mihu.streams import ContactsStream
from tests.e2e.expected import as_record, assert_complete, assert_valid
from tests.e2e.in_process import in_process
from tests.e2e.log import FIGURES, counted
from tests.e2e.running import Run, discovered, full_table, run_tap
from tests.e2e.states import about, bookmark, done_until, is_open, moved_to
from tests.sandbox import Clock, Sandbox, Workspace, contacts, faults
from tests.sandbox.clock import NOON
from tests.workspaces import workspace_of

SAME_MAP = {"stream_maps": {"contacts": {"name": "name"}}}
ACTIVATE = {"emit_activate_version_messages": True}


def essence(run: Run, *without: str) -> list[dict[str, Any]]:
    """The messages from the first to the last, but for moments and these fields."""
    messages = []
    for message in run.messages:
        kept = {key: value for key, value in message.items() if key != "time_extracted"}
        if kept.get("version"):
            kept["version"] = "a version"
        if kept["type"] == "RECORD":
            record = kept["record"]
            kept["record"] = {key: record[key] for key in record if key not in without}
        if kept["type"] == "SCHEMA":
            schema = deepcopy(kept["schema"])
            for field in without:
                schema["properties"].pop(field, None)
            kept["schema"] = _plain_types(schema)
        if kept["type"] == "STATE" and "ranges" in kept["value"]["bookmarks"]["contacts"]:
            about(kept["value"])["workspace"] = "a workspace"
            if is_open(kept["value"]):
                about(kept["value"])["round"]["version"] = "a version"
        messages.append(kept)
    return messages


def _plain_types(schema: Any) -> Any:  # noqa: ANN401 - any JSON
    """The SDK's mapper writes the types of a schema in its own order, and drops descriptions."""
    if isinstance(schema, dict):
        schema = {k: _plain_types(v) for k, v in schema.items() if k != "description"}
        if isinstance(schema.get("type"), list):
            schema["type"] = sorted(schema["type"])
    return schema


def odd_workspace(count: int = 400) -> Workspace:
    """Contacts of all kinds, some with values that only the slow way of decoding takes."""
    workspace = workspace_of(count, custom_fields=("a", "custom_fields"), tags="mixed")
    uuids = iter([contact["uuid"] for contact in workspace.contacts()])
    invalid: list[dict[str, Any]] = [
        {"name": 1.10},
        {"surname": {"a": [1, None, 1e400]}},
        {"email": "nul\x00 and \ud800"},
        {"updated_at": None},
        {"updated_at": "2025-06-01T10:00:00+02:00"},
        {"tags": None},
        {"tags": {"0": {"name": "gap"}, "2": {"id": 5}}},
        {"a": {"nested": [1.50, 10**30, {"b": None}]}},
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
        settings = sandbox.config(max_concurrent_requests=1, **config)
        state = state and moved_to(settings, state)
        fast = in_process(settings, catalog=catalog, state=state)
        slow = in_process(settings | SAME_MAP, catalog=catalog, state=state)
    assert fast.status == slow.status == 0, fast.log + slow.log
    return fast, slow


# The same output.


@pytest.mark.parametrize("page_size", [100, 5])
@pytest.mark.parametrize("method", ["INCREMENTAL", "FULL_TABLE", "FULL_TABLE with versions"])
def test_both_ways_write_the_same(
    page_size: int, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ContactsStream, "STATE_MSG_FREQUENCY", 70)
    fast, slow = both_ways(
        odd_workspace(),
        page_size=page_size,
        catalog=None if method == "INCREMENTAL" else full_table(),
        emit_activate_version_messages="versions" in method,
    )
    assert essence(fast) == essence(slow)
    assert len(fast.records) == 400
    assert records_between_states(fast)[0] <= 70
    assert len(fast.states) > (2 if page_size == 5 else 0)
    assert fast.records[0].keys() == slow.records[0].keys()
    versions = [message.get("version") for message in fast.of_type("RECORD")]
    assert all(versions) if "versions" in method else not any(versions)
    assert_valid(fast)
    assert_valid(slow)
    assert fast.warnings == slow.warnings == []
    assert [m.group(1, 2, 3, 4) for m in FIGURES.finditer(fast.log)] == [
        m.group(1, 2, 3, 4) for m in FIGURES.finditer(slow.log)
    ]
    assert counted(fast) == counted(slow) == [400]


def test_both_ways_write_the_same_from_a_bookmark() -> None:
    workspace = odd_workspace()
    with Sandbox(workspace) as sandbox:
        state = in_process(sandbox.config()).state
    workspace.clock.advance(3600)
    workspace.insert()
    workspace.edit(workspace.contacts()[20]["uuid"], name="Edited")
    fast, slow = both_ways(workspace, state=state, page_size=5)
    assert essence(fast) == essence(slow)
    assert 3 <= len(fast.records) < 10


def test_both_ways_write_the_same_warnings() -> None:
    workspace = workspace_of(50)
    for contact in workspace.contacts()[:3]:
        workspace.edit(contact["uuid"], touch=False, updated_at="soon")
    fast, slow = both_ways(workspace)
    assert essence(fast) == essence(slow)
    assert len(fast.warnings) == len(slow.warnings) == 1
    assert fast.warnings[0].split("|")[-1] == slow.warnings[0].split("|")[-1]


def without(*fields: str) -> dict[str, Any]:
    """A catalog that deselects them."""
    catalog = deepcopy(discovered())
    for entry in catalog["streams"][0]["metadata"]:
        if entry["breadcrumb"][1:] in [[field] for field in fields]:
            entry["metadata"]["selected"] = False
    return catalog


@pytest.mark.parametrize(
    "fields",
    [
        ("surname",),
        ("custom_fields",),
        ("tags", "created_at", "status"),
        ("surname", "email", "phone_number", "custom_fields", "tags", "created_at"),
    ],
    ids="+".join,
)
def test_deselected_fields_are_all_that_differs(fields: tuple[str, ...]) -> None:
    workspace = odd_workspace()
    everything, _ = both_ways(workspace, page_size=5)
    fast, slow = both_ways(workspace, page_size=5, catalog=without(*fields))
    assert essence(fast) == essence(slow)
    assert [*map(json.dumps, fast.records)] == [*map(json.dumps, slow.records)], "in order"
    assert essence(everything, *fields) == essence(fast, *fields)
    assert not any({*fields} & record.keys() for record in fast.records)
    assert not {*fields} & fast.of_type("SCHEMA")[0]["schema"]["properties"].keys()


def test_both_ways_write_numbers_as_sent() -> None:
    """Every digit, in custom fields, where anything may be."""
    workspace = workspace_of(3, custom_fields=("amount",))
    for contact, amount in zip(
        workspace.contacts(), (0.1, 12345678901234567890123, [1e22, -0.0]), strict=True
    ):
        workspace.edit(contact["uuid"], touch=False, amount=amount)
    fast, slow = both_ways(workspace)
    amounts = [
        [line.split(b'"amount":')[1].split(b"}")[0] for line in run.stdout.splitlines()[1:4]]
        for run in (fast, slow)
    ]
    assert amounts[0] == amounts[1]
    assert amounts[0][:2] == [b"0.1", b"12345678901234567890123"]


@pytest.mark.parametrize("config", [{}, SAME_MAP])
def test_a_record_tells_when_it_was_extracted(config: dict[str, Any]) -> None:
    with Sandbox(workspace_of(3)) as sandbox:
        run = in_process(sandbox.config(**config))
    for message in run.of_type("RECORD"):
        assert message["time_extracted"].endswith("+00:00")
        assert message["stream"] == "contacts"


# STATE.


def records_between_states(run: Run) -> list[int]:
    counts = [0]
    for message in run.messages:
        if message["type"] == "STATE":
            counts.append(0)
        elif message["type"] == "RECORD":
            counts[-1] += 1
    return counts


@pytest.mark.parametrize("config", [{}, SAME_MAP], ids=["fast", "slow"])
def test_a_state_every_ten_thousand_records(config: dict[str, Any]) -> None:
    made = contacts(500, until=NOON, tags=None)
    many = [contact | {"uuid": f"{contact['uuid']}-{i}"} for i in range(50) for contact in made]
    workspace = Workspace(many, clock=Clock(NOON))
    with Sandbox(workspace) as sandbox:
        run = run_tap(sandbox.config(page_size=1000, **config))
        # The page behind the last, and what a cut takes: 25,000 may be where counting stops.
        assert len(sandbox.requests) <= 25 + 10
    assert run.status == 0, run.log
    assert len(set(run.uuids)) == 25_000
    # The second would say what the first said, so it is left out.
    assert records_between_states(run)[0] == 10_000
    assert records_between_states(run)[-1] == 0


@pytest.mark.parametrize("config", [{}, SAME_MAP], ids=["fast", "slow"])
@pytest.mark.parametrize("frequency", [1, 7, 99, 100, 101])
def test_a_state_comes_after_so_many_records(
    config: dict[str, Any], frequency: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where pages and frequency do not match."""
    monkeypatch.setattr(ContactsStream, "STATE_MSG_FREQUENCY", frequency)
    with Sandbox(workspace_of(100)) as sandbox:
        run = in_process(sandbox.config(page_size=9, **config))
    assert records_between_states(run)[0] == min(frequency, 100)
    assert sum(records_between_states(run)) == 100
    assert records_between_states(run)[-1] == 0
    # None of them says more than is proven: the only window is proven at its end.
    written = 0
    for message in run.messages:
        written += message["type"] == "RECORD"
        if message["type"] == "STATE":
            assert (bookmark(message["value"]) is not None) <= (written == 100)
    assert bookmark(run.state) is not None


@pytest.mark.parametrize("config", [{}, SAME_MAP], ids=["fast", "slow"])
def test_no_state_passes_what_is_written(config: dict[str, Any]) -> None:
    """Whatever a state says is done was written before it."""
    workspace = workspace_of(600)
    days = sorted(contact["created_at"][:10] for contact in workspace.contacts())
    with Sandbox(workspace) as sandbox:
        run = in_process(sandbox.config(page_size=5, **config))
    written, seen = 0, 0
    for message in run.messages:
        if message["type"] == "RECORD":
            written += 1
        if message["type"] == "STATE" and is_open(message["value"]):
            seen += 1
            assert written == sum(day <= done_until(message["value"]) for day in days)
    assert seen >= 3


# Stream maps.


def mapped(workspace: Workspace, **config: Any) -> Run:  # noqa: ANN401
    with Sandbox(workspace) as sandbox:
        run = in_process(sandbox.config(page_size=50, **config))
    assert run.status == 0, run.log
    assert run.errors == []
    assert_valid(run)
    return run


def expected(
    workspace: Workspace, change: Callable[[dict[str, Any]], dict[str, Any] | None]
) -> dict[str, dict[str, Any]]:
    changed = ((c["uuid"], change(as_record(c))) for c in workspace.contacts())
    return {uuid: record for uuid, record in changed if record is not None}


def by_uuid(run: Run) -> dict[str, dict[str, Any]]:
    return {record["uuid"]: record for record in run.records}


def test_a_hashed_field() -> None:
    workspace = workspace_of(120)
    run = mapped(
        workspace,
        stream_maps={"contacts": {"email": "sha256(config['hash_seed'] + (email or ''))"}},
        stream_map_config={"hash_seed": "01AWZh7A6DzGm6iJZZ2T"},
    )

    def hashed(record: dict[str, Any]) -> dict[str, Any]:
        text = "01AWZh7A6DzGm6iJZZ2T" + (record["email"] or "")
        return record | {"email": hashlib.sha256(text.encode()).hexdigest()}

    assert by_uuid(run) == expected(workspace, hashed)
    assert b"@example.test" not in run.stdout


@pytest.mark.parametrize("nothing", [None, "__NULL__"])
def test_a_dropped_field(nothing: str | None) -> None:
    workspace = workspace_of(120)
    run = mapped(workspace, stream_maps={"contacts": {"phone_number": nothing}})

    def dropped(record: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in record.items() if key != "phone_number"}

    assert by_uuid(run) == expected(workspace, dropped)
    assert "phone_number" not in run.of_type("SCHEMA")[0]["schema"]["properties"]


def test_a_filter() -> None:
    workspace = workspace_of(120)
    run = mapped(workspace, stream_maps={"contacts": {"__filter__": "status == 'Active'"}})

    def active(record: dict[str, Any]) -> dict[str, Any] | None:
        return record if record["status"] == "Active" else None

    kept = expected(workspace, active)
    assert 0 < len(kept) < 120
    assert by_uuid(run) == kept
    # What was filtered out counts for the bookmark: it was read.
    latest = max(contact["updated_at"] for contact in workspace.contacts())
    assert bookmark(run.state) == to_text(datetime.fromisoformat(latest) - timedelta(seconds=1))


def test_an_alias() -> None:
    workspace = workspace_of(120)
    run = mapped(workspace, stream_maps={"contacts": {"__alias__": "people"}})
    assert by_uuid(run) == expected(workspace, dict)
    assert {m["stream"] for m in run.messages if "stream" in m} == {"people"}
    assert list(run.state["bookmarks"]) == ["contacts"]


def test_only_what_is_named() -> None:
    workspace = workspace_of(120)
    run = mapped(
        workspace,
        stream_maps={
            "contacts": {"uuid": "uuid", "full": "(name or '') + (surname or '')", "__else__": None}
        },
    )

    def named(record: dict[str, Any]) -> dict[str, Any]:
        full = (record["name"] or "") + (record["surname"] or "")
        return {"uuid": record["uuid"], "full": full}

    assert by_uuid(run) == expected(workspace, named)
    assert run.of_type("SCHEMA")[0]["schema"]["properties"].keys() == {"uuid", "full"}


@pytest.mark.parametrize("nothing", [None, "__NULL__"])
def test_a_stream_that_nobody_names(nothing: str | None) -> None:
    run = mapped(workspace_of(20), stream_maps={"__else__": nothing})
    assert run.records == []


def test_a_copy_beside_the_stream() -> None:
    workspace = workspace_of(20)
    copy = {"__source__": "contacts", "uuid": "uuid", "__else__": None}
    run = mapped(workspace, stream_maps={"contacts": {"name": "name"}, "keys": copy})
    streams = [message["stream"] for message in run.of_type("RECORD")]
    assert sorted(streams) == ["contacts"] * 20 + ["keys"] * 20


def test_custom_fields_as_columns() -> None:
    workspace = workspace_of(60, custom_fields=("customer_number",))
    run = mapped(
        workspace,
        stream_maps={
            "contacts": {"customer_number": "custom_fields['customer_number']", "__else__": None}
            | {"uuid": "uuid"}
        },
    )

    def column(record: dict[str, Any]) -> dict[str, Any]:
        number = record["custom_fields"]["customer_number"]
        return {"uuid": record["uuid"], "customer_number": number}

    assert by_uuid(run) == expected(workspace, column)


def test_flattening() -> None:
    workspace = workspace_of(60, custom_fields=("a",))
    run = mapped(workspace, flattening_enabled=True, flattening_max_depth=1)
    assert len(set(run.uuids)) == 60
    for record in run.records:
        sent = as_record(workspace.get(record["uuid"]))
        assert record["name"] == sent["name"]
        assert record["updated_at"] == sent["updated_at"]
        # Whole, for no schema names the keys; a target would drop them.
        assert json.loads(record["custom_fields"]) == sent["custom_fields"]
        tags = record["tags"]
        assert (json.loads(tags) if isinstance(tags, str) else tags) == sent["tags"]


@pytest.mark.parametrize("config", [{}, SAME_MAP])
def test_versions_are_on_every_record(config: dict[str, Any]) -> None:
    workspace = workspace_of(120)
    with Sandbox(workspace) as sandbox:
        run = run_tap(sandbox.config(**config, **ACTIVATE), catalog=full_table())
    assert_complete(run, workspace)
    (activation,) = run.of_type("ACTIVATE_VERSION")
    assert {message.get("version") for message in run.of_type("RECORD")} == {activation["version"]}
    # Long enough that two runs in a row do not share one, short enough for a 64-bit column.
    assert 10**9 < activation["version"] < 2**63


def test_versions_under_an_alias() -> None:
    with Sandbox(workspace_of(20)) as sandbox:
        aliased = {"stream_maps": {"contacts": {"__alias__": "people"}}}
        run = in_process(sandbox.config(**aliased, **ACTIVATE), catalog=full_table())
    (activation,) = run.of_type("ACTIVATE_VERSION")
    assert activation["stream"] == "people"
    assert run.messages[-2] == activation or run.messages[-1] == activation


@pytest.mark.parametrize("config", [{}, SAME_MAP], ids=["fast", "slow"])
def test_a_failing_run_has_written_the_same_on_both_ways(config: dict[str, Any]) -> None:
    workspace = workspace_of(400)
    script = faults.at_request(70, faults.status(410))
    with Sandbox(workspace, faults=script) as sandbox:
        run = in_process(sandbox.config(page_size=5, max_concurrent_requests=1, **config))
    assert run.status == 1
    assert len(run.errors) == 1
    last = done_until(run.state)
    done = {c["uuid"] for c in workspace.contacts() if c["created_at"][:10] <= last}
    assert set(run.uuids) == done
    assert run.messages[-1]["type"] == "STATE"


BROKEN: dict[str, dict[str, Any]] = {
    "no expression": {"contacts": {"name": "name +"}},
    "an unknown name": {"contacts": {"name": "nobody_knows"}},
    "an unknown function": {"contacts": {"name": "shout(name)"}},
    "an operation on what is null": {"contacts": {"name": "name + ' ' + surname"}},
    "a filter that is none": {"contacts": {"__filter__": "status =="}},
    "an unknown field of a record": {"contacts": {"__filter__": "record['shoe_size'] > 1"}},
    "a number": {"contacts": {"name": 5}},
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_expression_is_reported(name: str) -> None:
    with Sandbox(workspace_of(20)) as sandbox:
        run = in_process(sandbox.config(stream_maps=BROKEN[name]))
    assert run.status == 1
    (error,) = run.errors
    assert "Traceback" not in run.log
    assert "please report" not in error
    for contact in contacts(20, until=NOON):
        assert contact["uuid"] not in run.log
