"""The server refuses as documented, and what goes wrong does so as it is told."""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime

import pytest
import requests

from tests.e2e.running import wait_until
from tests.sandbox import Workspace, faults
from tests.sandbox.clock import NOON
from tests.sandbox.faults import Fault, Script
from tests.unit.sandbox.client import asking
from tests.workspaces import workspace_of

BROKEN: dict[str, tuple[Fault, str]] = {
    "reset": (faults.reset(), "reset by peer"),
    "close": (faults.close(), "without response"),
    "hang": (faults.hang(0.01), "without response"),
    "cut body": (faults.cut_body(), "IncompleteRead"),
    "hang in body": (faults.hang_in_body(0.01), "IncompleteRead"),
    "reset in body": (faults.reset_in_body(), "reset by peer"),
}
REPLACED: dict[str, tuple[Fault, int, str]] = {
    "500": (faults.status(500), 500, "INTERNAL_SERVER_ERROR"),
    "502": (faults.status(502, html=True), 502, "<h1>502</h1>"),
    "403": (faults.status(403, {"message": "No."}), 403, '{"message":"No."}'),
    "429": (faults.retry_after(7), 429, "Too Many Attempts."),
    "503": (faults.retry_after(7, 503), 503, "Service Unavailable"),
    "redirect": (faults.redirect(), 302, ""),
    "page": (faults.html(), 200, "<!DOCTYPE html>"),
    "empty": (faults.empty(), 200, ""),
    "no JSON": (faults.not_json("{"), 200, "{"),
    "no success": (faults.success_false("Sorry"), 200, '"success":false,"message":"Sorry"'),
    "no envelope": (faults.wrong_envelope([1]), 200, "[1]"),
    "a lie": (faults.lying(data=[], total=7, links=[]), 200, '"total":7'),
}


@pytest.mark.parametrize(("fault", "words"), BROKEN.values(), ids=BROKEN)
def test_a_broken_connection_breaks_so(fault: Fault, words: str) -> None:
    with asking(faults=faults.in_turn(fault)) as client:
        with pytest.raises(requests.RequestException, match=words):
            client.ask()
        assert client.page()["total"] == 60


@pytest.mark.parametrize(("fault", "status", "body"), REPLACED.values(), ids=REPLACED)
def test_an_answer_is_replaced(fault: Fault, status: int, body: str) -> None:
    with asking(faults=faults.in_turn(fault)) as client:
        response = client.ask()
        assert client.page()["total"] == 60
    assert response.status_code == status
    assert body in response.text
    assert len(response.text) < 500
    assert "Date" in response.headers
    assert response.headers.get("Retry-After") == ("7" if status in {429, 503} else None)


@pytest.mark.parametrize("fault", [faults.delay(0.1), faults.drip(0.1, pieces=5), None])
def test_a_slow_answer_is_whole(fault: Fault | None) -> None:
    latency = 0 if fault else 0.1
    with asking(faults=faults.in_turn(fault), latency=latency) as client:
        begin = time.monotonic()
        assert client.page()["total"] == 60
    assert time.monotonic() - begin >= 0.08


BAD, WORSE = faults.status(500), faults.status(503)
SCRIPTS: dict[str, tuple[Script, list[int]]] = {
    "always": (faults.always(BAD), [500] * 5),
    "at request": (faults.at_request(2, BAD), [200, 500, 200, 200, 200]),
    "at page": (faults.at_page(2, BAD, times=2), [200, 500, 500, 200, 200]),
    "in turn": (faults.in_turn(BAD, None, WORSE), [500, 200, 503, 200, 200]),
    "first of": (
        faults.first_of(faults.at_page(1, BAD), faults.at_request(2, WORSE)),
        [500, 503, 200, 200, 200],
    ),
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


MISSING, INVALID, LOGIN = "MISSING_AUTH_TOKEN", "INVALID_AUTH_TOKEN", "Log in to Mihu"


@pytest.mark.parametrize(
    ("options", "sent", "status", "words"),
    [
        ({}, {}, 401, MISSING),
        ({}, {"Authorization": "Bearer "}, 401, MISSING),
        ({}, {"Authorization": "Basic abc"}, 401, MISSING),
        ({}, {"Authorization": "Bearer wrong"}, 401, INVALID),
        ({}, {"Authorization": "Bearer wrong", "Accept": "*/*"}, 302, LOGIN),
        ({"rejects_like_laravel": True}, {}, 401, '{"message":"Unauthenticated."}'),
    ],
)
def test_a_bad_token_is_refused(
    options: Mapping[str, bool], sent: Mapping[str, str], status: int, words: str
) -> None:
    with asking(**options) as client:
        del client.headers["Authorization"]
        client.headers.update(sent)
        response = client.ask()
        assert client.ask("contact").status_code == 404
    assert response.status_code == status
    assert words in response.text


def test_requests_meet_the_workspace_one_at_a_time_and_a_bug_there_is_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    inside: list[int] = []
    crowds = []

    def hook(number: int, workspace: Workspace) -> None:
        inside.append(number)
        time.sleep(0.002)
        crowds.append(len(inside))
        inside.remove(number)
        workspace.delete(workspace.contacts()[0]["uuid"])

    with asking(before_request=hook, workspace=workspace_of(20)) as client:
        with ThreadPoolExecutor(4) as pool:
            totals = [*pool.map(lambda _: client.page()["total"], range(20))]
        with pytest.raises(requests.ConnectionError):
            client.ask()
    assert crowds == [1] * 21
    assert sorted(totals) == [*range(20)]
    assert "IndexError" in capsys.readouterr().err
