"""A listing asked for pages over HTTP: what is sent, what is tried again, what a failure ends."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tap_mihu.errors import ListingError, MihuError, RefusedError, StoppedError
from tap_mihu.records.pages import DateRange
from tests.e2e.running import wait_until
from tests.sandbox import faults
from tests.sandbox.clock import NOON
from tests.sandbox.faults import Fault
from tests.unit.api.listings import ALL, MAY, asking

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
    assert asked.headers["Authorization"] == f"Bearer {sandbox.token}"
    assert asked.headers["Accept"] == "application/json"


def test_a_response_has_the_servers_time_and_ours() -> None:
    before = datetime.now(UTC)
    with asking(faults.in_turn(None, faults.headers({"Date": None}))) as (listing, _):
        dated, undated = (listing.client.get("/contacts", {}) for _ in range(2))
    assert dated.served_at == NOON
    assert before <= dated.received_at <= undated.served_at <= datetime.now(UTC)


INVALID = faults.status(422, {"message": "It\nis", "errors": {"page": ["too\nlarge"]}})
FAILURES: dict[str, tuple[Fault, type[MihuError], int, str]] = {
    "400": (faults.status(400), RefusedError, 1, "^HTTP 400: the API refuses the request"),
    "401": (faults.status(401), MihuError, 2, "^HTTP 401.*auth_token"),
    "403": (faults.status(403), ListingError, 2, "^HTTP 403.*auth_token"),
    "404": (faults.status(404), RefusedError, 2, "^HTTP 404.*check subdomain or api_url"),
    "407": (faults.status(407), MihuError, 1, "^HTTP 407: the proxy asks for a login"),
    "422": (INVALID, RefusedError, 1, "^HTTP 422.*filters and page_size. It says: It is too large"),
    "500": (faults.status(500), RefusedError, 2, "HTTP 500 .tried 2 times, see max_retries"),
    "reset": (faults.reset(), RefusedError, 2, "connection reset by peer"),
    "closed": (faults.close(), RefusedError, 2, "connection failed"),
    "hang": (faults.hang(), RefusedError, 2, "no response within request_timeout"),
    "drip": (faults.drip(6), RefusedError, 2, "request_timeout"),
    "cut body": (faults.cut_body(), RefusedError, 2, "the body is cut off"),
    "HTML": (faults.html(), RefusedError, 2, "HTML"),
    "another page": (faults.lying(current_page=2, last_page=9), RefusedError, 2, "page 2"),
    "redirect": (faults.redirect(), MihuError, 1, "^HTTP 302: redirects are not followed"),
    "success false": (faults.success_false("Not @"), ListingError, 1, r"success.*Not \*\*\*"),
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
