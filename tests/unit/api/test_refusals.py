"""Refusals: what a status asks for, and what is said of it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_mihu.api.refusals import Verdict, judge, refusal
from tap_mihu.errors import RefusedError

SAID = b'{"message": "Nothing for you."}'

STATUSES = {
    200: Verdict.READ,
    **dict.fromkeys((100, 201, 204, 206), Verdict.FAIL),
    **dict.fromkeys((300, 301, 302, 303, 304, 307, 308, 399), Verdict.FAIL),
    **dict.fromkeys((400, 404, 422), Verdict.REFUSE),
    403: Verdict.FORBID,
    **dict.fromkeys((401, 405, 407, 410), Verdict.FAIL),
    **dict.fromkeys((408, 425), Verdict.RETRY),
    429: Verdict.THROTTLE,
    **dict.fromkeys((500, 502, 503, 504, 507, 520, 524, 599, 999), Verdict.RETRY),
}


@pytest.mark.parametrize(("status", "verdict"), STATUSES.items())
def test_a_status(status: int, verdict: Verdict) -> None:
    assert judge(status, retry_after=False).verdict is verdict


@pytest.mark.parametrize(("status", "verdict"), STATUSES.items())
def test_a_time_in_retry_after_makes_throttling_of_a_refusal(status: int, verdict: Verdict) -> None:
    throttled = status == 503 or 400 <= status < 500
    expected = Verdict.THROTTLE if throttled else verdict
    assert judge(status, retry_after=True).verdict is expected


@given(st.integers(100, 999), st.booleans())
def test_only_200_is_read(status: int, told: bool) -> None:  # noqa: FBT001
    assert (judge(status, retry_after=told).verdict is Verdict.READ) == (status == 200)


def said_of(status: int, body: bytes, secrets: tuple[str, ...] = ()) -> str:
    return str(refusal(status, body, judge(status, retry_after=False), secrets))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422])
@pytest.mark.parametrize("body", [b"<html>Forbidden</html>", b"error code: 1020", b"", b"[1]"])
def test_a_body_that_is_not_the_apis_is_not_taken_for_its_word(status: int, body: bytes) -> None:
    assert "before it" in said_of(status, body)
    assert "auth_token" not in said_of(status, body)
    assert "before it" not in said_of(status, SAID)


def test_the_proxy_is_named_whatever_it_says() -> None:
    for body in (SAID, b"<html>", b""):
        assert "proxy asks for a login" in said_of(407, body)


@pytest.mark.parametrize("status", sorted(STATUSES.keys() - {200}))
def test_only_what_another_request_might_not_meet_is_of_one_request(status: int) -> None:
    error = refusal(status, SAID, judge(status, retry_after=False), ())
    assert isinstance(error, RefusedError) == (status in {400, 404, 422})


def test_only_a_validation_is_quoted() -> None:
    body = json.dumps({"message": "No.", "errors": {"a": ["No.", "Not a."], "b": "Not b.", "c": 7}})
    assert said_of(422, body.encode()).endswith("It says: No. Not a. Not b.")
    assert "Not" not in said_of(400, body.encode())
    assert "It says" not in said_of(422, b'{"errors": {"a": [7]}}')
