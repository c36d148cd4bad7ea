"""The client and its listing: questions as configured, tries as many as due, an end at any time."""

import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from functools import partial
from importlib.resources import files
from typing import Any

import pytest

from tap_mihu.api.client import Client
from tap_mihu.api.listing import Listing
from tap_mihu.errors import MihuError, RefusedError, StoppedError, UnreadableBodyError
from tap_mihu.records.decoding import PageDecoder
from tap_mihu.records.pages import DateRange
from tap_mihu.records.shaping import Shaper
from tests.e2e.running import wait_until
from tests.sandbox import Sandbox, faults
from tests.sandbox.clock import NOON
from tests.sandbox.faults import Fault
from tests.workspaces import workspace_of

SCHEMA = json.loads(files("tap_mihu.schemas").joinpath("contacts.json").read_text("utf-8"))
PATH = "/contacts"
ALL = DateRange(None, None)
QUESTION: dict[str, Any] = {"page": 2, "per_page": 5, "search": "a b&c"}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A server of twelve contacts."""
    with Sandbox(workspace_of(12)) as sandbox:
        yield sandbox


def client_of(sandbox: Sandbox, max_retries: int = 1) -> Client:
    return Client(
        sandbox.url,
        token=sandbox.token,
        user_agent="acme/1",
        timeout_seconds=20,
        max_retries=max_retries,
        logger=logging.getLogger("test"),
    )


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    client = client_of(sandbox)
    yield client
    client.close()


@pytest.fixture
def listing(client: Client) -> Listing:
    decoder = PageDecoder(Shaper(SCHEMA, extra_fields="custom_fields"))
    return Listing(client, "contacts", PATH, {"per_page": 5, "status": "Active"}, decoder)


def test_a_request_says_what_it_is_told_to_say(sandbox: Sandbox, client: Client) -> None:
    response = client.get(PATH, QUESTION)
    assert json.loads(response.body)["success"] is True
    (asked,) = sandbox.requests
    assert asked.path == "/api/v1/contacts"
    assert asked.query == {name: str(value) for name, value in QUESTION.items()}
    assert asked.headers["Authorization"] == f"Bearer {sandbox.token}"
    assert asked.headers["User-Agent"] == "acme/1"
    assert client.requests == 1


def test_a_response_has_the_servers_time_and_ours(sandbox: Sandbox, client: Client) -> None:
    before = datetime.now(UTC)
    response = client.get(PATH, QUESTION)
    assert response.served_at == NOON
    assert before <= response.received_at <= datetime.now(UTC)
    sandbox.faults = faults.always(faults.headers({"Date": None}))
    assert before <= client.get(PATH, QUESTION).served_at <= datetime.now(UTC)


def test_each_thread_keeps_its_connection(sandbox: Sandbox, client: Client) -> None:
    with ThreadPoolExecutor(2) as pool:
        for _ in pool.map(partial(client.get, PATH), [QUESTION] * 12):
            pass
    assert len({request.client_port for request in sandbox.requests}) <= 2
    assert client.requests == len(sandbox.requests) == 12


@pytest.mark.parametrize("fault", [faults.status(503), faults.close()], ids=["status", "network"])
def test_what_may_pass_is_tried_again(sandbox: Sandbox, client: Client, fault: Fault) -> None:
    sandbox.faults = faults.in_turn(fault)
    assert client.retry(partial(client.get, PATH, QUESTION)).served_at == NOON
    assert (client.requests, client.retries) == (2, 1)


def test_a_body_that_cannot_be_read_is_asked_for_again(client: Client) -> None:
    bodies = iter([b"", client.get(PATH, QUESTION).body])

    def attempt() -> bytes:
        body = next(bodies)
        if not body:
            raise UnreadableBodyError("the body is empty")
        return body

    assert client.retry(attempt)
    assert client.retries == 1


@pytest.mark.parametrize("max_retries", [0, 1])
def test_tries_come_to_an_end(sandbox: Sandbox, max_retries: int) -> None:
    client = client_of(sandbox, max_retries)
    sandbox.faults = faults.always(faults.status(500))
    with pytest.raises(MihuError, match=r"HTTP 500.*max_retries"):
        client.retry(partial(client.get, PATH, QUESTION))
    assert len(sandbox.requests) == 1 + max_retries


@pytest.mark.parametrize(("code", "asked"), [(500, 4), (422, 21)])
def test_a_server_that_fails_on_every_page_ends_the_run(
    sandbox: Sandbox, code: int, asked: int
) -> None:
    client = client_of(sandbox, max_retries=0)
    sandbox.faults = faults.always(faults.status(code))
    for _ in range(asked - 1):
        with pytest.raises(RefusedError):
            client.retry(partial(client.get, PATH, QUESTION))
    with pytest.raises(MihuError) as caught:
        client.retry(partial(client.get, PATH, QUESTION))
    assert not isinstance(caught.value, RefusedError)


def test_a_good_response_makes_up_for_those_that_failed(sandbox: Sandbox) -> None:
    client = client_of(sandbox, max_retries=0)
    bad = faults.status(500)
    sandbox.faults = faults.in_turn(*[bad, bad, bad, None] * 3)
    for number in range(12):
        if number % 4 == 3:
            client.retry(partial(client.get, PATH, QUESTION))
            continue
        with pytest.raises(RefusedError):
            client.retry(partial(client.get, PATH, QUESTION))


@pytest.mark.parametrize("fault", [faults.status(401), faults.status(422), faults.redirect()])
def test_a_refusal_is_final_and_no_redirect_is_followed(
    sandbox: Sandbox, client: Client, fault: Fault
) -> None:
    sandbox.faults = faults.always(fault)
    with pytest.raises(MihuError, match="HTTP"):
        client.retry(partial(client.get, PATH, QUESTION))
    assert len(sandbox.requests) == 1
    assert client.retries == 0


@pytest.mark.parametrize("fault", [faults.status(500), faults.retry_after(3000)])
def test_closing_ends_a_wait_and_what_would_follow(sandbox: Sandbox, fault: Fault) -> None:
    client = client_of(sandbox, max_retries=1000)
    sandbox.faults = faults.always(fault)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.retry, partial(client.get, PATH, QUESTION))
        wait_until(lambda: sandbox.requests)
        client.close()
        assert isinstance(waiting.exception(20), StoppedError)
    sent = len(sandbox.requests)
    with pytest.raises(StoppedError):
        client.get(PATH, QUESTION)
    assert len(sandbox.requests) == sent


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
def test_a_page_of_some_dates(
    sandbox: Sandbox, listing: Listing, dates: DateRange, sent: dict[str, str]
) -> None:
    page = listing.page(dates, 1)
    (asked,) = sandbox.requests
    assert asked.query == {"page": "1", "per_page": "5", "status": "Active"} | sent
    wanted = sandbox.workspace.select({"status": "Active"} | sent)
    assert (page.number, page.total, page.served_at) == (1, len(wanted), NOON)
    assert page.last_page == max(1, -(-len(wanted) // 5))
    assert [row.uuid for row in page.rows] == [row.contact["uuid"] for row in wanted[:5]]


def test_a_body_that_is_no_page_is_asked_for_again(sandbox: Sandbox, listing: Listing) -> None:
    sandbox.faults = faults.in_turn(faults.html())
    assert listing.page(ALL, 1).number == 1
    assert listing.client.retries == 1


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (faults.lying(total="Ada"), r"data\.total"),
        (faults.lying(data=[{"name": "Ada"}]), r"contacts: page 1, position 1 .*no uuid"),
    ],
    ids=["envelope", "key"],
)
def test_a_page_that_cannot_be_used_is_told_without_its_data(
    sandbox: Sandbox, listing: Listing, fault: Fault, words: str
) -> None:
    sandbox.faults = faults.always(fault)
    with pytest.raises(MihuError, match=words) as error:
        listing.page(ALL, 1)
    assert "Ada" not in str(error.value)
    assert len(sandbox.requests) == 1
