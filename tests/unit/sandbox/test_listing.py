"""Pages and filters are those of the documented API."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from tests.sandbox import Sandbox, Workspace, contacts
from tests.sandbox.client import Client
from tests.sandbox.data import STANDARD_FIELDS, TAGS
from tests.sandbox.filters import CAMPAIGNS, POOLS, STAGES
from tests.sandbox.workspace import Order

# Pages.


def test_a_walk_gives_every_contact_once_and_as_the_workspace_says(
    client: Client, workspace: Workspace
) -> None:
    assert client.walk(per_page=7) == workspace.contacts()


def test_the_envelope_is_laravels(client: Client) -> None:
    data = client.page(page=2, per_page=25)
    assert list(data) == [
        "current_page",
        "data",
        "first_page_url",
        "from",
        "last_page",
        "last_page_url",
        "links",
        "next_page_url",
        "path",
        "per_page",
        "prev_page_url",
        "to",
        "total",
    ]
    path = f"{client.sandbox.url}/contacts"
    del data["data"], data["links"]
    assert data == {
        "current_page": 2,
        "first_page_url": f"{path}?page=1",
        "from": 26,
        "last_page": 3,
        "last_page_url": f"{path}?page=3",
        "next_page_url": f"{path}?page=3",
        "path": path,
        "per_page": 25,
        "prev_page_url": f"{path}?page=1",
        "to": 50,
        "total": 60,
    }


def test_a_page_has_15_contacts_by_default(client: Client) -> None:
    assert len(client.page()["data"]) == 15


def test_a_page_past_the_end_is_empty(client: Client) -> None:
    data = client.page(page=9, per_page=25)
    assert (data["data"], data["current_page"], data["last_page"]) == ([], 9, 3)
    assert (data["from"], data["to"], data["next_page_url"]) == (None, None, None)


def test_an_empty_workspace_has_one_empty_page() -> None:
    with Sandbox() as sandbox, Client(sandbox) as client:
        data = client.page()
    assert (data["data"], data["total"], data["last_page"]) == ([], 0, 1)


def test_custom_fields_are_top_level_keys_while_they_are_active(
    client: Client, workspace: Workspace
) -> None:
    assert set(client.page()["data"][0]) == {*STANDARD_FIELDS, "loyalty", "remarks"}
    workspace.active = ("loyalty", "brand_new")
    contact = client.page()["data"][0]
    assert set(contact) == {*STANDARD_FIELDS, "loyalty", "brand_new"}
    assert contact["brand_new"] == ""


def test_text_is_escaped_as_php_does(client: Client, workspace: Workspace) -> None:
    workspace.edit(workspace.contacts()[0]["uuid"], name="Ağa/Ω")
    body = client.ask().content
    assert rb'"A\u011fa\/\u03a9"' in body
    assert body.isascii()


def test_text_may_be_plain_utf8(workspace: Workspace) -> None:
    workspace.edit(workspace.contacts()[0]["uuid"], name="Ağa/Ω")
    with Sandbox(workspace, escapes_like_php=False) as sandbox, Client(sandbox) as client:
        assert '"Ağa/Ω"'.encode() in client.ask().content


@pytest.mark.parametrize(
    ("order", "key", "reverse"),
    [
        ("created_desc", "created_at", True),
        ("updated_asc", "updated_at", False),
        ("updated_desc", "updated_at", True),
        ("unstable", "created_at", True),
    ],
)
def test_contacts_come_in_order_after_changes(
    order: Order,
    key: str,
    reverse: bool,  # noqa: FBT001 - a case
) -> None:
    workspace = Workspace(contacts(50), order=order)
    with Sandbox(workspace) as sandbox, Client(sandbox) as client:
        client.page()
        workspace.edit_some(Random(1), 5)
        workspace.insert(created_at=datetime.now(UTC) - timedelta(days=100))
        workspace.delete_some(Random(2), 3)
        rows = client.walk(per_page=100)
    assert len(rows) == 48
    assert rows == sorted(rows, key=lambda row: str(row[key]), reverse=reverse)


def test_unstable_order_shuffles_only_ties() -> None:
    made = contacts(40, batch=10, days=100)
    with Sandbox(Workspace(made, order="unstable")) as sandbox, Client(sandbox) as client:
        answers = [client.page(per_page=40)["data"] for _ in range(3)]
    for one, other in pairwise(answers):
        assert one != other
        assert [row["created_at"] for row in one] == [row["created_at"] for row in other]


# Filters.


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        ("status", "Active", "status", {"Active"}),
        ("status", "Inactive", "status", {"Inactive"}),
        ("contact_channel", "WhatsApp", "preferred_contact_channel", {"whatsapp"}),
        ("contact_channel", "SMS", "preferred_contact_channel", {"sms"}),
    ],
)
def test_a_filter_selects_exactly_its_contacts(
    client: Client, name: str, value: str, field: str, expected: set[str]
) -> None:
    selected = client.walk(**{name: value})
    assert {contact[field] for contact in selected} == expected
    assert selected == [row for row in client.walk() if row[field] in expected]


def test_tags_are_selected_by_uuid(client: Client) -> None:
    uuid = TAGS[2]["uuid"]

    def tagged(row: dict[str, Any]) -> bool:
        return uuid in [tag["uuid"] for tag in row["tags"]]

    assert client.walk(tag_uuid=uuid) == [row for row in client.walk() if tagged(row)] != []


@pytest.mark.parametrize(
    ("name", "groups"),
    [("stage_uuid", STAGES), ("pool_uuid", POOLS), ("campaign_uuid", CAMPAIGNS)],
)
def test_groups_part_the_contacts(client: Client, name: str, groups: tuple[str, ...]) -> None:
    parts = [client.walk(**{name: group}) for group in groups]
    assert all(parts)
    assert sum(map(len, parts)) == 60
    assert len({row["uuid"] for part in parts for row in part}) == 60


@pytest.mark.parametrize("field", ["name", "surname", "email", "phone_number"])
def test_search_ignores_case(client: Client, workspace: Workspace, field: str) -> None:
    uuid = workspace.contacts()[30]["uuid"]
    changes: dict[str, Any] = {field: "...ÇiLeK..."}
    workspace.edit(uuid, **changes)
    assert [row["uuid"] for row in client.walk(search="çilek")] == [uuid]


def test_dates_are_whole_days_at_both_ends_and_in_utc() -> None:
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    moments = [
        day - timedelta(microseconds=1),
        day,
        day + timedelta(days=1, microseconds=-1),
        day + timedelta(days=1),
    ]
    workspace = Workspace()
    uuids = [workspace.insert(created_at=moment) for moment in moments]
    uuids.append(workspace.insert({"created_at": None}))
    text = day.date().isoformat()
    with Sandbox(workspace) as sandbox, Client(sandbox) as client:

        def selected(**dates: str) -> list[int]:
            return [uuids.index(row["uuid"]) for row in client.walk(**dates)]

        assert selected(date_from=text, date_to=text) == [1, 2]
        assert selected(date_from=text) == [1, 2, 3]
        assert selected(date_to=text) == [0, 1, 2]
        assert selected() == [0, 1, 2, 3, 4]


def test_a_selection_is_kept_until_a_change(workspace: Workspace) -> None:
    active = workspace.select({"status": "Active"})
    assert workspace.select({"status": "Active"}) is active
    assert workspace.select({"status": "Inactive"}) is not active
    workspace.insert()
    assert workspace.select({"status": "Active"}) is not active


def test_a_selection_follows_changes(client: Client, workspace: Workspace) -> None:
    total = client.page(status="Active")["total"]
    active = client.page(status="Active")["data"][0]["uuid"]
    workspace.edit(active, status="Inactive")
    assert client.page(status="Active")["total"] == total - 1
    workspace.insert({"status": "Active"})
    assert client.page(status="Active")["total"] == total


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({"page": "0"}, "The page field must be at least 1."),
        ({"page": "one"}, "The page field must be an integer."),
        ({"per_page": "-5"}, "The per page field must be at least 1."),
        ({"per_page": "1.5"}, "The per page field must be an integer."),
        ({"status": "active"}, "The selected status is invalid."),
        ({"contact_channel": "whatsapp"}, "The selected contact channel is invalid."),
        ({"stage_uuid": "7"}, "The stage uuid field must be a valid UUID."),
        ({"campaign_uuid": "x"}, "The campaign uuid field must be a valid UUID."),
        ({"tag_uuid": "x"}, "The tag uuid field must be a valid UUID."),
        ({"pool_uuid": "x"}, "The pool uuid field must be a valid UUID."),
        ({"date_from": "2025-02-30"}, "The date from field must match the format Y-m-d."),
        ({"date_to": "20250101"}, "The date to field must match the format Y-m-d."),
    ],
    ids=lambda case: "" if isinstance(case, str) else "=".join(*case.items()),
)
def test_a_bad_parameter_is_refused(client: Client, query: dict[str, str], text: str) -> None:
    response = client.ask(**query)
    assert response.status_code == 422
    assert response.json() == {"message": text, "errors": {next(iter(query)): [text]}}


def test_the_message_counts_further_errors(client: Client) -> None:
    body = client.ask(page=0, per_page=0, status="x").json()
    assert body["message"] == "The page field must be at least 1. (and 2 more errors)"
    assert list(body["errors"]) == ["page", "per_page", "status"]
