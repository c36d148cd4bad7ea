"""Runs over HTTP that the matrix does not play."""

from importlib.metadata import version
from typing import Any

import pytest

from tests.e2e.expected import assert_complete
from tests.e2e.forks import run_forked
from tests.e2e.log import the_error
from tests.sandbox import Sandbox, faults
from tests.workspaces import workspace_of

pytestmark = pytest.mark.waiting

AGENT = f"tap-mihu/{version('tap-mihu')}"


@pytest.mark.parametrize(
    ("settings", "agent"),
    [({}, AGENT), ({"user_agent": "acme/7 (ops)", "request_timeout": 10**12}, "acme/7 (ops)")],
    ids=str,
)
def test_every_request_says_who_asks_and_every_try_is_counted(
    settings: dict[str, Any], agent: str
) -> None:
    script = faults.first_of(*(faults.at_page(page, faults.status(500)) for page in (1, 5)))
    with Sandbox(workspace_of(60), faults=script) as sandbox:
        run = run_forked(sandbox.config(page_size=5, max_concurrent_requests=2, **settings))
    assert_complete(run, sandbox.workspace)
    assert f"{len(sandbox.requests)} requests, 2 retries" in run.log
    assert sandbox.peak_in_flight <= 2
    assert len({info.client_port for info in sandbox.requests}) <= 2
    for info in sandbox.requests:
        assert info.method == "GET"
        assert info.headers["Authorization"] == f"Bearer {sandbox.token}"
        assert info.headers["User-Agent"] == agent


def test_a_refusal_ends_the_run_while_other_requests_hang() -> None:
    # It counts when it comes again.
    script = faults.in_turn(None, *[faults.hang()] * 3, *[faults.status(403)] * 20)
    with Sandbox(workspace_of(60), faults=script) as sandbox:
        run = run_forked(sandbox.config(page_size=5, max_concurrent_requests=8))
    assert "HTTP 403" in the_error(run)
