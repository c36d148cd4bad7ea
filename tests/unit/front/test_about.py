"""What the tap says of itself: enough to write a plugin definition from."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SNAPSHOTS = Path(__file__).parent / "__snapshots__"
SECRET = "s3cret-T0ken"  # noqa: S105 - no real one
OURS = {
    "subdomain": "string",
    "auth_token": "string",
    "api_url": "string",
    "start_date": "string",
    "page_size": "integer",
    "max_concurrent_requests": "integer",
    "lookback_seconds": "integer",
    "request_timeout": "integer",
    "max_retries": "integer",
    "user_agent": "string",
    "filters": "object",
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


def test_batch_files_are_not_offered(about: dict[str, Any]) -> None:
    assert "batch_config" not in about["settings"]["properties"]
    assert "batch" not in about["capabilities"]


def test_what_is_offered(about: dict[str, Any]) -> None:
    assert about["name"] == "tap-mihu"
    assert set(about["capabilities"]) >= {
        "about",
        "activate-version",
        "catalog",
        "discover",
        "schema-flattening",
        "state",
        "stream-maps",
        "structured-logging",
    }


@pytest.mark.parametrize("setting", OURS)
def test_our_settings_are_described(about: dict[str, Any], setting: str) -> None:
    found = about["settings"]["properties"][setting]
    assert found["title"]
    assert found["description"].endswith(".")


def test_the_other_settings_are_described_too(about: dict[str, Any]) -> None:
    for found in about["settings"]["properties"].values():
        assert found["title"]
        assert found["description"]


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


def test_the_catalog_is_what_it_was(tmp_path: Path) -> None:
    """Targets make tables of it: a change here is a change of theirs.

    To accept one: `tap-mihu --discover > tests/unit/front/__snapshots__/discover.json`.
    """
    expected = json.loads((SNAPSHOTS / "discover.json").read_text("utf-8"))
    assert json.loads(said(tmp_path, "--discover")) == expected
