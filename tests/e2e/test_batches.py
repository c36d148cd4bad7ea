"""Batches: files with what RECORD messages would hold, announced when complete, or gone."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from signal import SIGTERM
from typing import Any

import pytest

from tap_mihu.tap import TapMihu
from tests.batches import announced, batch_config, rows_of
from tests.e2e.further import FURTHER
from tests.e2e.in_process import in_process, signals_kept
from tests.e2e.running import Run, full_table, selecting, started_tap, wait_until
from tests.e2e.states import bookmark, done_until, is_open
from tests.sandbox import Sandbox, Workspace, contacts, faults
from tests.sandbox.clock import NOON
from tests.sandbox.further import further
from tests.targets.contacts import CUSTOM_FIELDS, varied_workspace

CASES: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "all": ({}, ()),
    "some fields": ({}, ("name", "tags")),
    "columns": ({"custom_field_columns": list(CUSTOM_FIELDS)}, ()),
    "columns, one of them not": (
        {"custom_field_columns": list(CUSTOM_FIELDS)},
        ("custom_fields", CUSTOM_FIELDS[0]),
    ),
    "flattening": ({"flattening_enabled": True, "flattening_max_depth": 2}, ()),
    "a field dropped, one hashed": (
        {"stream_maps": {"contacts": {"name": None, "email": "md5(email) if email else None"}}},
        ("tags",),
    ),
    "an alias and a filter, and a copy": (
        {
            "stream_maps": {
                "contacts": {"__alias__": "'a/b é'", "__filter__": "status == 'Active'"},
                "others": {"__source__": "contacts", "uuid": "uuid", "__else__": None},
            }
        },
        (),
    ),
}


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


@pytest.mark.parametrize(("settings", "without"), CASES.values(), ids=CASES)
def test_files_hold_what_messages_would(
    sandbox: Sandbox, tmp_path: Path, settings: dict[str, Any], without: tuple[str, ...]
) -> None:
    config = sandbox.config(emit_activate_version_messages=not without, **settings)
    catalog = catalog_of(config, *without)
    expected = in_process(config, catalog=catalog)
    batches = batch_config(tmp_path, compression="none" if without else "gzip", size=17)
    run = in_process(config | {"batch_config": batches}, catalog=catalog)
    assert (run.status, run.records) == (0, []), run.log
    assert by_stream(run) == by_stream(expected)
    assert {*tmp_path.iterdir()} == {*announced(run)}
    last_batch = max(at for at, one in enumerate(run.messages) if one["type"] == "BATCH")
    versions = [at for at, one in enumerate(run.messages) if one["type"] == "ACTIVATE_VERSION"]
    assert all(at > last_batch for at in versions)
    assert bool(versions) != bool(without)


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


def test_a_signal_leaves_announced_files_only_and_the_next_run_goes_on(tmp_path: Path) -> None:
    """Many small windows, and files that hold several of them."""
    workspace = Workspace(contacts(900))
    days = {contact["uuid"]: contact["created_at"][:10] for contact in workspace.contacts()}
    with Sandbox(workspace, faults=faults.at_request(150, faults.hang())) as sandbox:
        config = sandbox.config(
            page_size=5, max_concurrent_requests=1, batch_config=batch_config(tmp_path, size=400)
        )
        with started_tap(config | {"request_timeout": 600}) as tap:
            wait_until(lambda: len(sandbox.requests) >= 150)
            tap.process.send_signal(SIGTERM)
            run = tap.finish()
        assert (run.status, len(run.errors)) == (128 + SIGTERM, 1)
        assert len(announced(run)) == 1
        assert {*tmp_path.iterdir()} == {*announced(run)}
        assert is_open(run.state)
        told = {uuid for uuid, day in days.items() if day <= done_until(run.state)}
        assert told <= {*uuids(run)}
        sandbox.faults = faults.never
        rest = in_process(config, state=run.state)
    assert rest.status == 0, rest.log
    assert {*uuids(run), *uuids(rest)} == {*days}
    assert len(uuids(rest)) < 900
    assert bookmark(rest.state)


def test_a_failed_run_has_announced_what_it_would_have_sent(tmp_path: Path) -> None:
    refused = faults.status(401)
    runs = []
    for batches in (None, batch_config(tmp_path)):
        with Sandbox(
            Workspace(contacts(500)), faults=lambda info: refused if info.number > 80 else None
        ) as sandbox:
            config = sandbox.config(page_size=5, max_concurrent_requests=1, batch_config=batches)
            runs.append(in_process(config, catalog=full_table()))
    in_messages, in_files = runs
    assert in_messages.status == in_files.status == 1
    assert in_messages.uuids == uuids(in_files)
    assert done_until(in_messages.state) == done_until(in_files.state) > ""
    assert in_files.messages[-1]["type"] == "STATE"
    assert {*tmp_path.iterdir()} == {*announced(in_files)}
