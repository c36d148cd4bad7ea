"""Refusals: what a status asks for, and what is said of it."""

import json

import pytest

from tap_mihu.api.refusals import Verdict, judge, refusal

VERDICTS = {
    **dict.fromkeys((100, 201, 206), Verdict.FAIL),
    200: Verdict.READ,
    **dict.fromkeys((300, 301, 302, 303, 304, 307, 308, 399), Verdict.FAIL),
    **dict.fromkeys((400, 404, 422), Verdict.REFUSE),
    403: Verdict.FORBID,
    **dict.fromkeys((401, 405, 407, 410, 499), Verdict.FAIL),
    **dict.fromkeys((408, 425, 500, 502, 503, 504, 507, 520, 524, 599, 999), Verdict.RETRY),
    429: Verdict.THROTTLE,
}


@pytest.mark.parametrize(("status", "verdict"), VERDICTS.items())
def test_a_time_in_retry_after_makes_throttling_of_a_refusal(status: int, verdict: Verdict) -> None:
    assert judge(status, retry_after=False).verdict is verdict
    throttled = status == 503 or 400 <= status < 500
    told = judge(status, retry_after=True).verdict
    assert told is (Verdict.THROTTLE if throttled else verdict)


def said_of(status: int, body: bytes) -> str:
    return str(refusal(status, body, judge(status, retry_after=False), ()))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 407, 410, 422])
@pytest.mark.parametrize("body", [b"<html>Forbidden</html>", b"error code: 1020", b"", b"[1]"])
def test_a_body_that_is_not_the_apis_is_not_taken_for_its_word(status: int, body: bytes) -> None:
    assert ("before it" in said_of(status, body)) is (status != 407)
    assert "auth_token" not in said_of(status, body)
    assert "before it" not in said_of(status, b"{}")


def test_only_a_validation_is_quoted() -> None:
    body = json.dumps({"message": "No.", "errors": {"a": ["No.", "Not a."], "b": "Not b.", "c": 7}})
    assert said_of(422, body.encode()).endswith("It says: No. Not a. Not b.")
    assert "Not" not in said_of(400, body.encode())
    assert "It says" not in said_of(422, b'{"errors": {"a": [7]}}')
