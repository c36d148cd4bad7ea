"""A listing asked for pages, over HTTP: what is tried again, and whose fault a failure is."""

import socket

import pytest

from tap_mihu.errors import MihuError, RefusedError
from tests.sandbox import RequestInfo, faults
from tests.sandbox.faults import Fault, Script
from tests.unit.api.listings import ALL, MAY, by_name, listing_of, sandbox_with, unresolved

GIVEN_UP_PAGES = 4
"""So many pages in a row that fail in every try end a run."""


def after_the_first(*spoilt: Fault) -> Script:
    return faults.in_turn(None, *spoilt)


def test_a_page_of_another_size() -> None:
    with sandbox_with() as sandbox, listing_of(sandbox) as listing:
        assert len(listing.page(ALL, 1).rows) == 5
        assert len(listing.page(ALL, 1, per_page=50).rows) == 50
        assert len(listing.page(ALL, 1, 50, patient=False).rows) == 50
    assert [info.query["per_page"] for info in sandbox.requests] == ["5", "50", "50"]


ONE_REQUEST: dict[str, Fault] = {
    **{str(code): faults.status(code) for code in (400, 404, 422, 500, 502, 503, 504)},
    "404 as HTML": faults.status(404, html=True),
    "reset": faults.reset(),
    "closed": faults.close(),
    "hang": faults.hang(),
    "cut body": faults.cut_body(),
    "cut JSON": faults.cut_json(),
    "HTML": faults.html(),
    "another page": faults.lying(current_page=2, last_page=9, total=60),
}
THE_RUN: dict[str, Fault] = {
    **{str(code): faults.status(code) for code in (401, 403, 405, 407, 410)},
    "403 as HTML": faults.status(403, html=True),
    "redirect": faults.redirect(),
    "success false": faults.success_false(),
    "another envelope": faults.wrong_envelope([]),
    "too long a wait": faults.retry_after(3601),
    "no uuid": faults.lying(data=[{}]),
}


@pytest.mark.parametrize("name", [*ONE_REQUEST, *THE_RUN])
def test_a_failure_is_of_one_request_or_of_the_run_and_names_page_and_dates(name: str) -> None:
    fault = (ONE_REQUEST | THE_RUN)[name]
    script = after_the_first(*[fault] * 9)
    with sandbox_with(script) as sandbox, listing_of(sandbox) as listing:
        listing.page(ALL, 1)
        with pytest.raises(MihuError) as error:
            listing.page(MAY, 3)
    assert isinstance(error.value, RefusedError) == (name in ONE_REQUEST)
    assert "page 3" in str(error.value)
    assert "created: 2025-05-01 to 2025-05-06)" in str(error.value)


@pytest.mark.parametrize("name", ONE_REQUEST)
def test_an_impatient_question_asks_once(name: str) -> None:
    script = after_the_first(*[ONE_REQUEST[name]] * 9)
    with sandbox_with(script) as sandbox, listing_of(sandbox, max_retries=6) as listing:
        listing.page(ALL, 1)
        with pytest.raises(RefusedError):
            listing.page(ALL, 3, patient=False)
    assert len(sandbox.requests) == 2


def test_an_impatient_question_waits_when_it_is_throttled() -> None:
    with (
        sandbox_with(faults.in_turn(faults.status(429))) as sandbox,
        listing_of(sandbox) as listing,
    ):
        assert listing.page(ALL, 3, patient=False).number == 3


def test_a_server_that_answers_nothing_any_more_ends_the_run() -> None:
    with (
        sandbox_with(after_the_first(*[faults.status(500)] * 99)) as sandbox,
        listing_of(sandbox, max_retries=0) as listing,
    ):
        listing.page(ALL, 1)
        for _ in range(GIVEN_UP_PAGES - 1):
            with pytest.raises(RefusedError):
                listing.page(MAY, 1)
        with pytest.raises(MihuError) as error:
            listing.page(MAY, 1)
    assert not isinstance(error.value, RefusedError)
    assert "HTTP 500" in str(error.value)


def test_refusals_between_good_responses_never_end_the_run() -> None:
    script = faults.in_turn(*[None, faults.status(422)] * 40)
    with sandbox_with(script) as sandbox, listing_of(sandbox) as listing:
        for _ in range(40):
            listing.page(ALL, 1)
            with pytest.raises(RefusedError):
                listing.page(ALL, 2)


DOUBTFUL = {
    **{str(code): faults.status(code) for code in (401, 403, 404)},
    "403 as HTML": faults.status(403, html=True),
    "404 as HTML": faults.status(404, html=True),
}


@pytest.mark.parametrize("name", DOUBTFUL)
def test_a_refusal_after_good_responses_is_tried_once_more(name: str) -> None:
    fault = DOUBTFUL[name]
    script = faults.in_turn(None, fault, None, fault, fault)
    with sandbox_with(script) as sandbox, listing_of(sandbox, max_retries=0) as listing:
        for number in (1, 2):
            assert listing.page(ALL, number).number == number
        with pytest.raises(MihuError, match=f"HTTP {name[:3]}"):
            listing.page(ALL, 3)
    assert len(sandbox.requests) == 5


@pytest.mark.parametrize("name", DOUBTFUL)
def test_a_refusal_of_the_first_request_counts(name: str) -> None:
    with (
        sandbox_with(faults.always(DOUBTFUL[name])) as sandbox,
        listing_of(sandbox) as listing,
        pytest.raises(MihuError),
    ):
        listing.page(ALL, 1)
    assert len(sandbox.requests) == 1


@pytest.mark.parametrize("code", [400, 401, 403, 404, 422, 503])
def test_a_refusal_that_names_a_time_is_throttling(code: int) -> None:
    script = faults.in_turn(faults.retry_after("0.1", code))
    with sandbox_with(script) as sandbox, listing_of(sandbox, max_retries=0) as listing:
        assert listing.page(ALL, 1).number == 1
        assert listing.client.retries == 0
    assert len(sandbox.requests) == 2


# Names that cannot be resolved.


def closing(_: RequestInfo) -> Fault:
    """Without keep-alive, each request resolves the name again."""
    return faults.headers({"Connection": "close"})


@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize("code", [socket.EAI_AGAIN, socket.EAI_NONAME])
def test_a_name_that_does_not_resolve_for_the_moment(
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    answered: bool,  # noqa: FBT001 - a parameter
) -> None:
    with sandbox_with(closing) as sandbox, listing_of(sandbox, url=by_name(sandbox)) as listing:
        if answered:
            listing.page(ALL, 1)
        unresolved(monkeypatch, "localhost", code, 1)
        if answered or code == socket.EAI_AGAIN:
            assert listing.page(ALL, 2).number == 2
            assert listing.client.retries == 1
        else:
            with pytest.raises(MihuError, match=r"API's host is unknown: .* subdomain or api_url"):
                listing.page(ALL, 2)


def test_a_name_that_never_resolves_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    with sandbox_with() as sandbox, listing_of(sandbox, url=by_name(sandbox)) as listing:
        unresolved(monkeypatch, "localhost", socket.EAI_AGAIN, 9)
        with pytest.raises(MihuError, match=r"cannot be resolved .*tried 2 times") as error:
            listing.page(ALL, 1)
    assert not isinstance(error.value, RefusedError)
