"""The server answers as documented, and is odd only where it is told to be."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
import requests

from tests.e2e.running import wait_until
from tests.sandbox import Churn, Clock, Sandbox, Workspace, contacts
from tests.sandbox.client import TIMEOUT, Client

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
