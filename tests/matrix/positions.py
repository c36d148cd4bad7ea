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

__all__ = ["FIRST", "LATE", "MIDDLE", "NOW", "POSITIONS", "REPAIR", "Position", "Strikes"]

_PAST_DAY = NOW - timedelta(days=30)


@cache
def _contacts(count: int, until: datetime, days: float) -> list[Contact]:
    return private_contacts(count, until=until, days=days)


@dataclass(frozen=True)
class Position:
    """A place in a run."""

    name: str
    due: Callable[[RequestInfo], bool]
    """Whether a request is there."""
    contacts: tuple[int, datetime, float]
    """How many, until when, and over how many days."""
    page_size: int
    filters: Mapping[str, str] = field(default_factory=dict)
    deletes_at: int = 0
    """Before which request a contact is deleted, to disturb the window being read."""

    def workspace(self) -> Workspace:
        """Make a workspace of its own for a run."""
        return Workspace(_contacts(*self.contacts), clock=Clock(NOW))

    def settings(self) -> dict[str, Any]:
        """Give the settings that bring a run here."""
        return {"page_size": self.page_size, "filters": {"search": SEARCH, **self.filters}}

    def before_request(self, number: int, workspace: Workspace) -> None:
        """Change the workspace; a hook of the sandbox."""
        if number == self.deletes_at:
            workspace.delete(_contacts(*self.contacts)[0]["uuid"])


def _plans(info: RequestInfo) -> bool:
    return info.page == 1 and not {"date_from", "date_to"}.isdisjoint(info.query)


# Twelve pages: one window.
_SMALL = (60, NOW, 300)
# Seventy pages: cut into windows before it is read.
_LARGE = (140, NOW, 60)
# Eight pages of one day that is over: a window that cannot be cut, only read again, in larger
# pages first.
_ONE_DAY = (40, _PAST_DAY, 0.4)

FIRST = Position("first page", lambda info: info.page == 1, _SMALL, 5)
MIDDLE = Position("middle", lambda info: info.page == 6, _SMALL, 5)
LAST = Position("last page", lambda info: info.page == 12, _SMALL, 5)
PLANNING = Position("planning", _plans, _LARGE, 2)
LATE = Position("a later window", lambda info: info.number >= 50, _LARGE, 2)
REPAIR = Position(
    "repair",
    lambda info: info.per_page == LARGE_PAGE,
    _ONE_DAY,
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
        self.count = 0

    def __call__(self, info: RequestInfo) -> Fault | None:
        """Choose what goes wrong with a request."""
        if self.count == self._times or not (self.count or self._position.due(info)):
            return None
        self.count += 1
        return self._fault
