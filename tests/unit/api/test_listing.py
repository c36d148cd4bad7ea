"""A listing asked for pages over HTTP: what is sent, what is tried again, what a failure ends."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import pytest

from tap_mihu.errors import ListingError, MihuError, RefusedError, StoppedError
from tap_mihu.records.pages import DateRange
from tests.e2e.running import wait_until
from tests.sandbox import Sandbox, faults
from tests.sandbox.clock import NOON
from tests.sandbox.faults import Fault
from tests.unit.api.listings import ALL, MAY, asking, listing_of

DAY, LATER = date(2025, 1, 31), date(2025, 6, 30)


@pytest.mark.parametrize(
    ("dates", "sent"),
    [
        (ALL, {}),
        (DateRange(DAY, None), {"date_from": "2025-01-31"}),
        (DateRange(None, DAY), {"date_to": "2025-01-31"}),
        (DateRange(DAY, LATER), {"date_from": "2025-01-31", "date_to": "2025-06-30"}),
    ],
    ids=str,
)
def test_a_page_of_some_dates(dates: DateRange, sent: dict[str, str]) -> None:
    with asking() as (listing, sandbox):
        page = listing.page(dates, 1)
    (asked,) = sandbox.requests
    assert asked.path == "/api/v1/contacts"
    assert asked.query == {"page": "1", "per_page": "5", "search": "@"} | sent
    wanted = sandbox.workspace.select({"search": "@"} | sent)
    assert (page.number, page.total) == (1, len(wanted))
    assert page.last_page == max(1, -(-len(wanted) // 5))
    assert [row.uuid for row in page.rows] == [row.contact["uuid"] for row in wanted[:5]]


def test_a_request_says_who_asks_whatever_netrc_knows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n", encoding="ascii")
    monkeypatch.setenv("NETRC", str(netrc))
    with asking() as (listing, sandbox):
        listing.page(ALL, 1)
    (asked,) = sandbox.requests
    assert asked.method == "GET"
    assert asked.headers["Authorization"] == f"Bearer {sandbox.token}"
    assert asked.headers["Accept"] == "application/json"
    assert asked.headers["User-Agent"] == "acme/1"


def test_a_response_has_the_servers_time_and_ours() -> None:
    before = datetime.now(UTC)
    with asking(faults.in_turn(None, faults.headers({"Date": None}))) as (listing, _):
        dated, undated = (listing.client.get("/contacts", {}) for _ in range(2))
    assert dated.served_at == NOON
    assert before <= dated.received_at <= undated.served_at <= datetime.now(UTC)


def test_each_thread_keeps_its_connection() -> None:
    with asking() as (listing, sandbox), ThreadPoolExecutor(2) as pool:
        assert [page.number for page in pool.map(partial(listing.page, ALL), range(1, 13))]
    assert len({request.client_port for request in sandbox.requests}) <= 2
    assert listing.client.requests == len(sandbox.requests) == 12


def test_a_page_of_another_size() -> None:
    with asking() as (listing, sandbox):
        assert len(listing.page(ALL, 1).rows) == 5
        assert len(listing.page(ALL, 1, 50, patient=False).rows) == 50
    assert [info.query["per_page"] for info in sandbox.requests] == ["5", "50"]


INVALID = faults.status(422, {"message": "It\nis", "errors": {"page": ["too\nlarge"]}})
FAILURES: dict[str, tuple[Fault, type[MihuError], int, str]] = {
    "400": (faults.status(400), RefusedError, 1, "^HTTP 400: the API refuses the request"),
    "401": (faults.status(401), MihuError, 2, "^HTTP 401.*auth_token"),
    "403": (faults.status(403), ListingError, 2, "^HTTP 403.*auth_token"),
    "403 as HTML": (faults.status(403, html=True), ListingError, 2, "^HTTP 403.*before it"),
    "404": (faults.status(404), RefusedError, 2, "^HTTP 404.*check subdomain or api_url"),
    "404 as HTML": (faults.status(404, html=True), RefusedError, 2, "^HTTP 404.*before it"),
    "407": (faults.status(407), MihuError, 1, "^HTTP 407: the proxy asks for a login"),
    "410": (faults.status(410), MihuError, 1, "^HTTP 410: the API refuses the request"),
    "422": (INVALID, RefusedError, 1, "^HTTP 422.*filters and page_size. It says: It is too large"),
    "500": (faults.status(500), RefusedError, 2, "HTTP 500 .tried 2 times, see max_retries"),
    "reset": (faults.reset(), RefusedError, 2, "connection reset by peer"),
    "closed": (faults.close(), RefusedError, 2, "connection failed"),
    "hang": (faults.hang(), RefusedError, 2, "no response within request_timeout"),
    "drip": (faults.drip(6), RefusedError, 2, "request_timeout"),
    "cut body": (faults.cut_body(), RefusedError, 2, "the body is cut off"),
    "cut JSON": (faults.cut_json(), RefusedError, 2, "JSON"),
    "HTML": (faults.html(), RefusedError, 2, "HTML"),
    "empty": (faults.empty(), RefusedError, 2, "empty"),
    "another page": (faults.lying(current_page=2, last_page=9), RefusedError, 2, "page 2"),
    "redirect": (faults.redirect(), MihuError, 1, "^HTTP 302: redirects are not followed"),
    "success false": (faults.success_false("Not @"), ListingError, 1, r"success.*Not \*\*\*"),
    "another envelope": (faults.wrong_envelope([]), ListingError, 1, "subdomain or api_url"),
    "a wrong total": (faults.lying(total="Ada"), ListingError, 1, r"data\.total"),
    "no uuid": (
        faults.lying(data=[{"name": "Ada"}]),
        ListingError,
        1,
        "page 3, position 1 .*no uu",
    ),
    "too long a wait": (faults.retry_after(3601), MihuError, 1, "3601 seconds.*Retry-After"),
}
OF_ONE_REQUEST = [name for name, (_, kind, *_) in FAILURES.items() if kind is RefusedError]
DOUBTFUL = [name for name in FAILURES if name[:3] in {"401", "403", "404"}]


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_of_a_request_a_listing_or_the_run_and_names_page_and_dates(name: str) -> None:
    fault, kind, tries, words = FAILURES[name]
    with asking(faults.in_turn(None, *[fault] * 9)) as (listing, sandbox):
        listing.page(ALL, 1)
        with pytest.raises(MihuError, match=words) as error:
            listing.page(MAY, 3)
    kinds = (RefusedError, ListingError, MihuError)
    assert next(one for one in kinds if isinstance(error.value, one)) is kind
    assert "page 3" in str(error.value)
    assert "created: 2025-05-01 to 2025-05-06)" in str(error.value)
    assert "Ada" not in str(error.value)
    assert len(sandbox.requests) == 1 + tries
    assert listing.client.retries == tries - 1


@pytest.mark.parametrize("name", OF_ONE_REQUEST)
def test_an_impatient_question_asks_once(name: str) -> None:
    script = faults.in_turn(None, *[FAILURES[name][0]] * 9)
    with asking(script, max_retries=6) as (listing, sandbox):
        listing.page(ALL, 1)
        with pytest.raises(RefusedError):
            listing.page(ALL, 3, patient=False)
    assert len(sandbox.requests) == 2


@pytest.mark.parametrize("name", DOUBTFUL)
def test_a_refusal_after_good_responses_counts_when_it_comes_again(name: str) -> None:
    bad = FAILURES[name][0]
    with asking(faults.in_turn(bad, None, bad, None), max_retries=0) as (listing, sandbox):
        with pytest.raises(MihuError):
            listing.page(ALL, 1)
        assert len(sandbox.requests) == 1
        assert [listing.page(ALL, number).number for number in (1, 2)] == [1, 2]
    assert len(sandbox.requests) == 4


@pytest.mark.parametrize("like_laravel", [False, True])
def test_a_wrong_token(like_laravel: bool) -> None:
    with (
        Sandbox(rejects_like_laravel=like_laravel) as sandbox,
        listing_of(sandbox, token="another") as listing,  # noqa: S106
        pytest.raises(MihuError, match=r"HTTP 401.*auth_token"),
    ):
        listing.page(ALL, 1)


@pytest.mark.parametrize("name", ["500", "closed", "HTML"])
def test_what_passes_is_tried_again(name: str) -> None:
    with asking(faults.in_turn(FAILURES[name][0])) as (listing, sandbox):
        assert listing.page(ALL, 1).number == 1
    assert (len(sandbox.requests), listing.client.retries) == (2, 1)


@pytest.mark.parametrize("code", [403, 429])
def test_a_refusal_that_names_a_time_is_throttling_and_no_retry(code: int) -> None:
    script = faults.in_turn(faults.retry_after("0.1", code))
    with asking(script, max_retries=0) as (listing, sandbox):
        assert listing.page(ALL, 1, patient=False).number == 1
    first, second = sandbox.requests
    assert second.at - first.at >= 1  # Whole seconds are waited.
    assert (listing.client.retries, listing.client.paused_seconds) == (0, 1)


@pytest.mark.parametrize(
    ("name", "asked", "words"), [("500", 4, r"HTTP 500 .*tried once"), ("422", 21, "HTTP 422")]
)
def test_a_server_that_fails_on_every_page_ends_the_run(name: str, asked: int, words: str) -> None:
    script = faults.in_turn(None, *[FAILURES[name][0]] * 99)
    with asking(script, max_retries=0) as (listing, _):
        listing.page(ALL, 1)
        for _ in range(asked - 1):
            with pytest.raises(RefusedError):
                listing.page(MAY, 1)
        with pytest.raises(MihuError, match=words) as error:
            listing.page(MAY, 1)
    assert not isinstance(error.value, RefusedError)


def test_a_good_response_makes_up_for_those_that_failed() -> None:
    bad = faults.status(500)
    with asking(faults.in_turn(*[bad, bad, bad, None] * 3), max_retries=0) as (listing, _):
        for number in range(1, 13):
            if number % 4:
                with pytest.raises(RefusedError):
                    listing.page(ALL, number)
            else:
                listing.page(ALL, number)


@pytest.mark.parametrize("fault", [faults.status(500), faults.retry_after(3000)])
def test_closing_ends_a_wait_and_what_would_follow(fault: Fault) -> None:
    with asking(faults.always(fault), max_retries=1000) as (listing, sandbox):
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(listing.page, ALL, 1)
            wait_until(lambda: sandbox.requests)
            listing.client.close()
            assert isinstance(waiting.exception(20), StoppedError)
        sent = len(sandbox.requests)
        with pytest.raises(StoppedError):
            listing.page(ALL, 1)
    assert len(sandbox.requests) == sent
