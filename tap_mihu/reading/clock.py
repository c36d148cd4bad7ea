"""The clock: the server's time, as its responses tell it, and how far the data's clock lags."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tap_mihu.records.timestamps import parse

if TYPE_CHECKING:
    from datetime import datetime

    from tap_mihu.records.pages import Page

__all__ = ["ServerClock"]

_ZERO = timedelta()


class ServerClock:
    """When a scan began, by the server's `Date`, and the least age of any contact seen in it.

    The age of a contact is the `Date` of a response less its `updated_at` there. A contact that
    is edited now has the age zero, unless `Date` is ahead of the clock that dates the data: so
    `Date` less the least age is never later than the data's own time.
    """

    def __init__(self) -> None:
        """Start before the first response."""
        self.began_at: datetime | None = None
        """The server's time in the first response, UTC; None before it."""
        self.least_age: timedelta | None = None
        """Never below zero; None before the first contact."""

    def note(self, page: Page) -> None:
        """Take note of a response."""
        if self.began_at is None:
            self.began_at = page.served_at
        if self.least_age == _ZERO:
            return
        latest = max((row.updated_at for row in page.rows if row.updated_at), default=None)
        moment = parse(latest) if latest else None
        if moment is not None:
            age = max(page.served_at - moment, _ZERO)
            self.least_age = age if self.least_age is None else min(age, self.least_age)

    def data_time(self, served_at: datetime) -> datetime:
        """Return the data's own time at a response, or an earlier one."""
        return served_at - (self.least_age or _ZERO)
