"""What the tap says of itself: enough to write a plugin definition from."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.data import TEXT_FIELDS, TIMESTAMP_FIELDS

SECRET = "s3cret-T0ken"  # noqa: S105 - no real one
OURS = {
    "subdomain": "string",
    "auth_token": "string",
    "api_url": "string",
    "start_date": "string",
    "page_size": "integer",
    "max_concurrent_requests": "integer",
    "rate_limit_percent": "integer",
    "max_requests_per_minute": "integer",
    "lookback_seconds": "integer",
    "reread_after_hours": "integer",
    "request_timeout": "integer",
    "max_retries": "integer",
    "user_agent": "string",
    "filters": "object",
    "batch_config": "object",
    "emit_activate_version_messages": "boolean",
}
FROM_THE_SDK = {
    "stream_maps",
    "stream_map_config",
    "faker_config",
    "flattening_enabled",
    "flattening_max_depth",
}
FILTERS = {
    "search",
    "status",
    "contact_channel",
    "stage_uuid",
    "campaign_uuid",
    "tag_uuid",
    "pool_uuid",
    "date_from",
    "date_to",
}


def said(folder: Path, *options: str) -> str:
    """What `tap-mihu` prints, run far from the checkout with nothing configured but a token."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TAP_MIHU_")}
    result = subprocess.run(
        [sys.executable, "-m", "tap_mihu", *options],
        cwd=folder,
        env=environment | {"TAP_MIHU_AUTH_TOKEN": SECRET},
        capture_output=True,
        text=True,
        check=True,
    )
    assert SECRET not in result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def about(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        said(tmp_path_factory.mktemp("about"), "--about", "--format=json")
    )
    return found


def test_every_setting_is_listed(about: dict[str, Any]) -> None:
    properties = about["settings"]["properties"]
    assert properties.keys() >= OURS.keys() | FROM_THE_SDK
    assert {name: properties[name]["type"] for name in OURS} == OURS
    assert about["settings"]["required"] == ["auth_token"]
    assert all(setting["title"] and setting["description"] for setting in properties.values())
    assert all(properties[name]["description"].endswith(".") for name in OURS)


def test_what_is_offered(about: dict[str, Any]) -> None:
    assert about["name"] == "tap-mihu"
    assert set(about["capabilities"]) >= {
        "about",
        "activate-version",
        "batch",
        "catalog",
        "discover",
        "schema-flattening",
        "state",
        "stream-maps",
        "structured-logging",
    }


def test_only_the_token_is_a_secret(about: dict[str, Any]) -> None:
    properties = about["settings"]["properties"]
    assert [name for name, found in properties.items() if found.get("secret")] == ["auth_token"]


def test_every_filter_is_described(about: dict[str, Any]) -> None:
    filters = about["settings"]["properties"]["filters"]["properties"]
    assert filters.keys() == FILTERS
    assert all(found["description"] for found in filters.values())
    assert filters["status"]["enum"] == ["Active", "Inactive"]
    assert filters["contact_channel"]["enum"] == ["Call", "SMS", "WhatsApp"]


@pytest.mark.parametrize("options", [[], ["--format=markdown"]], ids=["text", "markdown"])
def test_the_other_forms_name_every_setting(tmp_path: Path, options: list[str]) -> None:
    text = said(tmp_path, "--about", *options)
    assert all(setting in text for setting in OURS)


def test_the_version(tmp_path: Path, about: dict[str, Any]) -> None:
    assert about["version"] in said(tmp_path, "--version")


TEXT: dict[str, Any] = {"type": ["string", "null"]}
PROPERTIES = {
    **dict.fromkeys(TEXT_FIELDS, TEXT),
    **dict.fromkeys(TIMESTAMP_FIELDS, TEXT | {"format": "date-time"}),
    "uuid": {"type": ["string"]},
    "tags": {
        "type": ["array", "null"],
        "items": {
            "type": ["object"],
            "properties": {"uuid": TEXT, "id": {"type": ["integer", "null"]}, "name": TEXT},
            "additionalProperties": True,
        },
    },
    "custom_fields": {"type": ["object"], "properties": {}, "additionalProperties": True},
}
"""Targets make tables of these, and die of a value outside an enum, a format or a length."""


def test_the_catalog_is_what_it_was(tmp_path: Path) -> None:
    stream, *_ = json.loads(said(tmp_path, "--discover"))["streams"]
    schema, metadata = stream.pop("schema"), stream.pop("metadata")
    assert stream == {
        "tap_stream_id": "contacts",
        "stream": "contacts",
        "key_properties": ["uuid"],
        "replication_key": "updated_at",
        "replication_method": "INCREMENTAL",
    }
    assert all(field.pop("description") for field in schema["properties"].values())
    for field in schema["properties"]["tags"]["items"]["properties"].values():
        del field["description"]
    assert schema["properties"] == PROPERTIES
    assert schema["required"] == ["uuid"]
    inclusion = {(*entry["breadcrumb"],): entry["metadata"]["inclusion"] for entry in metadata}
    automatic = {place[-1] for place, how in inclusion.items() if how == "automatic"}
    assert automatic == {"uuid", "updated_at"}
    assert inclusion.keys() == {(), *(("properties", field) for field in PROPERTIES)}
