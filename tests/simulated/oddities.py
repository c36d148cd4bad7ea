"""What is odd about the contacts of a simulated server, its pages and when it shows them."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from tests.simulated.bounds import DAY_LONG

NEVER = 1 << 62


@dataclass(frozen=True)
class Oddities:
    """How many contacts, or what share of them, are odd in which way."""

    undated: int = 0  # without creation date
    zero_dated: int = 0  # with '0000-00-00' for it, which any `date_to` selects and no row shows
    twice: int = 0  # standing in the listing two times, one behind the other
    namesakes: int = 0  # sharing their uuid with another contact, created at another time
    poisoned: int = 0  # making every response that holds them fail
    soft_deleted: float = 0  # the share counted, never shown
    hidden: float = 0  # the share taken from the pages that would hold them
    outside: int = 0  # further ones, which the filters do not select yet
    shuffled: bool = False  # whether ids follow no creation date
    whole_seconds: bool = False
    batch: int = 1  # how many are born at once
    delay: float = 0  # seconds at most from the creation time of who is born until it can be seen


@dataclass(frozen=True)
class Freshness:
    """How old what is shown and counted is, in seconds, and how wrong the clock."""

    lag: float = 0  # the age at most of what a response shows
    two_replicas: bool = False  # whether a response lags either wholly or not at all
    count_lag: float = 0  # the age at most of the total alone
    caches_total: float = 0
    caches_pages: float = 0
    ahead: timedelta = timedelta()  # how far the clock of the responses is ahead of the data's


@dataclass(frozen=True)
class Withholding:
    """Which responses show less than there is, with status 200."""

    first: int = 0  # so many are empty
    share: float = 0  # of the others that are empty, too
    blind_after: int = NEVER  # from then on, the token sees only every second contact

    def withholds(self, number: int, requests: int) -> bool:
        """Whether a contact was invisible in some of so many requests, other than by chance."""
        return self.share == 1 or (requests > self.blind_after and number % 2 == 1)


class Order(StrEnum):
    """How the server sorts what it pages through."""

    ID = "id"
    CREATED_NEWEST = "created newest"
    UPDATED_OLDEST = "updated oldest"
    UPDATED_NEWEST = "updated newest"
    UNSTABLE = "unstable"  # newest day of creation first, shuffled within a day at every request


UNTOUCHED_ORDERS = [Order.ID, Order.CREATED_NEWEST]
"""Those in which an edit moves nothing."""

KEYS: dict[Order, Callable[[int, int, int], int]] = {
    Order.ID: lambda number, _created, _updated: number,
    Order.CREATED_NEWEST: lambda number, created, _updated: -(created << 20 | number),
    Order.UPDATED_OLDEST: lambda number, _created, updated: updated << 20 | number,
    Order.UPDATED_NEWEST: lambda number, _created, updated: -(updated << 20 | number),
    Order.UNSTABLE: lambda number, created, _updated: -(created // DAY_LONG) << 32 | number,
}
"""A contact's place by its number, the moment of its creation and that of its last edit."""


class Larger(StrEnum):
    """What comes of a request for pages larger than those of the run."""

    OBEYED = "obeyed"
    IGNORED = "ignored"  # as many rows as ever
    REFUSED = "refused"
    FAILING = "failing"  # after a long while


@dataclass(frozen=True)
class Paging:
    """The rules of the pages."""

    shrinks_after: int = NEVER  # the pages after this one are half as large
    first_beyond_last: bool = False  # whether the page behind the last one is page 1
    last_page_by: float = 1  # how large pages are for `last_page`, times their real size
    hides_pages: int = 0  # taken from every `last_page`
    deepest_page: int = NEVER  # pages beyond are refused
    deepest_row: int = NEVER  # pages beyond are empty
    off: int = 0  # added to every total, and so to what `last_page` is made of
    cap: int = NEVER  # where counting stops
    cuts_off: bool = False  # whether the rows beyond the cap are not shown either

    def cut(self, there: int, number: int, size: int) -> tuple[int, int, slice]:
        """Return the total, the last page and the rows of a page, where so many are there."""
        if number > self.shrinks_after:
            size = max(1, size // 2)
        total = min(max(0, there + self.off), self.cap)
        last_page = max(1, math.ceil(total / (size * self.last_page_by)) - self.hides_pages)
        start = 0 if self.first_beyond_last and number > last_page else (number - 1) * size
        stop = start + size
        if stop > self.deepest_row:
            stop = start
        elif self.cuts_off:
            stop = min(stop, self.cap)
        return total, last_page, slice(start, stop)
