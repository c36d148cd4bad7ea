"""How a simulated server cuts a listing into pages, and what it says of their number."""

import math
from dataclasses import dataclass
from enum import StrEnum


class Larger(StrEnum):
    """What comes of a request for pages larger than those of the run."""

    OBEYED = "obeyed"
    IGNORED = "ignored"  # as many rows as ever
    REFUSED = "refused"
    FAILING = "failing"  # after a long while


@dataclass(frozen=True)
class Paging:
    """The rules of the pages."""

    shrinks_after: int | None = None
    """The pages after this one are half as large."""
    first_beyond_last: bool = False
    """Whether the page behind the last one is page 1."""
    last_page_by: float = 1
    """How large the pages are for `last_page`, times their real size."""
    hides_pages: int = 0
    """Taken from every `last_page`."""
    deepest_page: int | None = None
    """Pages beyond are refused."""
    deepest_row: int | None = None
    """Pages beyond are empty."""
    off: int = 0
    """Added to every total, and so to what `last_page` is made of."""
    cap: int | None = None
    """Where counting stops."""
    cuts_off: bool = False
    """Whether the rows beyond the cap are not shown either."""

    def size(self, size: int, number: int) -> int:
        """Return how many rows a page has."""
        shrunk = self.shrinks_after is not None and number > self.shrinks_after
        return max(1, size // 2) if shrunk else size

    def total(self, there: int) -> int:
        """Return what the server counts where so many are there."""
        total = max(0, there + self.off)
        return total if self.cap is None else min(total, self.cap)

    def last_page(self, total: int, size: int) -> int:
        """Return the number of the last page."""
        return max(1, math.ceil(total / (size * self.last_page_by)) - self.hides_pages)

    def rows(self, number: int, size: int, last_page: int) -> tuple[int, int]:
        """Return from which row to which a page goes."""
        start = (number - 1) * size
        if self.first_beyond_last and number > last_page:
            start = 0
        stop = start + size
        if self.deepest_row is not None and stop > self.deepest_row:
            return start, start
        if self.cuts_off and self.cap is not None:
            stop = min(stop, self.cap)
        return start, stop


BY_THE_BOOK = Paging()
