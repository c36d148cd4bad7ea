"""The paginator: how far the pages of a listing go."""

from __future__ import annotations

from tap_mihu.errors import EnvelopeError

__all__ = ["PageNumberPaginator"]

# A listing that more than doubles under our eyes, and by more pages than this, does not end.
_GROWTH_PAGES = 1000


class PageNumberPaginator:
    """Which pages of a listing are to be asked for: only `last_page` ends it.

    An empty or short page means nothing: the server may cap `per_page`, and contacts move
    between pages while others are deleted. `last_page` is followed upwards while the listing
    grows; where it shrinks, the pages already known of are asked for all the same.
    """

    def __init__(self) -> None:
        """Start with page 1 known."""
        self.last_page = 1
        """The greatest page that is known of."""
        self._most: int | None = None

    def follow(self, last_page: int, total: int | None = None) -> range:
        """Return the numbers of the pages that become known.

        Args:
            last_page: The last page, by a response.
            total: The items, by the same response; the first one bounds how far pages may go.

        Raises:
            EnvelopeError: The listing grows without end, or has far more pages than items.
        """
        if self._most is None and total is not None:
            self._most = 2 * total + _GROWTH_PAGES
        if self._most is not None and last_page > self._most:
            text = f"last_page is {last_page}: the listing is without end"
            raise EnvelopeError(text)
        new = range(self.last_page + 1, last_page + 1)
        self.last_page = max(self.last_page, last_page)
        return new
