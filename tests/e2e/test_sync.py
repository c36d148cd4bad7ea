"""A whole run against the sandbox: every contact once, as it was sent, for what it should cost."""

from typing import Any

import pytest

from tests.e2e.expected import assert_complete
from tests.e2e.in_process import in_process
from tests.e2e.log import counted, figures
from tests.e2e.running import run_tap
from tests.sandbox import Sandbox
from tests.workspaces import workspace_of


def test_2345_contacts_come_once_each_as_sent() -> None:
    workspace = workspace_of(2345, custom_fields=("customer_number", "custom_fields"), tags="mixed")
    with Sandbox(workspace) as sandbox:
        run = run_tap(sandbox.config())
        # The last checks a listing that is read in one go: its older half.
        assert len(sandbox.requests) == 24 + 1
        assert sandbox.peak_in_flight <= 4
    assert_complete(run, workspace)
    (schema,) = run.of_type("SCHEMA")
    assert run.messages[0] == schema
    assert schema["key_properties"] == ["uuid"]
    assert schema["bookmark_properties"] == ["updated_at"]
    assert run.messages[-1]["type"] == "STATE"
    told = {"read": 2345, "emitted": 2345, "windows": 1, "repaired": 0}
    assert figures(run) == told | {"requests": 25, "retries": 0, "throttled": 0}
    assert run.log.count(" read, ") == 1
    assert counted(run) == [2345]


@pytest.mark.parametrize(("page_size", "pages"), [(1, 41), (7, 6), (20, 3), (1000, 1)])
def test_each_page_is_asked_for_once_and_as_configured(page_size: int, pages: int) -> None:
    """One more behind a full last page, and the older half of what takes several."""
    keys = ("a", "A", "", "uuid_")
    workspace = workspace_of(40, timestamps="sql", tags=None, custom_fields=keys)
    with Sandbox(workspace) as sandbox:
        run = in_process(sandbox.config(page_size=page_size, max_concurrent_requests=1))
        asked = [request.query for request in sandbox.requests]
        assert sandbox.peak_in_flight == 1
    assert_complete(run, workspace)
    numbers = range(1, pages + 1)
    assert asked[:pages] == [{"page": str(page), "per_page": str(page_size)} for page in numbers]
    halves = [query.keys() for query in asked[pages:]]
    assert halves == [{"page", "per_page", "date_to"}] * (pages > 1)


@pytest.mark.parametrize("count", [0, 1])
def test_hardly_any_contacts(count: int) -> None:
    workspace = workspace_of(count)
    with Sandbox(workspace) as sandbox:
        run = in_process(sandbox.config())
        # Nothing at all is not believed at once.
        assert len(sandbox.requests) == (1 if count else 2)
        assert_complete(run, workspace)
        assert len(run.of_type("SCHEMA")) == 1
        bookmark = run.state["bookmarks"]["contacts"]["replication_key_value"]
        assert (bookmark is not None) == bool(count)
        assert (figures(run)["read"], counted(run)) == (count, [count])
        workspace.insert()
        later = in_process(sandbox.config(), state=run.state)
    assert {*run.uuids, *later.uuids} == {contact["uuid"] for contact in workspace.contacts()}


@pytest.mark.parametrize(
    ("server", "page_size"), [({"supports_dates": False}, 5), ({"caps_per_page": 5}, 100)]
)
def test_a_large_workspace_on_a_server_that_ignores_what_is_asked(
    server: dict[str, Any], page_size: int
) -> None:
    workspace = workspace_of(400)
    with Sandbox(workspace, **server) as sandbox:
        run = in_process(sandbox.config(page_size=page_size))
        # It tries to cut, and sees that it cannot.
        assert figures(run)["requests"] == len(sandbox.requests) <= 80 + 20
    assert_complete(run, workspace)


@pytest.mark.parametrize("token", [{}, {"auth_token": "wrong"}])
def test_a_test_of_the_connection_asks_for_one_page(token: dict[str, str]) -> None:
    with Sandbox(workspace_of(30)) as sandbox:
        run = run_tap(sandbox.config(page_size=10) | token, "--test")
        assert len(sandbox.requests) == 1
    assert (run.status, len(run.errors)) == ((1, 1) if token else (0, 0)), run.log
