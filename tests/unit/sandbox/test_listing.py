"""Contacts are listed by pages and filters like those of the documented API."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any
from zlib import crc32

import pytest

from tests.sandbox import Churn, Clock, Contact, Workspace, contacts
from tests.sandbox.clock import NOON
from tests.sandbox.data import STANDARD_FIELDS, TAGS
from tests.sandbox.filters import CAMPAIGNS, POOLS, STAGES
from tests.sandbox.workspace import Order
from tests.unit.sandbox.client import asking
from tests.workspaces import workspace_of

PAGES: dict[str, tuple[Mapping[str, Any], Mapping[str, object], Mapping[str, object]]] = {
    "a page": (
        {},
        {"page": 2, "per_page": 25},
        {
            "current_page": 2,
            "first_page_url": "/contacts?page=1",
            "from": 26,
            "last_page": 3,
            "last_page_url": "/contacts?page=3",
            "next_page_url": "/contacts?page=3",
            "path": "/contacts",
            "per_page": 25,
            "prev_page_url": "/contacts?page=1",
            "to": 50,
            "total": 60,
        },
    ),
    "the usual size": ({}, {}, {"to": 15, "last_page": 4}),
    "past the end": ({}, {"page": 9}, {"data": [], "from": None, "to": None, "total": 60}),
    "nobody": ({"workspace": Workspace()}, {}, {"data": [], "total": 0, "last_page": 1}),
    "no dates": ({"supports_dates": False}, {"date_to": "nonsense"}, {"total": 60}),
    "capped": ({"caps_per_page": 20}, {"per_page": 50}, {"per_page": 20, "to": 20, "last_page": 3}),
    "below the cap": ({"caps_per_page": 20}, {"per_page": 10}, {"per_page": 10, "last_page": 6}),
    "page 1 only": ({"ignores_page": True}, {"page": 3}, {"current_page": 1, "from": 1}),
    "text": ({"numbers_as_text": True}, {"page": 2}, {"current_page": "2", "total": "60"}),
}


@pytest.mark.parametrize(("options", "query", "shown"), PAGES.values(), ids=PAGES)
def test_the_envelope_is_laravels_or_odd_as_told(
    options: Mapping[str, Any], query: Mapping[str, object], shown: Mapping[str, object]
) -> None:
    with asking(**options) as client:
        data = client.page(**query)
    told = {key: data[key] for key in shown}
    for key, value in told.items():
        if isinstance(value, str):
            told[key] = value.removeprefix(client.sandbox.url)
    assert told == shown
    assert len(data["data"]) == (data["to"] - data["from"] + 1 if data["to"] else 0)


def test_a_walk_gives_every_contact_once_and_as_the_workspace_says() -> None:
    with asking() as client:
        assert client.walk(per_page=7) == client.sandbox.workspace.contacts()


def test_custom_fields_are_top_level_keys_while_they_are_active() -> None:
    with asking() as client:
        assert set(client.page()["data"][0]) == {*STANDARD_FIELDS, "loyalty", "remarks"}
        client.sandbox.workspace.active = ("loyalty", "new")
        contact = client.page()["data"][0]
    assert (set(contact), contact["new"]) == ({*STANDARD_FIELDS, "loyalty", "new"}, "")


def test_text_is_escaped_as_php_does_or_hardly() -> None:
    workspace = Workspace([{"uuid": "a", "name": "Ağa/\ud800"}])
    with asking(workspace=workspace) as client:
        assert rb'"A\u011fa\/\ud800"' in client.ask().content
    with asking(workspace=workspace, escapes_like_php=False) as client:
        assert '"Ağa/\ud800"'.encode("utf-8", "surrogatepass") in client.ask().content


@pytest.mark.parametrize("order", ["created_desc", "updated_asc", "updated_desc", "unstable"])
def test_contacts_come_in_order_after_changes(order: Order) -> None:
    workspace = Workspace(contacts(50, until=NOON), order=order, clock=Clock(NOON))
    workspace.select({})
    workspace.edit_some(Random(1), 5)
    workspace.insert(created_at=NOON - timedelta(days=100))
    workspace.delete_some(Random(2), 3)
    key = "updated_at" if "updated" in order else "created_at"
    times = [row.contact[key] for row in workspace.select({})]
    assert len(times) == 48
    assert times == sorted(times, reverse=order != "updated_asc")


def test_unstable_order_shuffles_only_ties() -> None:
    workspace = Workspace(contacts(40, batch=10), order="unstable")
    for one, other in pairwise([workspace.select({}) for _ in range(3)]):
        assert one != other
        assert [row.created_second for row in one] == [row.created_second for row in other]


def one_in(number: int) -> Callable[[Contact], bool]:
    return lambda row: crc32(row["uuid"].encode()) % number == 0


TAG = TAGS[2]["uuid"]
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


REFUSED = {
    "page=0": "The page field must be at least 1.",
    "page=one": "The page field must be an integer.",
    "per_page=1.5": "The per page field must be an integer.",
    "status=active": "The selected status is invalid.",
    "stage_uuid=7": "The stage uuid field must be a valid UUID.",
    "date_from=2025-02-30": "The date from field must match the format Y-m-d.",
    "date_to=20250101": "The date to field must match the format Y-m-d.",
}


def test_bad_parameters_are_refused_and_further_errors_counted() -> None:
    with asking() as client:
        for query, text in REFUSED.items():
            response = client.ask(f"contacts?{query}")
            errors = {query.partition("=")[0]: [text]}
            assert response.status_code == 422
            assert response.json() == {"message": text, "errors": errors}
        body = client.ask("conversations", page=0, per_page=101, sort_by="x").json()
    assert body["message"] == "The page field must be at least 1. (and 2 more errors)"
    assert body["errors"]["per_page"] == ["The per page field must not be greater than 100."]


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
