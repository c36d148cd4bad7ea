"""What goes wrong does so as it is told, once; and the sandbox starts and stops at once."""

import json
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from tests.e2e.running import wait_until
from tests.sandbox import Sandbox, Workspace, faults
from tests.sandbox.client import TIMEOUT, Client
from tests.sandbox.faults import Fault

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
