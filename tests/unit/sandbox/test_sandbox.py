"""The sandbox lists and refuses as documented; runs against it show that it goes wrong as told."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any
from zlib import crc32

import pytest

from tests.sandbox import Contact, Workspace, contacts
from tests.sandbox.clock import NOON
from tests.sandbox.data import STANDARD_FIELDS, TAGS
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
    "nobody": ({"workspace": Workspace()}, {}, {"data": [], "total": 0, "last_page": 1}),
    "no dates": ({"supports_dates": False}, {"date_to": "nonsense"}, {"total": 60}),
    "capped": ({"caps_per_page": 20}, {"per_page": 50}, {"per_page": 20, "to": 20, "last_page": 3}),
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


@pytest.mark.parametrize("order", ["created_desc", "updated_asc", "updated_desc", "unstable"])
def test_contacts_come_in_order_after_changes_and_in_another_one_where_it_is_open(
    order: Order,
) -> None:
    workspace = Workspace(contacts(50, until=NOON, batch=10), order=order)
    workspace.select({})
    workspace.insert(created_at=NOON - timedelta(days=100))
    workspace.delete_some(Random(2), 3)
    workspace.edit_some(Random(1), 5)
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
