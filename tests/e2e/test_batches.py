"""Maps and selection, in messages and in files, which are announced when complete, or gone."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals
from typing import Any

import pytest

from tap_mihu.tap import TapMihu
from tests.batches import announced, batch_config, rows_of
from tests.e2e.expected import as_record, assert_valid
from tests.e2e.further import FURTHER
from tests.e2e.in_process import in_process, signals_kept
from tests.e2e.running import Run, full_table, selecting, started_tap, wait_until
from tests.e2e.states import bookmark, done_until, is_open
from tests.sandbox import Sandbox, Workspace, contacts, faults
from tests.sandbox.clock import NOON
from tests.sandbox.further import further
from tests.targets.contacts import CUSTOM_FIELDS, varied_workspace

Record = dict[str, Any]
HASH = "sha256(config['salt'] + (email or ''))"
NAMED = {"uuid": "uuid", "number": "str(custom_fields['customer_number'])", "__else__": None}
COPY = {"__source__": "contacts", "uuid": "uuid", "__else__": None}

CASES: dict[str, tuple[Record, tuple[str, ...], Callable[[Record], Record | None] | None]] = {
    "all": ({}, (), dict),
    "columns, and some fields": (
        {"custom_field_columns": list(CUSTOM_FIELDS)},
        ("custom_fields", "name", CUSTOM_FIELDS[1]),
        lambda one: (
            without(one, "custom_fields", "name")
            | {CUSTOM_FIELDS[0]: text_of(one["custom_fields"][CUSTOM_FIELDS[0]])}
        ),
    ),
    "flattening": ({"flattening_enabled": True, "flattening_max_depth": 2}, (), None),
    "a field dropped, one hashed": (
        {
            "stream_maps": {"contacts": {"name": None, "phone_number": "__NULL__", "email": HASH}},
            "stream_map_config": {"salt": "salt"},
        },
        ("tags",),
        lambda one: (
            without(one, "name", "phone_number", "tags")
            | {"email": sha256(f"salt{one['email'] or ''}".encode()).hexdigest()}
        ),
    ),
    "only what is named": (
        {"stream_maps": {"contacts": NAMED}},
        (),
        lambda one: {"uuid": one["uuid"], "number": str(one["custom_fields"]["customer_number"])},
    ),
    "nobody named": ({"stream_maps": {"__else__": "__NULL__"}}, (), lambda _: None),
    "an alias and a filter, and a copy": (
        {
            "stream_maps": {
                "contacts": {"__alias__": "'a/b é'", "__filter__": "status == 'Active'"},
                "others": COPY,
            }
        },
        (),
        lambda one: one if one["status"] == "Active" else None,
    ),
}


def without(record: Record, *names: str) -> Record:
    return {name: value for name, value in record.items() if name not in names}


def text_of(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(varied_workspace(60)) as sandbox:
        yield sandbox


def catalog_of(config: dict[str, Any], *without: str) -> dict[str, Any]:
    """The catalog of a configuration, in full table, without some fields."""
    with signals_kept():
        catalog = full_table(TapMihu(config=config).catalog_dict)
    for entry in catalog["streams"][0]["metadata"]:
        if entry["breadcrumb"] and entry["breadcrumb"][-1] in without:
            entry["metadata"]["selected"] = False
    return catalog


def by_stream(run: Run) -> dict[str, list[str]]:
    """What a run sent, in messages or files, by stream; without the times of sending."""
    rows: list[tuple[str, dict[str, Any]]] = []
    for message in run.messages:
        if message["type"] == "RECORD":
            beside = {"_sdc_extracted_at": message["time_extracted"]}
            if "version" in message:
                beside["_sdc_table_version"] = message["version"]
            rows.append((message["stream"], message["record"] | beside))
        elif message["type"] == "BATCH":
            rows += [(message["stream"], row) for row in rows_of(message)]
    found: dict[str, list[str]] = {}
    for stream, row in rows:
        assert row.pop("_sdc_extracted_at").endswith("+00:00")
        assert "_sdc_table_version" not in row or isinstance(row.pop("_sdc_table_version"), int)
        found.setdefault(stream, []).append(json.dumps(row, sort_keys=True))
    return {stream: sorted(texts) for stream, texts in found.items()}


@pytest.mark.parametrize(("settings", "deselected", "change"), CASES.values(), ids=CASES)
def test_messages_and_files_hold_what_was_asked_for(
    sandbox: Sandbox,
    tmp_path: Path,
    settings: Record,
    deselected: tuple[str, ...],
    change: Callable[[Record], Record | None] | None,
) -> None:
    config = sandbox.config(emit_activate_version_messages=not deselected, **settings)
    # Copies, for the SDK takes some keys of the maps out.
    catalog = catalog_of(deepcopy(config), *deselected)
    in_messages = in_process(deepcopy(config), catalog=catalog)
    assert_valid(in_messages)
    sent = by_stream(in_messages)
    others = sent.pop("others", [])
    if change is not None:
        changed = [change(as_record(contact)) for contact in sandbox.workspace.contacts()]
        rows = sorted(json.dumps(one, sort_keys=True) for one in changed if one is not None)
        assert [*sent.values()] == ([rows] if rows else [])
    # What was filtered out counts for the bookmark: it was read.
    assert bookmark(in_messages.state)
    batches = batch_config(tmp_path, compression="none" if deselected else "gzip", size=17)
    run = in_process(config | {"batch_config": batches}, catalog=catalog)
    assert (run.status, run.records) == (0, []), run.log
    assert by_stream(run) == sent | ({"others": others} if others else {})
    assert {*tmp_path.iterdir()} == {*announced(run)}
    assert {one["stream"] for one in run.of_type("SCHEMA")} >= sent.keys()
    kinds = [message["type"] for message in run.messages]
    activated = "ACTIVATE_VERSION" in kinds
    assert activated == (bool(sent) and not deselected)
    assert not activated or "BATCH" not in kinds[kinds.index("ACTIVATE_VERSION") :]


def test_every_stream_goes_into_files(tmp_path: Path) -> None:
    listings = further(contacts(60), until=NOON - timedelta(days=1))
    catalog = selecting("contacts", *FURTHER)
    with Sandbox(Workspace(contacts(60), listings=listings)) as sandbox:
        expected = in_process(sandbox.config(), catalog=catalog)
        run = in_process(sandbox.config(batch_config=batch_config(tmp_path)), catalog=catalog)
    assert by_stream(run) == by_stream(expected)
    assert by_stream(run).keys() == {"contacts", *FURTHER}
    assert {*tmp_path.iterdir()} == {*announced(run)}


def uuids(run: Run) -> list[str]:
    return [row["uuid"] for message in run.of_type("BATCH") for row in rows_of(message)]


@pytest.mark.parametrize("signum", [SIGTERM, SIGKILL])
def test_a_signal_leaves_announced_files_only_and_the_next_run_goes_on(
    tmp_path: Path, signum: Signals
) -> None:
    """Many small windows, and files that hold several of them; nobody tidies up after a kill."""
    killed = signum == SIGKILL
    workspace = Workspace(contacts(900))
    days = {contact["uuid"]: contact["created_at"][:10] for contact in workspace.contacts()}
    with Sandbox(workspace, faults=faults.at_request(150, faults.hang())) as sandbox:
        config = sandbox.config(
            page_size=5, max_concurrent_requests=1, batch_config=batch_config(tmp_path, size=400)
        )
        with started_tap(config | {"request_timeout": 600}) as tap:
            wait_until(lambda: len(sandbox.requests) >= 150)
            tap.process.send_signal(signum)
            run = tap.finish()
        assert (run.status, len(run.errors)) == ((-9, 0) if killed else (128 + SIGTERM, 1))
        assert len(announced(run)) == 1
        assert len({*tmp_path.iterdir()} - {*announced(run)}) == killed
        assert is_open(run.state)
        told = {uuid for uuid, day in days.items() if day <= done_until(run.state)}
        assert told <= {*uuids(run)}
        sandbox.faults = faults.never
        rest = in_process(config, state=run.state)
    assert rest.status == 0, rest.log
    assert {*uuids(run), *uuids(rest)} == {*days}
    assert len(uuids(rest)) < 900
    assert bookmark(rest.state)
