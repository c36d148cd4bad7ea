"""The child stream: the listings below each item of another one, as one table."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote

from typing_extensions import override

from tap_mihu.reading.below import scan_below
from tap_mihu.reading.progress import Progress
from tap_mihu.records.decoding import PageDecoder
from tap_mihu.singer.course import EVERYTHING
from tap_mihu.singer.due import none_is_due
from tap_mihu.singer.stream import ListedStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers.types import Record

    from tap_mihu.api.client import Client
    from tap_mihu.api.listing import Listing
    from tap_mihu.reading.clock import ServerClock
    from tap_mihu.reading.scan import Done, Rows
    from tap_mihu.singer.run import Scan
    from tap_mihu.singer.stream import Decode

__all__ = ["ChildStream"]


class ChildStream(ListedStream):
    """A listing below each item of another stream's, which it lists by itself; full table only.

    So it needs no other stream to be selected, and proves by itself that it read all parents.
    """

    parent: ClassVar[type[ListedStream]]
    """`path` has a place for the key of its items."""
    parent_key: ClassVar[str]
    """The field that holds the key of the parent."""

    replication_key = None

    @property
    def _above(self) -> ListedStream:
        return self.parent(self._tap)

    @override
    def sample(self, client: Client, per_page: int | None = None) -> Iterator[Record]:
        for item in self._above.sample(client):
            key = item[self.parent.row.key]
            yield from self.walk(self._listing_below(client, PageDecoder, key), per_page)

    @override
    def scanner(
        self, client: Client, decode: Decode, progress: Progress, clock: ServerClock
    ) -> Scan:
        above = partial(self._scan_above, client, clock)
        below = partial(self._scan_below, client, decode, clock)
        return lambda _dates: scan_below(above, below, progress, above_name=self._above.name)

    def _scan_above(self, client: Client, clock: ServerClock) -> Iterator[Rows | Done]:
        decode = partial(PageDecoder, is_due=none_is_due)
        return self._above.scanner(client, decode, Progress(), clock)(EVERYTHING)

    def _scan_below(
        self, client: Client, decode: Decode, clock: ServerClock, key: str, progress: Progress
    ) -> Iterator[Rows | Done]:
        listing = self._listing_below(client, decode, key)
        return self.scanner_of(listing, progress, clock)(EVERYTHING)

    def _listing_below(self, client: Client, decode: Decode, key: str) -> Listing:
        return replace(
            self.listing(client, decode(self.shaper({self.parent_key: key}))),
            path=self.path.format(quote(key, safe="")),
            place=f"in one of the {self._above.name}",
        )
