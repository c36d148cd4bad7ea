"""The clock: the server's time, as its responses tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from tap_mihu.records.pages import Page

__all__ = ["ServerClock"]


class ServerClock:
    """When a scan began, by the server's clock."""

    def __init__(self) -> None:
        """Start before the first response."""
        self.began_at: datetime | None = None
        """The server's time in the first response, UTC; None before it."""

    def note(self, page: Page) -> None:
        """Take note of the time in a response."""
        if self.began_at is None:
            self.began_at = page.served_at
