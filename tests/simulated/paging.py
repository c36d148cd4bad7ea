"""How a simulated server cuts a listing into pages, and what it says of their number."""

import math
from dataclasses import dataclass
from enum import StrEnum

from tests.simulated.oddities import NEVER


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
