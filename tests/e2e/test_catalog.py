"""Catalogs: what is selected is sent, what is automatic too, and what makes no sense is refused."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.expected import assert_complete, assert_valid, source
from tests.e2e.in_process import in_process
from tests.e2e.running import Run, discovered, full_table
from tests.sandbox import Sandbox, Workspace
from tests.sandbox.data import STANDARD_FIELDS
from tests.workspaces import workspace_of

Catalog = dict[str, Any]
Edit = Callable[[Catalog], None]

ALL_BUT_KEYS = (*sorted(set(STANDARD_FIELDS) - {"uuid", "updated_at"}), "custom_fields")
EACH_TIME = {"lookback_seconds": 0}


def contacts_of(catalog: Catalog) -> dict[str, Any]:
    """The entry of the stream."""
    stream: dict[str, Any] = catalog["streams"][0]
    return stream


def metadata_of(catalog: Catalog, *breadcrumb: str) -> dict[str, Any]:
    every = contacts_of(catalog)["metadata"]
    found: list[dict[str, Any]] = [e["metadata"] for e in every if e["breadcrumb"] == [*breadcrumb]]
    return found[0]


def properties_of(catalog: Catalog) -> dict[str, Any]:
    properties: dict[str, Any] = contacts_of(catalog)["schema"]["properties"]
    return properties


def edited(edit: Edit) -> Catalog:
    catalog = discovered()
    edit(catalog)
    return catalog


def deselecting(*fields: str) -> Catalog:
    catalog = discovered()
    for field in fields:
        metadata_of(catalog, "properties", field)["selected"] = False
    return catalog


def sent(workspace: Workspace, *without: str) -> dict[str, dict[str, Any]]:
    """The records of all contacts, without these fields."""
    return {
        uuid: {name: value for name, value in record.items() if name not in without}
        for uuid, record in source(workspace).items()
    }


def records_of(run: Run) -> dict[str, dict[str, Any]]:
    """What a run without a word has sent, each once."""
    assert run.status == 0, run.log
    assert run.errors == run.warnings == []
    assert_valid(run)
    assert len(run.uuids) == len(set(run.uuids))
    return {record["uuid"]: record for record in run.records}


def assert_refused(run: Run) -> str:
    """The one line that says why."""
    assert run.status == 1
    (error,) = run.errors
    assert "Traceback" not in run.log
    assert "Unforeseen" not in run.log
    assert run.of_type("RECORD") == []
    return error


# Selection.


def lacking(*fields: str) -> Catalog:
    """The catalog's schema has no such fields, nor has its metadata."""
    catalog = discovered()
    stream = contacts_of(catalog)
    stream["metadata"] = [e for e in stream["metadata"] if not {*fields} & {*e["breadcrumb"]}]
    for field in fields:
        del properties_of(catalog)[field]
    return catalog


@pytest.mark.parametrize("without", [deselecting, lacking])
@pytest.mark.parametrize(
    "fields", [("custom_fields", "tags"), ("created_at",), ALL_BUT_KEYS], ids=len
)
def test_fields_that_are_not_selected_are_not_sent(
    fields: tuple[str, ...], without: Callable[..., Catalog]
) -> None:
    """The creation date orders the windows all the same."""
    workspace = workspace_of(60, custom_fields=("a",))
    with Sandbox(workspace) as sandbox:
        run = in_process(sandbox.config(page_size=1), catalog=without(*fields))
        assert len({request.query.get("date_from") for request in sandbox.requests}) > 1
    assert records_of(run) == sent(workspace, *fields)
    (schema,) = run.of_type("SCHEMA")
    assert not schema["schema"]["properties"].keys() & set(fields)


def test_the_keys_cannot_be_deselected() -> None:
    workspace = workspace_of(30)
    with Sandbox(workspace) as sandbox:
        run = in_process(sandbox.config(), catalog=deselecting("uuid", "updated_at"))
    assert records_of(run) == sent(workspace)


def test_a_key_the_catalogs_schema_lacks_is_refused_but_not_the_bookmarks_field() -> None:
    """Without a key every target would fail, or add the rows once more."""
    workspace, catalog = workspace_of(20), lacking("updated_at")
    with Sandbox(workspace) as sandbox:
        config = sandbox.config(**EACH_TIME)
        refused = in_process(config, catalog=lacking("uuid"))
        first = in_process(config, catalog=catalog)
        second = in_process(config, catalog=catalog, state=first.state)
    assert "leaves uuid out" in assert_refused(refused)
    assert records_of(first) == sent(workspace, "updated_at")
    assert len(second.uuids) == 1


def test_a_deselected_stream_asks_for_nothing_and_keeps_its_state() -> None:
    catalog = edited(lambda catalog: metadata_of(catalog).update(selected=False))
    state = {"bookmarks": {"contacts": {"replication_key_value": "2025-01-01T00:00:00.000000Z"}}}
    with Sandbox(workspace_of(30)) as sandbox:
        run = in_process(sandbox.config(), catalog=catalog, state=state)
        assert sandbox.requests == []
    assert run.status == 0
    assert run.errors == []
    assert run.of_type("SCHEMA") == run.of_type("RECORD") == []
    assert run.state == state


def test_a_catalog_from_before_the_column_is_told() -> None:
    with Sandbox(workspace_of(5, custom_fields=("plan",))) as sandbox:
        run = in_process(sandbox.config(custom_field_columns=["plan"]), catalog=discovered())
    (warning,) = run.warnings
    assert "plan" in warning
    assert "discover" in warning
    assert all("plan" not in record for record in run.records)


def names_a_key(catalog: Catalog) -> None:
    """As a hand might, for a column of its own."""
    plan = {"plan": {"type": ["string", "null"]}}
    properties_of(catalog)["custom_fields"]["properties"] = plan


def test_flattening_keeps_custom_fields_in_one_column() -> None:
    """Also where a hand made the catalog name a key."""
    workspace, catalog = workspace_of(20, custom_fields=("plan",)), discovered()
    plan = {"plan": {"type": ["string", "null"]}}
    properties_of(catalog)["custom_fields"]["properties"] = plan
    flattening = {"flattening_enabled": True, "flattening_max_depth": 2}
    with Sandbox(workspace) as sandbox:
        flat = in_process(sandbox.config(**flattening), catalog=catalog)
        plain = in_process(sandbox.config(), catalog=catalog)
    assert records_of(flat).keys() == sent(workspace).keys()
    assert all(json.loads(record["custom_fields"]).keys() == {"plan"} for record in flat.records)
    # What a target would flatten it to.
    (schema,) = plain.of_type("SCHEMA")
    assert "properties" not in schema["schema"]["properties"]["custom_fields"]


# Catalogs that are not quite what --discover wrote.


def without_keys(catalog: Catalog) -> None:
    del contacts_of(catalog)["key_properties"], contacts_of(catalog)["replication_key"]
    for name in ("table-key-properties", "valid-replication-keys", "replication-key"):
        del metadata_of(catalog)[name]


@pytest.mark.parametrize(
    "edit",
    [
        without_keys,
        lambda catalog: contacts_of(catalog).pop("metadata"),
        lambda catalog: contacts_of(catalog).pop("replication_method"),
        lambda catalog: catalog["streams"].append(catalog["streams"][0] | {"tap_stream_id": "x"}),
    ],
)
def test_an_edited_catalog_is_used(edit: Edit) -> None:
    """The method is INCREMENTAL unless it says otherwise."""
    catalog, workspace = edited(edit), workspace_of(30)
    with Sandbox(workspace) as sandbox:
        first = in_process(sandbox.config(**EACH_TIME), catalog=catalog)
        second = in_process(sandbox.config(**EACH_TIME), catalog=catalog, state=first.state)
    assert records_of(first) == sent(workspace)
    assert [message["stream"] for message in first.of_type("SCHEMA")] == ["contacts"]
    assert len(records_of(second)) == 1


# Replication methods.

METHOD, FORCED = "replication-method", "forced-replication-method"


@pytest.mark.parametrize("name", ["replication_method", METHOD, FORCED])
@pytest.mark.parametrize("full", [False, True])
def test_the_catalog_chooses_the_method(name: str, *, full: bool) -> None:
    """Also beside what discovery wrote, as people and the tools of the Singer world set it."""
    catalog, workspace = discovered(), workspace_of(30)
    place = metadata_of(catalog) if "-" in name else contacts_of(catalog)
    if name == FORCED:
        del contacts_of(catalog)["replication_method"]
    place[name] = "FULL_TABLE" if full else "INCREMENTAL"
    with Sandbox(workspace) as sandbox:
        config = sandbox.config(**EACH_TIME, emit_activate_version_messages=True)
        first = in_process(config, catalog=catalog)
        second = in_process(config, catalog=catalog, state=first.state)
    for run in (first, second):
        assert len(run.of_type("ACTIVATE_VERSION")) == full
        # Incremental records carry one, too: full runs that share the table would retire them.
        assert all(message["version"] for message in run.of_type("RECORD"))
    assert_complete(first, workspace)
    assert len(second.uuids) == (30 if full else 1)
    assert second.state == first.state


def test_filters_and_versions_together_are_warned_of() -> None:
    with Sandbox(workspace_of(20)) as sandbox:
        filters = {"status": "Active"}
        config = sandbox.config(filters=filters, emit_activate_version_messages=True)
        (warning,) = in_process(config, catalog=full_table()).warnings
        assert "delete rows outside the filters" in warning
        assert in_process(config).warnings == []


@pytest.mark.parametrize(
    "edit",
    [
        lambda catalog: metadata_of(catalog).update({METHOD: "LOG_BASED"}),
        lambda catalog: contacts_of(catalog).update(replication_method="full_table"),
        lambda catalog: contacts_of(catalog).update(replication_key="created_at"),
    ],
)
def test_another_method_or_key_is_refused(edit: Edit) -> None:
    with Sandbox(workspace_of(3)) as sandbox:
        error = assert_refused(in_process(sandbox.config(), catalog=edited(edit)))
        assert sandbox.requests == []
    assert "FULL_TABLE, and INCREMENTAL by updated_at" in error
