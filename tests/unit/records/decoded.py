"""Items given as JSON text, decoded on every way that leads to rows."""

import json
from collections.abc import Collection
from decimal import Decimal
from typing import Any

import pytest

from tap_mihu.records.decoding import PageDecoder
from tap_mihu.records.extra_names import ExtraNames
from tap_mihu.records.pages import Page, Row
from tap_mihu.records.shaping import Shaper
from tap_mihu.singer.lines import LineFormat
from tap_mihu.singer.schema import stream_schema
from tap_mihu.streams import STREAMS, PoolContactsStream
from tests.sandbox.clock import NOON

SHAPES = {stream.name: stream for stream in STREAMS}


def shaper_of(name: str = "contacts", columns: Collection[str] = ()) -> Shaper:
    """The shaper of a stream; that of a listing below a pool is given the pool `p`."""
    stream = SHAPES[name]
    return Shaper(
        stream_schema(name, columns),
        extra_fields=stream.extra_fields,
        columns=columns,
        row=stream.row,
        given={"pool_uuid": "p"} if stream is PoolContactsStream else None,
    )


def decoder_of(
    name: str = "contacts",
    *,
    typed: bool = True,
    since: str | None = None,
    columns: Collection[str] = (),
    names: ExtraNames | None = None,
    **form: Any,
) -> PageDecoder:
    """A decoder to lines of this form, on the fast way or the plain one."""
    return PageDecoder(
        shaper_of(name, columns),
        is_due=(lambda _, updated_at: updated_at is None or updated_at >= since) if since else None,
        row_format=LineFormat(name, **form),
        extra_names=names,
        typed=typed,
    )


def body_of(items: str | bytes, **counts: object) -> bytes:
    """A response with this JSON as its list of items."""
    numbers = json.dumps({"current_page": 1, "last_page": 1, "total": 1} | counts)[:-1].encode()
    text = items.encode() if isinstance(items, str) else items
    return b'{"success":true,"data":%b,"data":%b}}' % (numbers, text)


def read(decoder: PageDecoder, body: bytes, number: int = 1) -> Page:
    return decoder.page(body, number, served_at=NOON, received_at=NOON)


def row_of(item: str | bytes, name: str = "contacts") -> Row:
    """The row of one item, which is the same on both ways; it carries the record."""
    body = body_of(b"[%b]" % (item.encode() if isinstance(item, str) else item))
    plain, fast = (decoder_of(name, typed=typed) for typed in (False, True))
    # A page with further keys goes the fast way when they were met before.
    row, *others = (with_record(read(one, body).rows[0]) for one in (plain, fast, fast))
    assert [row, row] == others
    return row


def record_of(item: str | bytes, name: str = "contacts") -> Any:
    return row_of(item, name).payload


def with_record(row: Row) -> Row:
    """The row with the record in place of its line, if it has one."""
    record = row.payload and parsed(row.payload)["record"]
    return Row(row.uuid, row.created_at, row.updated_at, record, row.invalid)


def parsed(text: str | bytes) -> Any:
    """Read strict JSON, and every number as exactly as it was written."""
    return json.loads(text, parse_float=exactly, parse_constant=_refuse)


def exactly(number: str) -> object:
    value = Decimal(number)
    return ("number", str(value)) if value.as_tuple().exponent else int(value)


def _refuse(constant: str) -> None:
    pytest.fail(f"{constant} is not JSON")
