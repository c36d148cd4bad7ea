"""The clock: the server's time, as its responses tell it, and how far behind it the data may be."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tap_mihu.records.timestamps import to_text

if TYPE_CHECKING:
    from tap_mihu.records.pages import Page

__all__ = ["ServerClock"]

# Times of responses are whole seconds, and several servers differ by a little.
_SLACK = timedelta(seconds=2)
_NO_AGE = timedelta()
# What an update may lie behind the whole second in which its response came.
_SECOND = timedelta(seconds=1)
# No clock is off by more.
_LONG = timedelta(days=3650)


class ServerClock:
    """When a scan began by the server's clock, and the least age at which it saw any contact.

    The clock that stamps updates may be behind the one that stamps responses, by hours where one
    of them is a local time without its zone. It is never further behind than the least age seen.
    """

    def __init__(self) -> None:
        """Start before the first response."""
        self.began_at: datetime | None = None
        """The server's time in the first response, UTC; None before it."""
        self.least_age: timedelta | None = None
        """The least time from a contact's update to the response with it; None before any.

        Updates that lie in the future tell nothing: they do not count.
        """

    def note(self, page: Page) -> None:
        """Take note of the times in a response."""
        if self.began_at is None:
            self.began_at = page.served_at
        present = to_text(page.served_at + _SLACK)
        updates = (row.updated_at for row in page.rows)
        newest = max((u for u in updates if u is not None and u <= present), default=None)
        if newest is not None:
            age = max(page.served_at - datetime.fromisoformat(newest), _NO_AGE)
            self.least_age = age if self.least_age is None else min(age, self.least_age)

    def data_time(self, served_at: datetime) -> datetime:
        """Return the time of a response by the clock of the data, or a moment before it."""
        return served_at - min(_LONG, self.least_age or _NO_AGE)

    @property
    def delivered_until(self) -> datetime | None:
        """The moment, by the clock of the data, before which the scan saw every update.

        None before any contact was seen: then nothing is known of that clock.
        """
        if self.began_at is None or self.least_age is None:
            return None
        return self.data_time(self.began_at) - _SECOND
