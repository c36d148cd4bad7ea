"""The paginator: which page numbers of a listing are still to be asked for."""

from __future__ import annotations

from tap_mihu.errors import EnvelopeError

__all__ = ["PageNumberPaginator"]

# A listing that more than doubles under our eyes, and by more pages than this, does not end.
_GROWTH_PAGES = 1000


class PageNumberPaginator:
    """Which pages of a listing are still to be asked for: only `last_page` ends it.

    An empty or short page means nothing: the server may cap `per_page`, and contacts move
    between pages while others are deleted. `last_page` is followed upwards while the listing
    grows; where it shrinks, the pages already known of are asked for all the same.
    """

    def __init__(self) -> None:
        """Start before the first page."""
        self._next = 1
        self._last = 1
        self._most: int | None = None

    def next_page(self) -> int | None:
        """Hand out the number of the next page, or None when there is none (yet)."""
        if self._next > self._last:
            return None
        self._next += 1
        return self._next - 1

    @property
    def remaining(self) -> bool:
        """Whether there are pages that were not handed out."""
        return self._next <= self._last

    def learn(self, last_page: int, total: int | None = None) -> None:
        """Take in what a response says of the last page and, where it matters, of the total.

        Raises:
            EnvelopeError: The listing grows without end, or has far more pages than items.
        """
        if self._most is None:
            self._most = 2 * (last_page if total is None else total) + _GROWTH_PAGES
        if last_page > self._most:
            text = f"last_page is {last_page}: the listing is without end"
            raise EnvelopeError(text)
        self._last = max(self._last, last_page)
