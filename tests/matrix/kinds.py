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
from functools import partial
from typing import Any

from flask import Response, request
from werkzeug.http import http_date

from tests.matrix import elsewhere
from tests.matrix.positions import FIRST, LATE, MIDDLE, NOW, POSITIONS, Position
from tests.matrix.verdict import Outcome
from tests.private import BODY, CUT, HTML, PRIVATE, SEARCH, TOKEN
from tests.sandbox import faults
from tests.sandbox.answers import php_json
from tests.sandbox.faults import Fault
from tests.sandbox.wire import Wire

__all__ = ["KINDS", "MIXABLE", "MIXABLE_LIES", "Kind"]

COMPLETE, ERROR = frozenset({Outcome.COMPLETE}), frozenset({Outcome.ERROR})
UNPROVEN = frozenset({Outcome.UNPROVEN})
ANY_UNPROVEN = UNPROVEN | {Outcome.SHORT}

_FOR_EVER = 3600.0
_IMPATIENT = {"request_timeout": 1}


@dataclass(frozen=True)
class Kind:
    """Something that goes wrong."""

    name: str
    variants: Sequence[Callable[[], Fault]]
    """Made anew for each run; the runs take turns."""
    passing: frozenset[Outcome]
    """How a run may end where the fault comes once or twice."""
    lasting: frozenset[Outcome] = frozenset()
    """How it may end where the fault stays; empty where that makes no difference."""
    positions: Sequence[Position] = POSITIONS
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def lasting_positions(self) -> Sequence[Position]:
        """Where the fault begins to stay."""
        if not self.lasting:
            return ()
        return (*self.positions, LATE) if self.positions is POSITIONS else self.positions


def _retried(name: str, *variants: Fault, **settings: Any) -> Kind:  # noqa: ANN401 - any JSON
    """Make a kind that a further try mends."""
    return Kind(name, [partial(_same, v) for v in variants], COMPLETE, ERROR, settings=settings)


def _fatal(name: str, *variants: Fault) -> Kind:
    """Make a kind that ends a run at once."""
    return Kind(name, [partial(_same, v) for v in variants], ERROR)


def _same(fault: Fault) -> Fault:
    return fault


# Answers that are sent badly.


def _endless(head: bytes, piece: bytes) -> Fault:
    """Send without end; slowly enough to spare this machine."""

    def send(wire: Wire) -> None:
        wire.send(head)
        while True:
            wire.send(piece)
            wire.wait(0.05)

    return Fault("endless", send=send)


_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_CHUNKED = _OK + b"Transfer-Encoding: chunked\r\n\r\n"
_ENDLESS = (
    _endless(_CHUNKED, b"400\r\n" + b" " * 1024 + b"\r\n"),
    _endless(_OK + b"\r\n", b'{"data": [' * 100),
    _endless(_CHUNKED, b"0"),
    _endless(_CHUNKED + b"0\r\n", b"X-Trailer: 1\r\n"),
    _endless(_OK + b"X-Endless: ", b"x"),
    _endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
)


def _drip_head(wire: Wire) -> None:
    """Send the head byte by byte, and so every answer too late."""
    for byte in wire.head:
        wire.send(bytes([byte]))
        wire.wait(0.1)
    wire.send(wire.body)


# Answers that lie.


def _lie(change: Callable[[dict[str, Any]], None]) -> Callable[[], Fault]:
    """Change the listing inside an answer."""

    def alter(response: Response) -> Response:
        body = json.loads(response.get_data())
        change(body["data"])
        response.set_data(php_json(body))
        return response

    return lambda: Fault("lie", alter)


def _off(key: str, by: int) -> Callable[[], Fault]:
    """Send a count that is too large or too small, but none below zero."""
    return _lie(lambda listing: listing.update({key: max(0, listing[key] + by)}))


def _set(**fields: Any) -> Callable[[], Fault]:  # noqa: ANN401 - any JSON
    return _lie(lambda listing: listing.update(fields))


def _repeating() -> Fault:
    """Give the rows of the first answer that is spoilt in all others."""
    seen: list[Any] = []

    def change(listing: dict[str, Any]) -> None:
        seen.append(listing["data"])
        listing["data"] = seen[0]

    return _lie(change)()


def _repeating_row(listing: dict[str, Any]) -> None:
    listing["data"] = listing["data"][:1] * len(listing["data"])


def _growing(listing: dict[str, Any]) -> None:
    listing["last_page"] = listing["current_page"] + 1


def _growing_with_total(listing: dict[str, Any]) -> None:
    _growing(listing)
    listing["total"] = listing["last_page"] * listing["per_page"]


def _envelope(change: Callable[[dict[str, Any]], None]) -> Fault:
    def alter(response: Response) -> Response:
        body = json.loads(response.get_data())
        change(body)
        response.set_data(php_json(body))
        return response

    return Fault("wrong envelope", alter)


_MISSING = object()


def _wrong(path: tuple[str, ...], *values: object) -> Kind:
    """Make a kind that sends other types in a field of the envelope, or leaves it out."""

    def variant(value: object) -> Fault:
        def change(body: dict[str, Any]) -> None:
            *parents, key = path
            for parent in parents:
                body = body[parent]
            if value is _MISSING:
                del body[key]
            else:
                body[key] = value

        return _envelope(change)

    return _fatal(f"wrong type of `{'.'.join(path)}`", *map(variant, (_MISSING, None, *values)))


def _message(value: object) -> Callable[[], Fault]:
    return lambda: _envelope(lambda body: body.update(message=value))


_NO_COUNTS = (PRIVATE, "", "6 0", 1.5, True, [1], {PRIVATE: 1})
_ADDRESSES = ("first_page_url", "last_page_url", "next_page_url", "prev_page_url", "path", "links")

_ENVELOPES = [
    _fatal(
        "an answer that is no object",
        *(faults.wrong_envelope(value) for value in ([PRIVATE], PRIVATE, 7, None, True)),
    ),
    _wrong(("success",), "true", 1, 0, [], {PRIVATE: PRIVATE}),
    _wrong(("data",), PRIVATE, 7, [{"name": PRIVATE}]),
    _wrong(("data", "data"), PRIVATE, 7, {"0": {}}, [PRIVATE], [None], [[{}]]),
    *(_wrong(("data", key), *_NO_COUNTS) for key in ("current_page", "last_page", "total")),
    Kind(
        "wrong type of `message`",
        [_message(7), _message([]), _message({})],
        COMPLETE,
        COMPLETE,
    ),
    Kind(
        "addresses that lead elsewhere",
        [
            _set(**dict.fromkeys(_ADDRESSES, elsewhere.ADDRESS)),
            _set(**dict.fromkeys(_ADDRESSES, 7)),
        ],
        COMPLETE,
        COMPLETE,
    ),
    Kind(
        "counts sent as text",
        [_lie(lambda listing: listing.update(total=str(listing["total"])))],
        COMPLETE,
        COMPLETE,
    ),
]

_LIES = [
    Kind(
        "`total` too small",
        [_off("total", by) for by in (-1, -7, -(10**9))],
        COMPLETE | UNPROVEN,
        UNPROVEN,
    ),
    Kind(
        "`total` too large",
        [_off("total", by) for by in (1, 7, 10**12)],
        COMPLETE | UNPROVEN,
        UNPROVEN,
    ),
    Kind("`total` negative", [_set(total=-1), _set(total="-60")], ERROR),
    Kind(
        "`last_page` too small",
        [_off("last_page", by) for by in (-1, -3, -(10**9))],
        COMPLETE,
        ANY_UNPROVEN | COMPLETE,
    ),
    Kind(
        "`last_page` too large",
        [_off("last_page", by) for by in (1, 5)],
        COMPLETE,
        COMPLETE | UNPROVEN,
    ),
    Kind("`last_page` beyond all reason", [_off("last_page", 10**9)], ERROR),
    Kind("rows that repeat", [_repeating], COMPLETE, ANY_UNPROVEN | COMPLETE),
    Kind("a row that repeats", [_lie(_repeating_row)], COMPLETE, ANY_UNPROVEN | COMPLETE),
    Kind(
        "a page that repeats",
        [_lie(lambda listing: listing.update(current_page=int(request.args["page"]) + 1))],
        COMPLETE | ERROR,
        ERROR | COMPLETE,
    ),
    Kind(
        "a listing that never ends",
        [_lie(_growing), _lie(_growing_with_total)],
        COMPLETE,
        ERROR | ANY_UNPROVEN | COMPLETE,
        positions=(FIRST, MIDDLE),
    ),
]

# Throttling.


def _times(code: int) -> list[Kind]:
    def at(seconds: float) -> str:
        return http_date(NOW + timedelta(seconds=seconds))

    untold = {
        "a past date": [at(-60), at(-(10**7))],
        "zero": ["0", "0.0"],
        "a negative number": ["-5"],
        "text": [PRIVATE, "", "soon, 12", "1e3"],
    }
    told = {"seconds": ["1", "0.5"], "a date": [at(1), at(2)]}
    return [
        *(
            _retried(
                f"{code}, Retry-After {name}",
                *(faults.retry_after(value, code) for value in values),
            )
            for name, values in (told | untold).items()
        ),
        _fatal(
            f"{code}, Retry-After hours",
            *(faults.retry_after(value, code) for value in ("3601", "999999999999", at(7200))),
        ),
    ]


_REPEATED = f"With {TOKEN}, nothing is found for {SEARCH}."
_STATUSES = [
    _retried(
        "HTTP 408, 425 or 5xx",
        *(
            fault
            for code in (408, 425, 500, 502, 503, 504, 520)
            for fault in (faults.status(code, BODY), faults.status(code, html=True))
        ),
    ),
    _retried("HTTP 429", faults.status(429, BODY), faults.status(429, html=True)),
    Kind(
        "HTTP 401, 403 or 404",
        [
            partial(_same, fault)
            for code in (401, 403, 404)
            for fault in (faults.status(code, BODY), faults.status(code, html=True))
        ],
        COMPLETE | ERROR,
        ERROR,
    ),
    _retried(
        "400, 403 or 404, Retry-After", *(faults.retry_after("1", code) for code in (400, 403, 404))
    ),
    *_times(429),
    *_times(503),
    _fatal(
        "redirect",
        *(faults.redirect(elsewhere.ADDRESS, code) for code in (301, 302, 303, 307, 308)),
        faults.redirect(f"/elsewhere?search={PRIVATE}"),
    ),
    _fatal("`success: false`", faults.success_false(), faults.success_false(_REPEATED)),
    Kind(
        "a refusal that repeats the token and the filter",
        [
            partial(_same, faults.status(422, {"message": _REPEATED})),
            partial(
                _same, faults.status(422, {"message": "No.", "errors": {"search": [_REPEATED]}})
            ),
        ],
        COMPLETE | ERROR,
        ERROR | ANY_UNPROVEN,
        positions=(FIRST, MIDDLE),
    ),
]

_TRANSPORT = [
    _retried("reset", faults.reset(), faults.reset_in_body()),
    _retried("closed", faults.close()),
    _retried("hang before the answer", faults.hang(_FOR_EVER), **_IMPATIENT),
    _retried("hang in the body", faults.hang_in_body(_FOR_EVER), **_IMPATIENT),
    _retried(
        "slow drip", faults.drip(30, 100), Fault("drip in the head", send=_drip_head), **_IMPATIENT
    ),
    _retried("a page that never ends", *_ENDLESS, **_IMPATIENT),
    _retried("cut body", faults.cut_body()),
]

_BODIES = [
    _retried("cut JSON", faults.cut_json(), faults.not_json(CUT)),
    _retried("no JSON", faults.not_json(f"{PRIVATE}: no JSON"), faults.not_json(b"\xff\xfe")),
    _retried("HTML with 200", faults.html(HTML), faults.html()),
    _retried("empty body", faults.empty(), faults.not_json(" \n")),
]


def _rebody(change: Callable[[bytes], bytes]) -> Fault:
    def alter(response: Response) -> Response:
        response.set_data(change(response.get_data()))
        return response

    return Fault("other bytes", alter)


def _keyed(listing: dict[str, Any]) -> None:
    """Send the list as PHP does where its keys do not begin at 0."""
    listing["data"] = {str(100 + number): item for number, item in enumerate(listing["data"])}


_FORMS = [
    Kind(
        "raw bytes that JSON forbids",
        [
            partial(_same, _rebody(lambda body: body.replace(b"Secretova", b"Secretova\x01\n"))),
            partial(_same, _rebody(lambda body: body.replace(b"Secretova", b"Secr\xe9tova"))),
        ],
        COMPLETE,
        COMPLETE,
    ),
    Kind("contacts that come keyed", [_lie(_keyed)], COMPLETE, COMPLETE),
]

KINDS = (*_TRANSPORT, *_BODIES, *_STATUSES, *_ENVELOPES, *_FORMS, *_LIES)

MIXABLE = [
    variant
    for kind in (*_TRANSPORT, *_BODIES, *_STATUSES)
    if kind.passing == COMPLETE and not kind.settings
    for variant in kind.variants
]
"""Faults that pass, alone and together."""

MIXABLE_LIES = [variant for kind in _LIES if not kind.passing & ERROR for variant in kind.variants]
