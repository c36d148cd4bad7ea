"""Settings: what cannot be used is refused before any request, in one line that says why."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from requests import Request
from requests.adapters import HTTPAdapter
from urllib3.util import parse_url

from tap_mihu.api.client import root_url
from tap_mihu.checks import check
from tap_mihu.errors import ConfigError
from tap_mihu.settings import SETTINGS
from tap_mihu.tap import TapMihu
from tests.unit.front.configs import MINIMAL, SECRET, fault, tap, warnings

UUID = "7f9c24e8-3b12-4fef-91e0-56a2d5a1c3b7"

# What is accepted.

GOOD: list[dict[str, Any]] = [
    {
        "subdomain": "a-C--me",
        "start_date": "2025-01-31 10:00:00+03:00",
        "custom_field_columns": ["plan", "Seats per 1,000", 'the "best"'],
        "user_agent": "Acme ETL (data@acme.example)",
        "filters": {
            "search": "Zoë, 預算; DROP TABLE",
            "status": "Inactive",
            "contact_channel": "WhatsApp",
            "stage_uuid": UUID,
            "tag_uuid": UUID.upper(),
            "date_from": "2024-02-29",
            "date_to": "2024-02-29",
        },
        "emit_activate_version_messages": True,
    },
    {"subdomain": "4", "start_date": "2025-01-31", "filters": {"date_to": "2024-02-29"}},
    {"custom_field_columns": [], "flattening_enabled": True, "flattening_max_depth": 1},
]


@pytest.mark.parametrize("config", GOOD)
def test_settings_are_used_as_they_are(
    caplog: pytest.LogCaptureFixture, config: dict[str, Any]
) -> None:
    assert tap(config).config.items() >= config.items()
    assert warnings(caplog) == []


def test_null_means_unset() -> None:
    """Meltano passes every setting that is not set so."""
    unset = dict.fromkeys(SETTINGS["properties"].keys() - MINIMAL.keys())
    assert tap(unset).config == tap({}).config
    assert fault({"auth_token": None}) == "auth_token is required"


URLS = {
    "https://acme.mindhunters.ai/api/v1/": "https://acme.mindhunters.ai/api/v1",
    "https://proxy.example:8443": "https://proxy.example:8443",
    "http://localhost:5000/api/v1": "http://localhost:5000/api/v1",
    "http://127.1.2.3/api/v1": "http://127.1.2.3/api/v1",
    "http://[::1]:5000/api/v1": "http://[::1]:5000/api/v1",
}


@pytest.mark.parametrize(("url", "used"), URLS.items())
def test_an_api_url_counts_over_the_subdomain_and_says_so(
    caplog: pytest.LogCaptureFixture, url: str, used: str
) -> None:
    assert root_url(tap({"api_url": url}).config) == used
    assert warnings(caplog) == ["api_url is set beside subdomain, and wins: subdomain is ignored"]
    assert TapMihu(config={"auth_token": SECRET, "api_url": url}).config["api_url"] == url


# What is refused.

BOUNDS: dict[str, tuple[int, int | None]] = {
    "page_size": (1, 1000),
    "max_concurrent_requests": (1, 32),
    "rate_limit_percent": (1, 100),
    "max_requests_per_minute": (1, None),
    "reread_after_hours": (0, None),
    "lookback_seconds": (0, None),
    "request_timeout": (1, None),
    "max_retries": (0, None),
}


@pytest.mark.parametrize(("setting", "bounds"), BOUNDS.items())
def test_a_number_has_bounds(setting: str, bounds: tuple[int, int | None]) -> None:
    least, most = bounds
    for number in (least, most or 10**9):
        assert tap({setting: number}).config[setting] == number
    rule = f"at least {least}" if most is None else f"from {least} to {most}"
    for number in (least - 1, *([] if most is None else [most + 1])):
        message = fault({setting: number})
        assert message.startswith(f"{setting} must be a whole number")
        assert message.endswith(rule)


UUIDS = ("a UUID", ["", "VIP", f"{{{UUID}}}", UUID.replace("-", ""), f"{UUID}\n", 7])
DATES = (
    "a date such as 2025-01-31",
    ["", "2025-01-31T00:00:00Z", "2025-02-30", "2025-W01-1", "20250131", 20250131, "٢٠٢٥-01-31"],
)
RULES: dict[str, tuple[str, list[Any]]] = {
    "subdomain": (
        "a workspace name: letters, digits, inner hyphens (acme, not acme.mihu.ai)",
        ["", "acme\n", "-acme", "acme-", "ac_me", "acmé", "https://acme.mihu.ai", "a" * 64],
    ),
    "auth_token": (
        "printable ASCII without spaces or line breaks",
        ["", f"{SECRET}\n", f"{SECRET} {SECRET}", f"{SECRET}é", f"{SECRET}\0", 5_318_008],
    ),
    "api_url": (
        "an https address such as https://acme.mihu.ai/api/v1",
        [
            *("", "acme.mihu.ai", "https:///api/v1", "ftp://acme.mihu.ai", "https://[::1/api/v1"),
            *("https://acme.mihu.ai/v1\n", "https://acme.mihu.ai/ X", " https://acme.mihu.ai"),
            *("https://acme.mihu.ai\\.evil.test", "https://асме.mihu.ai"),
            *("https://acme.mihu.ai:0", "https://acme.mihu.ai:https", "https://acme%2emihu.ai"),
        ],
    ),
    "start_date": ("a date and time such as 2025-01-31T00:00:00Z", ["", "soon", "2025-02-30"]),
    "user_agent": (
        "printable ASCII that neither begins nor ends with a space",
        ["", " a", "a ", "é", "a\n", "a\r\nX-Y: z"],
    ),
    "filters.search": ("text that is not empty", ["", 5, "a\ud800"]),
    "filters.status": ("one of Active, Inactive", ["active", ["Active"]]),
    "filters.contact_channel": ("one of Call, SMS, WhatsApp", ["whatsapp", "Email"]),
    **dict.fromkeys([f"filters.{of}_uuid" for of in ("stage", "campaign", "tag", "pool")], UUIDS),
    **dict.fromkeys(["filters.date_from", "filters.date_to"], DATES),
}


@pytest.mark.parametrize("setting", RULES)
def test_a_value_that_breaks_the_rule_of_its_setting(setting: str) -> None:
    rule, values = RULES[setting]
    outer, _, inner = setting.partition(".")
    for value in values:
        message = fault({outer: {inner: value} if inner else value})
        assert message == f"{setting} must be {rule}"


COLUMNS = "custom_field_columns must not name"
FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"subdomain": ' acme" '}, "without the quotes"),
    ({"auth_token": f"Bearer {SECRET}"}, "without the word Bearer"),
    ({"auth_token": f"Authorization: bearer {SECRET}"}, "without the word Bearer"),
    ({"auth_token": f"'{SECRET}'"}, "must be the token alone, without the quotes"),
    ({"auth_token": f"\u201c{SECRET}\u201d"}, "without the quotes"),
    ({"api_url": '"https://acme.mihu.ai/api/v1"'}, "without the quotes"),
    ({"api_url": "http://acme.mihu.ai/api/v1"}, "must be https: over http the token"),
    ({"api_url": "https://ada:lovelace@acme.mihu.ai"}, "must not hold a user name or password"),
    ({"api_url": "https://acme.mihu.ai?"}, "must not hold a query or fragment: use filters"),
    ({"api_url": "https://acme.mihu.ai#a"}, "must not hold a query or fragment: use filters"),
    ({"start_date": "9999-01-01"}, "must not lie in the future"),
    ({"filters": {"date_form": "1"}}, ".date_form does not exist: use search, status, "),
    ({"filters": {"ada@acme.example": "1"}}, ".(one key) does not exist: use "),
    (
        {"filters": {"date_from": "2025-01-02", "date_to": "2025-01-01"}},
        ".date_from must not be after filters.date_to",
    ),
    ({"custom_field_columns": ["a", "b\n"]}, ".1 must be the name of a custom field"),
    ({"custom_field_columns": ["Email"]}, f"{COLUMNS} Email: email is a field of contacts"),
    ({"custom_field_columns": ["_SDC_x"]}, f"{COLUMNS} _SDC_x: columns of the target begin so"),
    ({"custom_field_columns": ["Plan", "plan"]}, f"{COLUMNS} Plan twice, nor another name that"),
    ({"stream_maps": {"contacts": {"name": 5}}}, ".contacts must be of another form"),
    ({"stream_maps": {"contacts\nx": 5}}, ".(one key) must be of another form"),
    ({"stream_maps": {"__else__": "__DROP__"}}, " must be of another form"),
]


@pytest.mark.parametrize(("config", "told"), FAULTS)
def test_the_likely_slip_is_named(config: dict[str, Any], told: str) -> None:
    (setting,) = config
    message = fault(config)
    assert message.startswith(setting)
    assert told in message
    assert "lovelace" not in message


def test_faults_of_every_kind_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as error:
        TapMihu(
            config={
                "max_retries": "x",
                "filters": {"status": "x", "sort": 1},
                "start_date": "9999-01-01",
                "stream_maps": {"leads": None},
                "flattening_enabled": True,
            }
        )
    told = [message.split()[0] for message in str(error.value).split("; ")]
    assert sorted(told) == [
        *("auth_token", "filters.sort", "filters.status", "flattening_max_depth"),
        *("max_retries", "start_date", "stream_maps.leads", "subdomain"),
    ]


# Whatever is set.


def url_used(config: dict[str, Any]) -> str | None:
    """Return where a configuration leads the token; None if it is refused."""
    config = {"auth_token": SECRET, **config}
    try:
        check(config, SETTINGS, {"contacts": ()})
    except ConfigError as error:
        assert str(error).startswith(("subdomain ", "api_url "))  # noqa: PT017 - if it is refused
        return None
    return root_url(config)


@given(st.text(max_size=6) | st.text("aZ0-.@/\\:?#%\n ", max_size=6))
def test_a_token_never_goes_to_another_domain(subdomain: str) -> None:
    url = url_used({"subdomain": subdomain})
    assert url in {None, f"https://{subdomain}.mihu.ai/api/v1"}
    assert url is None or re.fullmatch("[a-zA-Z0-9-]+", subdomain)


HOSTS = (
    "localhost 127.0.0.1 127.1 0x7f.1 2130706433 0.0.0.0 [::1] [::] [::ffff:127.0.0.1] [::1%25lo] "
    "evil.test mihu.ai xn--80ak6aa92e.test ｌocalhost ß 。"  # noqa: RUF001 - the point
)
BETWEEN = [*[".", "@", ":", "/", "\\", "#", "?", "%2e", "%40", ":80", ":443"], "\t", "\n", " "]
hostile_hosts = st.lists(st.sampled_from([*HOSTS.split(), *BETWEEN]), max_size=5).map("".join)


@settings(max_examples=5 * settings().max_examples)
@given(st.sampled_from(["http://", "https://", "HTTP://", "http:", "http:///"]), hostile_hosts)
def test_the_host_that_is_checked_is_the_host_that_is_asked(scheme: str, rest: str) -> None:
    url = url_used({"api_url": scheme + rest})
    if url is None:
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
