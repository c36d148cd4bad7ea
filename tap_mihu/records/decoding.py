"""Decoding: the body of a response becomes a page of rows, each ready to be written.

Two ways lead there and give the same rows. Ordinary pages are decoded straight into typed
structs and encoded from them (most of a run's time goes here); a page with anything unusual on it,
or of a stream whose items are more than flat, takes the plain way through dicts and
`shaping.Shaper`, which is also the reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from tap_mihu.errors import EnvelopeError, UnreadableBodyError
from tap_mihu.records.envelope import open_envelope
from tap_mihu.records.json_text import decode_json, encode_json, has_nul
from tap_mihu.records.pages import Page, Row
from tap_mihu.records.shaping import InvalidValues, Shaper
from tap_mihu.records.typed import TypedItems

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from tap_mihu.records.extra_names import ExtraNames
    from tap_mihu.records.pages import IsDue

__all__ = ["PageDecoder", "RowFormat", "plain_rows"]


class RowFormat(Protocol):
    """How a record is written as a line."""

    @property
    def without(self) -> frozenset[str]:
        """The fields to leave out."""

    def envelope(self, time_extracted: datetime) -> tuple[bytes, bytes]:
        """Return what stands before and after a record in its line.

        The former ends within the record's object, whose opening brace it has.
        """


class PageDecoder:
    """Turns the responses of one stream into pages of rows; several threads may use it."""

    def __init__(
        self,
        shaper: Shaper,
        *,
        is_due: IsDue | None = None,
        row_format: RowFormat | None = None,
        extra_names: ExtraNames | None = None,
        typed: bool = True,
    ) -> None:
        """Choose what the rows carry.

        Args:
            shaper: Makes the records.
            is_due: Rows that are not due carry nothing; without it all are due.
            row_format: With it rows carry an encoded line, without it the record.
            extra_names: Takes note of the names of the extra fields.
            typed: Whether encoded rows may be made the fast way.
        """
        self._shaper = shaper
        self._is_due = is_due
        self._row_format = row_format
        self._extra_names = None if shaper.extra_fields is None else extra_names
        self._without = frozenset[str]() if row_format is None else row_format.without
        typed = typed and row_format is not None and shaper.is_flat
        self._typed = TypedItems(shaper, self._without) if typed else None

    def page(self, body: bytes, number: int, *, served_at: datetime, received_at: datetime) -> Page:
        """Return page `number`, which a body is the response for.

        Args:
            body: The body of the response.
            number: The page that was asked for, from 1.
            served_at: The server's time of the response.
            received_at: When it came, by the local clock.

        Raises:
            UnreadableBodyError: It is no JSON, or another page.
            EnvelopeError: It is not the documented envelope.
            MissingKeyError: An item has no key.
        """
        lines = None if self._row_format is None else self._row_format.envelope(received_at)
        typed = self._typed
        decoded = None if typed is None or has_nul(body) else typed.decode(body)
        envelope = decoded or open_envelope(decode_json(body))
        if envelope.endless:
            raise EnvelopeError(f"last_page is {envelope.last_page}, total {envelope.total}")
        if not envelope.is_page(number):
            text = f"the response is page {envelope.current_page}: `page` seems to be ignored"
            raise UnreadableBodyError(text)
        if typed is not None and decoded is not None and lines is not None:
            rows = typed.rows(envelope.items, self._is_due, lines)
        else:
            rows = plain_rows(self._shaper, envelope.items, self._is_due, lines, self._without)
            # The fast way takes no page with a name that was not met here before.
            if self._extra_names is not None:
                self._extra_names.note(self._shaper.extra_keys(envelope.items))
            if typed is not None:
                self._typed = typed.with_keys(envelope.items)
        return Page(number, rows, envelope.total, envelope.last_page, served_at)


def plain_rows(
    shaper: Shaper,
    items: Sequence[dict[str, Any]],
    is_due: IsDue | None,
    envelope: tuple[bytes, bytes] | None,
    without: Collection[str],
) -> list[Row]:
    """Return the rows of a page's items.

    Args:
        shaper: Makes the records.
        items: The items, decoded.
        is_due: Rows that are not due carry nothing; None where all are due.
        envelope: What stands before and after a record in its line (see `RowFormat`); None for
            rows that carry the record itself.
        without: Fields to leave out of the lines.
    """
    invalid = InvalidValues()
    rows = []
    for position, item in enumerate(items, 1):
        record = shaper.shape(item, position, invalid)
        key, created_at, updated_at = (record[name] for name in shaper.row)
        payload: Any = None
        if is_due is None or is_due(created_at, updated_at):
            for name in without:
                del record[name]
            payload = (
                record if envelope is None else envelope[0] + encode_json(record)[1:] + envelope[1]
            )
        rows.append(Row(key, created_at, updated_at, payload, tuple(invalid.elements())))
        invalid.clear()
    return rows
