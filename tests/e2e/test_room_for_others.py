"""Two clients of one account: the tap leaves the other what it needs, and is told no refusal."""

import time
from threading import Event, Thread

import pytest
import requests

from tap_mihu.api import rate_limit
from tests.e2e.expected import assert_complete
from tests.e2e.forks import run_forked
from tests.e2e.in_process import in_process
from tests.e2e.running import wait_until
from tests.sandbox import Sandbox, Workspace, contacts

pytestmark = pytest.mark.waiting

LIMIT = 60
WINDOW_SECONDS = 3.0
"""A minute, scaled down; the other client's four seconds likewise."""
EVERY_SECONDS = 4 * WINDOW_SECONDS / 60
OTHER = "the sync of the CRM"


def ask_steadily(sandbox: Sandbox, over: Event, statuses: list[int]) -> None:
    """Be another client with the same account, from the tap's first request on."""
    headers = {"Authorization": f"Bearer {sandbox.token}", "User-Agent": OTHER}
    wait_until(lambda: sandbox.requests)
    with requests.Session() as session:
        due = time.monotonic()
        while not over.wait(max(0.0, due - time.monotonic())):
            response = session.get(f"{sandbox.url}/contacts", headers=headers)
            statuses.append(response.status_code)
            due += EVERY_SECONDS


def test_another_client_sees_no_refusal_and_the_run_takes_no_longer_than_it_must(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # All is scaled down alike: the minute that the tap assumes, too.
    monkeypatch.setattr(rate_limit, "_ASSUMED_SECONDS", WINDOW_SECONDS)
    throttle = {"throttle_per_minute": LIMIT, "throttle_seconds": WINDOW_SECONDS}
    over, statuses = Event(), list[int]()
    with Sandbox(Workspace(contacts(500)), **throttle) as sandbox:  # type: ignore[arg-type]
        other = Thread(target=ask_steadily, args=(sandbox, over, statuses), daemon=True)
        other.start()
        run = in_process(sandbox.config(page_size=5, max_retries=0))
        over.set()
        other.join()
    assert_complete(run, sandbox.workspace)
    assert set(statuses) == {200}
    assert "rate limited" not in run.log
    assert run.log.count("rate limit is 60 requests a window: using at most 48 of them") == 1
    asked = [info.at for info in sandbox.requests if info.headers["User-Agent"] != OTHER]
    unshared = len(asked) / LIMIT * WINDOW_SECONDS
    assert asked[-1] - asked[0] <= unshared / 0.8 + WINDOW_SECONDS


def test_a_limit_of_the_users_own() -> None:
    with Sandbox(Workspace(contacts(40))) as sandbox:
        settings = {"max_requests_per_minute": 240, "max_concurrent_requests": 8}
        run = run_forked(sandbox.config(page_size=5, **settings))
    assert_complete(run, sandbox.workspace)
    times = [info.at for info in sandbox.requests]
    # How evenly they are sent, a clock of the tests' own tells: here they come when they come.
    assert times[-1] - times[0] > 1
