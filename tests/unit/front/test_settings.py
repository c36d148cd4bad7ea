"""Settings: what cannot be used is refused before any request, in one line that says why."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from requests import Request
from requests.adapters import HTTPAdapter
from singer_sdk.exceptions import ConfigurationError
from urllib3.util import parse_url

from tap_mihu.api.client import root_url
from tap_mihu.errors import ConfigError
from tap_mihu.settings import SETTINGS
from tap_mihu.tap import TapMihu
from tests.unit.front.configs import MINIMAL, SECRET, fault, names, tap

UUID = "7f9c24e8-3b12-4fef-91e0-56a2d5a1c3b7"

# What is accepted.

GOOD: dict[str, dict[str, Any]] = {
    "subdomain": {"subdomain": "acme"},
    "subdomain of digits": {"subdomain": "42"},
    "subdomain of one letter": {"subdomain": "a"},
    "subdomain with hyphens": {"subdomain": "a-c--me"},
    "subdomain in capitals": {"subdomain": "ACME"},
    "start date": {"start_date": "2025-01-31T00:00:00Z"},
    "start date without a time": {"start_date": "2025-01-31"},
    "start date in another zone": {"start_date": "2025-01-31 10:00:00+03:00"},
    "least page size": {"page_size": 1},
    "greatest page size": {"page_size": 1000},
    "one request at a time": {"max_concurrent_requests": 1},
    "most requests": {"max_concurrent_requests": 32},
    "least share of the rate limit": {"rate_limit_percent": 1},
    "the whole rate limit": {"rate_limit_percent": 100},
    "one request a minute": {"max_requests_per_minute": 1},
    "no lookback": {"lookback_seconds": 0},
    "long lookback": {"lookback_seconds": 10**9},
    "least timeout": {"request_timeout": 1},
    "no retries": {"max_retries": 0},
    "columns": {"custom_field_columns": ["plan", "Seats per 1,000", 'the "best"']},
    "no columns": {"custom_field_columns": []},
    "user agent with spaces": {"user_agent": "Acme ETL (data@acme.example)"},
    "no filters": {"filters": {}},
    "search": {"filters": {"search": "Zoë, 預算; DROP TABLE"}},
    "status": {"filters": {"status": "Inactive"}},
    "channel": {"filters": {"contact_channel": "WhatsApp"}},
    "uuid": {"filters": {"stage_uuid": UUID, "tag_uuid": UUID.upper()}},
    "one day": {"filters": {"date_from": "2024-02-29", "date_to": "2024-02-29"}},
    "open dates": {"filters": {"date_to": "2024-02-29"}},
    "versions": {"emit_activate_version_messages": True},
    "stream maps": {"stream_maps": {"contacts": {"email": None}}},
    "a setting of somebody else": {"_airbyte": 5},
}


@pytest.mark.parametrize("config", GOOD.values(), ids=GOOD)
def test_accepted(config: dict[str, Any]) -> None:
    assert tap(config).config.items() >= config.items()


def test_defaults() -> None:
    defaults = {
        "page_size": 100,
        "max_concurrent_requests": 4,
        "rate_limit_percent": 80,
        "lookback_seconds": 300,
        "request_timeout": 60,
        "max_retries": 6,
        "emit_activate_version_messages": False,
    }
    config = tap({}).config
    assert config.items() >= defaults.items()
    assert config["user_agent"].startswith("tap-mihu/")
    assert not config.keys() & {"start_date", "filters", "api_url", "max_requests_per_minute"}


# Types and ranges.

WRONG: dict[str, list[Any]] = {
    "string": [5, True, [SECRET], {"a": SECRET}],
    "integer": ["4", 4.5, True, [], {}, float("nan"), float("inf")],
    "boolean": ["true", 1, [], {}],
    "array": ["a", '["a"]', 5, True, {}, [5], [None]],
    "object": ["a=b", '{"a":"b"}', 5, True, [], [{"a": "b"}]],
}
TYPES = {
    name: next(kind for kind in WRONG if kind in setting["type"])
    for name, setting in TapMihu.config_jsonschema["properties"].items()
}


@pytest.mark.parametrize("setting", TYPES)
def test_a_value_of_another_type(setting: str) -> None:
    for value in WRONG[TYPES[setting]]:
        assert names(fault({setting: value}), setting)


OUT_OF_RANGE: list[tuple[str, Any]] = [
    ("page_size", 0),
    ("page_size", -1),
    ("page_size", 1001),
    ("page_size", 10**30),
    ("max_concurrent_requests", 0),
    ("max_concurrent_requests", 33),
    ("rate_limit_percent", 0),
    ("rate_limit_percent", 101),
    ("max_requests_per_minute", 0),
    ("lookback_seconds", -1),
    ("request_timeout", 0),
    ("max_retries", -1),
]


@pytest.mark.parametrize(("setting", "value"), OUT_OF_RANGE)
def test_a_number_out_of_range(setting: str, value: int) -> None:
    message = fault({setting: value})
    assert names(message, setting)
    assert str(SETTINGS["properties"][setting]["minimum"]) in message


@pytest.mark.parametrize(
    "value", ["", "soon", "2025-02-30", "0000-00-00", "2025-W01-1", "31.1.2025"]
)
def test_a_start_date_that_is_none(value: str) -> None:
    assert names(fault({"start_date": value}), "start_date")


BAD_AGENTS = {"empty": "", "line break": "a\r\nX-Y: z", "edge": " a", "accent": "é", "NUL": "a\0"}


@pytest.mark.parametrize("value", BAD_AGENTS.values(), ids=BAD_AGENTS)
def test_a_user_agent_that_is_no_header(value: str) -> None:
    assert names(fault({"user_agent": value}), "user_agent")


# Filters.

BAD_FILTERS: dict[str, tuple[str, Any]] = {
    "search is empty": ("search", ""),
    "search is a number": ("search", 5),
    "status in lower case": ("status", "active"),
    "status of another kind": ("status", "Deleted"),
    "status is a list": ("status", ["Active"]),
    "channel spelled as in contacts": ("contact_channel", "whatsapp"),
    "channel that is none": ("contact_channel", "Email"),
    **{
        f"{name} is none": (name, value)
        for name in ("stage_uuid", "campaign_uuid", "tag_uuid", "pool_uuid")
        for value in ("VIP",)
    },
    "uuid is empty": ("tag_uuid", ""),
    "uuid in braces": ("tag_uuid", f"{{{UUID}}}"),
    "uuid without hyphens": ("tag_uuid", UUID.replace("-", "")),
    "uuid with more behind": ("tag_uuid", f"{UUID}\n"),
    "uuid is a number": ("tag_uuid", 7),
    "date with a time": ("date_from", "2025-01-31T00:00:00Z"),
    "date that is none": ("date_from", "2025-02-30"),
    "date in another form": ("date_to", "31.01.2025"),
    "date of a week": ("date_to", "2025-W01-1"),
    "date without hyphens": ("date_to", "20250131"),
    "date in other digits": ("date_to", "２０２５-01-31"),  # noqa: RUF001 - the point
    "date is a number": ("date_to", 20250131),
    "date is empty": ("date_to", ""),
}


@pytest.mark.parametrize(("name", "value"), BAD_FILTERS.values(), ids=BAD_FILTERS)
def test_a_filter_that_cannot_be_used(name: str, value: object) -> None:
    assert names(fault({"filters": {name: value}}), f"filters.{name}")


@pytest.mark.parametrize("name", ["page", "per_page", "Search", "sort", "date_form", "uuid"])
def test_a_filter_that_does_not_exist(name: str) -> None:
    message = fault({"filters": {name: "1"}})
    assert names(message, f"filters.{name}")
    assert "date_from" in message, "it says which there are"


@pytest.mark.parametrize("name", ["a\nb", "ada@acme.example", "", "k" * 41])
def test_a_filter_of_a_strange_name(name: str) -> None:
    message = fault({"filters": {name: "1"}})
    assert message.startswith("filters.")
    assert "(one key)" in message


def test_dates_the_wrong_way_round() -> None:
    message = fault({"filters": {"date_from": "2025-01-02", "date_to": "2025-01-01"}})
    assert "filters.date_from" in message
    assert "filters.date_to" in message


def test_a_search_that_cannot_be_sent() -> None:
    """A lone surrogate has no form in a URL."""
    assert names(fault({"filters": {"search": "a\ud800"}}), "filters.search")


# The workspace.

HOSTILE_SUBDOMAINS = {
    "empty": "",
    "space": " ",
    "trailing space": "acme ",
    "line break": "acme\n",
    "line break inside": "ac\nme",
    "carriage return": "acme\r",
    "NUL": "acme\0",
    "another host's path": "acme.evil.com/",
    "another host": "acme.evil",
    "user of another host": "acme@evil",
    "path": "evil.com/x",
    "query": "evil.com?",
    "fragment": "evil.com#",
    "backslash": "evil.com\\",
    "port": "acme:80",
    "percent": "acme%2e",
    "point": ".",
    "trailing point": "acme.",
    "hyphen first": "-acme",
    "hyphen last": "acme-",
    "underscore": "ac_me",
    "whole address": "https://acme.mihu.ai",
    "Cyrillic look-alike": "асме",
    "full-width letters": "ａｃｍｅ",  # noqa: RUF001 - the point
    "full-width point": "acme．evil",  # noqa: RUF001 - the point
    "slash look-alike": "evil.com∕",  # noqa: RUF001 - the point
    "accent": "acmé",
    "other digits": "acme٣",
    "longer than a name can be": "a" * 64,
}


@pytest.mark.parametrize("value", HOSTILE_SUBDOMAINS.values(), ids=HOSTILE_SUBDOMAINS)
def test_a_subdomain_that_is_none(value: str) -> None:
    assert names(fault({"subdomain": value}), "subdomain")


@given(st.text(max_size=6) | st.text("aZ0-.@/\\:?#%\n ", max_size=6))
def test_a_token_never_goes_to_another_domain(subdomain: str) -> None:
    try:
        url = root_url(tap({"subdomain": subdomain}).config)
    except ConfigError:
        return
    assert url == f"https://{subdomain}.mihu.ai/api/v1"
    assert subdomain.isascii()
    assert subdomain.replace("-", "x").isalnum()


URLS = {
    "https": ("https://acme.mindhunters.ai/api/v1", "https://acme.mindhunters.ai/api/v1"),
    "slash at the end": ("https://acme.mihu.ai/api/v1/", "https://acme.mihu.ai/api/v1"),
    "port": ("https://proxy.example:8443/mihu", "https://proxy.example:8443/mihu"),
    "no path": ("https://proxy.example", "https://proxy.example"),
    "loopback name": ("http://localhost:5000/api/v1", "http://localhost:5000/api/v1"),
    "loopback address": ("http://127.0.0.1:5000/api/v1", "http://127.0.0.1:5000/api/v1"),
    "another loopback address": ("http://127.1.2.3/api/v1", "http://127.1.2.3/api/v1"),
    "loopback in IPv6": ("http://[::1]:5000/api/v1", "http://[::1]:5000/api/v1"),
}


@pytest.mark.parametrize(("sent", "used"), URLS.values(), ids=URLS)
def test_an_api_url(sent: str, used: str) -> None:
    config = TapMihu(config={"auth_token": SECRET, "api_url": sent}).config
    assert root_url(config) == used


def test_an_api_url_counts_over_the_subdomain() -> None:
    assert root_url(tap({"api_url": "https://proxy.example"}).config) == "https://proxy.example"


HOSTILE_URLS = {
    "empty": "",
    "space": " ",
    "no scheme": "acme.mihu.ai/api/v1",
    "scheme alone": "https://",
    "no host": "https:///api/v1",
    "port alone": "https://:443/api/v1",
    "one slash": "https:/acme.mihu.ai",
    "another scheme": "ftp://acme.mihu.ai",
    "file": "file:///etc/passwd",
    "http": "http://acme.mihu.ai/api/v1",
    "http in capitals": "HTTP://acme.mihu.ai/api/v1",
    "http in the local network": "http://192.168.0.1/api/v1",
    "http to any address": "http://0.0.0.0/api/v1",
    "http, looks like loopback": "http://localhost.evil.com/api/v1",
    "http, looks like a loopback address": "http://127.0.0.1.evil.com/api/v1",
    "http, loopback as user": "http://localhost@evil.com/api/v1",
    "http, loopback as password": "http://a:127.0.0.1@evil.com/api/v1",
    "http, backslash before loopback": "http://evil.com\\@localhost/api/v1",
    "http, loopback in the fragment": "http://evil.com#@localhost/",
    "user": "https://ada@acme.mihu.ai/api/v1",
    "empty user": "https://@acme.mihu.ai/api/v1",
    "user and password": "https://ada:lovelace@acme.mihu.ai/api/v1",
    "loopback with user": "http://ada:lovelace@localhost/api/v1",
    "backslash": "https://acme.mihu.ai\\.evil.com/api/v1",
    "line break at the end": "https://acme.mihu.ai/api/v1\n",
    "line break in the host": "https://acme.mi\nhu.ai/api/v1",
    "header in the path": "https://acme.mihu.ai/ HTTP/1.1\r\nX-Y: z",
    "tab": "https://acme\t.mihu.ai",
    "space before": " https://acme.mihu.ai/api/v1",
    "space in the path": "https://acme.mihu.ai/api v1",
    "NUL": "https://acme.mihu.ai\0.evil.com",
    "Cyrillic look-alike": "https://асме.mihu.ai/api/v1",
    "full-width point": "https://acme．mihu.ai/api/v1",  # noqa: RUF001 - the point
    "slash look-alike": "https://evil.com∕.mihu.ai/api/v1",  # noqa: RUF001 - the point
    "percent in the host": "https://acme%2emihu.ai/api/v1",
    "port that is no number": "https://acme.mihu.ai:https/api/v1",
    "port beyond all ports": "https://acme.mihu.ai:65536/api/v1",
    "port zero": "https://acme.mihu.ai:0/api/v1",
    "two ports": "https://acme.mihu.ai:80:443/api/v1",
    "open bracket": "https://[::1/api/v1",
    "query": "https://acme.mihu.ai/api/v1?search=Ada",
    "empty query": "https://acme.mihu.ai/api/v1?",
    "fragment": "https://acme.mihu.ai/api/v1#contacts",
    "empty fragment": "https://acme.mihu.ai/api/v1#",
}


@pytest.mark.parametrize("value", HOSTILE_URLS.values(), ids=HOSTILE_URLS)
def test_an_api_url_that_cannot_be_used(value: str) -> None:
    message = fault({"api_url": value})
    assert names(message, "api_url")
    assert "lovelace" not in message


@given(st.text("aZ0-.@/\\:?#%[] é", max_size=12))
def test_over_http_a_token_never_leaves_the_machine(rest: str) -> None:
    assert_refused_or_loopback(f"http://{rest}")
    assert_refused_or_loopback(f"http://localhost{rest}")
    assert_refused_or_loopback(f"http://{rest}127.0.0.1")


def assert_refused_or_loopback(url: str) -> None:
    try:
        tap({"api_url": url})
    except ConfigError:
        return
    assert re.fullmatch(r"http://(localhost|127\.0\.0\.1|\[::1])(:[0-9]*)?([/?#].*)?", url)


HOSTS = (
    "localhost 127.0.0.1 127.1 0x7f.1 2130706433 0.0.0.0 [::1] [::] [::ffff:127.0.0.1] [::1%25lo]"
)
NAMES = "evil.test mihu.ai xn--80ak6aa92e.test ｌocalhost ß 。"  # noqa: RUF001 - the point
BETWEEN = [*[".", "@", ":", "/", "\\", "#", "?", "%2e", "%40", ":80", ":443"], "\t", "\n", " "]
hostile_hosts = st.lists(
    st.sampled_from([*HOSTS.split(), *NAMES.split(), *BETWEEN]), min_size=1, max_size=5
).map("".join)


@settings(max_examples=15 * settings().max_examples)
@given(st.sampled_from(["http://", "https://", "HTTP://", "http:", "http:///"]), hostile_hosts)
def test_the_host_that_is_checked_is_the_host_that_is_asked(scheme: str, rest: str) -> None:
    try:
        url = root_url(TapMihu(config={"auth_token": SECRET, "api_url": scheme + rest}).config)
    except ConfigError as error:
        assert names(str(error), "api_url")  # noqa: PT017 - only if it is refused
        return
    checked, asked = urlsplit(url), parse_url(f"{url}/contacts?page=1")
    # The client gives this URL as it stands to the adapter, which asks urllib3 for the host.
    prepared = Request("GET", url).prepare()
    prepared.url = f"{url}/contacts?page=1"
    host, _ = HTTPAdapter().build_connection_pool_key_attributes(prepared, verify=True)
    assert asked.auth is None
    assert (host["scheme"], host["port"]) == (asked.scheme, asked.port)
    assert str(host["host"]).strip("[]") == str(asked.host).strip("[]") == checked.hostname
    if checked.scheme == "http":
        assert checked.hostname in {"localhost", "127.0.0.1", "::1", "::ffff:127.0.0.1"}


# What must be there, what must not, and what is as good as not there.


def test_a_workspace_is_required() -> None:
    with pytest.raises(ConfigError, match=r"subdomain.*required.*api_url"):
        TapMihu(config={"auth_token": SECRET})


def test_a_token_is_required() -> None:
    with pytest.raises(ConfigError, match="auth_token is required"):
        TapMihu(config={"subdomain": "acme"})


BAD_TOKENS = {
    "empty": "",
    "line break": f"{SECRET}\n",
    "header": f"{SECRET}\r\nX-Y: z",
    "space": f"{SECRET} {SECRET}",
    "accent": f"{SECRET}é",
    "NUL": f"{SECRET}\0",
    "surrogate": f"{SECRET}\ud800",
    "number": 5_318_008,
    "list": [SECRET],
}


@pytest.mark.parametrize("value", BAD_TOKENS.values(), ids=BAD_TOKENS)
def test_a_token_that_is_none_is_not_shown(value: object) -> None:
    message = fault({"auth_token": value})
    assert names(message, "auth_token")
    assert "5318008" not in message


@pytest.mark.parametrize("setting", TYPES)
def test_null_means_unset(setting: str) -> None:
    config = MINIMAL | {"api_url": "https://proxy.example", setting: None}
    if setting == "auth_token":
        with pytest.raises(ConfigError, match="auth_token is required"):
            TapMihu(config=config)
        return
    unset = {name: value for name, value in config.items() if name != setting}
    assert TapMihu(config=config).config == TapMihu(config=unset).config


BAD_MAPS: dict[str, Any] = {
    "a text for a stream": {"contacts": "x"},
    "a number for a property": {"contacts": {"name": 5}},
    "line break in a name": {"contacts\nx": 5},
    "else is a text": {"__else__": "__DROP__"},
    "else of a stream is a number": {"contacts": {"__else__": 5}},
}


@pytest.mark.parametrize("value", BAD_MAPS.values(), ids=BAD_MAPS)
def test_stream_maps_that_cannot_be_used(value: object) -> None:
    assert names(fault({"stream_maps": value}), "stream_maps")


def test_flattening_without_a_depth() -> None:
    with pytest.raises((ConfigError, ConfigurationError)) as error:
        tap({"flattening_enabled": True})
    assert "flattening_max_depth" in str(error.value)


def test_all_faults_are_told_at_once() -> None:
    message = fault({"page_size": 0, "max_retries": "x", "filters": {"status": "x", "sort": 1}})
    for setting in ("page_size", "max_retries", "filters.status", "filters.sort"):
        assert names(message, setting)


any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)
plain_settings = sorted(TYPES.keys() - {"stream_maps", "faker_config", "stream_map_config"})


@given(st.dictionaries(st.sampled_from(plain_settings), any_json, max_size=4))
def test_any_configuration_is_used_or_refused(config: dict[str, Any]) -> None:
    try:
        tap(config)
    except ConfigError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017 - only if it is refused


# The command line.


@pytest.mark.parametrize("option", ["--config", "--state", "--catalog"])
@pytest.mark.parametrize("text", ["{", "[1]"], ids=["no JSON", "no object"])
def test_a_file_that_cannot_be_used(tmp_path: Path, option: str, text: str) -> None:
    (tmp_path / "good.json").write_text(json.dumps(MINIMAL))
    (tmp_path / "bad.json").write_text(text)
    command = [sys.executable, "-m", "tap_mihu", "--config=good.json", f"{option}=bad.json"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    errors = [line for line in result.stderr.splitlines() if "ERROR" in line]
    assert (result.returncode, len(errors)) == (1, 1)
    assert option.strip("-") in errors[0].lower()
    assert "Unforeseen" not in result.stderr
    assert "Traceback" not in result.stderr
    assert SECRET not in result.stderr
    assert not result.stdout


# The environment.


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Nothing but a minimal configuration."""
    monkeypatch.chdir(tmp_path)
    for setting in TYPES:
        monkeypatch.delenv(f"TAP_MIHU_{setting.upper()}", raising=False)
    monkeypatch.setenv("TAP_MIHU_SUBDOMAIN", "acme")
    monkeypatch.setenv("TAP_MIHU_AUTH_TOKEN", SECRET)
    return monkeypatch


FROM_ENVIRONMENT: dict[str, tuple[str, str, Any]] = {
    "text": ("user_agent", "Acme ETL", "Acme ETL"),
    "text of digits": ("subdomain", "42", "42"),
    "text that looks like JSON": ("user_agent", '{"a":1}', '{"a":1}'),
    "text that looks like a word": ("subdomain", "true", "true"),
    "date": ("start_date", "2025-01-31", "2025-01-31"),
    "number": ("page_size", "250", 250),
    "number with spaces": ("page_size", " 250 ", 250),
    "zero": ("max_retries", "0", 0),
    "true": ("emit_activate_version_messages", "true", True),
    "True": ("emit_activate_version_messages", "True", True),
    "1": ("emit_activate_version_messages", "1", True),
    "yes": ("emit_activate_version_messages", "yes", True),
    "on": ("emit_activate_version_messages", "ON", True),
    "false": ("emit_activate_version_messages", "false", False),
    "0": ("emit_activate_version_messages", "0", False),
    "no": ("emit_activate_version_messages", "no", False),
    "nullable boolean": ("flattening_enabled", "false", False),
    "nullable number": ("flattening_max_depth", "1", 1),
    "filters": ("filters", '{"status":"Active"}', {"status": "Active"}),
    "no filters": ("filters", "{}", {}),
    "stream maps": ("stream_maps", '{"contacts":{"email":null}}', {"contacts": {"email": None}}),
}


@pytest.mark.parametrize(
    ("setting", "text", "value"), FROM_ENVIRONMENT.values(), ids=FROM_ENVIRONMENT
)
def test_from_the_environment(
    environment: pytest.MonkeyPatch, setting: str, text: str, value: object
) -> None:
    environment.setenv(f"TAP_MIHU_{setting.upper()}", text)
    found = TapMihu(parse_env_config=True).config[setting]
    assert (found, type(found)) == (value, type(value))


BAD_IN_ENVIRONMENT: dict[str, tuple[str, str]] = {
    "words for a number": ("page_size", "many"),
    "unit": ("request_timeout", "60s"),
    "decimals": ("page_size", "1.5"),
    "boolean for a number": ("max_retries", "true"),
    "hexadecimal": ("page_size", "0x10"),
    "no number": ("page_size", "NaN"),
    "list for a number": ("page_size", "[1]"),
    "out of range": ("page_size", "1001"),
    "words for a boolean": ("emit_activate_version_messages", "maybe"),
    "number for a boolean": ("emit_activate_version_messages", "2"),
    "filters as a query": ("filters", "status=Active"),
    "filters cut off": ("filters", '{"status":"Active"'),
    "filters in single quotes": ("filters", "{'status':'Active'}"),
    "filters as a list": ("filters", "[]"),
    "filters as JSON text": ("filters", '"{}"'),
    "filter that does not exist": ("filters", '{"sort":"name"}'),
    "date": ("start_date", "soon"),
}


@pytest.mark.parametrize(("setting", "text"), BAD_IN_ENVIRONMENT.values(), ids=BAD_IN_ENVIRONMENT)
def test_an_environment_that_cannot_be_used(
    environment: pytest.MonkeyPatch, setting: str, text: str
) -> None:
    environment.setenv(f"TAP_MIHU_{setting.upper()}", text)
    with pytest.raises(ConfigError) as error:
        TapMihu(parse_env_config=True)
    assert names(str(error.value), setting)
    assert SECRET not in str(error.value)


def test_filters_of_null_in_the_environment_are_none(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TAP_MIHU_FILTERS", "null")
    assert "filters" not in TapMihu(parse_env_config=True).config


def test_the_environment_counts_over_the_file(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TAP_MIHU_PAGE_SIZE", "250")
    found = TapMihu(config={"page_size": 50, "max_retries": 1}, parse_env_config=True).config
    assert (found["page_size"], found["max_retries"]) == (250, 1)


def test_a_dotenv_file_counts_as_environment(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv("TAP_MIHU_PAGE_SIZE", "250")
    (tmp_path / ".env").write_text("TAP_MIHU_PAGE_SIZE=1\nTAP_MIHU_MAX_RETRIES=2\n")
    found = TapMihu(parse_env_config=True).config
    assert (found["page_size"], found["max_retries"]) == (250, 2)


def test_the_environment_counts_only_where_it_is_asked_for(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("TAP_MIHU_PAGE_SIZE", "250")
    assert tap({}).config["page_size"] == 100
