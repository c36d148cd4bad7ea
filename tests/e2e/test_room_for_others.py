"""Two clients of one account: the tap leaves the other what it needs, and is told no refusal."""

import time
from threading import Event, Thread
from typing import Any, Self

import pytest
import requests

from tap_mihu.api import rate_limit
from tests.e2e.faulty import complete
from tests.e2e.in_process import in_process
from tests.e2e.running import run_tap, wait_until
from tests.sandbox import RequestInfo, Sandbox, Workspace, contacts

pytestmark = pytest.mark.waiting

LIMIT = 60
WINDOW_SECONDS = 3.0
"""A minute, scaled down; the other client's four seconds likewise."""
EVERY_SECONDS = 4 * WINDOW_SECONDS / 60
OTHER = "the sync of the CRM"
PAGE_SIZE = 5


class Other:
    """Another client with the same account: asks steadily, from the tap's first request on."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._over = Event()
        self._thread = Thread(target=self._ask)
        self.statuses: list[int] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _ask(self) -> None:
        headers = {"Authorization": f"Bearer {self._sandbox.token}", "User-Agent": OTHER}
        headers["Accept"] = "application/json"
        wait_until(lambda: self._sandbox.requests)
        with requests.Session() as session:
            due = time.monotonic()
            while not self._over.wait(max(0.0, due - time.monotonic())):
                response = session.get(f"{self._sandbox.url}/contacts", headers=headers)
                self.statuses.append(response.status_code)
                due += EVERY_SECONDS


def of_the_tap(sandbox: Sandbox) -> list[RequestInfo]:
    return [info for info in sandbox.requests if info.headers["User-Agent"] != OTHER]


def throttled(pages: int, **more: Any) -> Sandbox:  # noqa: ANN401 - any option
    workspace = Workspace(contacts(pages * PAGE_SIZE))
    return Sandbox(workspace, throttle_per_minute=LIMIT, throttle_seconds=WINDOW_SECONDS, **more)


def settings(sandbox: Sandbox, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any setting
    return sandbox.config(page_size=PAGE_SIZE, max_retries=0, **more)


def test_another_client_sees_no_refusal_and_the_run_takes_no_longer_than_it_must(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # All is scaled down alike: the minute that the tap assumes, too.
    monkeypatch.setattr(rate_limit, "_ASSUMED_SECONDS", WINDOW_SECONDS)
    with throttled(100) as sandbox, Other(sandbox) as other:
        run = in_process(settings(sandbox))
        assert complete(run, sandbox)
    asked = of_the_tap(sandbox)
    assert 429 not in other.statuses
    assert "rate limited" not in run.log
    assert run.log.count("rate limit is 60 requests a window: using at most 48 of them") == 1
    unshared = len(asked) / LIMIT * WINDOW_SECONDS
    assert asked[-1].at - asked[0].at <= unshared / 0.8 + WINDOW_SECONDS


def test_where_the_limit_is_not_told_the_run_is_as_fast_as_can_be() -> None:
    with throttled(70, throttle_tells=False) as sandbox, Other(sandbox) as other:
        run = run_tap(settings(sandbox))
        assert complete(run, sandbox)
    # This is what the other test is about.
    assert 429 in other.statuses
    # One line for a wait, however many workers it is.
    assert 1 <= run.log.count("rate limited (HTTP 429)") <= 3


def test_a_limit_of_the_users_own() -> None:
    with Sandbox(Workspace(contacts(8 * PAGE_SIZE))) as sandbox:
        run = run_tap(settings(sandbox, max_requests_per_minute=240, max_concurrent_requests=8))
        assert complete(run, sandbox)
    times = [info.at for info in sandbox.requests]
    # How evenly they are sent, a clock of the tests' own tells: here they come when they come.
    assert times[-1] - times[0] > 1
