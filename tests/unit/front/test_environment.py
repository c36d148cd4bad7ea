"""Settings from variables and `.env`: each of its type, none ignored in silence."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tap_mihu.errors import ConfigError
from tap_mihu.settings import SETTINGS
from tap_mihu.tap import TapMihu
from tests.e2e.forks import run_forked
from tests.unit.front.configs import MINIMAL, SECRET, tap, warnings

Configured = Callable[..., dict[str, Any]]
PREFIX = "TAP_MIHU_"


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Configured:
    """Configure a tap by a file, and by variables beside those that are required."""
    monkeypatch.chdir(tmp_path)

    def configure(file: dict[str, Any] | None = None, **variables: str) -> dict[str, Any]:
        for name in os.environ:
            if name.startswith((PREFIX, "MELTANO_")):
                monkeypatch.delenv(name)
        for name, text in {"SUBDOMAIN": "acme", "AUTH_TOKEN": SECRET, **variables}.items():
            monkeypatch.setenv(name if name.startswith("MELTANO_") else PREFIX + name, text)
        return dict(TapMihu(config=file, parse_env_config=True).config)

    return configure


VERSIONS = "EMIT_ACTIVATE_VERSION_MESSAGES"
READ: list[tuple[str, str, Any]] = [
    ("SUBDOMAIN", "42", "42"),
    ("USER_AGENT", '{"a":1}', '{"a":1}'),
    ("PAGE_SIZE", " 250 ", 250),
    *[(VERSIONS, text, True) for text in ("true", " True", "yes", "ON", "1")],
    *[(VERSIONS, text, False) for text in ("false", "no", "off", "0")],
    ("FILTERS", '{"status":"Active"}', {"status": "Active"}),
    ("FILTERS", "null", None),
    ("CUSTOM_FIELD_COLUMNS", '["plan"]', ["plan"]),
    ("STREAM_MAPS", '{"contacts":{"email":null}}', {"contacts": {"email": None}}),
]


@pytest.mark.parametrize(("name", "text", "value"), READ)
def test_a_variable_is_read_as_its_settings_type(
    configured: Configured, name: str, text: str, value: object
) -> None:
    found = configured(**{name: text}).get(name.lower())
    assert (found, type(found)) == (value, type(value))


UNREADABLE = [
    ("PAGE_SIZE", "many", "a whole number from 1 to 1000"),
    ("PAGE_SIZE", "1.5", "a whole number from 1 to 1000"),
    (VERSIONS, "maybe", "true or false"),
    ("FILTERS", "status=Active", "an object"),
    ("FILTERS", '"{}"', "an object"),
]


@pytest.mark.parametrize(("name", "text", "rule"), UNREADABLE)
def test_a_variable_that_cannot_be_used(
    configured: Configured, name: str, text: str, rule: str
) -> None:
    with pytest.raises(ConfigError) as error:
        configured(**{name: text, "FILTERS_STATUS": "Active"})
    assert str(error.value) == f"{name.lower()} must be {rule}"


def test_the_environment_counts_over_dotenv_and_dotenv_over_the_file(
    configured: Configured, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(
        "TAP_MIHU_PAGE_SIZE=1\nTAP_MIHU_MAX_RETRIES=2\nTAP_MIHU_REQUEST_TIMEOUT=\n"
    )
    file = {"page_size": 50, "max_retries": 5, "request_timeout": 9}
    found = configured(file, PAGE_SIZE="250", MAX_RETRIES="")
    assert (found["page_size"], found["max_retries"], found["request_timeout"]) == (250, 2, 9)
    assert tap({}).config["page_size"] == 100, "where nobody asks for the environment"


def test_empty_variables_count_as_unset(configured: Configured) -> None:
    empty = dict.fromkeys((name.upper() for name in SETTINGS["properties"]), "")
    assert configured(MINIMAL, **empty) == tap({}).config


def test_filters_one_by_one_count_over_all_of_them(configured: Configured) -> None:
    single = {"FILTERS_STATUS": "Active", "FILTERS_DATE_TO": ""}
    assert configured(**single)["filters"] == {"status": "Active"}
    whole = '{"status": "Inactive", "search": "a"}'
    assert configured(**single, FILTERS=whole)["filters"] == {"status": "Active", "search": "a"}
    file = {"filters": {"search": "b"}}
    assert configured(file, **single)["filters"] == {"status": "Active", "search": "b"}
    assert file == {"filters": {"search": "b"}}
    nested = {"BATCH_CONFIG_ENCODING_FORMAT": "jsonl", "BATCH_CONFIG_BATCH_SIZE": "0"}
    with pytest.raises(ConfigError, match=r"batch_size .*; batch_config\.storage is"):
        configured(**nested)


def test_a_variable_that_does_not_exist(
    configured: Configured, caplog: pytest.LogCaptureFixture
) -> None:
    fine = {
        "LOGLEVEL": "INFO",  # The SDK's.
        "_ACME_PAGE_SIZE": "5",  # Of a Meltano plugin that inherits.
    }
    configured(FILTER_STATUS="Active", PAGESIZE="5", ACME_PAGE_SIZE="5", **fine)
    other, status, size = warnings(caplog)
    assert other.startswith("ignoring the variable TAP_MIHU_ACME_PAGE_SIZE, which sets nothing")
    assert status.endswith("which sets nothing: did you mean TAP_MIHU_FILTERS_STATUS?")
    assert size.endswith("did you mean TAP_MIHU_PAGE_SIZE?")

    caplog.clear()
    configured(ACME_PAGE_SIZE="5", MELTANO_PROJECT_ROOT="/project")
    assert warnings(caplog) == [], "another plugin's"


def test_variables_without_config_env() -> None:
    run = run_forked(None, env={"TAP_MIHU_SUBDOMAIN": "acme", "TAP_MIHU_AUTH_TOKEN": SECRET})
    (error,) = run.errors
    assert run.status == 1
    assert "auth_token is required" in error
    assert "--config=ENV" in error
    assert "Skipping" not in run.log


def test_variables_beside_a_file_that_do_not_count() -> None:
    config = {"api_url": "http://127.0.0.1:1", "auth_token": SECRET, "max_retries": 0}
    variables = {"TAP_MIHU_FILTERS_STATUS": "Active", "TAP_MIHU_PAGESIZE": "5"}
    unknown, unread = run_forked(config, env=variables).warnings
    assert unknown.endswith("did you mean TAP_MIHU_PAGE_SIZE?")
    assert unread.endswith("TAP_MIHU_FILTERS_STATUS: set, but read with --config=ENV only")

    (unknown,) = run_forked(config, env=variables | {"MELTANO_PROJECT_ROOT": "/project"}).warnings
    assert "TAP_MIHU_PAGESIZE" in unknown, "Meltano sets variables beside its file"
