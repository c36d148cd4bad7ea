"""Catalogs: what is selected is sent, what is automatic too, and what makes no sense is refused."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from singer_sdk.helpers._flattening import flatten_record, flatten_schema

from tests.e2e.expected import as_record, assert_complete, assert_valid
from tests.e2e.in_process import in_process
from tests.e2e.running import Run, discovered, full_table, run_tap
from tests.sandbox import Sandbox, Workspace
from tests.workspaces import workspace_of

Catalog = dict[str, Any]

CONFIG = {"subdomain": "acme", "auth_token": "secret"}


def contacts_of(catalog: Catalog) -> dict[str, Any]:
    """The entry of the stream."""
    stream: dict[str, Any] = catalog["streams"][0]
    return stream


def metadata_of(catalog: Catalog, *breadcrumb: str) -> dict[str, Any]:
    for entry in contacts_of(catalog)["metadata"]:
        if entry["breadcrumb"] == list(breadcrumb):
            metadata: dict[str, Any] = entry["metadata"]
            return metadata
    raise KeyError(breadcrumb)


def deselecting(*fields: str) -> Catalog:
    catalog = deepcopy(discovered())
    for field in fields:
        metadata_of(catalog, "properties", field)["selected"] = False
    return catalog


def sent(workspace: Workspace, *without: str) -> dict[str, dict[str, Any]]:
    """The records of all contacts, without these fields."""
    return {
        contact["uuid"]: {k: v for k, v in as_record(contact).items() if k not in without}
        for contact in workspace.contacts()
    }


def by_uuid(run: Run) -> dict[str, dict[str, Any]]:
    return {record["uuid"]: record for record in run.records}


def assert_done(run: Run) -> None:
    assert run.status == 0, run.log
    assert run.errors == []
    assert run.warnings == []
    assert_valid(run)


# Selection.


@pytest.mark.parametrize(
    "fields",
    [
        ("name",),
        ("email", "phone_number", "name", "surname"),
        ("custom_fields",),
        ("tags",),
        ("created_at",),
    ],
)
def test_deselected_fields_are_not_sent(fields: tuple[str, ...]) -> None:
    workspace = workspace_of(120, custom_fields=("a",))
    with Sandbox(workspace) as sandbox:
        run = in_process(sandbox.config(page_size=50), catalog=deselecting(*fields))
    assert_done(run)
    assert by_uuid(run) == sent(workspace, *fields)
    (schema,) = run.of_type("SCHEMA")
    assert not schema["schema"]["properties"].keys() & set(fields)


def test_the_creation_date_orders_the_windows_whether_it_is_selected_or_not() -> None:
    workspace = workspace_of(400)
    with Sandbox(workspace) as sandbox:
        run = in_process(sandbox.config(page_size=5), catalog=deselecting("created_at"))
        assert len({request.query.get("date_from") for request in sandbox.requests}) > 2
    assert_done(run)
    assert len(run.uuids) == 400
    assert by_uuid(run) == sent(workspace, "created_at")


def test_all_fields_deselected_leaves_the_automatic_ones() -> None:
    workspace = workspace_of(30, custom_fields=("a",))
    fields = contacts_of(discovered())["schema"]["properties"].keys()
    with Sandbox(workspace) as sandbox:
        run = in_process(sandbox.config(), catalog=deselecting(*fields))
    assert_done(run)
    assert by_uuid(run) == sent(workspace, *(fields - {"uuid", "updated_at"}))
    assert "replication_key_value" in run.state["bookmarks"]["contacts"]


@pytest.mark.parametrize("field", ["uuid", "updated_at"])
@pytest.mark.parametrize("full", [False, True])
def test_the_keys_cannot_be_deselected(field: str, *, full: bool) -> None:
    workspace = workspace_of(30)
    catalog = deselecting(field)
    with Sandbox(workspace) as sandbox:
        run = in_process(sandbox.config(), catalog=full_table(catalog) if full else catalog)
    assert_done(run)
    assert by_uuid(run) == sent(workspace)


def test_a_deselected_stream_asks_for_nothing() -> None:
    catalog = deepcopy(discovered())
    metadata_of(catalog)["selected"] = False
    with Sandbox(workspace_of(30)) as sandbox:
        run = in_process(sandbox.config(), catalog=catalog)
        assert sandbox.requests == []
    assert run.status == 0
    assert run.errors == []
    assert not run.of_type("SCHEMA") + run.of_type("RECORD")


def test_a_deselected_stream_keeps_its_state() -> None:
    catalog = deepcopy(discovered())
    metadata_of(catalog)["selected"] = False
    state = {"bookmarks": {"contacts": {"replication_key_value": "2025-01-01T00:00:00.000000Z"}}}
    with Sandbox(workspace_of(30)) as sandbox:
        run = in_process(sandbox.config(), catalog=catalog, state=state)
    assert run.state == state


# Columns of custom fields, and flattening.


def discovered_with(*columns: str) -> Catalog:
    run = run_tap({**CONFIG, "custom_field_columns": [*columns]}, "--discover")
    catalog: Catalog = json.loads(run.stdout)
    return catalog


def test_columns_are_selected_one_by_one() -> None:
    """What is neither selected nor in a selected column does not leave the tap."""
    workspace = workspace_of(60, custom_fields=("plan", "seats", "ssn"))
    catalog = discovered_with("plan", "seats")
    for field in ("custom_fields", "seats"):
        metadata_of(catalog, "properties", field)["selected"] = False
    with Sandbox(workspace) as sandbox:
        config = sandbox.config(custom_field_columns=["plan", "seats"])
        run = in_process(config, catalog=catalog)
    assert_done(run)
    plans = {contact["uuid"]: contact["plan"] for contact in workspace.contacts()}
    assert by_uuid(run) == {
        uuid: record | {"plan": plans[uuid]}
        for uuid, record in sent(workspace, "custom_fields").items()
    }


def test_a_catalog_from_before_the_column_is_told() -> None:
    with Sandbox(workspace_of(5, custom_fields=("plan",))) as sandbox:
        run = in_process(sandbox.config(custom_field_columns=["plan"]), catalog=discovered())
    (warning,) = run.warnings
    assert "plan" in warning
    assert "discover" in warning
    assert all("plan" not in record for record in run.records)


@pytest.mark.parametrize("columns", [["email"], "plan"])
def test_columns_that_cannot_be_are_refused_by_discovery_too(columns: object) -> None:
    run = run_tap({**CONFIG, "custom_field_columns": columns}, "--discover")
    assert run.status == 1
    (error,) = run.errors
    assert "custom_field_columns" in error


def as_discovered(_: Catalog) -> None:
    """Made without flattening."""


def names_a_key(catalog: Catalog) -> None:
    """As a hand might, for a column of its own."""
    properties = contacts_of(catalog)["schema"]["properties"]
    properties["custom_fields"]["properties"] = {"plan": {"type": ["string", "null"]}}


@pytest.mark.parametrize("edit", [None, as_discovered, names_a_key])
def test_flattening_keeps_custom_fields_in_one_column(
    edit: Callable[[Catalog], None] | None,
) -> None:
    """Whatever the catalog, and whether the tap flattens or a target."""
    catalog = None if edit is None else deepcopy(discovered())
    if edit is not None and catalog is not None:
        edit(catalog)
    workspace = workspace_of(20, custom_fields=("plan",))
    with Sandbox(workspace) as sandbox:
        flattening = {"flattening_enabled": True, "flattening_max_depth": 2}
        flat = in_process(sandbox.config(**flattening), catalog=catalog)
        plain = in_process(sandbox.config(), catalog=catalog)
    for run in (flat, plain):
        assert_done(run)
        (schema,) = run.of_type("SCHEMA")
        assert by_uuid(run).keys() == sent(workspace).keys()
        assert {key for record in run.records for key in record} == {
            *schema["schema"]["properties"]
        }
    assert all(json.loads(record["custom_fields"]).keys() == {"plan"} for record in flat.records)

    (schema,) = plain.of_type("SCHEMA")
    flattened = flatten_schema(schema["schema"], max_level=2)
    assert flattened["properties"]["custom_fields"]["type"] == "string"
    for record in plain.records:
        row = flatten_record(record, flattened, max_level=2)
        assert row.keys() == flattened["properties"].keys()
        assert json.loads(row["custom_fields"]) == record["custom_fields"]


# Catalogs that are not quite what --discover wrote.


def unknown_beside(catalog: Catalog) -> None:
    other = deepcopy(contacts_of(catalog))
    other["tap_stream_id"] = other["stream"] = "tickets"
    catalog["streams"].append(other)


def no_metadata(catalog: Catalog) -> None:
    contacts_of(catalog)["metadata"] = []


def metadata_absent(catalog: Catalog) -> None:
    del contacts_of(catalog)["metadata"]


def no_replication_key(catalog: Catalog) -> None:
    del contacts_of(catalog)["replication_key"]
    del metadata_of(catalog)["replication-key"]
    del metadata_of(catalog)["valid-replication-keys"]


def replication_key_only_in_metadata(catalog: Catalog) -> None:
    del contacts_of(catalog)["replication_key"]
    del contacts_of(catalog)["replication_method"]


def no_key(catalog: Catalog) -> None:
    del contacts_of(catalog)["key_properties"]
    del metadata_of(catalog)["table-key-properties"]


def unknown_metadata(catalog: Catalog) -> None:
    entry = {"breadcrumb": ["properties", "shoe_size"], "metadata": {"selected": True}}
    contacts_of(catalog)["metadata"].append(entry)
    metadata_of(catalog)["colour"] = "red"


def further_field(catalog: Catalog) -> None:
    """A column that an older version of the tap, or a hand, has added."""
    contacts_of(catalog)["schema"]["properties"]["shoe_size"] = {"type": ["integer", "null"]}


EDITED: list[Callable[[Catalog], None]] = [
    unknown_beside,
    no_metadata,
    metadata_absent,
    no_replication_key,
    replication_key_only_in_metadata,
    no_key,
    unknown_metadata,
    further_field,
]


@pytest.mark.parametrize("edit", EDITED)
def test_an_edited_catalog_is_used(edit: Callable[[Catalog], None]) -> None:
    catalog = deepcopy(discovered())
    edit(catalog)
    workspace = workspace_of(60)
    with Sandbox(workspace) as sandbox:
        first = in_process(sandbox.config(lookback_seconds=0), catalog=catalog)
        second = in_process(sandbox.config(lookback_seconds=0), catalog=catalog, state=first.state)
    assert_done(first)
    assert by_uuid(first) == sent(workspace)
    assert [message["stream"] for message in first.of_type("SCHEMA")] == ["contacts"]
    assert_done(second)
    # Incremental unless the catalog says otherwise.
    assert len(second.uuids) == 1


def test_a_catalog_of_unknown_streams_only() -> None:
    catalog = deepcopy(discovered())
    contacts_of(catalog)["tap_stream_id"] = contacts_of(catalog)["stream"] = "tickets"
    with Sandbox(workspace_of(3)) as sandbox:
        run = in_process(sandbox.config(), catalog=catalog)
    assert run.status in {0, 1}
    assert len(run.errors) == run.status
    assert {message["stream"] for message in run.of_type("RECORD")} <= {"contacts"}


@pytest.mark.parametrize("field", ["name", "custom_fields", "tags", "created_at"])
@pytest.mark.parametrize("also_metadata", [False, True])
def test_a_field_the_catalogs_schema_lacks_is_not_sent(field: str, *, also_metadata: bool) -> None:
    catalog = deepcopy(discovered())
    stream = contacts_of(catalog)
    del stream["schema"]["properties"][field]
    if also_metadata:
        stream["metadata"] = [e for e in stream["metadata"] if field not in e["breadcrumb"]]
    workspace = workspace_of(60, custom_fields=("a",))
    with Sandbox(workspace) as sandbox:
        run = in_process(sandbox.config(), catalog=catalog)
    assert_done(run)
    assert by_uuid(run) == sent(workspace, field)
    (schema,) = run.of_type("SCHEMA")
    assert field not in schema["schema"]["properties"]


def test_a_key_the_catalogs_schema_lacks_is_sent_or_refused() -> None:
    """Without it every target would fail, or add the rows once more."""
    catalog = deepcopy(discovered())
    del contacts_of(catalog)["schema"]["properties"]["uuid"]
    with Sandbox(workspace_of(60)) as sandbox:
        run = in_process(sandbox.config(), catalog=catalog)
    if run.status:
        assert len(run.errors) == 1
        assert "catalog" in run.errors[0].lower()
    else:
        assert all("uuid" in record for record in run.records)
        assert_valid(run)


def test_the_bookmark_does_not_need_its_field_in_the_catalogs_schema() -> None:
    catalog = deepcopy(discovered())
    del contacts_of(catalog)["schema"]["properties"]["updated_at"]
    workspace = workspace_of(60)
    with Sandbox(workspace) as sandbox:
        first = in_process(sandbox.config(lookback_seconds=0), catalog=catalog)
        second = in_process(sandbox.config(lookback_seconds=0), catalog=catalog, state=first.state)
    assert by_uuid(first).keys() == sent(workspace).keys()
    assert len(second.uuids) == 1


# Replication methods.


def in_metadata(catalog: Catalog, method: str) -> None:
    del contacts_of(catalog)["replication_method"]
    metadata_of(catalog)["replication-method"] = method


def forced_in_metadata(catalog: Catalog, method: str) -> None:
    del contacts_of(catalog)["replication_method"]
    metadata_of(catalog)["forced-replication-method"] = method


def beside_what_discovery_wrote(catalog: Catalog, method: str) -> None:
    """As people and the tools of the Singer world set it."""
    metadata_of(catalog)["replication-method"] = method


def in_the_stream(catalog: Catalog, method: str) -> None:
    contacts_of(catalog)["replication_method"] = method


def in_both(catalog: Catalog, method: str) -> None:
    in_the_stream(catalog, method)
    metadata_of(catalog)["replication-method"] = method


PLACES: list[Callable[[Catalog, str], None]] = [
    in_metadata,
    beside_what_discovery_wrote,
    forced_in_metadata,
    in_the_stream,
    in_both,
]


@pytest.mark.parametrize("place", PLACES)
def test_full_table(place: Callable[[Catalog, str], None]) -> None:
    catalog = deepcopy(discovered())
    place(catalog, "FULL_TABLE")
    workspace = workspace_of(40)
    with Sandbox(workspace) as sandbox:
        config = sandbox.config(emit_activate_version_messages=True)
        first = in_process(config, catalog=catalog)
        second = in_process(config, catalog=catalog, state=first.state)
    for run in (first, second):
        assert_complete(run, workspace)
        assert len(run.of_type("ACTIVATE_VERSION")) == 1
    assert second.state == first.state


@pytest.mark.parametrize("place", PLACES)
def test_incremental(place: Callable[[Catalog, str], None]) -> None:
    catalog = deepcopy(discovered())
    place(catalog, "INCREMENTAL")
    workspace = workspace_of(40)
    with Sandbox(workspace) as sandbox:
        first = in_process(sandbox.config(lookback_seconds=0), catalog=catalog)
        second = in_process(sandbox.config(lookback_seconds=0), catalog=catalog, state=first.state)
    assert_complete(first, workspace)
    assert len(second.uuids) == 1


@pytest.mark.parametrize("method", ["LOG_BASED", "full_table", "SOMETIMES"])
def test_another_method_is_refused(method: str) -> None:
    catalog = deepcopy(discovered())
    in_both(catalog, method)
    with Sandbox(workspace_of(3)) as sandbox:
        run = in_process(sandbox.config(), catalog=catalog)
        assert sandbox.requests == []
    assert run.status == 1
    (error,) = run.errors
    assert "FULL_TABLE" in error
    assert "INCREMENTAL" in error
    assert run.of_type("RECORD") == []


def test_another_replication_key_is_refused() -> None:
    catalog = deepcopy(discovered())
    contacts_of(catalog)["replication_key"] = "created_at"
    metadata_of(catalog)["replication-key"] = "created_at"
    with Sandbox(workspace_of(3)) as sandbox:
        run = in_process(sandbox.config(), catalog=catalog)
    assert run.status == 1
    (error,) = run.errors
    assert "updated_at" in error


# What is no catalog.


@pytest.mark.parametrize(
    "catalog",
    [
        [],
        "contacts",
        {"streams": None},
        {"streams": ["contacts"]},
        {"streams": [{}]},
        {"streams": [{"tap_stream_id": "contacts"}]},
        {"streams": [{"tap_stream_id": "contacts", "schema": None, "metadata": []}]},
        {"streams": [{"tap_stream_id": "contacts", "schema": {}, "metadata": "all"}]},
        {"streams": [{"tap_stream_id": "contacts", "schema": {}, "metadata": [{}]}]},
        {"streams": [{"tap_stream_id": "contacts", "schema": {}, "metadata": []}]},
        {"streams": [{"tap_stream_id": "contacts", "schema": {"properties": []}, "metadata": []}]},
    ],
    ids=str,
)
def test_what_is_no_catalog_is_refused(catalog: Any) -> None:  # noqa: ANN401
    with Sandbox(workspace_of(3)) as sandbox:
        run = in_process(sandbox.config(), catalog=catalog)
    assert run.status == 1
    (error,) = run.errors
    assert "catalog" in error.lower()
    assert run.of_type("RECORD") == []


@pytest.mark.parametrize(
    "catalog",
    [{"streams": [{}]}, {"streams": [{"tap_stream_id": "contacts", "schema": {}, "metadata": []}]}],
)
def test_what_is_no_catalog_is_refused_on_the_command_line(catalog: Catalog) -> None:
    run = run_tap(CONFIG, catalog=catalog)
    assert run.status == 1
    assert len(run.errors) == 1
    assert "Traceback" not in run.log
    assert "Unforeseen" not in run.log


@pytest.mark.parametrize("catalog", [{}, {"streams": []}, {"streams": {}}], ids=str)
def test_a_catalog_without_streams_selects_nothing_or_is_refused(catalog: Catalog) -> None:
    with Sandbox(workspace_of(3)) as sandbox:
        run = in_process(sandbox.config(), catalog=catalog)
        assert sandbox.requests == []
    assert run.status in {0, 1}
    assert len(run.errors) == run.status
