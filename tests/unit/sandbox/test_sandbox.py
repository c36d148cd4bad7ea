"""The sandbox lists and refuses as documented; it is odd, or goes wrong, only as it is told to."""

import re
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import pairwise
from random import Random
from typing import Any
from zlib import crc32

import pytest
import requests

from tests.e2e.running import wait_until
from tests.sandbox import Churn, Contact, Workspace, contacts, faults
from tests.sandbox.clock import NOON
from tests.sandbox.data import STANDARD_FIELDS, TAGS
from tests.sandbox.faults import Fault, Script
from tests.sandbox.filters import CAMPAIGNS, POOLS, STAGES
from tests.sandbox.workspace import Order
from tests.unit.sandbox.client import asking
from tests.workspaces import workspace_of

# Pages.

URLS = {
    "first_page_url": "/contacts?page=1",
    "last_page_url": "/contacts?page=3",
    "next_page_url": "/contacts?page=3",
    "path": "/contacts",
    "prev_page_url": "/contacts?page=1",
}
PAGES: dict[str, tuple[Mapping[str, Any], Mapping[str, object], Mapping[str, object]]] = {
    "a page": ({}, {"page": 2, "per_page": 25}, {"current_page": 2, "from": 26, "to": 50, **URLS}),
    "the last page": ({}, {"page": 3, "per_page": 25}, {"to": 60, "next_page_url": None}),
    "the usual size": ({}, {}, {"to": 15, "last_page": 4, "per_page": 15, "total": 60}),
    "past the end": ({}, {"page": 9}, {"data": [], "from": None, "to": None, "total": 60}),
    "nobody": ({"workspace": Workspace()}, {}, {"data": [], "total": 0, "last_page": 1}),
    "no dates": ({"supports_dates": False}, {"date_to": "nonsense"}, {"total": 60}),
    "capped": ({"caps_per_page": 20}, {"per_page": 50}, {"per_page": 20, "to": 20, "last_page": 3}),
    "below the cap": ({"caps_per_page": 20}, {"per_page": 10}, {"per_page": 10, "last_page": 6}),
    "text": ({"numbers_as_text": True}, {"page": 2}, {"current_page": "2", "total": "60"}),
}


@pytest.mark.parametrize(("options", "query", "shown"), PAGES.values(), ids=PAGES)
def test_the_envelope_is_laravels_or_odd_as_told(
    options: Mapping[str, Any], query: Mapping[str, object], shown: Mapping[str, object]
) -> None:
    with asking(**options) as client:
        data = client.page(**query)
    assert {key: data[key] for key in shown} == shown
    assert len(data["data"]) == (data["to"] - data["from"] + 1 if data["to"] else 0)


def test_contacts_come_once_each_with_the_custom_fields_that_are_active() -> None:
    with asking() as client:
        workspace = client.sandbox.workspace
        assert client.walk(per_page=7) == workspace.contacts()
        assert workspace.contacts() == workspace_of(60, custom_fields=workspace.active).contacts()
        assert {*client.page()["data"][0]} == {*STANDARD_FIELDS, "loyalty", "remarks"}
        workspace.active = ("loyalty", "new")
        contact = client.page()["data"][0]
    assert ({*contact}, contact["new"]) == ({*STANDARD_FIELDS, "loyalty", "new"}, "")


def test_text_is_escaped_as_php_does_or_hardly() -> None:
    workspace = Workspace([{"uuid": "a", "name": "Ağa/\ud800"}])
    with asking(workspace=workspace) as client:
        assert rb'"A\u011fa\/\ud800"' in client.ask().content
    with asking(workspace=workspace, escapes_like_php=False) as client:
        assert '"Ağa/\ud800"'.encode("utf-8", "surrogatepass") in client.ask().content


@pytest.mark.parametrize("order", ["created_desc", "updated_asc", "updated_desc", "unstable"])
def test_contacts_come_in_order_after_changes_and_in_another_one_where_it_is_open(
    order: Order,
) -> None:
    workspace = Workspace(contacts(50, until=NOON, batch=10), order=order)
    for change in (
        lambda: workspace.insert(created_at=NOON - timedelta(days=100)),
        lambda: workspace.delete_some(Random(2), 3),
        lambda: workspace.edit_some(Random(1), 5),
    ):
        workspace.select({})
        change()
    key = "updated_at" if "updated" in order else "created_at"
    answers = [workspace.select({}) for _ in range(3)]
    for answer in answers:
        times = [row.contact[key] for row in answer]
        assert len(times) == 48
        assert times == sorted(times, reverse=order != "updated_asc")
    assert all((one != other) == (order == "unstable") for one, other in pairwise(answers))


# Filters.

TAG = TAGS[2]["uuid"]


def one_in(number: int) -> Callable[[Contact], bool]:
    return lambda row: crc32(row["uuid"].encode()) % number == 0


FILTERS: dict[str, tuple[object, Callable[[Contact], bool]]] = {
    "status": ("Inactive", lambda row: row["status"] == "Inactive"),
    "contact_channel": ("WhatsApp", lambda row: row["preferred_contact_channel"] == "whatsapp"),
    "tag_uuid": (TAG, lambda row: TAG in [tag["uuid"] for tag in row["tags"]]),
    "stage_uuid": (STAGES[0], one_in(len(STAGES))),
    "pool_uuid": (POOLS[0], one_in(len(POOLS))),
    "campaign_uuid": (CAMPAIGNS[0], one_in(len(CAMPAIGNS))),
    "search": ("ÇAĞ", lambda row: "çağ" in str(row["name"]).casefold()),
    "date_from": ("2025-03-01", lambda row: row["created_at"] >= "2025-03-01"),
    "date_to": ("2025-03-01", lambda row: row["created_at"] < "2025-03-02"),
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_selects_exactly_its_contacts(name: str) -> None:
    value, belongs = FILTERS[name]
    with asking() as client:
        everyone, selected = client.walk(), client.walk(**{name: value})
    assert selected == [row for row in everyone if belongs(row)]
    assert 0 < len(selected) < len(everyone)


def test_dates_are_whole_days_at_both_ends_and_in_utc() -> None:
    day, step = datetime(2025, 6, 1, tzinfo=UTC), timedelta(microseconds=1)
    workspace = Workspace()
    for number, at in enumerate((day - step, day, day + timedelta(1) - step, day + timedelta(1))):
        workspace.insert({"uuid": str(number)}, created_at=at)
    workspace.insert({"uuid": "undated", "created_at": None})

    def selected(**dates: str) -> list[str]:
        return [row.contact["uuid"] for row in workspace.select(dates)]

    assert selected(date_from="2025-06-01", date_to="2025-06-01") == ["1", "2"]
    assert selected(date_from="2025-06-01") == ["1", "2", "3"]
    assert selected(date_to="2025-06-01") == ["0", "1", "2"]
    assert selected() == ["0", "1", "2", "3", "undated"]


# Refusals.

PROBLEMS = {
    "contacts": "page=0 page=one per_page=1.5 status=active stage_uuid=7 date_from=2025-02-30",
    "conversations": "per_page=101 sort_by=x",
}
MISSING, INVALID = "MISSING_AUTH_TOKEN", "INVALID_AUTH_TOKEN"
TOKENS: list[tuple[Mapping[str, str], int, str]] = [
    ({}, 401, MISSING),
    ({"Authorization": "Bearer "}, 401, MISSING),
    ({"Authorization": "Basic abc"}, 401, MISSING),
    ({"Authorization": "Bearer wrong"}, 401, INVALID),
    ({"Authorization": "Bearer wrong", "Accept": "*/*"}, 302, "Log in to Mihu"),
]


@pytest.mark.parametrize("path", PROBLEMS)
def test_bad_parameters_are_refused(path: str) -> None:
    with asking() as client:
        for query in PROBLEMS[path].split():
            response = client.ask(f"{path}?{query}")
            name = query.partition("=")[0]
            text = f"The {name.replace('_', ' ')} field is invalid."
            assert response.status_code == 422
            assert response.json() == {"message": text, "errors": {name: [text]}}


def test_a_bad_token_and_an_unknown_route_are_refused() -> None:
    with asking() as client:
        assert client.ask("contact").status_code == 404
        del client.headers["Authorization"]
        for headers, status, words in TOKENS:
            client.headers.update(headers)
            response = client.ask()
            assert (response.status_code, words in response.text) == (status, True), headers
    with asking(rejects_like_laravel=True, token="other") as client:  # noqa: S106 - not a secret
        client.headers["Authorization"] = "Bearer wrong"
        assert client.ask().json() == {"message": "Unauthenticated."}


def test_the_throttle_opens_again_after_a_minute_of_the_workspaces_clock() -> None:
    workspace = workspace_of(1)
    waits = []
    with asking(workspace=workspace, throttle_per_minute=2) as client:
        for seconds in (0, 0, 0, 59, 1):
            workspace.clock.advance(seconds)
            headers = client.ask().headers
            waits.append((headers["X-RateLimit-Remaining"], headers.get("Retry-After")))
    assert waits == [("1", None), ("0", None), ("0", "60"), ("0", "1"), ("1", None)]
    assert (parsedate_to_datetime(headers["Date"]) - NOON).seconds == 60


# Faults.

FAULTS: dict[str, tuple[Fault, str]] = {
    "reset": (faults.reset(), "reset by peer"),
    "close": (faults.close(), "without response"),
    "hang": (faults.hang(0.01), "without response"),
    "cut body": (faults.cut_body(), "IncompleteRead"),
    "hang in body": (faults.hang_in_body(0.01), "IncompleteRead"),
    "reset in body": (faults.reset_in_body(), "Connection broken.*reset by peer"),
    "500": (faults.status(500), "500 None .*INTERNAL_SERVER_ERROR"),
    "502": (faults.status(502, html=True), "502 None .*<h1>502</h1>"),
    "403": (faults.status(403, {"message": "No."}), '403 None {"message":"No."}$'),
    "429": (faults.retry_after(7), "429 7 .*Too Many Attempts."),
    "503": (faults.retry_after(7, 503), "503 7 .*Service Unavailable"),
    "redirect": (faults.redirect(), "302 None $"),
    "page": (faults.html(), "200 None <!DOCTYPE html>"),
    "empty": (faults.empty(), "200 None $"),
    "no JSON": (faults.not_json("{"), "200 None {$"),
    "no success": (faults.success_false("Sorry"), '200 None {"success":false,"message":"Sorry"'),
    "no envelope": (faults.wrong_envelope([1]), r"200 None \[1\]$"),
    "a lie": (faults.lying(data=[], total=7), '200 None .*"data":\\[\\],.*"total":7}}$'),
    "half the JSON": (faults.cut_json(), "200 None .*[^}]$"),
}


@pytest.mark.parametrize(("fault", "pattern"), FAULTS.values(), ids=FAULTS)
def test_what_goes_wrong_does_so_once(fault: Fault, pattern: str) -> None:
    with asking(faults=faults.in_turn(fault)) as client:
        try:
            response = client.ask()
            assert "Date" in response.headers
            retry_after = response.headers.get("Retry-After")
            outcome = f"{response.status_code} {retry_after} {response.text}"
        except requests.RequestException as error:
            outcome = str(error)
        assert re.search(pattern, outcome)
        assert client.page()["total"] == 60


@pytest.mark.parametrize("fault", [faults.delay(0.1), faults.drip(0.1, pieces=5), None])
def test_a_slow_answer_is_whole(fault: Fault | None) -> None:
    latency = 0 if fault else 0.1
    with asking(faults=faults.in_turn(fault), latency=latency) as client:
        begin = time.monotonic()
        assert client.page()["total"] == 60
    assert time.monotonic() - begin >= 0.08


BAD, WORSE = faults.status(500), faults.status(503)
EITHER = faults.first_of(faults.at_page(1, BAD), faults.at_request(2, WORSE))
SCRIPTS: dict[str, tuple[Script, list[int]]] = {
    "always": (faults.always(BAD), [500] * 5),
    "at request": (faults.at_request(2, BAD), [200, 500, 200, 200, 200]),
    "at page": (faults.at_page(2, BAD, times=2), [200, 500, 500, 200, 200]),
    "in turn": (faults.in_turn(BAD, None, WORSE), [500, 200, 503, 200, 200]),
    "first of": (EITHER, [500, 503, 200, 200, 200]),
}


@pytest.mark.parametrize(("script", "statuses"), SCRIPTS.values(), ids=SCRIPTS)
def test_scripts_choose_when(script: Script, statuses: list[int]) -> None:
    with asking(faults=script) as client:
        assert [client.ask(page=page).status_code for page in (1, 2, 2, 1, 2)] == statuses


@pytest.mark.parametrize("fault", [faults.hang(), faults.hang_in_body(), faults.drip(60)])
def test_it_stops_at_once_while_a_request_hangs_and_comes_back(fault: Fault) -> None:
    with ThreadPoolExecutor(1) as pool:
        with asking(faults=faults.in_turn(fault)) as client:
            asked = pool.submit(client.ask)
            wait_until(lambda: bool(client.sandbox.requests))
            url, begin = client.sandbox.url, time.monotonic()
        assert time.monotonic() - begin < 2
        assert isinstance(asked.exception(20), requests.RequestException)
    with pytest.raises(requests.ConnectionError):
        client.ask()
    with client.sandbox:
        assert (client.sandbox.url, client.ask().status_code) == (url, 200)


# Changes.


def test_requests_meet_the_workspace_one_at_a_time_and_a_bug_there_is_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    crowds: list[int] = []

    def hook(number: int, workspace: Workspace) -> None:
        total = len(workspace.contacts())
        time.sleep(0.002)
        workspace.delete(workspace.contacts()[0]["uuid"])
        crowds.append(total - len(workspace.contacts()))

    with asking(before_request=hook, workspace=workspace_of(20)) as client:
        with ThreadPoolExecutor(4) as pool:
            totals = [*pool.map(lambda _: client.page()["total"], range(20))]
        with pytest.raises(requests.ConnectionError):
            client.ask()
    assert crowds == [1] * 20
    assert sorted(totals) == [*range(20)]
    assert "IndexError" in capsys.readouterr().err


def test_churn_changes_as_much_as_it_says_on_average() -> None:
    workspace = workspace_of(300)
    before = {contact["uuid"]: contact for contact in workspace.contacts()}
    churn = Churn(edits=1.5, inserts=0.25, deletes=0, swap=0.25, backdated=0.25, seed=3)
    for number in range(100):
        churn(number, workspace)
    after = {contact["uuid"]: contact for contact in workspace.contacts()}
    assert 60 <= len(after.keys() - before.keys()) <= 90
    assert 15 <= len(before.keys() - after.keys()) <= 35
    edited = sum(after[uuid] != before[uuid] for uuid in after.keys() & before.keys())
    assert 80 <= edited <= 150
