"""The sandbox behaves like the documented API, and breaks only where it is told to."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.sandbox import Churn, Clock, Sandbox, Workspace, contacts, faults
from tests.sandbox.data import STANDARD_FIELDS, TAGS
from tests.sandbox.filters import CAMPAIGNS, POOLS, STAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.sandbox.faults import Fault
    from tests.sandbox.workspace import Order

TIMEOUT = 20


class Client(requests.Session):
    """Ask a sandbox for contacts as the tap would."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        self.trust_env = False
        self.sandbox = sandbox
        self.headers["Accept"] = "application/json"
        self.headers["Authorization"] = f"Bearer {sandbox.token}"

    def ask(self, **query: object) -> requests.Response:
        return self.get(
            f"{self.sandbox.url}/contacts",
            params={key: str(value) for key, value in query.items()},
            timeout=TIMEOUT,
            allow_redirects=False,
        )

    def page(self, **query: object) -> dict[str, Any]:
        response = self.ask(**query)
        assert response.status_code == 200, response.text
        body = response.json()
        assert body["success"] is True
        data: dict[str, Any] = body["data"]
        return data

    def walk(self, **query: object) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        page, last_page = 0, 1
        while page < last_page:
            page += 1
            data = self.page(page=page, **query)
            rows += data["data"]
            last_page = int(data["last_page"])
        return rows


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


@pytest.fixture
def workspace() -> Workspace:
    return Workspace(contacts(60, custom_fields=("loyalty", "remarks")))


@pytest.fixture
def sandbox(workspace: Workspace) -> Iterator[Sandbox]:
    with Sandbox(workspace) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    with Client(sandbox) as session:
        yield session


# Contacts and the workspace.


def test_contacts_are_the_same_for_the_same_arguments() -> None:
    until = datetime.now(UTC)
    assert contacts(50, until=until) == contacts(50, until=until)
    assert contacts(50, until=until) != contacts(50, until=until, seed=1)


def test_contacts_are_fictional_and_varied() -> None:
    made = contacts(500)
    assert len({contact["uuid"] for contact in made}) == 500
    emails = [contact["email"] for contact in made if contact["email"] is not None]
    assert emails
    assert all(email.endswith("@example.test") for email in emails)
    assert all(re.fullmatch(r"\+1\d{3}55501\d\d", contact["phone_number"]) for contact in made)
    assert all(any(contact[key] is None for contact in made) for key in ("name", "email"))
    assert any(not str(contact["name"]).isascii() for contact in made)


def test_contacts_were_created_within_the_days_and_edited_later() -> None:
    until = datetime.now(UTC)
    made = contacts(200, until=until, days=10, timestamps="microseconds")
    created = [datetime.fromisoformat(contact["created_at"]) for contact in made]
    updated = [datetime.fromisoformat(contact["updated_at"]) for contact in made]
    assert created == sorted(created)
    assert until - timedelta(days=10) <= created[0]
    assert created[0] < until - timedelta(days=8)
    assert all(at <= later <= until for at, later in zip(created, updated, strict=True))
    assert 0 < sum(at < later for at, later in zip(created, updated, strict=True)) < 200


def test_contacts_imported_together_share_their_timestamps() -> None:
    made = contacts(10, batch=4)
    assert len({contact["created_at"] for contact in made}) == 3
    assert len({(contact["created_at"], contact["updated_at"]) for contact in made}) == 3


@pytest.mark.parametrize(
    ("form", "pattern"),
    [
        ("microseconds", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"),
        ("seconds", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
        ("sql", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"),
    ],
)
def test_timestamps_have_the_chosen_form(form: Any, pattern: str) -> None:  # noqa: ANN401
    workspace = Workspace(contacts(3, timestamps=form), timestamps=form)
    workspace.edit(workspace.contacts()[0]["uuid"], name="Ada")
    workspace.insert()
    for contact in workspace.contacts():
        assert re.fullmatch(pattern, contact["created_at"])
        assert re.fullmatch(pattern, contact["updated_at"])


@pytest.mark.parametrize(
    ("form", "keys"),
    [
        ("uuid", {("uuid", "name")}),
        ("id", {("id", "name")}),
        ("mixed", {("uuid", "name"), ("id", "name")}),
    ],
)
def test_tags_have_the_chosen_form(form: Any, keys: set[tuple[str, str]]) -> None:  # noqa: ANN401
    assert {tuple(tag) for row in contacts(200, tags=form) for tag in row["tags"]} == keys


def test_an_edit_is_sent_and_moves_the_update_time() -> None:
    clock = Clock(datetime.now(UTC) + timedelta(days=1))
    workspace = Workspace(contacts(3), clock=clock)
    first, second, third = (contact["uuid"] for contact in workspace.contacts())
    before = workspace.get(second)["updated_at"]
    workspace.edit(first, name="Ada")
    workspace.edit(second, touch=False, name="Bob")
    workspace.edit(third, updated_at="2020-02-02 02:02:02")
    assert workspace.get(first)["name"] == "Ada"
    assert datetime.fromisoformat(workspace.get(first)["updated_at"]) == clock.now()
    assert workspace.get(second)["name"] == "Bob"
    assert workspace.get(second)["updated_at"] == before
    assert workspace.get(third)["updated_at"] == "2020-02-02 02:02:02"


def test_inserted_contacts_are_new_unless_told() -> None:
    clock = Clock(datetime.now(UTC))
    workspace = Workspace(contacts(20, custom_fields=("loyalty",)), clock=clock)
    backdated = clock.now() - timedelta(days=100)
    uuids = [workspace.insert() for _ in range(20)]
    told = workspace.insert({"uuid": "told", "name": "Ada"}, created_at=backdated)
    assert len({contact["uuid"] for contact in workspace.contacts()}) == 41
    assert datetime.fromisoformat(workspace.get(uuids[0])["created_at"]) == clock.now()
    assert "loyalty" in workspace.get(uuids[0])
    assert told == "told"
    assert workspace.get(told)["name"] == "Ada"
    assert datetime.fromisoformat(workspace.get(told)["created_at"]) == backdated


def test_the_clock_runs_until_it_is_set() -> None:
    clock = Clock()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=TIMEOUT)
    at = datetime.now(UTC) - timedelta(days=9)
    clock.set(at)
    clock.advance(5)
    assert clock.now() == at + timedelta(seconds=5)


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


# Servers that are odd.


def test_an_older_server_ignores_dates(workspace: Workspace) -> None:
    with Sandbox(workspace, supports_dates=False) as sandbox, Client(sandbox) as client:
        assert client.page(date_from="2999-01-01", date_to="nonsense")["total"] == 60


def test_a_server_may_cap_the_page_size(workspace: Workspace) -> None:
    with Sandbox(workspace, caps_per_page=20) as sandbox, Client(sandbox) as client:
        data = client.page(per_page=50)
        small = client.page(per_page=10)
    assert (len(data["data"]), data["per_page"], data["last_page"]) == (20, 20, 3)
    assert (len(small["data"]), small["last_page"]) == (10, 6)


def test_a_server_may_ignore_the_page(workspace: Workspace) -> None:
    with Sandbox(workspace, ignores_page=True) as sandbox, Client(sandbox) as client:
        assert client.page(page=3) == client.page(page=1)
        assert client.page(page=3)["current_page"] == 1


def test_a_server_may_send_numbers_as_text(workspace: Workspace) -> None:
    with Sandbox(workspace, numbers_as_text=True) as sandbox, Client(sandbox) as client:
        data = client.page(page=2)
    assert (data["current_page"], data["last_page"], data["total"]) == ("2", "4", "60")


def test_the_date_header_is_the_workspaces_clock() -> None:
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=77)
    with Sandbox(Workspace(clock=Clock(at))) as sandbox, Client(sandbox) as client:
        assert parsedate_to_datetime(client.ask().headers["Date"]) == at


def test_the_throttle_opens_again_after_a_minute() -> None:
    clock = Clock(datetime.now(UTC))
    workspace = Workspace(clock=clock)
    with Sandbox(workspace, throttle_per_minute=2) as sandbox, Client(sandbox) as client:
        first, second, refused = (client.ask() for _ in range(3))
        clock.advance(59)
        refused_later = client.ask()
        clock.advance(1)
        accepted = client.ask()
    assert [first.headers["X-RateLimit-Remaining"], second.headers["X-RateLimit-Remaining"]] == [
        "1",
        "0",
    ]
    assert first.headers["X-RateLimit-Limit"] == "2"
    assert refused.status_code == 429
    assert refused.json() == {"message": "Too Many Attempts."}
    assert refused.headers["Retry-After"] == "60"
    assert refused_later.headers["Retry-After"] == "1"
    assert accepted.status_code == 200


# Authentication.


@pytest.mark.parametrize(
    ("authorization", "code", "message"),
    [
        (None, "MISSING_AUTH_TOKEN", "Authentication required"),
        ("Bearer ", "MISSING_AUTH_TOKEN", "Authentication required"),
        ("Basic abc", "MISSING_AUTH_TOKEN", "Authentication required"),
        ("Bearer wrong", "INVALID_AUTH_TOKEN", "Invalid authentication token"),
    ],
    ids=["none", "blank", "basic", "wrong"],
)
def test_a_bad_token_is_refused(
    client: Client, authorization: str | None, code: str, message: str
) -> None:
    client.headers.pop("Authorization")
    if authorization:
        client.headers["Authorization"] = authorization
    response = client.ask()
    assert response.status_code == 401
    error = {"code": code, "details": None}
    assert response.json() == {"success": False, "message": message, "error": error}


def test_a_bad_token_may_be_refused_by_the_framework() -> None:
    with Sandbox(rejects_like_laravel=True) as sandbox, Client(sandbox) as client:
        client.headers["Authorization"] = "Bearer wrong"
        response = client.ask()
    assert (response.status_code, response.json()) == (401, {"message": "Unauthenticated."})


def test_a_bad_token_without_accept_leads_to_the_login_page(client: Client) -> None:
    client.headers["Authorization"] = "Bearer wrong"
    client.headers["Accept"] = "*/*"
    response = client.ask()
    page = client.get(response.headers["Location"], timeout=TIMEOUT)
    assert response.status_code == 302
    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("text/html")


def test_an_unknown_path_is_not_found(client: Client) -> None:
    response = client.get(f"{client.sandbox.url}/contact", timeout=TIMEOUT)
    assert response.status_code == 404
    assert response.json() == {"message": "The route api/v1/contact could not be found."}
    assert client.sandbox.requests[0].path == "/api/v1/contact"


# Requests and changes between them.


def test_requests_in_flight_are_counted() -> None:
    with ThreadPoolExecutor(3) as pool, Sandbox(latency=3600) as sandbox:
        for _ in range(3):
            pool.submit(Client(sandbox).ask)
        wait_until(lambda: sandbox.peak_in_flight == 3)


def test_requests_one_after_the_other_are_never_in_flight_together(client: Client) -> None:
    for _ in range(50):
        client.ask()
    assert client.sandbox.peak_in_flight == 1


def test_the_hook_changes_the_workspace_before_each_request(workspace: Workspace) -> None:
    numbers = []

    def grow(number: int, workspace: Workspace) -> None:
        numbers.append(number)
        workspace.insert()

    with Sandbox(workspace, before_request=grow) as sandbox, Client(sandbox) as client:
        totals = [client.page()["total"] for _ in range(3)]

    assert numbers == [1, 2, 3]
    assert totals == [61, 62, 63]


def test_churn_changes_as_much_as_it_says_on_average() -> None:
    workspace = Workspace(contacts(300))
    before = {contact["uuid"]: contact for contact in workspace.contacts()}
    churn = Churn(edits=1.5, inserts=0.5, deletes=0.25, backdated=0.25, seed=3)
    for number in range(100):
        churn(number, workspace)
    after = {contact["uuid"]: contact for contact in workspace.contacts()}
    assert 60 <= len(after.keys() - before.keys()) <= 90
    assert 15 <= len(before.keys() - after.keys()) <= 35
    edited = sum(after[uuid] != before[uuid] for uuid in after.keys() & before.keys())
    assert 80 <= edited <= 150


def test_churn_swaps_leave_the_total() -> None:
    workspace = Workspace(contacts(20))
    before = {contact["uuid"] for contact in workspace.contacts()}
    churn = Churn(edits=0, inserts=0, deletes=0, swap=2)
    churn(1, workspace)
    after = {contact["uuid"] for contact in workspace.contacts()}
    assert (len(after), len(after & before)) == (20, 18)


def test_requests_meet_the_workspace_one_at_a_time() -> None:
    inside: list[int] = []
    crowds = []

    def hook(number: int, _: Workspace) -> None:
        inside.append(number)
        time.sleep(0.002)
        crowds.append(len(inside))
        inside.remove(number)

    with Sandbox(before_request=hook) as sandbox, ThreadPoolExecutor(4) as pool:
        clients = [Client(sandbox) for _ in range(4)]
        for _ in pool.map(Client.ask, clients * 5):
            pass

    assert crowds == [1] * 20


def test_a_bug_in_a_hook_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    def hook(_: int, workspace: Workspace) -> None:
        workspace.delete("nobody")

    with (
        Sandbox(before_request=hook) as sandbox,
        Client(sandbox) as client,
        pytest.raises(requests.ConnectionError),
    ):
        client.ask()

    assert "KeyError: 'nobody'" in capsys.readouterr().err


# Faults.


def spoil(workspace: Workspace, fault: Fault) -> requests.Response:
    """Ask once for a spoiled answer, then show that the next one is good."""
    script = faults.at_request(1, fault)
    with Sandbox(workspace, faults=script) as sandbox, Client(sandbox) as client:
        try:
            return client.ask()
        finally:
            assert client.page()["total"] == 60


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (faults.reset(), requests.ConnectionError, "reset by peer"),
        (faults.close(), requests.ConnectionError, "without response"),
        (faults.hang(0.01), requests.ConnectionError, "without response"),
        (faults.cut_body(), requests.exceptions.ChunkedEncodingError, "IncompleteRead"),
        (faults.hang_in_body(0.01), requests.exceptions.ChunkedEncodingError, "IncompleteRead"),
        (faults.reset_in_body(), requests.exceptions.ChunkedEncodingError, "reset by peer"),
    ],
    ids=lambda case: case.name if isinstance(case, faults.Fault) else "",
)
def test_a_broken_connection_breaks_so(
    workspace: Workspace, fault: Fault, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        spoil(workspace, fault)


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        (faults.status(500), 500, "INTERNAL_SERVER_ERROR"),
        (faults.status(502, html=True), 502, "<h1>502</h1>"),
        (faults.status(403, {"message": "No."}), 403, '{"message":"No."}'),
        (faults.retry_after(7), 429, "Too Many Attempts."),
        (faults.retry_after(7, 503), 503, "Service Unavailable"),
        (faults.redirect(), 302, ""),
        (faults.html(), 200, "<!DOCTYPE html>"),
        (faults.empty(), 200, ""),
        (faults.not_json("{"), 200, "{"),
        (faults.success_false("Sorry"), 200, '"success":false,"message":"Sorry"'),
        (faults.wrong_envelope([1]), 200, "[1]"),
    ],
    ids=lambda case: case.name if isinstance(case, faults.Fault) else "",
)
def test_an_answer_is_replaced(workspace: Workspace, fault: Fault, status: int, body: str) -> None:
    response = spoil(workspace, fault)
    assert response.status_code == status
    assert body in response.text
    assert len(response.text) < 200
    assert "Date" in response.headers


@pytest.mark.parametrize("fault", [faults.delay(0.1), faults.drip(0.1, pieces=5)])
def test_a_slow_answer_is_whole(workspace: Workspace, fault: Fault) -> None:
    begin = time.monotonic()
    response = spoil(workspace, fault)
    assert response.json()["data"]["total"] == 60
    assert time.monotonic() - begin >= 0.08


def outcomes(script: faults.Script, pages: list[int]) -> list[int]:
    with Sandbox(faults=script) as sandbox, Client(sandbox) as client:
        return [client.ask(page=page).status_code for page in pages]


def test_scripts_choose_when() -> None:
    bad, worse = faults.status(500), faults.status(503)
    assert outcomes(faults.always(bad), [1, 2]) == [500, 500]
    assert outcomes(faults.at_request(2, bad), [1, 1, 1]) == [200, 500, 200]
    assert outcomes(faults.at_page(2, bad, times=2), [1, 2, 2, 1, 2]) == [200, 500, 500, 200, 200]
    assert outcomes(faults.in_turn(bad, None, worse), [1] * 4) == [500, 200, 503, 200]
    both = faults.first_of(faults.at_page(1, bad), faults.at_request(2, worse))
    assert outcomes(both, [1, 1, 1]) == [500, 503, 200]


def test_a_script_may_spoil_at_random_but_the_same_each_time() -> None:
    first, second = (
        outcomes(faults.sometimes(faults.status(500), 0.5, seed=4), [1] * 20) for _ in range(2)
    )
    assert first == second
    assert set(first) == {200, 500}


# Starting and stopping.


@pytest.mark.parametrize("fault", [faults.hang(), faults.hang_in_body(), faults.drip(60)])
def test_it_stops_at_once_while_a_request_hangs(workspace: Workspace, fault: Fault) -> None:
    with ThreadPoolExecutor(1) as pool:
        with Sandbox(workspace, faults=faults.always(fault)) as sandbox:
            asking = pool.submit(Client(sandbox).ask)
            wait_until(lambda: bool(sandbox.requests))
            begin = time.monotonic()
        assert time.monotonic() - begin < 2
        assert isinstance(asking.exception(TIMEOUT), requests.RequestException)


def test_a_stopped_sandbox_refuses_and_comes_back_at_its_address(workspace: Workspace) -> None:
    sandbox = Sandbox(workspace)
    with sandbox, Client(sandbox) as client:
        url = sandbox.url
        client.page()
    with Client(sandbox) as client, pytest.raises(requests.ConnectionError):
        client.ask()
    with sandbox, Client(sandbox) as client:
        assert sandbox.url == url
        assert client.page()["total"] == 60


def test_the_back_door_changes_the_workspace(client: Client, workspace: Workspace) -> None:
    def change(kind: str) -> set[str]:
        url = client.sandbox.url.replace("/api/v1", f"/_sandbox/{kind}?count=4")
        return set(client.post(url, timeout=TIMEOUT).json()["uuids"])

    def state() -> dict[str, str]:
        return {contact["uuid"]: contact["updated_at"] for contact in workspace.contacts()}

    start = state()
    edited = change("edit")
    after_edit = state()
    inserted = change("insert")
    deleted = change("delete")
    assert {uuid for uuid in start if start[uuid] != after_edit[uuid]} == edited
    assert len(edited) == len(inserted) == len(deleted) == 4
    assert state().keys() == (start.keys() | inserted) - deleted
    assert client.sandbox.requests == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_line_serves_until_a_signal(tmp_path: Path, number: int) -> None:
    port_file = tmp_path / "port"
    sandbox = Sandbox()  # never entered: it only knows the address
    begin = datetime.now(UTC)
    command = [sys.executable, "-m", "tests.sandbox", "--contacts", "12", "--edit", "2"]
    command += [f"--token={sandbox.token}", "--port-file", str(port_file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            sandbox.port = int(port_file.read_text())
            with Client(sandbox) as client:
                updated = [datetime.fromisoformat(row["updated_at"]) for row in client.walk()]
            process.send_signal(number)
            status = process.wait(TIMEOUT)
        finally:
            process.kill()
    assert url == sandbox.url
    assert len(updated) == 12
    assert sum(at >= begin for at in updated) == 2
    assert status == 0


def test_a_lone_surrogate_survives_the_way(client: Client, workspace: Workspace) -> None:
    workspace.edit(workspace.contacts()[0]["uuid"], name="\ud800")
    assert json.loads(client.ask().content)["data"]["data"][0]["name"] == "\ud800"
