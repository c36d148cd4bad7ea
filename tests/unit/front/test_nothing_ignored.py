"""Nothing is ignored in silence: a slip is told, and one that would leak ends the run."""

from typing import Any

import pytest

from tap_mihu.errors import ConfigError
from tap_mihu.tap import TapMihu
from tests.unit.front.configs import SECRET, fault, tap, warnings

SLIPS = {
    "filter": "filter, which does not exist: did you mean filters?",
    "Sub_domain": "Sub_domain, which does not exist: did you mean subdomain?",
    "token": "token, which does not exist: did you mean auth_token?",
    "_airbyte": "_airbyte, which does not exist",
    "a\nb": "(one name), which does not exist",
    "ada@example.test": "(one name), which does not exist",
    "": "(one name), which does not exist",
    "k" * 61: "(one name), which does not exist",
}


@pytest.mark.parametrize(("slip", "told"), SLIPS.items())
def test_a_setting_that_does_not_exist(
    caplog: pytest.LogCaptureFixture, slip: str, told: str
) -> None:
    tap({slip: {"status": "Active"}})
    assert warnings(caplog) == [f"ignoring the setting {told}"]


def test_a_slip_is_told_beside_the_fault_it_makes(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ConfigError, match=r"^subdomain is required \(or api_url\)$"):
        TapMihu(config={"auth_token": SECRET, "sub_domain": "acme"})
    assert "did you mean subdomain?" in warnings(caplog)[0]


LEAKS: list[tuple[dict[str, Any], str]] = [
    ({"contacts": {"emial": None}}, "drops a field that does not exist: did you mean email?"),
    ({"contacts": {"emial": "__NULL__"}}, "did you mean email?"),
    ({"contacts": {"emial": " None"}}, "did you mean email?"),
    ({"contacts": {"Email": "''"}}, "did you mean email?"),
    ({"contacts": {"ssn": None}}, "does not exist (custom fields are in custom_fields)"),
    ({"rules": {"ssn": None}}, "drops a field that does not exist"),
    ({"cont*": {"emial": None}}, "did you mean email?"),
    ({"copy": {"__source__": "contacts", "emial": None}}, "did you mean email?"),
    ({"contatcs": {"email": None}}, "maps a stream that does not exist: did you mean contacts?"),
    ({"x*": None}, "maps a stream that does not exist"),
    ({"contacts": {"__source__": "x"}}, "maps a stream that does not exist"),
    ({"contacts": {"__fliter__": "True"}}, "__fliter__ does not exist: did you mean __filter__?"),
]


@pytest.mark.parametrize(("maps", "told"), LEAKS)
def test_a_stream_map_that_misses_what_it_means(maps: dict[str, Any], told: str) -> None:
    message = fault({"stream_maps": maps})
    assert message.startswith("stream_maps.")
    assert message.endswith(told)


FINE: list[dict[str, Any]] = [
    {"contacts": {"email": None, "name": "__NULL__", "surname": "''", "ssn": None}},
    {"contacts": {"source": "'mihu'", "email_hash": "md5(email)"}},
    {"contacts": {"emails": "email"}},
    {"contacts": {"emails": "md5(email)", "email": None}},
    {
        "people": {
            "__source__": "contacts",
            "uuid": "uuid",
            "emails": "md5(email)",
            "__else__": None,
        }
    },
    {"*": {"email": None, "__filter__": "status == 'Active'"}},
    {"contacts": {}, "__else__": None},
]


@pytest.mark.parametrize("maps", FINE)
def test_a_stream_map_that_finds_what_it_means(
    caplog: pytest.LogCaptureFixture, maps: dict[str, Any]
) -> None:
    tap({"stream_maps": maps, "custom_field_columns": ["ssn"]})
    assert warnings(caplog) == []


def test_a_new_field_that_is_nearly_an_old_one(caplog: pytest.LogCaptureFixture) -> None:
    tap({"stream_maps": {"contacts": {"emails": "md5(email)"}}})
    assert warnings(caplog) == ["stream_maps.contacts.emails adds a field: did you mean email?"]
