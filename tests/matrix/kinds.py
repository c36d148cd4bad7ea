"""The faults of the matrix, as data: what goes wrong, in which variants, and how a run may end.

Not in the matrix is the lie that no reader can see through: answers that an honest server could
have given, had it other contacts. That is so where all answers to one question (the pages of one
range of dates) name the same `total` and `last_page`, and the pages up to that `last_page` hold
just `total` different contacts: too small by the same amount on every page, or a first page that
claims to be all there is. Any lie short of that shows.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from flask import Response
from werkzeug.http import http_date

from tests.matrix import elsewhere
from tests.matrix.positions import FIRST, LATE, MIDDLE, NOW, POSITIONS, REPAIR, Position
from tests.matrix.verdict import Outcome
from tests.private import BODY, CUT, HTML, PRIVATE, SEARCH, TOKEN
from tests.sandbox import faults
from tests.sandbox.answers import php_json
from tests.sandbox.faults import Fault
from tests.sandbox.wire import Wire

__all__ = ["COMPLETE", "ERROR", "KINDS", "MIXABLE", "MIXABLE_LIES", "Kind"]

COMPLETE, ERROR = frozenset({Outcome.COMPLETE}), frozenset({Outcome.ERROR})
UNPROVEN = frozenset({Outcome.UNPROVEN})
DOUBTED = COMPLETE | UNPROVEN | {Outcome.SHORT}

_FOR_EVER = 3600.0
_IMPATIENT = {"request_timeout": 1}

Json = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """Something that goes wrong."""

    name: str
    variants: Sequence[Fault]
    """The runs take turns."""
    passing: frozenset[Outcome]
    """How a run may end where the fault comes once or twice."""
    lasting: frozenset[Outcome] = frozenset()
    """How it may end where the fault stays; empty where that makes no difference."""
    positions: Sequence[Position] = POSITIONS
    settings: Json = field(default_factory=dict)

    @property
    def lasting_positions(self) -> Sequence[Position]:
        """Where the fault begins to stay; of those with one end, few show it."""
        if not self.lasting or self.positions is not POSITIONS:
            return self.positions if self.lasting else ()
        return (FIRST, LATE, REPAIR) if self.lasting in {ERROR, COMPLETE} else (*POSITIONS, LATE)


def _retried(name: str, *variants: Fault, **settings: Any) -> Kind:
    """Make a kind that a further try mends."""
    return Kind(name, variants, COMPLETE, ERROR, settings=settings)


def _fatal(name: str, *variants: Fault) -> Kind:
    """Make a kind that ends a run at once."""
    return Kind(name, variants, ERROR)


def _harmless(name: str, *variants: Fault) -> Kind:
    return Kind(name, variants, COMPLETE, COMPLETE)


# Answers that are sent badly.


def _endless(head: bytes, piece: bytes) -> Fault:
    """Send without end; slowly enough to spare this machine."""

    def send(wire: Wire) -> None:
        wire.send(head)
        while True:
            wire.send(piece)
            wire.wait(0.05)

    return Fault("endless", send=send)


def _drip_head(wire: Wire) -> None:
    """Send the head byte by byte, and so every answer too late."""
    for byte in wire.head:
        wire.send(bytes([byte]))
        wire.wait(0.1)


_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_CHUNKED = _OK + b"Transfer-Encoding: chunked\r\n\r\n"

_TRANSPORT = [
    _retried("reset", faults.reset(), faults.reset_in_body()),
    _retried("closed", faults.close()),
    _retried("hang before the answer", faults.hang(_FOR_EVER), **_IMPATIENT),
    _retried("hang in the body", faults.hang_in_body(_FOR_EVER), **_IMPATIENT),
    _retried("slow drip", faults.drip(30, 100), Fault("head", send=_drip_head), **_IMPATIENT),
    _retried(
        "a page that never ends",
        _endless(_CHUNKED, b"400\r\n" + b" " * 1024 + b"\r\n"),
        _endless(_OK + b"\r\n", b'{"data": [' * 100),
        _endless(_CHUNKED, b"0"),
        _endless(_CHUNKED + b"0\r\n", b"X-Trailer: 1\r\n"),
        _endless(_OK + b"X-Endless: ", b"x"),
        _endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        **_IMPATIENT,
    ),
    _retried("cut body", faults.cut_body()),
]

_BODIES = [
    _retried("cut JSON", faults.cut_json(), faults.not_json(CUT)),
    _retried("no JSON", faults.not_json(f"{PRIVATE}: no JSON"), faults.not_json(b"\xff\xfe")),
    _retried("HTML with 200", faults.html(HTML), faults.html()),
    _retried("empty body", faults.empty(), faults.not_json(" \n")),
]

# Statuses.


def _at(seconds: float) -> str:
    return http_date(NOW + timedelta(seconds=seconds))


_TOLD = [("1", 429), (_at(1), 429), ("0.5", 503), (_at(2), 503), ("1", 400), ("1", 403), ("1", 404)]
_UNTOLD = [(_at(-60), 429), ("0", 429), ("-5", 503), (PRIVATE, 429), ("", 503), ("soon, 12", 503)]
_HOURS = [("3601", 429), ("999999999999", 503), (_at(7200), 429), (_at(7200), 503)]
_REPEATED = f"With {TOKEN}, nothing is found for {SEARCH}."

_STATUSES = [
    _retried(
        "HTTP 408, 425 or 5xx",
        *(faults.status(code, BODY) for code in (408, 425, 500, 502)),
        *(faults.status(code, html=True) for code in (503, 504, 520)),
    ),
    _retried("HTTP 429", faults.status(429, BODY), faults.status(429, html=True)),
    Kind(
        "HTTP 401, 403 or 404",
        [
            *(faults.status(code, BODY) for code in (401, 403, 404)),
            *(faults.status(code, html=True) for code in (403, 404)),
        ],
        COMPLETE | ERROR,
        ERROR,
    ),
    _retried("Retry-After", *(faults.retry_after(*told) for told in _TOLD)),
    _retried("Retry-After without a time", *(faults.retry_after(*told) for told in _UNTOLD)),
    _fatal("Retry-After, hours", *(faults.retry_after(*told) for told in _HOURS)),
    _fatal(
        "redirect",
        *(faults.redirect(elsewhere.ADDRESS, code) for code in (301, 302, 307, 308)),
        faults.redirect(f"/elsewhere?search={PRIVATE}", 303),
    ),
    _fatal("`success: false`", faults.success_false(), faults.success_false(_REPEATED)),
    Kind(
        "a refusal that repeats the token and the filter",
        [
            faults.status(422, {"message": _REPEATED}),
            faults.status(422, {"message": "No.", "errors": {"search": [_REPEATED]}}),
        ],
        COMPLETE | ERROR,
        DOUBTED - COMPLETE | ERROR,
        positions=(FIRST, MIDDLE),
    ),
]

# Answers of another form.


def _body(change: Callable[[Json], object]) -> Fault:
    """Change the JSON of an answer."""

    def alter(response: Response) -> Response:
        body = json.loads(response.get_data())
        change(body)
        response.set_data(php_json(body))
        return response

    return Fault("another body", alter)


_MISSING = object()


def _wrong(*path: str, values: Sequence[object]) -> Kind:
    """Make a kind that sends other types in a field of the envelope, or leaves it out."""
    *parents, key = path

    def variant(value: object) -> Fault:
        def change(body: Json) -> None:
            for parent in parents:
                body = body[parent]
            if value is _MISSING:
                del body[key]
            else:
                body[key] = value

        return _body(change)

    return _fatal(f"wrong type of `{'.'.join(path)}`", *map(variant, values))


def _message(value: object) -> Fault:
    return _body(lambda body: body.update(message=value))


_NO_COUNT = (_MISSING, None, PRIVATE, 1.5, {PRIVATE: 1})
_ADDRESSES = ("first_page_url", "last_page_url", "next_page_url", "prev_page_url", "path", "links")

_FORMS = [
    _fatal(
        "an answer that is no object",
        *(faults.wrong_envelope(value) for value in ([PRIVATE], PRIVATE, 7, None, True)),
    ),
    _wrong("success", values=(_MISSING, None, "true", 1, {PRIVATE: PRIVATE})),
    _wrong("data", values=(_MISSING, None, PRIVATE, 7, [{"name": PRIVATE}])),
    _wrong("data", "data", values=(_MISSING, PRIVATE, {"0": {}}, [PRIVATE], [None])),
    *(_wrong("data", key, values=_NO_COUNT) for key in ("current_page", "last_page", "total")),
    _harmless("wrong type of `message`", *map(_message, (7, [], {}))),
    _harmless(
        "addresses that lead elsewhere",
        faults.lying(**dict.fromkeys(_ADDRESSES, elsewhere.ADDRESS)),
        faults.lying(**dict.fromkeys(_ADDRESSES, 7)),
    ),
    _harmless(
        "counts sent as text",
        _body(lambda body: body["data"].update(total=str(body["data"]["total"]))),
    ),
]

# Answers that lie.


def _lie(change: Callable[[Json], object]) -> Fault:
    return _body(lambda body: change(body["data"]))


def _off(key: str, *amounts: int) -> list[Fault]:
    """Send a count that is too large or too small, but none below zero."""

    def lie(by: int) -> Fault:
        return _lie(lambda listing: listing.update({key: max(0, listing[key] + by)}))

    return [lie(by) for by in amounts]


_repeated: dict[str, list[Json]] = {}


def _repeating(listing: Json) -> None:
    """Give the rows of the server's first answer that is spoilt in all others."""
    listing["data"] = _repeated.setdefault(listing["path"], listing["data"])


def _repeating_row(listing: Json) -> None:
    listing["data"] = listing["data"][:1] * len(listing["data"])


def _growing(listing: Json) -> None:
    listing["last_page"] = listing["current_page"] + 1


def _growing_with_total(listing: Json) -> None:
    _growing(listing)
    listing["total"] = listing["last_page"] * listing["per_page"]


def _one_page_on(listing: Json) -> None:
    listing["current_page"] += 1


_LIES = [
    Kind("`total` too small", _off("total", -1, -7, -(10**9)), COMPLETE | UNPROVEN, UNPROVEN),
    Kind("`total` too large", _off("total", 1, 7, 10**12), COMPLETE | UNPROVEN, UNPROVEN),
    _fatal("`total` negative", faults.lying(total=-1), faults.lying(total="-60")),
    Kind("`last_page` too small", _off("last_page", -1, -3, -(10**9)), COMPLETE, DOUBTED),
    Kind("`last_page` too large", _off("last_page", 1, 5), COMPLETE, COMPLETE | UNPROVEN),
    _fatal("`last_page` beyond all reason", *_off("last_page", 10**9)),
    Kind("rows that repeat", [_lie(_repeating)], COMPLETE, DOUBTED),
    Kind("a row that repeats", [_lie(_repeating_row)], COMPLETE, DOUBTED),
    Kind("a page that repeats", [_lie(_one_page_on)], COMPLETE | ERROR, COMPLETE | ERROR),
    Kind(
        "a listing that never ends",
        [_lie(_growing_with_total), _lie(_growing)],
        COMPLETE,
        DOUBTED | ERROR,
        positions=(FIRST, MIDDLE),
    ),
]

KINDS = (*_TRANSPORT, *_BODIES, *_STATUSES, *_FORMS, *_LIES)

MIXABLE = [
    variant
    for kind in (*_TRANSPORT, *_BODIES, *_STATUSES)
    if kind.passing == COMPLETE and not kind.settings
    for variant in kind.variants
]
"""Faults that pass, alone and together."""

MIXABLE_LIES = [variant for kind in _LIES if not kind.passing & ERROR for variant in kind.variants]
