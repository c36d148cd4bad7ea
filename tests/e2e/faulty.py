"""Runs against a server with a fault, by name; each is played once, however many tests look."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from werkzeug.http import http_date

from tests.e2e.forks import run_forked
from tests.e2e.running import Run
from tests.private import (
    BODY,
    CUT,
    DEBUG,
    HTML,
    PRIVATE,
    QUIET_PATH,
    SEARCH,
    TOKEN,
    private_contacts,
)
from tests.sandbox import RequestInfo, Sandbox, Workspace, faults
from tests.sandbox.faults import Fault, Script

PAGES = 12
PAGE_SIZE = 5


def config(sandbox: Sandbox, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """Settings with which a fault shows quickly."""
    quick = {"page_size": PAGE_SIZE, "max_retries": 1, "request_timeout": 20}
    return sandbox.config(**quick) | more


def complete(run: Run, sandbox: Sandbox) -> bool:
    """Whether the run did well and wrote every contact, once."""
    expected = sorted(contact["uuid"] for contact in sandbox.workspace.contacts())
    assert run.status == 0, run.log
    assert run.errors == []
    assert run.warnings == []
    assert sorted(run.uuids) == expected
    return True


@dataclass(frozen=True)
class Outcome:
    """A run against a server with a fault."""

    run: Run
    requests: list[RequestInfo]
    sandbox: Sandbox


def outcome_of(script: Script, **more: Any) -> Outcome:  # noqa: ANN401 - settings
    """Run the tap against private contacts, at the level DEBUG."""
    sandbox = Sandbox(Workspace(private_contacts()), faults=script, token=TOKEN)
    with sandbox:
        run = run_forked(config(sandbox, filters={"search": SEARCH}, **more), env=DEBUG)
    return Outcome(run, sandbox.requests, sandbox)


class Case:
    """A fault that comes at certain times; see the fixture `outcome`."""

    def __init__(self, name: str, script: Callable[[], Script], **more: Any) -> None:  # noqa: ANN401
        self._name = name
        self._script = script
        self._more = more

    def __str__(self) -> str:
        return self._name

    def __call__(self) -> Outcome:
        return outcome_of(self._script(), **self._more)


def each(cases: Sequence[Case]) -> pytest.MarkDecorator:
    """Let a test run with each of the cases."""
    return pytest.mark.parametrize("case", cases, ids=str)


# Faults that may pass.

PASSING_FAULTS: dict[str, Fault] = {
    "reset": faults.reset(),
    "reset in the body": faults.reset_in_body(),
    "closed": faults.close(),
    "hang before the answer": faults.hang(),
    "hang in the body": faults.hang_in_body(),
    "slow drip": faults.drip(6),
    "cut body": faults.cut_body(),
    "cut JSON": faults.cut_json(),
    "cut JSON of a person": faults.not_json(CUT),
    "not JSON": faults.not_json(f"{PRIVATE}: no JSON"),
    "HTML with 200": faults.html(HTML),
    "empty body": faults.empty(),
    **{f"HTTP {code}": faults.status(code, BODY) for code in (408, 425, 500, 502, 503, 504, 520)},
    "HTTP 502 with HTML": faults.status(502, html=True),
    "HTTP 503 with a time that is none": faults.retry_after(PRIVATE, 503),
}
SLOW = ("hang before the answer", "hang in the body", "slow drip")


def _quick(name: str) -> dict[str, int]:
    return {"request_timeout": 1} if name in SLOW else {}


def _thrice(fault: Fault) -> Script:
    """Spoil the first, a middle and the last page, once each."""
    return faults.first_of(*(faults.at_page(page, fault) for page in (1, 7, PAGES)))


PASSING = [
    Case(name, partial(_thrice, fault), **_quick(name)) for name, fault in PASSING_FAULTS.items()
]
LASTING = [
    Case(name, partial(faults.always, fault), **_quick(name))
    for name, fault in PASSING_FAULTS.items()
]


# Throttling.


def in_seconds(seconds: float) -> str:
    """An HTTP date that lies ahead."""
    return http_date(datetime.now(UTC) + timedelta(seconds=seconds))


_THROTTLED: dict[str, Callable[[], Fault]] = {
    "429 with seconds": lambda: faults.retry_after("1"),
    "429 with a fraction": lambda: faults.retry_after("0.5"),
    "429 with a date": lambda: faults.retry_after(in_seconds(2)),
    "429 with a past date": lambda: faults.retry_after(in_seconds(-60)),
    "429 with zero": lambda: faults.retry_after("0"),
    "429 with a negative time": lambda: faults.retry_after("-5"),
    "429 with a text": lambda: faults.retry_after(PRIVATE),
    "429 with nothing": lambda: faults.status(429, BODY),
    "503 with seconds": lambda: faults.retry_after("1", 503),
    "503 with a date": lambda: faults.retry_after(in_seconds(2), 503),
}


def _first_and_fourth(fault: Callable[[], Fault]) -> Script:
    # Made when it is due: a date counts from then.
    return lambda info: fault() if info.number in {1, 4} else None


THROTTLED = [
    Case(name, partial(_first_and_fourth, fault), max_retries=0, max_concurrent_requests=1)
    for name, fault in _THROTTLED.items()
]
_TOO_LONG: dict[str, Callable[[], Fault]] = {
    "429 with seconds": lambda: faults.retry_after("3700"),
    "429 with a date": lambda: faults.retry_after(in_seconds(7200)),
    "503 with seconds": lambda: faults.retry_after("3700", 503),
}
TOO_LONG = [
    Case(f"{name}, too many", partial(faults.in_turn, fault())) for name, fault in _TOO_LONG.items()
]


# Answers that end the run at once.

LONG = "The per page field must not be greater than 100. " + "x" * 1000
# Which of them, the developer decides.
_A_SETTING = "subdomain|auth_token|api_url|filters|page_size"


REFUSALS: dict[str, tuple[Fault, str, str]] = {
    "400": (faults.status(400, BODY), "HTTP 400", ""),
    "401": (faults.status(401, BODY), "HTTP 401", "auth_token"),
    "401 as HTML": (faults.status(401, html=True), "HTTP 401", "before it .* api_url"),
    "403 as HTML": (faults.status(403, html=True), "HTTP 403", "before it .* api_url"),
    "403": (faults.status(403, BODY), "HTTP 403", "auth_token"),
    "404": (faults.status(404, BODY), "HTTP 404", "subdomain or api_url"),
    "404 as HTML": (faults.status(404, html=True), "HTTP 404", "before it .* subdomain or api_url"),
    "410": (faults.status(410, BODY), "HTTP 410", ""),
    "422": (faults.status(422, {"message": LONG}), "HTTP 422", "filters"),
    "422 as HTML": (faults.status(422, html=True), "HTTP 422", "before it .* api_url"),
    **{
        str(code): (faults.redirect(QUIET_PATH, code), f"HTTP {code}", "api_url")
        for code in (300, 301, 302, 303, 304, 307, 308)
    },
    "success false": (faults.success_false(), "success", _A_SETTING),
    "no envelope": (faults.wrong_envelope({"data": [{"name": PRIVATE}]}), "", _A_SETTING),
    "a list": (faults.wrong_envelope([PRIVATE]), "", _A_SETTING),
    "a lying total": (faults.lying(total=PRIVATE), "total", _A_SETTING),
    "a negative total": (faults.lying(total=-1), "total", _A_SETTING),
    "a lying last page": (faults.lying(last_page={PRIVATE: PRIVATE}), "last_page", _A_SETTING),
    "more pages than contacts": (faults.lying(last_page=10**9), "last_page", _A_SETTING),
    "rows that are none": (faults.lying(data=[PRIVATE]), "data", _A_SETTING),
}
REFUSED = [Case(name, partial(faults.always, fault)) for name, (fault, *_) in REFUSALS.items()]
