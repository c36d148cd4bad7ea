"""Where in a run a fault strikes: the workspaces that bring a run there, and which requests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from tap_mihu.reading.knowledge import LARGE_PAGE
from tests.private import SEARCH, private_contacts
from tests.sandbox import Clock, Contact, RequestInfo, Workspace
from tests.sandbox.clock import NOON as NOW
from tests.sandbox.faults import Fault

__all__ = ["FIRST", "LAST", "LATE", "MIDDLE", "NOW", "PLANNING", "POSITIONS", "REPAIR", "Strikes"]


_PAST_DAY = NOW - timedelta(days=30)
_LATE = 50


@cache
def _contacts(count: int, until: datetime, days: float) -> list[Contact]:
    return private_contacts(count, until=until, days=days)


@dataclass(frozen=True)
class Position:
    """A place in a run."""

    name: str
    due: Callable[[RequestInfo, int], bool]
    """Whether a request is there; told how often the same was asked, this time included."""
    contacts: Callable[[], list[Contact]]
    page_size: int
    filters: Mapping[str, str] = field(default_factory=dict)
    deletes_at: int = 0
    """Before which request a contact is deleted, to disturb the window being read."""

    def workspace(self) -> Workspace:
        """Make a workspace of its own for a run."""
        return Workspace(self.contacts(), clock=Clock(NOW))

    def settings(self) -> dict[str, Any]:
        """Give the settings that bring a run here."""
        return {"page_size": self.page_size, "filters": {"search": SEARCH, **self.filters}}

    def before_request(self, number: int, workspace: Workspace) -> None:
        """Change the workspace; a hook of the sandbox."""
        if number == self.deletes_at:
            workspace.delete(self.contacts()[0]["uuid"])


# Twelve pages: one window.
def _small() -> list[Contact]:
    return _contacts(60, NOW, 300)


# Seventy pages: cut into windows before it is read.
def _large() -> list[Contact]:
    return _contacts(140, NOW, 60)


# Eight pages of one day that is over: a window that cannot be cut, only read again, in larger
# pages first.
def _one_day() -> list[Contact]:
    return _contacts(40, _PAST_DAY, 0.4)


def _asks_for_dates(info: RequestInfo) -> bool:
    return "date_from" in info.query or "date_to" in info.query


FIRST = Position("first page", lambda info, _: info.page == 1, _small, 5)
MIDDLE = Position("middle", lambda info, _: info.page == 6, _small, 5)
LAST = Position("last page", lambda info, _: info.page == 12, _small, 5)
PLANNING = Position("planning", lambda info, _: info.page == 1 and _asks_for_dates(info), _large, 2)
LATE = Position("a later window", lambda info, _: info.number >= _LATE, _large, 2)
REPAIR = Position(
    "repair",
    lambda info, _: info.per_page == LARGE_PAGE,
    _one_day,
    5,
    {"date_from": str(_PAST_DAY.date()), "date_to": str(_PAST_DAY.date())},
    deletes_at=4,
)
POSITIONS = (FIRST, PLANNING, MIDDLE, LAST, REPAIR)


class Strikes:
    """A script for the sandbox: a fault strikes at a position, and so many requests from there."""

    def __init__(self, position: Position, fault: Fault, times: int | None) -> None:
        """Wait for the position; `times` None strikes for ever."""
        self._position = position
        self._fault = fault
        self._times = times
        self._asked: dict[tuple[tuple[str, str], ...], int] = {}
        self.count = 0

    def __call__(self, info: RequestInfo) -> Fault | None:
        """Choose what goes wrong with a request."""
        question = tuple(sorted(info.query.items()))
        asked = self._asked[question] = self._asked.get(question, 0) + 1
        if not self.count and not self._position.due(info, asked):
            return None
        if self.count == self._times:
            return None
        self.count += 1
        return self._fault
