"""The words of a listing: the days it is asked for, and the pages of rows it responds with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    IsDue = Callable[[str | None, str | None], bool]
    """Whether a contact with these `created_at` and `updated_at` is to be written."""

__all__ = ["DateRange", "Page", "Row", "yesterday"]

_DAY = timedelta(days=1)
# A day is over everywhere on earth, and on a server that counts in local time, a day later.
_SPARE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DateRange:
    """Days of creation, both inclusive; None leaves that end open."""

    first: date | None = None
    last: date | None = None

    def __str__(self) -> str:
        """Name the days for a person."""
        if self.first == self.last:
            return "all dates" if self.first is None else str(self.first)
        if self.first is None:
            return f"up to {self.last}"
        return f"from {self.first} on" if self.last is None else f"{self.first} to {self.last}"

    @property
    def single_day(self) -> bool:
        """Whether this is one day, which the API cannot cut any further."""
        return self.first is not None and self.first == self.last

    def admits(self, row: Row) -> bool:
        """Return whether a contact may belong here, whatever the time zone of the server's days.

        One whose creation date cannot be read may be in any dates without a first day: a zero date
        lies before all others.
        """
        return self.first is None if row.created_at is None else self.admits_day(row.created_at)

    def admits_day(self, created_at: str) -> bool:
        """Return whether the day of a canonical timestamp may be one of these, likewise."""
        day = date.fromisoformat(created_at[:10]).toordinal()
        spare = _SPARE.days
        return (self.first is None or day >= self.first.toordinal() - spare) and (
            self.last is None or day <= self.last.toordinal() + spare
        )

    def has_day_of(self, created_at: str) -> bool:
        """Return whether the day of a canonical timestamp is one of these, in UTC."""
        day = created_at[:10]
        first, last = (self.first or date.min).isoformat(), (self.last or date.max).isoformat()
        return first <= day <= last

    def closed_at(self, now: datetime) -> bool:
        """Whether no contact can be created here any more."""
        return self.last is not None and self.last <= now.date() - _DAY - _SPARE

    def open_at(self, now: datetime) -> bool:
        """Whether all of this is yesterday or later."""
        return self.first is not None and self.first >= yesterday(now)


def yesterday(now: datetime) -> date:
    """Return the first day that may not be over yet; see `DateRange.closed_at`."""
    return now.date() - _SPARE


class Row(msgspec.Struct, gc=False):
    """One contact: what reading completely needs to know of it, and what is to be written."""

    uuid: str
    created_at: str | None
    """Canonical timestamp; it never changes."""
    updated_at: str | None
    """Canonical timestamp."""
    payload: Any
    """What the reader of the rows writes; None where the contact is not due."""
    invalid: tuple[str, ...] = ()
    """The fields whose values are invalid and became null."""


@dataclass(frozen=True, slots=True)
class Page:
    """One response of the server, consistent by itself."""

    number: int
    """The page that was asked for, from 1."""
    rows: Sequence[Row]
    total: int
    """Contacts in the whole listing, by this response."""
    last_page: int
    served_at: datetime
    """The server's time of the response, UTC."""
    asked_after: int = 0
    """How many responses of the scan had come when it was asked for."""
    came_as: int = 0
    """Which response of the scan it is, from 1."""
