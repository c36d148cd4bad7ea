"""Nothing is ignored in silence: a slip is told, and one that would leak ends the run."""

from pathlib import Path
from typing import Any

import pytest

from tap_mihu.errors import ConfigError
from tap_mihu.tap import TapMihu
from tests.e2e.running import run_tap
from tests.unit.front.configs import MINIMAL, SECRET, fault, names, only_these, tap, warnings

# Settings.

SLIPS = {
    "filter": "filters",
    "pagesize": "page_size",
    "Sub_domain": "subdomain",
    "token": "auth_token",
}


@pytest.mark.parametrize(("slip", "meant"), SLIPS.items())
def test_a_setting_that_does_not_exist(
    caplog: pytest.LogCaptureFixture, slip: str, meant: str
) -> None:
    tap({slip: {"status": "Active"}})
    (warning,) = warnings(caplog)
    assert slip in warning
    assert warning.endswith(f"did you mean {meant}?")
    assert "Active" not in warning


def test_a_slip_is_told_beside_the_fault_it_makes(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ConfigError, match="subdomain is required"):
        TapMihu(config={"auth_token": SECRET, "sub_domain": "acme"})
    assert "did you mean subdomain?" in warnings(caplog)[0]


@pytest.mark.parametrize("name", ["a\nb", "ada@acme.example", "", "k" * 10_000])
def test_a_setting_of_a_strange_name(caplog: pytest.LogCaptureFixture, name: str) -> None:
    tap({name: 1})
    (warning,) = warnings(caplog)
    assert len(warning) < 200
    assert "\n" not in warning
    assert "ada@" not in warning


def test_no_warning_without_a_slip(caplog: pytest.LogCaptureFixture) -> None:
    tap({"filters": {"status": "Active"}, "stream_maps": {"contacts": {"mail": "email"}}})
    assert warnings(caplog) == []


def test_an_api_url_counts_over_the_subdomain_and_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tap({"api_url": "https://proxy.example"})
    (warning,) = warnings(caplog)
    assert warning.startswith("api_url ")
    assert "subdomain" in warning


# Stream maps.

LEAKS: dict[str, tuple[dict[str, Any], str]] = {
    "null": ({"contacts": {"emial": None}}, "did you mean email?"),
    "__NULL__": ({"contacts": {"emial": "__NULL__"}}, "did you mean email?"),
    "None": ({"contacts": {"emial": " None"}}, "did you mean email?"),
    "empty text": ({"contacts": {"Email": "''"}}, "did you mean email?"),
    "a custom field": ({"contacts": {"ssn": None}}, "custom_fields"),
    "by a pattern": ({"cont*": {"emial": None}}, "did you mean email?"),
    "in a copy": ({"copy": {"__source__": "contacts", "emial": None}}, "did you mean email?"),
    "another stream": ({"contatcs": {"email": None}}, "did you mean contacts?"),
    "no stream of a pattern": ({"x*": None}, "does not exist"),
    "a copy of another stream": ({"contacts": {"__source__": "leads"}}, "does not exist"),
    "an option": ({"contacts": {"__fliter__": "status == 'Active'"}}, "did you mean __filter__?"),
}


@pytest.mark.parametrize(("maps", "told"), LEAKS.values(), ids=LEAKS)
def test_a_stream_map_that_misses_what_it_means(maps: dict[str, Any], told: str) -> None:
    message = fault({"stream_maps": maps})
    assert message.startswith("stream_maps.")
    assert told in message


GOOD_MAPS: dict[str, dict[str, Any]] = {
    "drop": {"contacts": {"email": None, "name": "__NULL__", "surname": "''"}},
    "drop a column": {"contacts": {"ssn": None}},
    "a new field": {"contacts": {"source": "'mihu'", "email_hash": "md5(email)"}},
    "a copy": {
        "people": {"__source__": "contacts", "uuid": "uuid", "mail": "md5(email)", "__else__": None}
    },
    "by a pattern": {"*": {"email": None, "__filter__": "status == 'Active'"}},
    "no other stream": {"contacts": {}, "__else__": None},
}


@pytest.mark.parametrize("maps", GOOD_MAPS.values(), ids=GOOD_MAPS)
def test_a_stream_map_that_finds_what_it_means(
    caplog: pytest.LogCaptureFixture, maps: dict[str, Any]
) -> None:
    tap({"stream_maps": maps, "custom_field_columns": ["ssn"]})
    assert warnings(caplog) == []


def test_a_new_field_that_is_nearly_an_old_one(caplog: pytest.LogCaptureFixture) -> None:
    tap({"stream_maps": {"contacts": {"emial": "sha256(email)"}}})
    (warning,) = warnings(caplog)
    assert warning.endswith("did you mean email?")


# The environment.


def test_a_variable_that_does_not_exist(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    only_these(
        monkeypatch,
        tmp_path,
        SUBDOMAIN="acme",
        AUTH_TOKEN=SECRET,
        FILTER_STATUS="Active",
        PAGESIZE="5",
        LOGLEVEL="INFO",  # The SDK's.
        _ACME_PAGE_SIZE="5",  # Of a Meltano plugin that inherits.
    )
    TapMihu(parse_env_config=True)
    status, size = warnings(caplog)
    assert status.endswith("did you mean TAP_MIHU_FILTERS_STATUS?")
    assert size.endswith("did you mean TAP_MIHU_PAGE_SIZE?")


def test_under_meltano_a_variable_may_be_another_plugins(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    only_these(monkeypatch, tmp_path, ACME_AUTH_TOKEN=SECRET, **REQUIRED)
    monkeypatch.setenv("MELTANO_PROJECT_ROOT", str(tmp_path))
    TapMihu(parse_env_config=True)
    assert warnings(caplog) == []


REQUIRED = {"SUBDOMAIN": "acme", "AUTH_TOKEN": SECRET}


def test_single_filters(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    only_these(monkeypatch, tmp_path, FILTERS_STATUS="Active", FILTERS_DATE_TO="", **REQUIRED)
    assert TapMihu(parse_env_config=True).config["filters"] == {"status": "Active"}

    monkeypatch.setenv("TAP_MIHU_FILTERS", '{"status": "Inactive", "search": "a"}')
    expected = {"status": "Active", "search": "a"}
    assert TapMihu(parse_env_config=True).config["filters"] == expected

    monkeypatch.delenv("TAP_MIHU_FILTERS")
    file = {"filters": {"search": "b"}}
    found = TapMihu(config=file, parse_env_config=True).config["filters"]
    assert found == {"status": "Active", "search": "b"}
    assert file == {"filters": {"search": "b"}}


def test_single_filters_are_checked_like_the_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    only_these(monkeypatch, tmp_path, FILTERS="[]", FILTERS_STATUS="active", **REQUIRED)
    with pytest.raises(ConfigError, match=r"^filters must be an object$"):
        TapMihu(parse_env_config=True)
    monkeypatch.delenv("TAP_MIHU_FILTERS")
    with pytest.raises(ConfigError, match=r"^filters.status must be one of Active, Inactive$"):
        TapMihu(parse_env_config=True)


@pytest.mark.parametrize("setting", TapMihu.config_jsonschema["properties"])
def test_an_empty_variable_counts_as_unset(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, setting: str
) -> None:
    only_these(monkeypatch, tmp_path, **{setting.upper(): ""})
    config = MINIMAL | {"page_size": 50}
    assert TapMihu(config=config, parse_env_config=True).config == TapMihu(config=config).config


def test_a_dotenv_file_counts_where_a_variable_is_empty(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    only_these(monkeypatch, tmp_path, PAGE_SIZE="", **REQUIRED)
    (tmp_path / ".env").write_text("TAP_MIHU_PAGE_SIZE=7\nTAP_MIHU_MAX_RETRIES=\n")
    found = TapMihu(parse_env_config=True).config
    assert (found["page_size"], found["max_retries"]) == (7, 6)


VARIABLES = {f"TAP_MIHU_{name}": text for name, text in REQUIRED.items()}


def test_variables_without_config_env() -> None:
    run = run_tap(None, env=VARIABLES)
    assert run.status == 1
    (error,) = run.errors
    assert "auth_token is required" in error
    assert "--config=ENV" in error
    assert "Skipping" not in run.log


def test_variables_beside_a_file_that_do_not_count() -> None:
    config = {"api_url": "http://127.0.0.1:1", "auth_token": SECRET, "max_retries": 0}
    variables = {"TAP_MIHU_FILTERS_STATUS": "Active", "TAP_MIHU_PAGESIZE": "5"}
    run = run_tap(config, env=variables)
    assert "Skipping" not in run.log
    unknown, unread = run.warnings
    assert "did you mean TAP_MIHU_PAGE_SIZE?" in unknown
    assert "TAP_MIHU_FILTERS_STATUS" in unread
    assert "--config=ENV" in unread

    run = run_tap(config, env={**variables, "MELTANO_PROJECT_ROOT": "/project"})
    assert len(run.warnings) == 1, "Meltano sets variables beside its file"


# Hints.

HINTS: dict[str, tuple[dict[str, Any], str]] = {
    "a whole address": ({"subdomain": "https://acme.mihu.ai"}, "acme, not acme.mihu.ai"),
    "a host": ({"subdomain": "acme.mihu.ai"}, "acme, not acme.mihu.ai"),
    "quotes": ({"subdomain": '"acme"'}, "without the quotes"),
    "Bearer": ({"auth_token": f"Bearer {SECRET}"}, "without the word Bearer"),
    "a header": ({"auth_token": f"Authorization: Bearer {SECRET}"}, "without the word Bearer"),
    "a token in quotes": ({"auth_token": f"'{SECRET}'"}, "without the quotes"),
    "a token in round quotes": ({"auth_token": f"\u201c{SECRET}\u201d"}, "without the quotes"),
    "an address in quotes": ({"api_url": '"https://acme.mihu.ai/api/v1"'}, "without the quotes"),
    "the future": ({"start_date": "9999-01-01"}, "future"),
}


@pytest.mark.parametrize(("config", "hint"), HINTS.values(), ids=HINTS)
def test_the_likely_slip_is_named(config: dict[str, Any], hint: str) -> None:
    message = fault(config)
    assert names(message, *config)
    assert hint in message


def test_faults_of_every_kind_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as error:
        TapMihu(
            config={
                "api_url": "http://acme.mihu.ai",
                "page_size": 0,
                "start_date": "9999-01-01",
                "filters": {"date_from": "2025-01-02", "date_to": "2025-01-01"},
                "custom_field_columns": ["email"],
                "stream_maps": {"leads": None},
                "flattening_enabled": True,
            }
        )
    faults = str(error.value).split("; ")
    assert sorted(fault.split()[0].split(".")[0] for fault in faults) == [
        "api_url",
        "auth_token",
        "custom_field_columns",
        "filters",
        "flattening_max_depth",
        "page_size",
        "start_date",
        "stream_maps",
    ]
