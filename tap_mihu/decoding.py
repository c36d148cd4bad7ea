"""Decoding: the body of an answer becomes a page of rows, each ready to be written.

Two ways lead there and give the same rows. Ordinary pages are decoded straight into typed
structs and encoded from them (most of a run's time goes here); a page with anything odd on it
takes the plain way through dicts and `records.Shaper`, which is also the reference.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import msgspec

from tap_mihu.pagination import BadEnvelope, Page, Row, Unreadable, open_envelope
from tap_mihu.records import (
    CREATED_AT,
    KEY,
    UPDATED_AT,
    Oddities,
    Shaper,
    number,
    storable,
    to_json,
)
from tap_mihu.typed import TypedItems

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

__all__ = ["LineFormat", "PageDecoder", "decode_json", "plain_rows"]


class LineFormat(msgspec.Struct, frozen=True):
    """What a stream's RECORD messages have in common."""

    stream: str
    version: int | None = None
    without: frozenset[str] = frozenset()
    """Fields that are left out."""

    def around(self, time_extracted: datetime) -> tuple[bytes, bytes]:
        """Give what stands before and after the record in its message."""
        before = b'{"type":"RECORD","stream":' + to_json(self.stream) + b',"record":'
        version = b"" if self.version is None else b',"version":%d' % self.version
        extracted = to_json(time_extracted.isoformat())
        return before, version + b',"time_extracted":' + extracted + b"}\n"


# The only thing no database stores that gets past msgspec.
_NUL = rb"\u0000"
_decode_plain = msgspec.json.Decoder(float_hook=number).decode
# Far more than anybody means, and far less than what Python reads.
_DEEPEST = 256
_BRACKETS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}]', re.DOTALL).finditer


def decode_json(body: bytes) -> Any:  # noqa: ANN401 - any JSON
    """Decode a body: every digit of a number as sent, and nothing that no database stores.

    Raises:
        Unreadable: It is no JSON.
    """
    try:
        try:
            return _decode(body)
        except RecursionError:
            return _decode(_shallow(body))
    except (ValueError, RecursionError):
        raise Unreadable(_no_json(body)) from None


def _decode(body: bytes) -> Any:  # noqa: ANN401 - any JSON
    try:
        answer = _decode_plain(body)
    except (msgspec.MsgspecError, ValueError):
        # Lone surrogates, NaN, numbers beyond reason: more than JSON needs, but it is sent.
        answer = json.loads(body, parse_float=number, parse_int=_integer, parse_constant=str)
        return storable(answer)
    return storable(answer) if _NUL in body else answer


def _integer(text: str) -> Any:  # noqa: ANN401 - a number, or the text where none can hold it
    try:
        return int(text)
    except ValueError:
        return text


def _shallow(body: bytes) -> bytes:
    """Turn what is nested too deep to be read into its own JSON text."""
    parts = []
    depth = begin = done = 0
    for token in _BRACKETS(body):
        if token[0] in b"[{":
            depth += 1
            if depth == _DEEPEST:
                begin = token.start()
        elif token[0] in b"]}":
            if depth == _DEEPEST:
                text = body[begin : token.end()].decode("utf-8", "surrogatepass")
                parts += [body[done:begin], json.dumps(text).encode()]
                done = token.end()
            depth -= 1
    return b"".join([*parts, body[done:]])


def _no_json(body: bytes) -> str:
    start = body.lstrip()[:1]
    if start == b"<":
        return "the body is HTML, not JSON"
    return "the body is cut off or not JSON" if start else "the body is empty"


class PageDecoder:
    """Turns the answers of one stream into pages of rows; several threads may use it."""

    def __init__(
        self,
        shaper: Shaper,
        *,
        since: str | None = None,
        line_format: LineFormat | None = None,
        typed: bool = True,
    ) -> None:
        """Choose what the rows carry.

        Args:
            shaper: Makes the records.
            since: Rows changed before this canonical timestamp are not due: they carry nothing.
            line_format: With it rows carry an encoded RECORD message, without it the record.
            typed: Whether encoded rows may be made the fast way.
        """
        self._shaper = shaper
        self._since = since
        self._line_format = line_format
        self._without = frozenset[str]() if line_format is None else line_format.without
        typed = typed and line_format is not None
        self._typed = TypedItems(shaper, self._without) if typed else None

    def page(self, body: bytes, number: int, *, served_at: datetime, received_at: datetime) -> Page:
        """Decode the answer to the question for page `number`.

        Raises:
            Unreadable: It is no JSON, or another page.
            BadEnvelope: It is not the documented envelope.
            MissingKey: An item has no key.
        """
        around = None if self._line_format is None else self._line_format.around(received_at)
        typed = self._typed
        opened = None if typed is None or _NUL in body else typed.open(body)
        envelope = opened or open_envelope(decode_json(body))
        if envelope.endless:
            raise BadEnvelope(f"last_page is {envelope.last_page}, total {envelope.total}")
        if not envelope.answers(number):
            text = f"the answer is page {envelope.current_page}: `page` seems to be ignored"
            raise Unreadable(text)
        if typed is not None and opened is not None and around is not None:
            rows = typed.rows(envelope.items, self._since, around)
        else:
            rows = plain_rows(self._shaper, envelope.items, self._since, around, self._without)
            if typed is not None:
                self._typed = typed.taught(envelope.items)
        return Page(number, rows, envelope.total, envelope.last_page, served_at)


def plain_rows(
    shaper: Shaper,
    items: Sequence[dict[str, Any]],
    since: str | None,
    around: tuple[bytes, bytes] | None,
    without: Collection[str],
) -> list[Row]:
    """Make the rows of a page's items.

    Args:
        shaper: Makes the records.
        items: The items, decoded.
        since: Rows changed before this carry nothing.
        around: What stands before and after a record in its message; None for rows that carry
            the record itself.
        without: Fields to leave out of the messages.
    """
    oddities = Oddities()
    rows = []
    for position, item in enumerate(items, 1):
        record = shaper.shape(item, position, oddities)
        created_at, updated_at = record[CREATED_AT], record[UPDATED_AT]
        payload: Any = None
        if since is None or updated_at is None or updated_at >= since:
            for name in without:
                del record[name]
            payload = record if around is None else around[0] + to_json(record) + around[1]
        rows.append(Row(record[KEY], created_at, updated_at, payload, tuple(oddities.elements())))
        oddities.clear()
    return rows
