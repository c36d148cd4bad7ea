"""The matrix in small for the streams beside contacts: what goes wrong with one stops no other.

Faults that pass strike every listing; those that stay strike one listing each.
"""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Response

from tests.e2e.forks import run_forked
from tests.e2e.further import FURTHER, expected, keys_of
from tests.e2e.running import Run, selecting
from tests.private import BODY, DEBUG, PRIVATE, TOKEN, leaks, private_contacts, private_listings
from tests.sandbox import Clock, RequestInfo, Sandbox, Workspace, faults
from tests.sandbox.clock import NOON
from tests.sandbox.faults import Fault
from tests.sandbox.further import below

pytestmark = pytest.mark.waiting


def _one_more(response: Response) -> Response:
    body = json.loads(response.get_data())
    body["data"]["total"] += 1
    response.set_data(json.dumps(body))
    return response


def _odd(response: Response) -> Response:
    """Send values of other types; where there is nothing but keys, no contact is private."""
    body = json.loads(response.get_data())
    for record in body["data"]["data"]:
        record |= {"max_retries": PRIVATE, "updated_at": PRIVATE, "is_active": {PRIVATE: 1}}
    response.set_data(json.dumps(body))
    return response


ONE_MORE = Fault("one more", _one_more)


@dataclass(frozen=True)
class Case:
    """A fault, where it strikes, and what becomes of the streams."""

    name: str
    fault: Fault
    struck: str | None = None
    """The listing where it stays; None for one that passes, at the first page of each."""
    unread: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name

    def __call__(self) -> tuple[Run, Workspace]:
        met = set[str]()

        def script(info: RequestInfo) -> Fault | None:
            listing = info.path.removeprefix("/api/v1/")
            strikes = listing == self.struck if self.struck else listing not in met
            met.add(listing)
            return self.fault if strikes else None

        with Sandbox(workspace(), faults=script, token=TOKEN) as sandbox:
            run = run_forked(
                sandbox.config(max_retries=1, page_size=10, emit_activate_version_messages=True),
                env=DEBUG,
                catalog=selecting("contacts", *FURTHER),
            )
        return run, sandbox.workspace


def workspace() -> Workspace:
    made = private_contacts(until=NOON)
    return Workspace(made, listings=private_listings(made, until=NOON), clock=Clock(NOON))


_POOL = below(workspace().listings["pools"][1]["uuid"])
CASES = [
    Case("cut JSON", faults.cut_json()),
    Case("HTTP 429", faults.retry_after("0.1")),
    Case("403", faults.status(403, BODY), "calls", ("calls",)),
    Case("404 as HTML", faults.status(404, html=True), "campaigns", ("campaigns",)),
    Case("HTML for ever", faults.html(), "rules", ("rules",)),
    Case(
        "another form", faults.wrong_envelope({"data": [BODY]}), "pools", ("pool_contacts", "pools")
    ),
    Case("no key", faults.lying(data=[{"name": PRIVATE}]), "tasks", ("tasks",)),
    Case("a total too large", ONE_MORE, "conversations", (), ("conversations",)),
    Case("a pool that is refused", faults.status(404, BODY), _POOL, ("pool_contacts",)),
    Case("a pool unproven", ONE_MORE, _POOL, (), ("pool_contacts",)),
]


def _records(run: Run, stream: str) -> dict[tuple[str, ...], dict[str, Any]]:
    sent = [m["record"] for m in run.of_type("RECORD") if m["stream"] == stream]
    by_key = {keys_of(stream, record): record for record in sent}
    assert len(by_key) == len(sent)
    return by_key


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_fault_is_told_and_no_other_stream_lacks_anything(
    case: Case, outcome: tuple[Run, Workspace]
) -> None:
    run, of = outcome
    assert run.status == len(run.errors) == bool(case.unread), run.log
    assert leaks(run, "page=", "bearer") == []
    assert "Traceback" not in run.log
    assert len(_records(run, "contacts")) == 60
    for stream in FURTHER:
        sent, whole = _records(run, stream), expected(of, stream)
        assert sent.items() <= whole.items() if stream in case.unread else sent == whole
        told = [line for line in run.warnings if f"tap-mihu.{stream} " in line]
        assert bool(told) is (stream in case.unread + case.unproven)
    activated = [message["stream"] for message in run.of_type("ACTIVATE_VERSION")]
    proven = "pool_contacts" not in case.unread + case.unproven
    assert activated == ["pool_contacts"] * proven


def test_odd_values_are_counted_and_not_told() -> None:
    run, _ = Case("odd values", Fault("odd", _odd), "pools")()
    assert run.status == 0
    assert leaks(run) == []
    counted = [line for line in run.warnings if "3 values are invalid and became null" in line]
    assert len(counted) == 3


def test_the_private_data_was_there_to_be_logged() -> None:
    listings = json.dumps(workspace().listings, ensure_ascii=False).lower()
    assert all(
        secret in listings for secret in ("secretova", "mailbox", "confided", "privatissima")
    )
