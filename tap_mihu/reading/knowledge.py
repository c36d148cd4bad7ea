"""Knowledge: what a scan knows of the server that it reads, and what it may still ask of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from math import ceil
from typing import TYPE_CHECKING

from tap_mihu.reading.clock import ServerClock
from tap_mihu.records.pages import DateRange

if TYPE_CHECKING:
    from tap_mihu.records.pages import Page

__all__ = ["LARGE_PAGE", "Budget", "Knowledge"]

LARGE_PAGE = 1000
"""Contacts a page in repairs: so many are one response, which is consistent by itself."""

_SPARE_REQUESTS = 50
# For questions that come with every window, such as for the page behind the last.
_RESERVE = 40
# The promise is five, and eight; the number of pages is a guess.
_REQUESTS_A_PAGE = 4.5
# Where larger pages are not to be had, repairs cost more, and succeed.
_REQUESTS_A_SMALL_PAGE = 7.25


@dataclass(slots=True)
class Budget:
    """How many requests a scan may make, whatever the server does."""

    page_size: int = 1
    """Contacts a page, as the server really sends them."""
    contacts: int = 0
    """Contacts there are, as far as is known."""
    used: int = 0
    """Requests sent so far."""
    rest: int = 0
    """Requests that it takes to read once what is not read yet, but for the window at hand."""

    def pages(self, contacts: int) -> int:
        """Return how many pages hold so many contacts."""
        return max(1, ceil(contacts / self.page_size))

    def allows(self, requests: int, *, larger_pages: bool | None) -> bool:
        """Return whether so many requests more leave enough to read the rest once."""
        a_page = _REQUESTS_A_SMALL_PAGE if larger_pages is False else _REQUESTS_A_PAGE
        limit = a_page * (self.contacts // self.page_size) + _SPARE_REQUESTS - _RESERVE
        return self.used + requests + self.rest <= limit


@dataclass(slots=True)
class Knowledge:
    """What is known of the server; the windows of a scan share it."""

    by_date: bool = True
    """Whether the listing can be asked for dates."""
    filtered: bool = False
    """Whether filters other than dates are set, so that any edit may move a contact in or out."""
    page_size: int | None = None
    """Contacts a page, by the setting."""
    clock: ServerClock = field(default_factory=ServerClock)
    budget: Budget = field(default_factory=Budget)
    larger_pages: bool | None = None
    """Whether the server obeys `LARGE_PAGE`; None until it was asked."""
    large_page_size: int = LARGE_PAGE
    """Contacts a page, as the server sends them where it is asked for `LARGE_PAGE`."""
    most_counted: int = 0
    """The greatest total in any response."""
    repairs: int = 0
    """How often a read did not settle a window."""
    overlaps: bool = False
    """Whether the parts of some dates hold more than these."""
    gaps: bool = False
    """Whether the parts of some dates leave out contacts, however `date_to` is asked for."""
    days_later: int = 0
    """How many days later than a window's last day `date_to` must be, so that none is left out."""

    def allows(self, requests: int) -> bool:
        """Return whether the budget has room for a repair of so many requests."""
        return self.budget.allows(requests, larger_pages=self.larger_pages)

    def learn_large(self, page: Page | None) -> bool:
        """Take note of the response to a first page in `LARGE_PAGE`; return whether it is one.

        Args:
            page: The response; None where the server refuses.
        """
        if page is None or len(page.rows) <= min(self.budget.page_size, page.total - 1):
            self.larger_pages = bool(self.larger_pages)
            return False
        self.larger_pages = True
        if page.last_page > 1:
            self.large_page_size = len(page.rows)
        return True

    def asked_dates(self, dates: DateRange, days_later: int | None = None) -> DateRange:
        """Return the dates to ask for so that all these days are in the response."""
        later = self.days_later if days_later is None else days_later
        if not later or dates.last is None:
            return dates
        room = (date.max - dates.last).days
        return DateRange(dates.first, dates.last + timedelta(days=min(later, room)))
