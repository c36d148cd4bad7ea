"""The envelope: what every response of a listing is wrapped in, as Laravel's paginator has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tap_mihu.errors import EnvelopeError

__all__ = ["Envelope", "open_envelope"]

# A listing of more pages than twice its items and so many more is a mistake of the server.
_SPARE_PAGES = 1000


@dataclass(frozen=True, slots=True)
class Envelope:
    """The parts of a response that count; Laravel's others may be absent."""

    current_page: int
    last_page: int
    total: int
    items: list[Any]

    @property
    def endless(self) -> bool:
        """Whether it speaks of far more pages than its items could fill."""
        return self.last_page > 2 * self.total + _SPARE_PAGES

    def is_page(self, number: int) -> bool:
        """Return whether this is page `number`; beyond the last page, the last may stand for it."""
        return self.current_page == number or self.last_page < number


def open_envelope(response: object) -> Envelope:
    """Return the parts of the documented envelope `{success, message, data: {current_page, …}}`.

    Numbers may be sent as text.

    Raises:
        EnvelopeError: The response says `success: false` or lacks a documented part.
    """
    if not isinstance(response, dict):
        raise EnvelopeError(_wrong("the response", "an object"))
    if response.get("success") is not True:
        message = response.get("message")
        if response.get("success") is False and isinstance(message, str):
            raise EnvelopeError("it says success: false", quote=message)
        raise EnvelopeError(_wrong("success", "true"))
    listing = response.get("data")
    if not isinstance(listing, dict):
        raise EnvelopeError(_wrong("data", "an object"))
    items = listing.get("data")
    if isinstance(items, dict):
        # What PHP makes of a list whose keys do not begin at 0, as on the second page.
        items = list(items.values())
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise EnvelopeError(_wrong("data.data", "a list of objects"))
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
        raise EnvelopeError(_wrong(f"data.{key}", "a whole number"))
    return value


def _wrong(what: str, rule: str) -> str:
    return f"{what} is not {rule}"
