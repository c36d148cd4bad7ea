"""Pages of a listing: Laravel's envelope and the page numbers that remain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

__all__ = [
    "BadEnvelope",
    "Envelope",
    "Page",
    "PageNumberPaginator",
    "Row",
    "Unreadable",
    "open_envelope",
]


class Unreadable(Exception):  # noqa: N818 - it is an answer, not our error
    """An answer that is worth asking for again: cut off, not JSON, or another page than asked."""


class BadEnvelope(Exception):  # noqa: N818 - it is an answer, not our error
    """An answer that is not the documented envelope; the text says where it departs."""


class Row(msgspec.Struct, gc=False):
    """One contact: what reading completely needs to know of it, and what is to be written."""

    uuid: str
    created_at: str | None
    """Canonical timestamp; it never changes."""
    updated_at: str | None
    """Canonical timestamp."""
    payload: Any
    """What the reader of the rows writes; None where the contact is not due."""
    odd: tuple[str, ...] = ()
    """The fields whose values could not be understood and became null."""


# A listing that more than doubles under our eyes, and by more pages than this, does not end.
GROWTH_PAGES = 1000


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of the server, consistent by itself."""

    number: int
    """The page that was asked for, from 1."""
    rows: Sequence[Row]
    total: int
    """Contacts in the whole listing, by this answer."""
    last_page: int
    served_at: datetime
    """The server's time of the answer, UTC."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """The parts of an answer that count; Laravel's others may be absent."""

    current_page: int
    last_page: int
    total: int
    items: list[Any]

    @property
    def endless(self) -> bool:
        """Whether it speaks of far more pages than its items could fill."""
        return self.last_page > 2 * self.total + GROWTH_PAGES

    def answers(self, number: int) -> bool:
        """Tell whether this is page `number`; beyond the last page, the last may stand for it."""
        return self.current_page == number or self.last_page < number


def open_envelope(answer: object) -> Envelope:
    """Take the documented envelope `{success, message, data: {current_page, data, …}}` apart.

    Numbers may be sent as text.

    Raises:
        BadEnvelope: The answer says `success: false` or lacks a documented part.
    """
    if not isinstance(answer, dict):
        raise BadEnvelope(_wrong("the answer", "an object"))
    if answer.get("success") is not True:
        message = answer.get("message")
        if answer.get("success") is False and isinstance(message, str):
            text = f"it says success: false, {message[:300]!r}"
            raise BadEnvelope(text)
        raise BadEnvelope(_wrong("success", "true"))
    listing = answer.get("data")
    if not isinstance(listing, dict):
        raise BadEnvelope(_wrong("data", "an object"))
    items = listing.get("data")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise BadEnvelope(_wrong("data.data", "a list of objects"))
    return Envelope(
        current_page=_count(listing, "current_page"),
        last_page=_count(listing, "last_page"),
        total=_count(listing, "total"),
        items=items,
    )


def _count(listing: dict[str, Any], key: str) -> int:
    value = listing.get(key)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:18])
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadEnvelope(_wrong(f"data.{key}", "a whole number"))
    return value


def _wrong(what: str, rule: str) -> str:
    return f"{what} is not {rule}"


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
        """Take in what an answer says of the last page and, where it matters, of the total.

        Raises:
            BadEnvelope: The listing grows without end, or has far more pages than items.
        """
        if self._most is None:
            self._most = 2 * (last_page if total is None else total) + GROWTH_PAGES
        if last_page > self._most:
            text = f"last_page is {last_page}: the listing is without end"
            raise BadEnvelope(text)
        self._last = max(self._last, last_page)
